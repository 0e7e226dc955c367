/*
 * results.c: the maps that tell the model how its calls ended.
 * Runs in: exec-worker, stream role, confined.
 * Input: values that a guest sent: names, numbers and texts, already bounded.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "exec-worker/stream/stream.h"

#define MAP16	"\xde\0\0"	/* a map whose count is filled in at the end */

void
result_init(struct result *r)
{
	pack_init(&r->pack, RESULT_MAX);
	pack_raw(&r->pack, MAP16, sizeof(MAP16) - 1);
	r->count = 0;
}

void
result_key(struct result *r, const char *key)
{
	pack_text(&r->pack, key);
	r->count++;
}

void
result_text(struct result *r, const char *key, const char *text)
{
	result_key(r, key);
	pack_text(&r->pack, text);
}

void
result_either(struct result *r, const char *key, const void *data, size_t len)
{
	result_key(r, key);
	pack_either(&r->pack, data, len);
}

void
result_uint(struct result *r, const char *key, uint64_t n)
{
	result_key(r, key);
	pack_uint(&r->pack, n);
}

void
result_flag(struct result *r, const char *key, bool value)
{
	result_key(r, key);
	pack_bool(&r->pack, value);
}

void
result_hex(struct result *r, const char *key, const uint8_t digest[32])
{
	char hex[65];

	sodium_bin2hex(hex, sizeof(hex), digest, 32);
	result_text(r, key, hex);
}

/*
 * Howard Hinnant's civil_from_days; gmtime(3) would look for a time zone
 * file, which nobody here may open.
 */
void
time_text(char text[24], int64_t ms)
{
	int64_t seconds, days, era, year;
	unsigned rest, day, doe, yoe, doy, mp, month;

	if (ms < 0)
		ms = 0;
	if (ms > INT64_C(253402300799999))	/* the end of 9999 */
		ms = INT64_C(253402300799999);
	seconds = ms / 1000;
	days = seconds / 86400 + 719468;
	rest = (unsigned)(seconds % 86400);
	era = days / 146097;
	doe = (unsigned)(days - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	day = doy - (153 * mp + 2) / 5 + 1;
	month = mp < 10 ? mp + 3 : mp - 9;
	year = (int64_t)yoe + era * 400 + (month <= 2);
	snprintf(text, 24, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)year % 10000, month % 100, day % 100, rest / 3600 % 100,
	    rest / 60 % 60, rest % 60);
}

void
result_time(struct result *r, const char *key, int64_t ms)
{
	char text[24];

	time_text(text, ms);
	result_text(r, key, text);
}

void
result_error(struct result *r, enum error error, const char *message,
    const char *hint)
{
	result_text(r, "error", error_name(error));
	result_text(r, "message", message);
	if (hint == NULL)
		hint = error_hint(error);
	if (hint[0] != '\0')
		result_text(r, "hint", hint);
}

/* The judge waits for this answer: it comes, or the process ends. */
void
result_send(struct stream *s, struct result *r, struct tool_done *m)
{
	struct result large;

	if (r->pack.failed) {
		result_init(&large);
		result_error(&large, ERROR_SandboxResourceError,
		    "the result is larger than 16 MiB", NULL);
		m->outcome = OUTCOME_failed;
		m->error = ERROR_SandboxResourceError;
		pack_clear(&r->pack);
		*r = large;
	}
	r->pack.data[1] = (uint8_t)(r->count >> 8);
	r->pack.data[2] = (uint8_t)r->count;
	m->result = BLOB(r->pack.data, r->pack.len);
	if (send_tool_done(&s->judge, m) == -1 && !s->judge.broken)
		fatal("send tool_done");
	pack_clear(&r->pack);
}

void
result_ok(struct stream *s, struct result *r)
{
	struct tool_done m = {
		.call = s->now->call,
		.outcome = s->now->cancelled ? OUTCOME_cancelled : OUTCOME_ok,
		.exit_code = -1,
		.wall = (now_mono_ms() - s->now->began) * 1000
	};

	if (s->now->cancelled) {
		m.error = ERROR_SandboxExecutionError;
		result_error(r, m.error, "cancelled, but it was done already",
		    NULL);
	}
	result_send(s, r, &m);
	call_end(s);
}

void
text_trim(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && !utf8_valid(text, len))
		text[--len] = '\0';
}

static enum error
errno_error(uint32_t error)
{
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
	case EXDEV:
	case ELOOP:
		return ERROR_SandboxAccessDenied;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
		return ERROR_SandboxResourceError;
	case ETIMEDOUT:
		return ERROR_SandboxTimeoutError;
	default:
		return ERROR_SandboxExecutionError;
	}
}

static const char *
errno_hint(uint32_t error)
{
	switch (error) {
	case ENOENT:
		return "look at what is there with list_files";
	case EXDEV:
	case ELOOP:
		return "use a path inside the work directory, without links "
		    "that lead out of it";
	case EISDIR:
		return "this is a directory: use list_files";
	case ENOTEMPTY:
		return "delete what the directory holds first";
	case E2BIG:
		return "save it as a file and run that";
	default:
		return NULL;
	}
}

/* The operation that the call needed could not be carried out. */
void
guest_error(struct stream *s, const struct guest_failed *m)
{
	enum error error = errno_error(m->error);
	const struct job *j = s->now;
	const char *path = j->path != NULL ? j->path : "";

	call_fail(s, j->cancelled ? OUTCOME_cancelled :
	    error == ERROR_SandboxTimeoutError ? OUTCOME_timed_out :
	    OUTCOME_failed, error, errno_hint(m->error), "%s%s%s: %s (%s)",
	    j->tool->name, path[0] != '\0' ? " " : "", path,
	    strerror((int)m->error), m->what);
}
