/*
 * toml_parts.h: what the files of the TOML reader share among themselves.
 * Runs in: config-reader, and tests.
 * Input: hostile text.  A function that fails has called toml_fail(), which
 * keeps the first problem; the caller passes -1 or NULL on.
 */
#ifndef SALLYPORT_TOML_PARTS_H
#define SALLYPORT_TOML_PARTS_H

#include "supervisor/config-reader/toml.h"

#define TOML_SLOTS	4096		/* of the key index */

struct toml_block;			/* memory, given in slices */

struct toml {
	struct toml_node *root;
	struct toml_block *blocks;	/* owned */
	struct toml_node *index[TOML_SLOTS];	/* by parent and key */
	size_t		 keys;		/* how many, for the bound */
	size_t		 values;
	/* While it is read: */
	const char	*at, *end;	/* borrowed text */
	unsigned	 line;
	unsigned	 section;	/* header or inline table we are in */
	unsigned	 sections;	/* numbers given so far */
	struct toml_problem *problem;
	bool		 failed;
};

/* toml_tree.c */
int	 toml_fail(struct toml *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));	/* returns -1 */
const char *toml_shown(const struct toml_node *, char *dst, size_t size);
void	*toml_alloc(struct toml *, size_t);
struct toml_node *toml_find(const struct toml *, const struct toml_node *table,
	    const char *key, size_t len);
/* A new node at the end of its table (with a key) or array (key NULL). */
struct toml_node *toml_add(struct toml *, struct toml_node *parent,
	    const char *key, size_t len, enum toml_type);

/* toml_text.c: at the opening quote; the text is the document's. */
int	 toml_read_text(struct toml *, bool multiline_allowed,
	    const char **text, size_t *len);
/* toml_number.c: numbers, true, false, and what is refused by name. */
int	 toml_read_plain(struct toml *, struct toml_node *into);

#endif
