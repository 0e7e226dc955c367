/*
 * toml.h: a strict reader of TOML 1.0, and its result as msgpack.
 * Runs in: config-reader, and tests.
 * Input: hostile text; size, depth, keys and values are bounded.
 * Source: https://toml.io/en/v1.0.0; dates, times, inf and nan are refused.
 */
#ifndef SALLYPORT_TOML_H
#define SALLYPORT_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"

#define TOML_BYTES	(1u << 20)	/* of a file */
#define TOML_DEPTH	32		/* tables and arrays, nested */
#define TOML_KEYS	16384		/* in a file, all tables together */
#define TOML_VALUES	65536		/* in a file, elements of arrays too */

enum toml_type {
	TOML_TABLE,
	TOML_ARRAY,
	TOML_TEXT,
	TOML_INTEGER,
	TOML_REAL,
	TOML_BOOLEAN
};

/* How a table or array came to be: says what may still be added to it. */
enum toml_origin {
	TOML_IMPLIED,		/* a part of a longer [header] */
	TOML_HEADER,		/* its own [header], or the root */
	TOML_DOTTED,		/* a part of a dotted key of one section */
	TOML_TABLES,		/* [[header]]: an array that grows */
	TOML_CLOSED		/* written as a value: nothing is added */
};

struct toml_node {
	enum toml_type	 type;
	enum toml_origin origin;	/* of a table or array */
	unsigned	 line;		/* where it stands, from 1 */
	unsigned	 depth;		/* 0 is the root */
	unsigned	 section;	/* that made a dotted table */
	const char	*key;		/* in its table; NULL in an array */
	size_t		 key_len;	/* bytes; a key may hold anything */
	struct toml_node *parent;
	struct toml_node *next;		/* in its table or array, file order */
	struct toml_node *first, *last;	/* of a table or array */
	size_t		 count;		/* entries of a table or array */
	struct toml_node *chain;	/* same slot of the key index */
	union {
		struct {
			const char	*data;
			size_t		 len;
		} text;			/* UTF-8, may hold U+0000 */
		int64_t	 integer;
		double	 real;
		bool	 boolean;
	};
};

struct toml_problem {
	unsigned	line;		/* from 1 */
	char		reason[256];	/* for a person; foreign text escaped */
};

struct toml;				/* a document; owns its nodes */

/* NULL with *problem set if the bytes are not TOML as described above. */
struct toml	*toml_parse(const void *, size_t len, struct toml_problem *);
void		 toml_free(struct toml *);
const struct toml_node *toml_root(const struct toml *);

/* The document as a map of maps, lists and values. */
void		 toml_pack(struct pack *, const struct toml *);

/*
 * Map of every key to its line: "table.key"; an element of [[a.b]] is
 * "a.b[0]".  A part that is not a bare key stands in quotes.
 */
void		 toml_pack_lines(struct pack *, const struct toml *);

#endif
