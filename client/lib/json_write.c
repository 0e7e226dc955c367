/*
 * json_write.c: writing JSON from values and texts.
 * Runs in: programs that use libsallyport, and the command line on it.
 * Input: hostile texts and bytes; whatever they hold, the result is valid
 * UTF-8 JSON in which no control character or direction override is raw.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/lib/json.h"
#include "ipc/util.h"

void
json_init(struct json *j)
{
	*j = (struct json){ 0 };
}

void
json_clear(struct json *j)
{
	free(j->text);
	json_init(j);
}

char *
json_take(struct json *j)
{
	char *text = j->text != NULL ? j->text : xstrdup("");

	json_init(j);
	return text;
}

static void
put(struct json *j, const void *data, size_t len)
{
	size_t cap = j->cap > 0 ? j->cap : 256;

	if (j->len + len + 1 > j->cap) {
		while (cap < j->len + len + 1)
			cap *= 2;
		j->text = xrealloc(j->text, cap);
		j->cap = cap;
	}
	memcpy(j->text + j->len, data, len);
	j->len += len;
	j->text[j->len] = '\0';
}

static void
before_value(struct json *j)
{
	if (j->comma)
		put(j, ",", 1);
	j->comma = true;
}

void
json_open(struct json *j, char bracket)
{
	before_value(j);
	put(j, &bracket, 1);
	j->comma = false;
}

void
json_close(struct json *j, char bracket)
{
	put(j, &bracket, 1);
	j->comma = true;
}

/* Valid UTF-8: its first character, and how many bytes it takes. */
static size_t
character(const uint8_t *s, uint32_t *c)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	*c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*c = *c << 6 | (s[i] & 0x3fu);
	return n;
}

/* What must not reach a terminal as it is; wider than JSON asks for. */
static bool
must_escape(uint32_t c)
{
	return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c <= 0x9f) ||
	    c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe007f);
}

static void
put_escape(struct json *j, uint32_t c)
{
	char text[16];

	if (c == '"' || c == '\\')
		snprintf(text, sizeof(text), "\\%c", (char)c);
	else if (c == '\n' || c == '\t' || c == '\r')
		snprintf(text, sizeof(text), "\\%c",
		    c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
	else if (c > 0xffff)
		snprintf(text, sizeof(text), "\\u%04x\\u%04x",
		    0xd800u + ((c - 0x10000) >> 10),
		    0xdc00u + ((c - 0x10000) & 0x3ff));
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	put(j, text, strlen(text));
}

/* The bytes are UTF-8. */
static void
put_string(struct json *j, const void *data, size_t len)
{
	const uint8_t *s = data, *end = s + len, *plain = s;
	uint32_t c;
	size_t n;

	put(j, "\"", 1);
	for (; s < end; s += n) {
		n = 1;
		if (*s >= 0x20 && *s < 0x7f && *s != '"' && *s != '\\')
			continue;
		n = character(s, &c);
		if (!must_escape(c))
			continue;
		put(j, plain, (size_t)(s - plain));
		put_escape(j, c);
		plain = s + n;
	}
	if (end > plain)
		put(j, plain, (size_t)(end - plain));
	put(j, "\"", 1);
}

void
json_keyn(struct json *j, const void *key, size_t len)
{
	autofree char *shown = NULL;

	before_value(j);
	if (!utf8_valid(key, len)) {	/* a key has no other form */
		shown = xcalloc(1, len * 4 + 1);
		text_escape(shown, len * 4 + 1, key, len);
		key = shown;
		len = strlen(shown);
	}
	put_string(j, key, len);
	put(j, ":", 1);
	j->comma = false;
}

void
json_key(struct json *j, const char *key)
{
	json_keyn(j, key, strlen(key));
}

static void
put_word(struct json *j, const char *word)
{
	before_value(j);
	put(j, word, strlen(word));
}

void
json_nil(struct json *j)
{
	put_word(j, "null");
}

void
json_bool(struct json *j, bool b)
{
	put_word(j, b ? "true" : "false");
}

void
json_int(struct json *j, int64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	put_word(j, text);
}

void
json_uint(struct json *j, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	put_word(j, text);
}

/* The shortest of 15 and 17 digits that reads back as the same number. */
void
json_number(struct json *j, double d)
{
	char text[40];

	if (!isfinite(d)) {
		json_nil(j);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", d);
	if (strtod(text, NULL) != d)
		snprintf(text, sizeof(text), "%.17g", d);
	if (strpbrk(text, ".e") == NULL)
		strcat(text, ".0");
	put_word(j, text);
}

static void
put_base64(struct json *j, const uint8_t *s, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char four[4];
	uint32_t bits;
	size_t n;

	before_value(j);
	put(j, "\"", 1);
	for (; len > 0; s += n, len -= n) {
		n = len < 3 ? len : 3;
		bits = (uint32_t)s[0] << 16;
		bits |= n > 1 ? (uint32_t)s[1] << 8 : 0;
		bits |= n > 2 ? s[2] : 0;
		for (size_t i = 0; i < 4; i++)
			four[i] = i <= n ? digits[bits >> (18 - 6 * i) & 63] :
			    '=';
		put(j, four, 4);
	}
	put(j, "\"", 1);
}

void
json_members_bytes(struct json *j, const void *data, size_t len)
{
	if (utf8_valid(data, len)) {
		json_key(j, "text");
		before_value(j);
		put_string(j, data, len);
	} else {
		json_key(j, "base64");
		put_base64(j, data, len);
	}
}

void
json_textn(struct json *j, const void *data, size_t len)
{
	if (utf8_valid(data, len)) {
		before_value(j);
		put_string(j, data, len);
		return;
	}
	json_open(j, '{');
	json_members_bytes(j, data, len);
	json_close(j, '}');
}

void
json_text(struct json *j, const char *s)
{
	if (s == NULL)
		json_nil(j);
	else
		json_textn(j, s, strlen(s));
}

static void
put_list(struct json *j, const struct value *list)
{
	json_open(j, '[');
	for (size_t i = 0; i < list->list.count; i++)
		json_value(j, &list->list.items[i]);
	json_close(j, ']');
}

void
json_value(struct json *j, const struct value *v)
{
	switch (v != NULL ? v->type : VALUE_NIL) {
	case VALUE_NIL:
		json_nil(j);
		break;
	case VALUE_BOOL:
		json_bool(j, v->boolean);
		break;
	case VALUE_INT:
		json_int(j, v->integer);
		break;
	case VALUE_UINT:
		json_uint(j, v->natural);
		break;
	case VALUE_REAL:
		json_number(j, v->real);
		break;
	case VALUE_TEXT:
	case VALUE_BYTES:
		json_textn(j, v->text.data, v->text.len);
		break;
	case VALUE_LIST:
		put_list(j, v);
		break;
	case VALUE_MAP:
		json_open(j, '{');
		json_members(j, v, NULL);
		json_close(j, '}');
		break;
	}
}

static bool
is_one_of(const struct value *key, const char *const *names)
{
	for (; names != NULL && *names != NULL; names++)
		if (value_is_text(key, *names))
			return true;
	return false;
}

void
json_members(struct json *j, const struct value *map,
    const char *const *without)
{
	static const char *const bytes_keys[] = { "text", "bytes", NULL };
	const struct value *key, *value;

	if (map == NULL || map->type != VALUE_MAP)
		return;
	for (size_t i = 0; i < map->map.count; i++) {
		key = &map->map.pairs[i].key;
		value = &map->map.pairs[i].value;
		if (is_one_of(key, without))
			continue;
		if (value->type == VALUE_BYTES && is_one_of(key, bytes_keys)) {
			json_members_bytes(j, value->text.data,
			    value->text.len);
			continue;
		}
		json_keyn(j, key->text.data, key->text.len);
		json_value(j, value);
	}
}

char *
time_text(char dst[32], uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char day[24];

	/* Past year 9999 there is no RFC 3339; such a time is a lie anyway. */
	if (ms > 253402300799999u || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		snprintf(dst, 32, "9999-12-31T23:59:59.999Z");
		return dst;
	}
	snprintf(dst, 32, "%s.%03uZ", day, (unsigned)(ms % 1000));
	return dst;
}
