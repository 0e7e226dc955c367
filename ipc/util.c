/*
 * util.c: logging, ending, ownership, clocks, escaping.
 * Runs in: every process, with that process's rights.
 * Input: text_escape and utf8_valid take hostile bytes; the rest is ours.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipc/util.h"

/* The logger: the one piece of state that is not passed around. */
static struct {
	const char	*process;
	enum log_level	 most;
	log_sink	*sink;
} logger = { "sallyport", LOG_INFO, NULL };

static const char *const level_names[] = {
	"error", "warning", "info", "debug"
};

void
log_init(const char *process, enum log_level most)
{
	logger.process = process;
	logger.most = most;
}

void
log_to(log_sink *sink)
{
	logger.sink = sink;
}

static void
log_v(enum log_level level, const char *suffix, const char *fmt, va_list ap)
{
	char text[2048], line[2304];
	int n;

	if (level > logger.most)
		return;
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	if (logger.sink != NULL) {
		snprintf(line, sizeof(line), "%s%s%s", text,
		    suffix != NULL ? ": " : "", suffix != NULL ? suffix : "");
		logger.sink(level, line);
		return;
	}
	n = snprintf(line, sizeof(line), "level=%s process=%s %s%s%s\n",
	    level_names[level], logger.process, text,
	    suffix != NULL ? ": " : "", suffix != NULL ? suffix : "");
	if (n > (int)sizeof(line) - 1)
		n = sizeof(line) - 1;
	/* One write, so that lines of several processes do not mix. */
	if (n > 0 && write(2, line, n) == -1)
		return;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(level, NULL, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	const char *reason = strerror(errno);
	va_list ap;

	va_start(ap, fmt);
	log_v(LOG_ERROR, reason, fmt, ap);
	va_end(ap);
	_exit(70);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(LOG_ERROR, NULL, fmt, ap);
	va_end(ap);
	_exit(70);
}

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	if (p == NULL)
		fatal("allocate %zu x %zu bytes", count, size);
	return p;
}

void *
xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size > 0 ? size : 1);

	if (p == NULL)
		fatal("allocate %zu bytes", size);
	return p;
}

char *
xstrdup(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		fatal("allocate %zu bytes", strlen(s) + 1);
	return p;
}

void
free_pointer(void *p)
{
	free(*(void **)p);
}

void
close_pointer(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

/*
 * Length of the UTF-8 sequence at s (RFC 3629), 0 if there is none; the
 * character goes to *c.
 */
static size_t
utf8_next(const uint8_t *s, size_t len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, n;

	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 && s[0] < 0xf8 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
	    s[0] >= 0xc0 && s[0] < 0xe0 ? 2 : 0;
	if (n == 0 || n > len)
		return 0;
	*c = s[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

static bool
ascii8(const uint8_t *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return (word & 0x8080808080808080u) == 0;
}

int
utf8_valid(const void *data, size_t len)
{
	const uint8_t *s = data;
	uint32_t c;
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = 8;
		if (len >= n && ascii8(s))
			continue;	/* most text, and much of the time */
		n = utf8_next(s, len, &c);
		if (n == 0)
			return 0;
	}
	return 1;
}

/* Characters that change what a terminal or a reader sees elsewhere. */
static bool
is_deceptive(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	    (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

char *
text_escape(char *dst, size_t size, const void *src, size_t len)
{
	const uint8_t *s = src;
	char piece[16];
	size_t at = 0, n, k;
	uint32_t c;

	for (; len > 0; s += n, len -= n) {
		n = utf8_next(s, len, &c);
		if (n == 0 || c < 0x80) {
			if (n == 0 || is_deceptive(c))
				k = snprintf(piece, sizeof(piece), "\\x%02x",
				    s[0]);
			else
				k = snprintf(piece, sizeof(piece), "%c", s[0]);
			n = 1;
		} else if (is_deceptive(c)) {
			k = snprintf(piece, sizeof(piece), "\\u{%x}", c);
		} else {
			memcpy(piece, s, n);
			k = n;
		}
		if (at + k + 1 > size)
			break;
		memcpy(dst + at, piece, k);
		at += k;
	}
	if (size > 0)
		dst[at] = '\0';
	return dst;
}

static uint64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
now_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

uint64_t
now_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}
