/*
 * config.h: the typed configuration: keys.def, and where each value is from.
 * Runs in: judge.
 * Input: maps that the config-reader decoded, settings of clients: hostile.
 */
#ifndef SALLYPORT_CONFIG_H
#define SALLYPORT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"
#include "ipc/value.h"
#include "policy/rules.h"

#define INTEGER(name, ...)	KEY_##name,
#define SIZE(name, ...)		KEY_##name,
#define REAL(name, ...)		KEY_##name,
#define FLAG(name, ...)		KEY_##name,
#define TEXT(name, ...)		KEY_##name,
#define CHOICE(name, ...)	KEY_##name,
#define LIST(name, ...)		KEY_##name,
#define GONE(...)
enum key {
#include "supervisor/judge/keys.def"
	KEY_COUNT
};
#undef INTEGER
#undef SIZE
#undef REAL
#undef FLAG
#undef TEXT
#undef CHOICE
#undef LIST
#undef GONE

struct config;			/* opaque; every key has a value */

struct config	*config_new(void);		/* the defaults */
struct config	*config_copy(const struct config *);
void		 config_free(struct config *);

/* The value of a key; the caller knows the key's type (else fatalx). */
int64_t		 config_int(const struct config *, enum key);	/* also SIZE */
double		 config_real(const struct config *, enum key);
bool		 config_flag(const struct config *, enum key);
/* Also of a CHOICE. */
const char	*config_text(const struct config *, enum key);
const char *const *config_list(const struct config *, enum key,
		    size_t *count);
/* The rules on tools: one list of each file that has some. */
struct rules *const *config_rules(const struct config *, size_t *count);
/* "default", "FILE:LINE", "-c", "environment NAME" */
const char	*config_origin(const struct config *, enum key);
bool		 config_is_default(const struct config *, enum key);

/*
 * Take over a decoded file: map holds its tables, lines a line number per
 * dotted key (as `configuration` brings them).  All or nothing: on -1 the
 * configuration is as before and why says 'path:line: what, and what instead'.
 */
int		 config_load(struct config *, const struct value *map,
		    const struct value *lines, const char *path, char *why,
		    size_t size);

/* Set one key from text, as -c and the environment give it. */
int		 config_set(struct config *, const char *key,
		    const char *text, const char *origin, char *why,
		    size_t size);

/* A list of [key, value, origin] as clients send it; all or nothing. */
int		 config_set_all(struct config *, const struct value *settings,
		    char *why, size_t size);

/* Row n of `config show`: a map {key, value, default, origin, help}. */
void		 config_row(const struct config *, enum key, struct pack *);

#endif
