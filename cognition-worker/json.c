/*
 * json.c: bounds of JSON text, and its conversion from and to msgpack.
 * Runs in: cognition-worker.
 * Input: hostile bytes of a model server; msgpack results of tools.
 */
#include "cognition-worker/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cognition-worker/text.h"
#include "ipc/util.h"
#include "ipc/value.h"

#define EXACT	(INT64_C(1) << 53)	/* integers below this fit a double */

/* Bytes of the string that begins behind a quote, the closing one included. */
static size_t
string_length(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && s[i] != '"'; i++)
		if (s[i] == '\\')
			i++;
	return i < len ? i + 1 : len;
}

int
json_bounds(const char *s, size_t len, const char **why)
{
	size_t i, n, depth = 0, values = 0;

	if (len > JSON_BYTES)
		return *why = "it is larger than 8 MiB", -1;
	for (i = 0; i < len; i++) {
		if (s[i] == '"') {
			n = string_length(s + i + 1, len - i - 1);
			if (n > JSON_ONE_STRING)
				return *why = "a string in it is larger "
				    "than 4 MiB", -1;
			i += n;
		} else if (s[i] == '[' || s[i] == '{') {
			if (++depth > JSON_DEPTH)
				return *why = "it is nested more than 48 "
				    "levels deep", -1;
		} else if ((s[i] == ']' || s[i] == '}') && depth > 0)
			depth--;
		else if (s[i] == ',' && ++values > JSON_VALUES)
			return *why = "it holds too many values", -1;
	}
	return 0;
}

json_t *
json_parse(const void *data, size_t len, bool nul, char *why, size_t size)
{
	size_t flags = JSON_REJECT_DUPLICATES | (nul ? JSON_ALLOW_NUL : 0);
	const char *bound;
	json_error_t error;
	json_t *j;

	if (json_bounds(data, len, &bound) == -1) {
		snprintf(why, size, "%s", bound);
		return NULL;
	}
	j = json_loadb(data, len, flags, &error);
	if (j == NULL)
		snprintf(why, size, "%s (line %d, column %d)", error.text,
		    error.line, error.column);
	return j;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
pack_object(struct pack *p, json_t *object)
{
	size_t i = 0, n = json_object_size(object);
	autofree const char **keys = xcalloc(n + 1, sizeof(*keys));
	const char *key;
	json_t *entry;

	json_object_foreach(object, key, entry)
		keys[i++] = key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	pack_map(p, n);
	for (i = 0; i < n; i++) {
		pack_text(p, keys[i]);
		json_pack_value(p, json_object_get(object, keys[i]));
	}
}

void
json_pack_value(struct pack *p, const json_t *j)
{
	size_t i;

	switch (json_typeof(j)) {
	case JSON_OBJECT:
		pack_object(p, (json_t *)j);
		break;
	case JSON_ARRAY:
		pack_list(p, json_array_size(j));
		for (i = 0; i < json_array_size(j); i++)
			json_pack_value(p, json_array_get(j, i));
		break;
	case JSON_STRING:
		pack_textn(p, json_string_value(j), json_string_length(j));
		break;
	case JSON_INTEGER:
		pack_int(p, json_integer_value(j));
		break;
	case JSON_REAL:
		pack_real(p, json_real_value(j));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		pack_bool(p, json_is_true(j));
		break;
	case JSON_NULL:
		pack_nil(p);
		break;
	}
}

char *
json_text(const json_t *j)
{
	if (!json_is_string(j))
		return NULL;
	return text_clean(json_string_value(j), json_string_length(j),
	    JSON_BYTES, NULL);
}

uint64_t
json_tokens(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n < 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint64_t)n;
}

static json_t *
text_to_json(const void *data, size_t len, size_t longest)
{
	autofree char *clean = text_clean(data, len, longest, NULL);

	return json_string(clean);
}

static json_t *
number_to_json(const struct value *v)
{
	char digits[32];

	if (v->type == VALUE_INT && v->integer <= EXACT &&
	    v->integer >= -EXACT)
		return json_integer(v->integer);
	if (v->type == VALUE_INT)
		snprintf(digits, sizeof(digits), "%lld",
		    (long long)v->integer);
	else if (v->type == VALUE_UINT)
		snprintf(digits, sizeof(digits), "%llu",
		    (unsigned long long)v->natural);
	else if (isfinite(v->real))
		return json_real(v->real);
	else
		snprintf(digits, sizeof(digits), "%g", v->real);
	return json_string(digits);
}

static json_t *
map_to_json(const struct value *v, size_t longest)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < v->map.count; i++) {
		const struct value *key = &v->map.pairs[i].key;
		autofree char *name = text_clean(key->text.data,
		    key->text.len, 1024, NULL);

		json_object_set_new(object, name,
		    json_from_value(&v->map.pairs[i].value, longest));
	}
	return object;
}

static json_t *
list_to_json(const struct value *v, size_t longest)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < v->list.count; i++)
		json_array_append_new(list,
		    json_from_value(&v->list.items[i], longest));
	return list;
}

json_t *
json_from_value(const struct value *v, size_t longest)
{
	switch (v->type) {
	case VALUE_NIL:
		return json_null();
	case VALUE_BOOL:
		return json_boolean(v->boolean);
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_REAL:
		return number_to_json(v);
	case VALUE_TEXT:
	case VALUE_BYTES:
		return text_to_json(v->text.data, v->text.len, longest);
	case VALUE_LIST:
		return list_to_json(v, longest);
	case VALUE_MAP:
		return map_to_json(v, longest);
	}
	return json_null();
}
