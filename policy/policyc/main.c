/*
 * main.c: policyc, which turns one page of policy/ into constants.
 * Runs in: the build; reads pages, writes one C file, no rights needed.
 * Input: policy/NAME.policy and the outer.policy beside it, written by us.
 * Read next: parse.c, condition.c, check.c, overlay.c,
 * filter.c, emit.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policyc/policyc.h"

void
fail(struct place at, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", at.file, at.line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *
more(void *array, size_t count, size_t size)
{
	void *grown = realloc(array, (count + 1) * size);

	if (grown == NULL)
		abort();
	memset((char *)grown + count * size, 0, size);
	return grown;
}

char *
copy(const char *from, size_t len)
{
	char *to = strndup(from, len);

	if (to == NULL)
		abort();
	return to;
}

/* The page "outer" beside the given one. */
static char *
outer_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir = slash != NULL ? (int)(slash - path + 1) : 0;
	char *to;

	if (asprintf(&to, "%.*souter.policy", dir, path) < 0)
		abort();
	return to;
}

static int
usage(void)
{
	fprintf(stderr,
	    "usage: policyc [--overlay sanitizer] -o OUT.c IN.policy\n");
	return 64;
}

int
main(int argc, char **argv)
{
	struct source page, outer;
	const char *to = NULL, *from = NULL;
	bool overlay = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
			to = argv[++i];
		else if (strcmp(argv[i], "--overlay") == 0 && i + 1 < argc &&
		    strcmp(argv[i + 1], "sanitizer") == 0)
			overlay = i++ > 0;
		else if (argv[i][0] != '-' && from == NULL)
			from = argv[i];
		else
			return usage();
	}
	if (to == NULL || from == NULL)
		return usage();
	page_read(&page, from, overlay);
	page_check(&page);
	if (strcmp(page.process, "outer") == 0) {
		outer = page;
		page = (struct source){ .action = SCMP_ACT_KILL_PROCESS };
		overlay_share(&page, &outer);
		page_emit(&outer, NULL, to);
		return 0;
	}
	page_read(&outer, outer_beside(from), overlay);
	page_check(&outer);
	overlay_share(&page, &outer);
	page_emit(&page, &outer, to);
	return 0;
}
