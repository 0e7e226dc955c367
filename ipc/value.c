/*
 * value.c: trees of values, decoded by msgpack-c after the bounds pass.
 * Runs in: judge, workers, client; the only file that includes msgpack-c.
 * Input: hostile; depth, items and claimed lengths are checked first.
 */
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/util.h"
#include "ipc/value.h"

/* A root and the zone that all of its nodes live in. */
struct document {
	struct value	 root;		/* first: value_free() finds the rest */
	msgpack_zone	*zone;		/* owned */
	char		*copy;		/* the bytes that texts point into */
};

static int	value_build(struct document *, const msgpack_object *,
		    struct value *, const char **why);

static int
compare_keys(const void *a, const void *b)
{
	const struct value *const *x = a, *const *y = b;
	size_t len = (*x)->text.len < (*y)->text.len ?
	    (*x)->text.len : (*y)->text.len;
	int order = memcmp((*x)->text.data, (*y)->text.data, len);

	if (order != 0)
		return order;
	return ((*x)->text.len > (*y)->text.len) -
	    ((*x)->text.len < (*y)->text.len);
}

static bool
has_repeated_key(const struct value *map)
{
	size_t count = map->map.count;
	const struct value **keys;
	bool repeated = false;

	if (count < 2)
		return false;
	keys = xcalloc(count, sizeof(*keys));
	for (size_t i = 0; i < count; i++)
		keys[i] = &map->map.pairs[i].key;
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count && !repeated; i++)
		repeated = compare_keys(&keys[i - 1], &keys[i]) == 0;
	free(keys);
	return repeated;
}

static int
build_list(struct document *d, const msgpack_object_array *a,
    struct value *out, const char **why)
{
	out->type = VALUE_LIST;
	out->list.count = a->size;
	out->list.items = msgpack_zone_malloc(d->zone,
	    (a->size + 1) * sizeof(struct value));
	if (out->list.items == NULL) {
		*why = "needs more memory than there is";
		return -1;
	}
	for (uint32_t i = 0; i < a->size; i++) {
		if (value_build(d, &a->ptr[i], &out->list.items[i], why) == -1)
			return -1;
	}
	return 0;
}

static int
build_map(struct document *d, const msgpack_object_map *m,
    struct value *out, const char **why)
{
	struct value_pair *pairs;

	pairs = msgpack_zone_malloc(d->zone, (m->size + 1) * sizeof(*pairs));
	if (pairs == NULL) {
		*why = "needs more memory than there is";
		return -1;
	}
	for (uint32_t i = 0; i < m->size; i++) {
		if (value_build(d, &m->ptr[i].key, &pairs[i].key, why) == -1 ||
		    value_build(d, &m->ptr[i].val, &pairs[i].value, why) == -1)
			return -1;
	}
	out->type = VALUE_MAP;
	out->map.pairs = pairs;
	out->map.count = m->size;
	if (has_repeated_key(out)) {
		*why = "repeats a key of a map";
		return -1;
	}
	return 0;
}

static void
build_text(enum value_type type, const char *data, size_t len,
    struct value *out)
{
	out->type = type;
	out->text.data = data;
	out->text.len = len;
}

static int
value_build(struct document *d, const msgpack_object *o, struct value *out,
    const char **why)
{
	switch (o->type) {
	case MSGPACK_OBJECT_NIL:
		out->type = VALUE_NIL;
		return 0;
	case MSGPACK_OBJECT_BOOLEAN:
		out->type = VALUE_BOOL;
		out->boolean = o->via.boolean;
		return 0;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		out->type = o->via.u64 > INT64_MAX ? VALUE_UINT : VALUE_INT;
		out->natural = o->via.u64;
		return 0;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		out->type = VALUE_INT;
		out->integer = o->via.i64;
		return 0;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		out->type = VALUE_REAL;
		out->real = o->via.f64;
		return 0;
	case MSGPACK_OBJECT_STR:
		build_text(VALUE_TEXT, o->via.str.ptr, o->via.str.size, out);
		return 0;
	case MSGPACK_OBJECT_BIN:
		build_text(VALUE_BYTES, o->via.bin.ptr, o->via.bin.size, out);
		return 0;
	case MSGPACK_OBJECT_ARRAY:
		return build_list(d, &o->via.array, out, why);
	case MSGPACK_OBJECT_MAP:
		return build_map(d, &o->via.map, out, why);
	case MSGPACK_OBJECT_EXT:
		break;
	}
	*why = "holds what is not allowed";
	return -1;
}

struct value *
value_decode(const void *data, size_t len, const char **why)
{
	struct document *d;
	msgpack_object object;
	size_t offset = 0;

	if (msgpack_bounds(data, len, VALUE_DEPTH, VALUE_ITEMS, why) == -1)
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->copy = xcalloc(1, len);
	memcpy(d->copy, data, len);
	d->zone = msgpack_zone_new(8192);
	if (d->zone == NULL)
		fatal("allocate a zone");
	if (msgpack_unpack(d->copy, len, &offset, d->zone, &object) !=
	    MSGPACK_UNPACK_SUCCESS) {
		*why = "is not msgpack";
	} else if (value_build(d, &object, &d->root, why) == 0) {
		return &d->root;
	}
	value_free(&d->root);
	return NULL;
}

void
value_free(struct value *root)
{
	struct document *d = (struct document *)root;

	if (d == NULL)
		return;
	msgpack_zone_free(d->zone);
	free(d->copy);
	free(d);
}

void
value_free_pointer(struct value **root)
{
	value_free(*root);
}

void
value_pack(struct pack *p, const struct value *v)
{
	switch (v->type) {
	case VALUE_NIL:
		pack_nil(p);
		break;
	case VALUE_BOOL:
		pack_bool(p, v->boolean);
		break;
	case VALUE_INT:
		pack_int(p, v->integer);
		break;
	case VALUE_UINT:
		pack_uint(p, v->natural);
		break;
	case VALUE_REAL:
		pack_real(p, v->real);
		break;
	case VALUE_TEXT:
		pack_textn(p, v->text.data, v->text.len);
		break;
	case VALUE_BYTES:
		pack_bytes(p, v->text.data, v->text.len);
		break;
	case VALUE_LIST:
		pack_list(p, v->list.count);
		for (size_t i = 0; i < v->list.count; i++)
			value_pack(p, &v->list.items[i]);
		break;
	case VALUE_MAP:
		pack_map(p, v->map.count);
		for (size_t i = 0; i < v->map.count; i++) {
			value_pack(p, &v->map.pairs[i].key);
			value_pack(p, &v->map.pairs[i].value);
		}
		break;
	}
}

const struct value *
value_get(const struct value *map, const char *key)
{
	if (map == NULL || map->type != VALUE_MAP)
		return NULL;
	for (size_t i = 0; i < map->map.count; i++) {
		if (value_is_text(&map->map.pairs[i].key, key))
			return &map->map.pairs[i].value;
	}
	return NULL;
}

int64_t
value_get_int(const struct value *map, const char *key, int64_t otherwise)
{
	const struct value *v = value_get(map, key);

	return v != NULL && v->type == VALUE_INT ? v->integer : otherwise;
}

bool
value_get_bool(const struct value *map, const char *key, bool otherwise)
{
	const struct value *v = value_get(map, key);

	return v != NULL && v->type == VALUE_BOOL ? v->boolean : otherwise;
}

char *
value_get_text(const struct value *map, const char *key)
{
	const struct value *v = value_get(map, key);
	char *s;

	if (v == NULL || v->type != VALUE_TEXT ||
	    memchr(v->text.data, '\0', v->text.len) != NULL)
		return NULL;
	s = xcalloc(1, v->text.len + 1);
	memcpy(s, v->text.data, v->text.len);
	return s;
}

bool
value_is_text(const struct value *v, const char *literal)
{
	return v != NULL && v->type == VALUE_TEXT &&
	    v->text.len == strlen(literal) &&
	    memcmp(v->text.data, literal, v->text.len) == 0;
}

static bool
maps_equal(const struct value *a, const struct value *b)
{
	if (a->map.count != b->map.count)
		return false;
	for (size_t i = 0; i < a->map.count; i++) {
		const struct value_pair *pair = &a->map.pairs[i], *found = NULL;

		for (size_t k = 0; k < b->map.count && found == NULL; k++) {
			if (value_equal(&b->map.pairs[k].key, &pair->key))
				found = &b->map.pairs[k];
		}
		if (found == NULL || !value_equal(&found->value, &pair->value))
			return false;
	}
	return true;
}

bool
value_equal(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_NIL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INT:
	case VALUE_UINT:
		return a->natural == b->natural;
	case VALUE_REAL:
		return a->real == b->real;
	case VALUE_TEXT:
	case VALUE_BYTES:
		return a->text.len == b->text.len &&
		    memcmp(a->text.data, b->text.data, a->text.len) == 0;
	case VALUE_LIST:
		if (a->list.count != b->list.count)
			return false;
		for (size_t i = 0; i < a->list.count; i++) {
			if (!value_equal(&a->list.items[i], &b->list.items[i]))
				return false;
		}
		return true;
	case VALUE_MAP:
		return maps_equal(a, b);
	}
	return false;
}

const char *
value_type_name(enum value_type type)
{
	static const char *const names[] = {
		[VALUE_NIL] = "null", [VALUE_BOOL] = "boolean",
		[VALUE_INT] = "integer", [VALUE_UINT] = "integer",
		[VALUE_REAL] = "number", [VALUE_TEXT] = "text",
		[VALUE_BYTES] = "bytes", [VALUE_LIST] = "list",
		[VALUE_MAP] = "map"
	};

	return (unsigned)type < nitems(names) ? names[type] : "?";
}
