/*
 * content.c: reading a whole file, or standard input.
 * Runs in: sallyport.  Input: files that our own user names.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "client/cli/cli.h"

void
content_clear(struct content *c)
{
	free(c->data);
	*c = (struct content){ 0 };
}

#define WRITER_MS	2000	/* for a FIFO's writer to come */

/* Until there is something to read; -1 after Ctrl-C. */
static int
wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	while (signals_seen() == 0 && (n = poll(&p, 1, 500)) != 1)
		if (n == -1 && errno != EINTR)
			return -1;
	return signals_seen() == 0 ? 0 : -1;
}

/* Opening a FIFO must not wait for ever for somebody who writes to it. */
static int
open_file(const char *path, bool *fifo)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct stat st;

	*fifo = fd != -1 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
	if (*fifo)
		(void)poll(&p, 1, WRITER_MS);
	return fd;
}

int
content_read(const char *path, size_t most, struct content *c, char *why,
    size_t size)
{
	bool input = strcmp(path, "-") == 0, fifo = false;
	autoclose int opened = -1;
	size_t cap = 65536;
	int fd = STDIN_FILENO;
	ssize_t n;

	*c = (struct content){ .data = xcalloc(1, cap + 1) };
	if (!input)
		fd = opened = open_file(path, &fifo);
	while (fd != -1 && (n = read(fd, c->data + c->len, cap - c->len)) !=
	    0) {
		if (n == -1 && (errno == EAGAIN || errno == EINTR) &&
		    wait_readable(fd) == 0)
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
	if (c->len == 0 && fifo) {
		snprintf(why, size, "%s is a pipe, and nothing came through "
		    "it", path);
		content_clear(c);
		return -1;
	}
	c->data[c->len] = '\0';
	return 0;
}
