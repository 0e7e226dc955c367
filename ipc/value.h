/*
 * value.h: a tree of values, as decoded from msgpack.
 * Runs in: judge, workers, client; not in supervisor or guest.
 * Input: hostile; the bounds pass runs before anything is allocated.
 */
#ifndef SALLYPORT_VALUE_H
#define SALLYPORT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"

enum value_type {
	VALUE_NIL,
	VALUE_BOOL,
	VALUE_INT,		/* fits int64_t */
	VALUE_UINT,		/* above INT64_MAX */
	VALUE_REAL,
	VALUE_TEXT,		/* UTF-8, may hold U+0000 */
	VALUE_BYTES,
	VALUE_LIST,
	VALUE_MAP
};

struct value_pair;

struct value {
	enum value_type	type;
	union {
		bool	 boolean;
		int64_t	 integer;
		uint64_t natural;
		double	 real;
		struct {
			const char *data;	/* not NUL-terminated */
			size_t	    len;	/* bytes */
		} text;				/* VALUE_TEXT and VALUE_BYTES */
		struct {
			struct value *items;
			size_t	      count;
		} list;
		struct {
			struct value_pair *pairs;	/* in the order sent */
			size_t		   count;
		} map;
	};
};

struct value_pair {
	struct value	key;	/* VALUE_TEXT */
	struct value	value;
};

#define VALUE_DEPTH	64	/* levels, root included */
#define VALUE_ITEMS	(1u << 20)

/*
 * Decode one item that fills the bytes exactly.  The tree is a copy: the
 * bytes may go.  NULL with *why set (static text) if they break a bound,
 * repeat a key of a map, or are not msgpack.
 */
struct value	*value_decode(const void *, size_t len, const char **why);
void		 value_free(struct value *);		/* a root, or NULL */
void		 value_free_pointer(struct value **);
void		 value_pack(struct pack *, const struct value *);

#define autovalue	__attribute__((cleanup(value_free_pointer)))

/* Entry of a map, or NULL; NULL and non-maps are allowed as the map. */
const struct value *value_get(const struct value *map, const char *key);

/* Entry of that type, else the given default. */
int64_t		 value_get_int(const struct value *, const char *key, int64_t);
bool		 value_get_bool(const struct value *, const char *key, bool);
/* Text entry without U+0000, as a fresh NUL-terminated string, or NULL. */
char		*value_get_text(const struct value *, const char *key);
bool		 value_is_text(const struct value *, const char *literal);
bool		 value_equal(const struct value *, const struct value *);
const char	*value_type_name(enum value_type);	/* "text", "list" ... */

#endif
