/*
 * tools.h: the tools that a model may call, and the check of its calls.
 * Runs in: cognition-worker.
 * Input: the list of names comes from the judge; calls from a model: hostile.
 */
#ifndef SALLYPORT_COGNITION_TOOLS_H
#define SALLYPORT_COGNITION_TOOLS_H

#include <jansson.h>
#include <stddef.h>

#include "cognition-worker/conversation.h"
#include "policy/tools.h"

#define OFFERED_MAX	64

/*
 * The tools named in a msgpack list of names.  Returns how many, or -1 with
 * why set if the list is broken or names a tool that we do not know.
 */
int	 tools_offered(const void *list, size_t len,
	    const struct tool *offered[OFFERED_MAX], char *why, size_t size);

/* Their parameters as JSON Schema, in the form of chat completions. */
json_t	*tools_schema(const struct tool *const *offered, size_t count);

/*
 * Find the tool of a call and check the arguments.  call->tool is set, or
 * call->problem says to the model exactly what was wrong.  A tool of ours that
 * was not offered is left to the judge, which denies and records the call.
 */
void	 tools_check(const struct tool *const *offered, size_t count,
	    struct call *);

#endif
