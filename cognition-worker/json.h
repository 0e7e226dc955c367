/*
 * json.h: JSON of a model server, and what becomes of it.
 * Runs in: cognition-worker.
 * Input: hostile bytes; bounded before jansson sees them, as its own limits
 * are too wide and a tree may be many times larger than its text.
 */
#ifndef SALLYPORT_JSON_H
#define SALLYPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"

struct value;

#define JSON_BYTES	(8u << 20)	/* of one document */
#define JSON_DEPTH	48		/* levels of lists and objects */
#define JSON_VALUES	32768		/* commas and colons in all */
#define JSON_ONE_STRING	(4u << 20)	/* bytes of one string, as written */

/* 0 if the text keeps these bounds, or -1 with why set (static text). */
int	 json_bounds(const char *, size_t len, const char **why);

/*
 * Parse one document that fills the bytes.  Repeated keys, trailing bytes and
 * invalid UTF-8 are refused; U+0000 too unless it is allowed.  NULL with a
 * text for people in why.
 */
json_t	*json_parse(const void *, size_t len, bool nul, char *why,
	    size_t size);

/* As msgpack with the keys of objects sorted: equal values, equal bytes. */
void	 json_pack_value(struct pack *, const json_t *);

/*
 * A msgpack value for a model: bytes and invalid text become clean text, long
 * ones lose their middle, numbers beyond 2^53 become text.
 */
json_t	*json_from_value(const struct value *, size_t longest_text);

/* A string as clean text (text_clean), or NULL if it is not a string. */
char	*json_text(const json_t *);

/* A count of tokens; a negative one is 0, an absurd one UINT32_MAX. */
uint64_t json_tokens(const json_t *object, const char *key);

#endif
