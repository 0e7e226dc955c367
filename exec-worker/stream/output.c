/*
 * output.c: keep the beginning and the end of a stream, count and digest all.
 * Runs in: exec-worker, stream role, confined.
 * Input: hostile bytes without end; memory is bounded by output_kept.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "exec-worker/stream/output.h"
#include "ipc/util.h"

void
output_init(struct output *o, uint64_t kept)
{
	if (kept < OUTPUT_KEPT_LEAST)
		kept = OUTPUT_KEPT_LEAST;
	if (kept > OUTPUT_KEPT_MOST)
		kept = OUTPUT_KEPT_MOST;
	*o = (struct output){ .half = (size_t)kept / 2 };
	crypto_hash_sha256_init(&o->digest);
}

void
output_clear(struct output *o)
{
	free(o->head);
	free(o->tail);
	*o = (struct output){ .half = o->half };
}

static size_t
add_head(struct output *o, const uint8_t *data, size_t len)
{
	size_t room = o->half - o->head_len, cap;

	if (len > room)
		len = room;
	if (o->head_len + len > o->head_cap) {
		cap = o->head_cap > 0 ? o->head_cap : 4096;
		while (cap < o->head_len + len)
			cap *= 2;
		if (cap > o->half)
			cap = o->half;
		o->head = xrealloc(o->head, cap);
		o->head_cap = cap;
	}
	if (len > 0)
		memcpy(o->head + o->head_len, data, len);
	o->head_len += len;
	return len;
}

static void
add_tail(struct output *o, const uint8_t *data, size_t len)
{
	size_t part;

	if (o->tail == NULL)
		o->tail = xcalloc(1, o->half);
	if (len > o->half) {
		data += len - o->half;
		len = o->half;
	}
	part = o->half - o->tail_at;
	if (part > len)
		part = len;
	memcpy(o->tail + o->tail_at, data, part);
	memcpy(o->tail, data + part, len - part);
	o->tail_at = (o->tail_at + len) % o->half;
	o->tail_len = o->tail_len + len > o->half ? o->half :
	    o->tail_len + len;
}

void
output_add(struct output *o, const uint8_t *data, size_t len)
{
	size_t taken;

	if (len == 0)
		return;
	crypto_hash_sha256_update(&o->digest, data, len);
	o->total += len;
	taken = add_head(o, data, len);
	if (taken < len)
		add_tail(o, data + taken, len - taken);
}

/* The i-th byte of the tail, oldest first. */
static uint8_t
tail_byte(const struct output *o, size_t i)
{
	return o->tail[(o->tail_at + o->half - o->tail_len + i) % o->half];
}

static bool
has_gap(const struct output *o)
{
	return o->total > (uint64_t)o->head_len + o->tail_len;
}

/* Bytes of a sequence that was begun at the end of the head: 0 to 3. */
static size_t
begun(const struct output *o)
{
	for (size_t back = 1; back <= 3 && back <= o->head_len; back++) {
		uint8_t c = o->head[o->head_len - back];

		if ((c & 0xc0) == 0x80)
			continue;
		if ((c >= 0xf0 && back < 4) || (c >= 0xe0 && back < 3) ||
		    (c >= 0xc0 && back < 2))
			return back;
		return 0;
	}
	return 0;
}

/* Bytes at the start of the tail that continue a sequence: 0 to 3. */
static size_t
continued(const struct output *o)
{
	size_t n = 0;

	while (n < 3 && n < o->tail_len && (tail_byte(o, n) & 0xc0) == 0x80)
		n++;
	return n;
}

uint64_t
output_left_out(const struct output *o)
{
	if (!has_gap(o))
		return 0;
	return o->total - o->head_len - o->tail_len + begun(o) + continued(o);
}

void
output_pack(const struct output *o, struct pack *p)
{
	size_t head = o->head_len, skip = 0, len;
	char gap[64] = "";
	autofree uint8_t *text = NULL;

	if (has_gap(o)) {
		head -= begun(o);
		skip = continued(o);
		snprintf(gap, sizeof(gap),
		    "\n[... %" PRIu64 " bytes left out ...]\n",
		    output_left_out(o));
	}
	len = strlen(gap);
	text = xcalloc(1, head + len + o->tail_len + 1);
	if (head > 0)
		memcpy(text, o->head, head);
	memcpy(text + head, gap, len);
	len += head;
	for (size_t i = skip; i < o->tail_len; i++)
		text[len++] = tail_byte(o, i);
	pack_either(p, text, len);
}

void
output_digest(struct output *o, uint8_t digest[32])
{
	crypto_hash_sha256_state state = o->digest;

	crypto_hash_sha256_final(&state, digest);
}
