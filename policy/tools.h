/*
 * tools.h: the table of built-in tools, and the check of a call's arguments.
 * Runs in: judge, cognition-worker, exec-worker, tracker-worker, client.
 * Input: arguments are hostile.
 */
#ifndef SALLYPORT_TOOLS_H
#define SALLYPORT_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "ipc/value.h"

enum effect { EFFECT_read, EFFECT_local, EFFECT_remote, EFFECT_destructive };

enum param_type {
	PARAM_text,		/* UTF-8, no U+0000 */
	PARAM_content,		/* text or bytes, anything in it */
	PARAM_integer,		/* 0 .. bound */
	PARAM_number,		/* integer or real, above 0, .. bound */
	PARAM_flag,
	PARAM_list,		/* of text; bound is the number of items */
	PARAM_any		/* any value; bound is its encoded size */
};

struct param {
	const char	*name;
	enum param_type	 type;
	bool		 required;
	uint64_t	 bound;		/* bytes, items or largest value */
	const char	*description;
};

struct tool {
	const char	*name;
	enum party	 executor;	/* STREAM, TRACKER or JUDGE */
	enum effect	 effect;
	const char	*description;
	const struct param *params;	/* [nparams] */
	size_t		 nparams;
	bool		 offered;	/* false: not for models */
};

extern const struct tool tools[];
extern const size_t tools_count;

const struct tool *tool_find(const char *name);	/* NULL if unknown */
const char	*effect_name(enum effect);
const char	*param_type_name(enum param_type);	/* of JSON Schema */

/*
 * Check the arguments of a call.  0, or -1 with one line per problem in why:
 * each names the parameter, what is wrong and what was expected.
 */
int	 tool_check(const struct tool *, const struct value *arguments,
	    char *why, size_t size);

#endif
