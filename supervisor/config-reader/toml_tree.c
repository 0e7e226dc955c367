/*
 * toml_tree.c: the tree of a TOML document: memory, nodes, finding a key.
 * Runs in: config-reader, and tests.
 * Input: keys are hostile.  One index for all tables keeps lookups short; the
 * bound on keys keeps even a file made of collisions below a second.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/config-reader/toml_parts.h"

#define BLOCK_SIZE	65536

struct toml_block {
	struct toml_block *next;
	size_t		   used, size;
	_Alignas(16) char  data[];
};

int
toml_fail(struct toml *doc, const char *fmt, ...)
{
	va_list ap;

	if (doc->failed)
		return -1;
	doc->failed = true;
	doc->problem->line = doc->line;
	va_start(ap, fmt);
	vsnprintf(doc->problem->reason, sizeof(doc->problem->reason), fmt, ap);
	va_end(ap);
	return -1;
}

const char *
toml_shown(const struct toml_node *node, char *dst, size_t size)
{
	return text_escape(dst, size, node->key != NULL ? node->key : "",
	    node->key_len);
}

void *
toml_alloc(struct toml *doc, size_t size)
{
	struct toml_block *b = doc->blocks;
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (b == NULL || b->size - b->used < size) {
		room = (room + 15) & ~(size_t)15;
		b = xcalloc(1, sizeof(*b) + room);
		b->size = room;
		b->next = doc->blocks;
		doc->blocks = b;
	}
	p = b->data + b->used;
	b->used += size;
	return p;
}

/* FNV-1a over the key, started from the number that the table's place is. */
static size_t
slot_of(const struct toml_node *table, const char *key, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u ^ (uint64_t)(uintptr_t)table;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (uint8_t)key[i]) * 0x100000001b3u;
	h ^= h >> 32;
	return (h ^ h >> 16) % TOML_SLOTS;
}

struct toml_node *
toml_find(const struct toml *doc, const struct toml_node *table,
    const char *key, size_t len)
{
	struct toml_node *n;

	for (n = doc->index[slot_of(table, key, len)]; n != NULL;
	    n = n->chain)
		if (n->parent == table && n->key_len == len &&
		    memcmp(n->key, key, len) == 0)
			return n;
	return NULL;
}

static int
check_bounds(struct toml *doc, const struct toml_node *parent, bool keyed)
{
	if (parent->depth + 1 > TOML_DEPTH)
		return toml_fail(doc, "tables and arrays are nested more than "
		    "%d deep", TOML_DEPTH);
	if (keyed && ++doc->keys > TOML_KEYS)
		return toml_fail(doc, "more than %d keys", TOML_KEYS);
	if (++doc->values > TOML_VALUES)
		return toml_fail(doc, "more than %d values", TOML_VALUES);
	return 0;
}

struct toml_node *
toml_add(struct toml *doc, struct toml_node *parent, const char *key,
    size_t len, enum toml_type type)
{
	struct toml_node *n, **slot;

	if (check_bounds(doc, parent, key != NULL) == -1)
		return NULL;
	n = toml_alloc(doc, sizeof(*n));
	n->type = type;
	n->origin = TOML_CLOSED;
	n->line = doc->line;
	n->depth = parent->depth + 1;
	n->parent = parent;
	n->key = key;
	n->key_len = len;
	if (key != NULL) {
		slot = &doc->index[slot_of(parent, key, len)];
		n->chain = *slot;
		*slot = n;
	}
	if (parent->last != NULL)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	parent->count++;
	return n;
}

void
toml_free(struct toml *doc)
{
	struct toml_block *b, *next;

	if (doc == NULL)
		return;
	for (b = doc->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(doc);
}

const struct toml_node *
toml_root(const struct toml *doc)
{
	return doc->root;
}
