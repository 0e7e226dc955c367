/*
 * json.h: writing JSON (RFC 8259), one value after the other.
 * Runs in: programs that use libsallyport, and the command line on it.
 * Input: hostile texts and bytes; what comes out is valid JSON in UTF-8
 * without control characters or bidirectional overrides.
 */
#ifndef SALLYPORT_JSON_H
#define SALLYPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/value.h"

struct json {
	char	*text;		/* owned, NUL-terminated */
	size_t	 len, cap;	/* bytes */
	bool	 comma;		/* a value came before at this level */
};

void	json_init(struct json *);
void	json_clear(struct json *);
/* Take the text; the writer is empty afterwards.  free() it. */
char	*json_take(struct json *);

void	json_open(struct json *, char bracket);		/* '{' or '[' */
void	json_close(struct json *, char bracket);	/* '}' or ']' */
void	json_key(struct json *, const char *);
void	json_keyn(struct json *, const void *, size_t len);

void	json_nil(struct json *);
void	json_bool(struct json *, bool);
void	json_int(struct json *, int64_t);
void	json_uint(struct json *, uint64_t);
void	json_number(struct json *, double);	/* null if not finite */
void	json_text(struct json *, const char *);	/* NULL is null */
/* A string if the bytes are UTF-8, else {"base64": "..."}. */
void	json_textn(struct json *, const void *, size_t len);
/* NULL is null; bytes as json_textn. */
void	json_value(struct json *, const struct value *);

/* "text" or "base64" and the string, as members of the open object. */
void	json_members_bytes(struct json *, const void *, size_t len);
/*
 * The pairs of a map as members of the open object.  Bytes under the keys
 * text or bytes become "text" or "base64".  Keys in `without` (a NULL-ended
 * list, or NULL) are left out.
 */
void	json_members(struct json *, const struct value *map,
	    const char *const *without);

#define autojson	__attribute__((cleanup(json_clear)))

/* "2026-01-31T23:59:59.999Z" (RFC 3339) of ms since 1970; returns dst. */
char	*time_text(char dst[32], uint64_t ms);

#endif
