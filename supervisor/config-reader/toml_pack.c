/*
 * toml_pack.c: a TOML document as msgpack, and the lines of its keys.
 * Runs in: config-reader, and tests.
 * Input: a document that was read within its bounds; text is hostile.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/config-reader/toml.h"

static void
pack_node(struct pack *p, const struct toml_node *n)
{
	const struct toml_node *child;

	switch (n->type) {
	case TOML_TEXT:
		pack_textn(p, n->text.data, n->text.len);
		return;
	case TOML_INTEGER:
		pack_int(p, n->integer);
		return;
	case TOML_REAL:
		pack_real(p, n->real);
		return;
	case TOML_BOOLEAN:
		pack_bool(p, n->boolean);
		return;
	case TOML_TABLE:
		pack_map(p, n->count);
		break;
	case TOML_ARRAY:
		pack_list(p, n->count);
		break;
	}
	for (child = n->first; child != NULL; child = child->next) {
		if (n->type == TOML_TABLE)
			pack_textn(p, child->key, child->key_len);
		pack_node(p, child);
	}
}

void
toml_pack(struct pack *p, const struct toml *doc)
{
	pack_node(p, toml_root(doc));
}

static bool
is_bare(const char *key, size_t len)
{
	static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t i;

	for (i = 0; i < len; i++)
		if (key[i] == '\0' || strchr(bare, key[i]) == NULL)
			return false;
	return len > 0;
}

/* A key as TOML would write it, so that no two keys look the same. */
static void
append_key(struct pack *path, const char *key, size_t len)
{
	char escape[8];
	size_t i;

	if (is_bare(key, len)) {
		pack_raw(path, key, len);
		return;
	}
	pack_raw(path, "\"", 1);
	for (i = 0; i < len; i++) {
		if ((uint8_t)key[i] < 0x20 || key[i] == 0x7f) {
			snprintf(escape, sizeof(escape), "\\u%04X", key[i]);
			pack_raw(path, escape, 6);
			continue;
		}
		if (key[i] == '"' || key[i] == '\\')
			pack_raw(path, "\\", 1);
		pack_raw(path, key + i, 1);
	}
	pack_raw(path, "\"", 1);
}

/*
 * Entries below a node, each under its path.  Only what has a name is listed:
 * keys, and the tables in an array.  Returns how many there are.
 */
static size_t
pack_below(struct pack *out, struct pack *path, const struct toml_node *n)
{
	const struct toml_node *child;
	size_t before = path->len, entries = 0, i = 0;
	char number[32];

	for (child = n->first; child != NULL; child = child->next, i++) {
		path->len = before;
		if (n->type == TOML_ARRAY) {
			if (child->type != TOML_TABLE)
				continue;
			snprintf(number, sizeof(number), "[%zu]", i);
			pack_raw(path, number, strlen(number));
		} else {
			if (before > 0)
				pack_raw(path, ".", 1);
			append_key(path, child->key, child->key_len);
		}
		if (path->failed)
			out->failed = true;
		if (out->failed)
			return entries;
		pack_textn(out, path->data, path->len);
		pack_uint(out, child->line);
		entries += 1;
		if (child->type == TOML_TABLE || child->type == TOML_ARRAY)
			entries += pack_below(out, path, child);
	}
	path->len = before;
	return entries;
}

void
toml_pack_lines(struct pack *p, const struct toml *doc)
{
	struct pack entries, path;
	size_t count;

	pack_init(&entries, p->max);
	pack_init(&path, 65536);
	count = pack_below(&entries, &path, toml_root(doc));
	pack_map(p, count);
	pack_raw(p, entries.data, entries.len);
	p->failed |= entries.failed;
	pack_clear(&path);
	pack_clear(&entries);
}
