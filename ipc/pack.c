/*
 * pack.c: writing msgpack, and reading it strictly in place.
 * Runs in: every process and the guest; needs only libc.
 * Input: the unpack half reads hostile bytes and believes no length.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/pack.h"
#include "ipc/util.h"

void
pack_init(struct pack *p, size_t max)
{
	*p = (struct pack){ .max = max };
}

void
pack_clear(struct pack *p)
{
	free(p->data);
	*p = (struct pack){ .max = p->max };
}

/* Room for len more bytes, or NULL (and failed stays set). */
static uint8_t *
pack_room(struct pack *p, size_t len)
{
	uint8_t *at;
	size_t cap;

	if (p->failed || len > p->max || p->len > p->max - len) {
		p->failed = true;
		return NULL;
	}
	if (p->len + len > p->cap) {
		cap = p->cap > 0 ? p->cap : 256;
		while (cap < p->len + len)
			cap *= 2;
		p->data = xrealloc(p->data, cap);
		p->cap = cap;
	}
	at = p->data + p->len;
	p->len += len;
	return at;
}

void
pack_raw(struct pack *p, const void *data, size_t len)
{
	uint8_t *at;

	if (len == 0)
		return;
	at = pack_room(p, len);
	if (at != NULL)
		memcpy(at, data, len);
}

/* A head byte and a big-endian number of that many bytes. */
static void
pack_head(struct pack *p, uint8_t head, uint64_t number, size_t bytes)
{
	uint8_t *at = pack_room(p, 1 + bytes);

	if (at == NULL)
		return;
	at[0] = head;
	for (size_t i = 0; i < bytes; i++)
		at[1 + i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
}

void
pack_nil(struct pack *p)
{
	pack_head(p, 0xc0, 0, 0);
}

void
pack_bool(struct pack *p, bool value)
{
	pack_head(p, value ? 0xc3 : 0xc2, 0, 0);
}

void
pack_uint(struct pack *p, uint64_t n)
{
	if (n < 0x80)
		pack_head(p, (uint8_t)n, 0, 0);
	else if (n <= UINT8_MAX)
		pack_head(p, 0xcc, n, 1);
	else if (n <= UINT16_MAX)
		pack_head(p, 0xcd, n, 2);
	else if (n <= UINT32_MAX)
		pack_head(p, 0xce, n, 4);
	else
		pack_head(p, 0xcf, n, 8);
}

void
pack_int(struct pack *p, int64_t n)
{
	if (n >= 0)
		pack_uint(p, (uint64_t)n);
	else if (n >= -32)
		pack_head(p, (uint8_t)n, 0, 0);
	else if (n >= INT8_MIN)
		pack_head(p, 0xd0, (uint64_t)n, 1);
	else if (n >= INT16_MIN)
		pack_head(p, 0xd1, (uint64_t)n, 2);
	else if (n >= INT32_MIN)
		pack_head(p, 0xd2, (uint64_t)n, 4);
	else
		pack_head(p, 0xd3, (uint64_t)n, 8);
}

void
pack_real(struct pack *p, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	pack_head(p, 0xcb, bits, 8);
}

void
pack_textn(struct pack *p, const void *data, size_t len)
{
	if (len < 32)
		pack_head(p, 0xa0 | (uint8_t)len, 0, 0);
	else if (len <= UINT8_MAX)
		pack_head(p, 0xd9, len, 1);
	else if (len <= UINT16_MAX)
		pack_head(p, 0xda, len, 2);
	else if (len <= UINT32_MAX)
		pack_head(p, 0xdb, len, 4);
	else
		p->failed = true;
	pack_raw(p, data, len);
}

void
pack_text(struct pack *p, const char *s)
{
	pack_textn(p, s, strlen(s));
}

void
pack_bytes(struct pack *p, const void *data, size_t len)
{
	if (len <= UINT8_MAX)
		pack_head(p, 0xc4, len, 1);
	else if (len <= UINT16_MAX)
		pack_head(p, 0xc5, len, 2);
	else if (len <= UINT32_MAX)
		pack_head(p, 0xc6, len, 4);
	else
		p->failed = true;
	pack_raw(p, data, len);
}

static void
pack_count(struct pack *p, size_t n, uint8_t fix, uint8_t head16)
{
	if (n < 16)
		pack_head(p, fix | (uint8_t)n, 0, 0);
	else if (n <= UINT16_MAX)
		pack_head(p, head16, n, 2);
	else if (n <= UINT32_MAX)
		pack_head(p, head16 + 1, n, 4);
	else
		p->failed = true;
}

void
pack_list(struct pack *p, size_t count)
{
	pack_count(p, count, 0x90, 0xdc);
}

void
pack_map(struct pack *p, size_t count)
{
	pack_count(p, count, 0x80, 0xde);
}

void
pack_either(struct pack *p, const void *data, size_t len)
{
	if (utf8_valid(data, len))
		pack_textn(p, data, len);
	else
		pack_bytes(p, data, len);
}

void
pack_key_text(struct pack *p, const char *key, const char *value)
{
	pack_text(p, key);
	pack_text(p, value);
}

void
pack_key_uint(struct pack *p, const char *key, uint64_t value)
{
	pack_text(p, key);
	pack_uint(p, value);
}

void
pack_key_int(struct pack *p, const char *key, int64_t value)
{
	pack_text(p, key);
	pack_int(p, value);
}

void
pack_key_bool(struct pack *p, const char *key, bool value)
{
	pack_text(p, key);
	pack_bool(p, value);
}

void
unpack_init(struct unpack *u, const void *data, size_t len)
{
	u->at = data;
	u->end = u->at + len;
}

static size_t
unpack_left(const struct unpack *u)
{
	return (size_t)(u->end - u->at);
}

/* The big-endian number behind the head byte; the place moves past both. */
static int
unpack_number(struct unpack *u, size_t bytes, uint64_t *n)
{
	if (unpack_left(u) < 1 + bytes)
		return -1;
	*n = 0;
	for (size_t i = 1; i <= bytes; i++)
		*n = *n << 8 | u->at[i];
	u->at += 1 + bytes;
	return 0;
}

static int
unpack_take(struct unpack *u, const uint8_t **data, size_t len)
{
	if (unpack_left(u) < len)
		return -1;
	*data = u->at;
	u->at += len;
	return 0;
}

static int
unpack_head(const struct unpack *u)
{
	return unpack_left(u) > 0 ? *u->at : -1;
}

int
unpack_nil(struct unpack *u)
{
	if (unpack_head(u) != 0xc0)
		return -1;
	u->at++;
	return 0;
}

int
unpack_bool(struct unpack *u, bool *value)
{
	int head = unpack_head(u);

	if (head != 0xc2 && head != 0xc3)
		return -1;
	*value = head == 0xc3;
	u->at++;
	return 0;
}

int
unpack_uint(struct unpack *u, uint64_t *n)
{
	int head = unpack_head(u);

	if (head >= 0 && head < 0x80)
		return unpack_number(u, 0, n) == 0 ? (*n = head, 0) : -1;
	if (head >= 0xcc && head <= 0xcf)
		return unpack_number(u, (size_t)1 << (head - 0xcc), n);
	return -1;
}

int
unpack_int(struct unpack *u, int64_t *n)
{
	const uint8_t *before = u->at;
	int head = unpack_head(u);
	uint64_t bits;
	size_t bytes;

	if (head >= 0xe0) {
		*n = (int8_t)head;
		u->at++;
		return 0;
	}
	if (head >= 0xd0 && head <= 0xd3) {
		bytes = (size_t)1 << (head - 0xd0);
		if (unpack_number(u, bytes, &bits) == -1)
			return -1;
		*n = (int64_t)(bits << (64 - 8 * bytes)) >> (64 - 8 * bytes);
		return 0;
	}
	if (unpack_uint(u, &bits) == -1)
		return -1;
	if (bits > INT64_MAX) {
		u->at = before;
		return -1;
	}
	*n = (int64_t)bits;
	return 0;
}

/* A length in 0, 1, 2 or 4 bytes by head, and the bytes that it claims. */
static int
unpack_run(struct unpack *u, size_t width, uint64_t len,
    const uint8_t **data, size_t *out)
{
	struct unpack before = *u;
	uint64_t n;

	if (unpack_number(u, width, &n) == -1)
		return -1;
	if (width == 0)
		n = len;
	if (n > unpack_left(u) || unpack_take(u, data, (size_t)n) == -1) {
		*u = before;
		return -1;
	}
	*out = (size_t)n;
	return 0;
}

int
unpack_text(struct unpack *u, const char **data, size_t *len)
{
	int head = unpack_head(u);
	const uint8_t *bytes;

	if (head >= 0xa0 && head <= 0xbf) {
		if (unpack_run(u, 0, head & 0x1f, &bytes, len) == -1)
			return -1;
	} else if (head >= 0xd9 && head <= 0xdb) {
		if (unpack_run(u, (size_t)1 << (head - 0xd9), 0, &bytes,
		    len) == -1)
			return -1;
	} else {
		return -1;
	}
	*data = (const char *)bytes;
	return 0;
}

int
unpack_bytes(struct unpack *u, const uint8_t **data, size_t *len)
{
	int head = unpack_head(u);

	if (head < 0xc4 || head > 0xc6)
		return -1;
	return unpack_run(u, (size_t)1 << (head - 0xc4), 0, data, len);
}

static int
unpack_count(struct unpack *u, int fix, int head16, uint32_t *count)
{
	int head = unpack_head(u);
	uint64_t n;

	if (head >= fix && head < fix + 16) {
		*count = (uint32_t)(head - fix);
		u->at++;
		return 0;
	}
	if (head != head16 && head != head16 + 1)
		return -1;
	if (unpack_number(u, head == head16 ? 2 : 4, &n) == -1)
		return -1;
	*count = (uint32_t)n;
	return 0;
}

int
unpack_list(struct unpack *u, uint32_t *count)
{
	return unpack_count(u, 0x90, 0xdc, count);
}

int
unpack_map(struct unpack *u, uint32_t *count)
{
	return unpack_count(u, 0x80, 0xde, count);
}

bool
unpack_next_is_bytes(const struct unpack *u)
{
	int head = unpack_head(u);

	return head >= 0xc4 && head <= 0xc6;
}

bool
unpack_next_is_nil(const struct unpack *u)
{
	return unpack_head(u) == 0xc0;
}
