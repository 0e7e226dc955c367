/*
 * audit_file.c: verifying an exported file, line by line.
 * Runs in: sallyport, offline.
 * Input: a file that anybody may have written: a line has a bound.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/audit.h"
#include "ipc/ipc.h"
#include "ipc/util.h"

#define LINE_MOST	(320u * MiB)	/* an event of 32 MiB, all escapes */
#define READ_FIRST	(256u * KiB)

struct reader {
	FILE	*file;
	char	*data;		/* owned */
	size_t	 len, cap, at;
};

/* Make room behind what is not used yet; -1 if that is too much. */
static int
reader_room(struct reader *r)
{
	memmove(r->data, r->data + r->at, r->len - r->at);
	r->len -= r->at;
	r->at = 0;
	if (r->len < r->cap)
		return 0;
	if (r->cap >= LINE_MOST)
		return -1;
	r->cap *= 2;
	r->data = xrealloc(r->data, r->cap);
	return 0;
}

/* The next line with its newline: its length, 0 at the end, -1 if cut. */
static ssize_t
reader_line(struct reader *r, const char **line)
{
	const char *end = NULL;
	size_t seen = 0, n = 1;

	for (;;) {
		if (r->len > r->at)
			end = memchr(r->data + r->at + seen, '\n',
			    r->len - r->at - seen);
		if (end != NULL)
			break;
		seen = r->len - r->at;
		if (n == 0 || (r->len == r->cap && reader_room(r) == -1))
			return seen == 0 ? 0 : -1;
		n = fread(r->data + r->len, 1, r->cap - r->len, r->file);
		r->len += n;
	}
	*line = r->data + r->at;
	r->at = (size_t)(end + 1 - r->data);
	return end + 1 - *line;
}

static int
line_wrong(struct audit *a, const char *what)
{
	snprintf(a->why, sizeof(a->why), "place %" PRIu64 ": %s",
	    a->place + 1, what);
	return -1;
}

static int
all_lines(struct audit *a, struct reader *r, struct audit_text *t)
{
	struct audit_record record;
	const char *line;
	ssize_t n;

	while ((n = reader_line(r, &line)) > 0) {
		if (audit_line_read(t, &record, line, (size_t)n) == -1)
			return line_wrong(a, "changed: the line behind the "
			    "one before is not as an export writes it");
		if (audit_next(a, &record) == -1)
			return -1;
	}
	if (ferror(r->file)) {
		snprintf(a->why, sizeof(a->why), "%s", strerror(errno));
		return -1;
	}
	return n == 0 ? audit_end(a) : line_wrong(a,
	    "cut off in the middle of its line");
}

int
audit_file(struct audit *a, FILE *file)
{
	struct reader r = { .file = file, .cap = READ_FIRST };
	struct audit_text t = { 0 };
	int status;

	setvbuf(file, NULL, _IONBF, 0);
	r.data = xcalloc(1, r.cap);
	status = all_lines(a, &r, &t);
	audit_text_clear(&t);
	free(r.data);
	return status;
}
