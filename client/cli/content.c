/*
 * content.c: reading a whole file, or standard input.
 * Runs in: sallyport.  Input: files that our own user names.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "client/cli/cli.h"

void
content_clear(struct content *c)
{
	free(c->data);
	*c = (struct content){ 0 };
}

int
content_read(const char *path, size_t most, struct content *c, char *why,
    size_t size)
{
	bool input = strcmp(path, "-") == 0;
	autoclose int opened = -1;
	size_t cap = 65536;
	int fd = STDIN_FILENO;
	ssize_t n;

	*c = (struct content){ .data = xcalloc(1, cap + 1) };
	if (!input)
		fd = opened = open(path, O_RDONLY | O_CLOEXEC);
	while (fd != -1 && (n = read(fd, c->data + c->len, cap - c->len)) !=
	    0) {
		if (n == -1 && errno == EINTR && signals_seen() == 0)
			continue;
		if (n == -1) {
			fd = -1;
			break;
		}
		c->len += (size_t)n;
		if (c->len > most) {
			snprintf(why, size, "%s is larger than %zu MiB",
			    input ? "standard input" : path, most >> 20);
			content_clear(c);
			return -1;
		}
		if (c->len == cap) {
			cap *= 2;
			c->data = xrealloc(c->data, cap + 1);
		}
	}
	if (fd == -1) {
		snprintf(why, size, "read %s: %s", input ? "standard input" :
		    path, strerror(errno));
		content_clear(c);
		return -1;
	}
	c->data[c->len] = '\0';
	return 0;
}
