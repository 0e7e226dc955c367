/*
 * sse.c: server-sent events out of bytes that may be cut anywhere.
 * Runs in: cognition-worker.
 * Input: hostile bytes of a model server.
 */
#include "cognition-worker/sse.h"

#include <string.h>

void
sse_init(struct sse *s, size_t most)
{
	memset(s, 0, sizeof(*s));
	pack_init(&s->line, most);
	pack_init(&s->data, most);
}

void
sse_clear(struct sse *s)
{
	pack_clear(&s->line);
	pack_clear(&s->data);
}

/* The line without its end is in s->line; only `data` matters to us. */
static void
take_line(struct sse *s)
{
	const uint8_t *p = s->line.data;
	size_t len = s->line.len;

	if (!s->begun && len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		len -= 3;
	}
	s->begun = true;
	if (len < 4 || memcmp(p, "data", 4) != 0 || (len > 4 && p[4] != ':'))
		return;
	p += len > 4 ? 5 : 4;
	len -= len > 4 ? 5 : 4;
	if (len > 0 && p[0] == ' ') {
		p++;
		len--;
	}
	if (s->has_data)
		pack_raw(&s->data, "\n", 1);
	pack_raw(&s->data, p, len);
	s->has_data = true;
}

static enum sse_status
end_line(struct sse *s)
{
	bool blank = s->line.len == 0;

	if (!blank)
		take_line(s);
	s->begun = true;
	s->line.len = 0;
	if (s->data.failed)
		return SSE_TOO_LARGE;
	if (!blank || !s->has_data)
		return SSE_MORE;
	s->complete = true;
	return SSE_EVENT;
}

static void
forget_event(struct sse *s)
{
	if (s->complete) {
		s->data.len = 0;
		s->has_data = s->complete = false;
	}
}

/* How many bytes there are before the next CR or LF. */
static size_t
line_part(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *at = p;

	while (at < end && *at != '\n' && *at != '\r')
		at++;
	return (size_t)(at - p);
}

enum sse_status
sse_feed(struct sse *s, const uint8_t **at, const uint8_t *end)
{
	enum sse_status status;
	size_t n;

	forget_event(s);
	while (*at < end) {
		if (s->after_cr && **at == '\n') {
			s->after_cr = false;
			(*at)++;
			continue;
		}
		s->after_cr = false;
		n = line_part(*at, end);
		if (n > 0)
			pack_raw(&s->line, *at, n);
		*at += n;
		if (s->line.failed)
			return SSE_TOO_LARGE;
		if (*at == end)
			break;
		s->after_cr = **at == '\r';
		(*at)++;
		if ((status = end_line(s)) != SSE_MORE)
			return status;
	}
	return SSE_MORE;
}

enum sse_status
sse_end(struct sse *s)
{
	forget_event(s);
	if (s->line.failed || s->data.failed)
		return SSE_TOO_LARGE;
	if (s->line.len > 0)
		take_line(s);
	s->line.len = 0;
	if (s->data.failed)
		return SSE_TOO_LARGE;
	if (!s->has_data)
		return SSE_MORE;
	s->complete = true;
	return SSE_EVENT;
}
