/*
 * text.c: any bytes as text that may be shown to a model.
 * Runs in: cognition-worker.
 * Input: hostile bytes.
 */
#include "cognition-worker/text.h"

#include <stdio.h>
#include <string.h>

#include "ipc/pack.h"
#include "ipc/util.h"

#define GROWTH	3	/* one bad byte becomes the three of U+FFFD */

/* Bytes of the well-formed character at p, or 0. */
static size_t
character(const unsigned char *p, size_t len)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
	    p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > len || p[0] == '\0' || !utf8_valid(p, n))
		return 0;
	return n;
}

static size_t
clean(struct pack *out, const unsigned char *p, size_t len)
{
	size_t n, replaced = 0;

	while (len > 0) {
		for (n = 0; n < len && p[n] > 0 && p[n] < 0x80; n++)
			;
		if (n == 0)
			n = character(p, len);
		if (n == 0) {
			pack_raw(out, "\xef\xbf\xbd", 3);
			replaced++;
			n = 1;
		} else
			pack_raw(out, p, n);
		p += n;
		len -= n;
	}
	return replaced;
}

size_t
text_prefix(const char *s, size_t len, size_t most)
{
	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)s[most] & 0xc0) == 0x80)
		most--;
	return most;
}

char *
text_clean(const void *data, size_t len, size_t most, size_t *replaced)
{
	const unsigned char *p = data;
	size_t head = len, tail = 0, count;
	struct pack out;
	char gap[64];

	if (len > most) {
		head = text_prefix(data, len, most - most / 4);
		tail = most / 4;
		while (tail > 0 && (p[len - tail] & 0xc0) == 0x80)
			tail--;
	}
	pack_init(&out, GROWTH * (head + tail) + sizeof(gap) + 1);
	count = clean(&out, p, head);
	if (head < len) {
		snprintf(gap, sizeof(gap), "\n[... %zu bytes left out ...]\n",
		    len - head - tail);
		pack_raw(&out, gap, strlen(gap));
		count += clean(&out, p + len - tail, tail);
	}
	pack_raw(&out, "", 1);
	if (replaced != NULL)
		*replaced = count;
	if (out.failed)
		fatalx("clean text: buffer of %zu bytes", out.max);
	return (char *)out.data;
}
