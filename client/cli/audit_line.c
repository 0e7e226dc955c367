/*
 * audit_line.c: one line of an export, written and read.
 * Runs in: sallyport, with the user's rights.
 * Input: lines of a file that anybody may have changed.  There is one
 * spelling of every record: what can be read in a line is written again from
 * the bytes and compared, the body included.
 */
#include <string.h>

#include "client/cli/audit.h"
#include "ipc/util.h"
#include "ipc/value.h"
#include "policy/words.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
audit_event_read(struct audit_event *e, const uint8_t *bytes, size_t len)
{
	struct unpack u, map;
	uint32_t count;
	size_t n;

	unpack_init(&u, bytes, len);
	if (unpack_list(&u, &count) == -1 || count != 7 ||
	    unpack_text(&u, &e->tenant, &e->tenant_len) == -1 ||
	    e->tenant_len == 0 || e->tenant_len > 64 ||
	    unpack_bytes(&u, &e->run, &n) == -1 || n != 16 ||
	    unpack_uint(&u, &e->seq) == -1 || unpack_uint(&u, &e->at) == -1 ||
	    unpack_uint(&u, &e->type) == -1 || e->type >= EVENT_COUNT ||
	    unpack_bytes(&u, &e->previous, &n) == -1 || n != 32)
		return -1;
	map = u;
	if (unpack_map(&map, &count) == -1)
		return -1;
	e->body = u.at;
	e->body_len = (size_t)(u.end - u.at);
	return 0;
}

void
audit_text_clear(struct audit_text *t)
{
	free(t->text);
	free(t->bytes);
	json_clear(&t->body);
	memset(t, 0, sizeof(*t));
}

/* --- writing --- */

static char *
room(struct audit_text *t, size_t len)
{
	size_t cap = t->cap > 0 ? t->cap : 4096;

	while (cap - t->len < len)
		cap *= 2;
	if (cap != t->cap)
		t->text = xrealloc(t->text, cap);
	t->cap = cap;
	return t->text + t->len;
}

static void
put(struct audit_text *t, const char *text, size_t len)
{
	memcpy(room(t, len), text, len);
	t->len += len;
}

#define PUT(t, literal)	put((t), (literal), sizeof(literal) - 1)

static void
put_number(struct audit_text *t, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	put(t, digits + at, sizeof(digits) - at);
}

static void
put_hex(struct audit_text *t, const uint8_t *data, size_t len)
{
	char *dst = room(t, 2 * len);

	for (size_t i = 0; i < len; i++) {
		*dst++ = hex_digits[data[i] >> 4];
		*dst++ = hex_digits[data[i] & 15];
	}
	t->len += 2 * len;
}

static void
put_base64(struct audit_text *t, const uint8_t *data, size_t len)
{
	char *dst = room(t, (len + 2) / 3 * 4);
	uint32_t n;
	size_t i;

	t->len += (len + 2) / 3 * 4;
	for (i = 0; i + 2 < len; i += 3) {
		n = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 |
		    data[i + 2];
		*dst++ = base64_digits[n >> 18];
		*dst++ = base64_digits[n >> 12 & 63];
		*dst++ = base64_digits[n >> 6 & 63];
		*dst++ = base64_digits[n & 63];
	}
	if (i == len)
		return;
	n = (uint32_t)data[i] << 16;
	if (i + 1 < len)
		n |= (uint32_t)data[i + 1] << 8;
	*dst++ = base64_digits[n >> 18];
	*dst++ = base64_digits[n >> 12 & 63];
	*dst++ = i + 1 < len ? base64_digits[n >> 6 & 63] : '=';
	*dst = '=';
}

static void
put_uuid(struct audit_text *t, const uint8_t id[16])
{
	static const uint8_t parts[] = { 4, 2, 2, 2, 6 };

	for (size_t i = 0; i < nitems(parts); id += parts[i++]) {
		if (i > 0)
			PUT(t, "-");
		put_hex(t, id, parts[i]);
	}
}

static void
put_foreign(struct audit_text *t, const char *text, size_t len)
{
	t->body.len = 0;
	t->body.comma = false;
	json_textn(&t->body, text, len);
	put(t, t->body.text, t->body.len);
}

/* What stands before the bytes. */
static void
put_said(struct audit_text *t, const struct audit_event *e)
{
	const char *type = event_type_name((enum event_type)e->type);

	PUT(t, "\"tenant\":");
	put_foreign(t, e->tenant, e->tenant_len);
	PUT(t, ",\"run\":\"");
	put_uuid(t, e->run);
	PUT(t, "\",\"seq\":");
	put_number(t, e->seq);
	PUT(t, ",\"at\":");
	put_number(t, e->at);
	PUT(t, ",\"type\":\"");
	put(t, type, strlen(type));
	PUT(t, "\",\"previous\":\"");
	put_hex(t, e->previous, 32);
	PUT(t, "\",\"bytes\":\"");
}

/* What stands behind them. */
static int
put_body(struct audit_text *t, const struct audit_event *e)
{
	autovalue struct value *body = NULL;
	const char *why;

	body = value_decode(e->body, e->body_len, &why);
	if (body == NULL)
		return -1;
	PUT(t, "\",\"body\":");
	t->body.len = 0;
	t->body.comma = false;
	json_value(&t->body, body);
	put(t, t->body.text, t->body.len);
	return 0;
}

static int
put_event(struct audit_text *t, const struct audit_record *r)
{
	struct audit_event e;

	if (audit_event_read(&e, r->bytes, r->len) == -1)
		return -1;
	put_said(t, &e);
	put_base64(t, r->bytes, r->len);
	return put_body(t, &e);
}

static void
put_checkpoint(struct audit_text *t, const struct checkpoint *c)
{
	PUT(t, "{\"checkpoint\":");
	put_number(t, c->place);
	PUT(t, ",\"tenant\":");
	put_foreign(t, c->tenant, strlen(c->tenant));
	PUT(t, ",\"head\":\"");
	put_hex(t, c->head, 32);
	PUT(t, "\",\"at\":");
	put_number(t, c->at);
	PUT(t, ",\"signature\":\"");
	put_base64(t, c->signature, sizeof(c->signature));
	PUT(t, "\"}\n");
}

int
audit_line_write(struct audit_text *t, const struct audit_record *r)
{
	int status = 0;

	t->len = 0;
	if (r->kind == AUDIT_checkpoint) {
		put_checkpoint(t, &r->signature);
		return 0;
	}
	PUT(t, "{\"place\":");
	put_number(t, r->place);
	PUT(t, ",\"digest\":\"");
	put_hex(t, r->digest, 32);
	PUT(t, "\",\"head\":\"");
	put_hex(t, r->head, 32);
	PUT(t, "\",");
	if (r->kind == AUDIT_withheld)
		PUT(t, "\"withheld\":true");
	else if (r->kind == AUDIT_missing)
		PUT(t, "\"missing\":true");
	else
		status = put_event(t, r);
	PUT(t, "}\n");
	return status;
}

/* --- reading: only what is needed to write it again --- */

struct cursor {
	const char	*at, *end;
};

static bool
take(struct cursor *c, const char *text, size_t len)
{
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	return true;
}

#define TAKE(c, literal)	take((c), (literal), sizeof(literal) - 1)

static bool
take_number(struct cursor *c, uint64_t *n)
{
	const char *from = c->at;

	for (*n = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		*n = *n * 10 + (uint64_t)(*c->at - '0');
	return c->at > from && c->at - from < 20 && *from != '0';
}

/* What each character stands for; -1: nothing. */
static void
table_fill(int8_t table[256], const char *digits, int8_t count)
{
	memset(table, -1, 256);
	for (int8_t d = 0; d < count; d++)
		table[(uint8_t)digits[d]] = d;
}

static bool
take_hex(struct cursor *c, uint8_t dst[32])
{
	static int8_t table[256];
	int bad = 0;

	if (table['1'] == 0)
		table_fill(table, hex_digits, 16);
	if (c->end - c->at < 64)
		return false;
	for (size_t i = 0; i < 32; i++, c->at += 2) {
		int high = table[(uint8_t)c->at[0]];
		int low = table[(uint8_t)c->at[1]];

		bad |= high | low;
		dst[i] = (uint8_t)(high * 16 + low);
	}
	return bad >= 0;
}

/* Up to the next quotation mark, in groups of four. */
static bool
take_base64(struct cursor *c, uint8_t *dst, size_t most, size_t *len)
{
	static int8_t table[256];
	const char *end = memchr(c->at, '"', (size_t)(c->end - c->at));
	const uint8_t *s = (const uint8_t *)c->at;
	size_t groups = end == NULL ? 0 : (size_t)(end - c->at) / 4;
	int bad = 0, w, x, y, z;

	if (table['B'] == 0)
		table_fill(table, base64_digits, 64);
	if (groups == 0 || (end - c->at) % 4 != 0 || groups * 3 > most)
		return false;
	groups -= end[-1] == '=';	/* the last one is not a whole one */
	for (size_t i = 0; i < groups; i++, s += 4, dst += 3) {
		w = table[s[0]], x = table[s[1]];
		y = table[s[2]], z = table[s[3]];
		bad |= w | x | y | z;
		dst[0] = (uint8_t)((unsigned)w << 2 | (unsigned)x >> 4);
		dst[1] = (uint8_t)((unsigned)x << 4 | (unsigned)y >> 2);
		dst[2] = (uint8_t)((unsigned)y << 6 | (unsigned)z);
	}
	*len = groups * 3;
	if (end[-1] == '=') {
		/* One spelling: no bits are left over behind the last byte. */
		w = table[s[0]], x = table[s[1]];
		y = s[2] == '=' ? 0 : table[s[2]];
		bad |= w | x | y | -(s[2] == '=' ? x & 15 : y & 3);
		dst[0] = (uint8_t)((unsigned)w << 2 | (unsigned)x >> 4);
		dst[1] = (uint8_t)((unsigned)x << 4 | (unsigned)y >> 2);
		*len += s[2] == '=' ? 1 : 2;
	}
	c->at = end;
	return bad >= 0;
}

/* Past a quoted text that has no escapes; it is compared later. */
static bool
skip_text(struct cursor *c)
{
	const char *end = memchr(c->at, '"', (size_t)(c->end - c->at));

	if (end == NULL)
		return false;
	c->at = end + 1;
	return true;
}

static bool
read_checkpoint(struct cursor *c, struct audit_record *r)
{
	struct checkpoint *k = &r->signature;
	uint8_t signature[96];
	const char *tenant;
	size_t len;

	r->kind = AUDIT_checkpoint;
	if (!take_number(c, &k->place) || !TAKE(c, ",\"tenant\":\""))
		return false;
	tenant = c->at;
	if (!skip_text(c) || (size_t)(c->at - 1 - tenant) >=
	    sizeof(k->tenant))
		return false;
	memcpy(k->tenant, tenant, (size_t)(c->at - 1 - tenant));
	if (!TAKE(c, ",\"head\":\"") || !take_hex(c, k->head) ||
	    !TAKE(c, "\",\"at\":") || !take_number(c, &k->at) ||
	    !TAKE(c, ",\"signature\":\"") ||
	    !take_base64(c, signature, sizeof(signature), &len) ||
	    len != sizeof(k->signature))
		return false;
	memcpy(k->signature, signature, sizeof(k->signature));
	r->place = k->place;
	memcpy(r->head, k->head, sizeof(r->head));
	return true;
}

/* The bytes in their one spelling; what is said around them is looked at. */
static bool
read_event(struct cursor *c, struct audit_text *t, struct audit_record *r)
{
	const char *said = c->at, *bytes;
	struct audit_event e;
	uint64_t n;

	r->kind = AUDIT_event;
	if (!TAKE(c, "\"tenant\":\"") || !skip_text(c) ||
	    !TAKE(c, ",\"run\":\"") || !skip_text(c) ||
	    !TAKE(c, ",\"seq\":") || !take_number(c, &n) ||
	    !TAKE(c, ",\"at\":") || !take_number(c, &n) ||
	    !TAKE(c, ",\"type\":\"") || !skip_text(c) ||
	    !TAKE(c, ",\"previous\":\"") || !skip_text(c) ||
	    !TAKE(c, ",\"bytes\":\""))
		return false;
	n = (uint64_t)(c->end - c->at);
	if (n > t->bytes_cap) {
		t->bytes = xrealloc(t->bytes, n);
		t->bytes_cap = n;
	}
	bytes = c->at;
	if (!take_base64(c, t->bytes, t->bytes_cap, &r->len))
		return false;
	r->bytes = t->bytes;
	t->len = 0;
	if (audit_event_read(&e, r->bytes, r->len) == -1)
		return true;		/* named by its digest */
	put_said(t, &e);
	if (t->len != (size_t)(bytes - said) ||
	    memcmp(t->text, said, t->len) != 0)
		return false;
	t->len = 0;
	return put_body(t, &e) == -1 || take(c, t->text, t->len);
}

int
audit_line_read(struct audit_text *t, struct audit_record *r,
    const char *line, size_t len)
{
	struct cursor c = { line, line + len };

	memset(r, 0, sizeof(*r));
	if (TAKE(&c, "{\"checkpoint\":")) {
		if (!read_checkpoint(&c, r))
			return -1;
		audit_line_write(t, r);
		return t->len == len && memcmp(t->text, line, len) == 0 ?
		    0 : -1;
	}
	if (!TAKE(&c, "{\"place\":") || !take_number(&c, &r->place) ||
	    !TAKE(&c, ",\"digest\":\"") || !take_hex(&c, r->digest) ||
	    !TAKE(&c, "\",\"head\":\"") || !take_hex(&c, r->head) ||
	    !TAKE(&c, "\","))
		return -1;
	if (TAKE(&c, "\"withheld\":true"))
		r->kind = AUDIT_withheld;
	else if (TAKE(&c, "\"missing\":true"))
		r->kind = AUDIT_missing;
	else if (!read_event(&c, t, r))
		return -1;
	return TAKE(&c, "}\n") && c.at == c.end ? 0 : -1;
}
