/*
 * error.c: what went wrong, in the words of the manual.
 * Runs in: programs that use libsallyport.
 * Input: texts of ours; names, statuses and hints are policy/words.def's.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/lib/internal.h"
#include "ipc/util.h"

int
error_set(struct sallyport_error *e, int status, enum error error,
    const char *fmt, ...)
{
	va_list ap;

	e->status = status;
	snprintf(e->name, sizeof(e->name), "%s",
	    error == ERROR_none ? "" : error_name(error));
	snprintf(e->hint, sizeof(e->hint), "%s",
	    error == ERROR_none ? "" : error_hint(error));
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	return -1;
}

void
error_hint_set(struct sallyport_error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}

char *
sallyport_escape(const void *data, size_t len, bool lines)
{
	const char *s = data, *end = s + len, *stop;
	char *text = xcalloc(1, len * 4 + 1), *at = text;

	while (s < end) {
		stop = s;
		while (stop < end && !(lines && (*stop == '\n' ||
		    *stop == '\t')))
			stop++;
		text_escape(at, (size_t)(stop - s) * 4 + 1, s,
		    (size_t)(stop - s));
		at += strlen(at);
		if (stop < end)
			*at++ = *stop++;
		s = stop;
	}
	*at = '\0';
	return text;
}
