/*
 * observe.h: what became of a call, told to the model.
 * Runs in: cognition-worker.
 * Input: results of tools: hostile.
 */
#ifndef SALLYPORT_OBSERVE_H
#define SALLYPORT_OBSERVE_H

#include "cognition-worker/conversation.h"

struct value;

#define OBSERVED_TEXT_MAX	(64u * 1024)	/* bytes of one text */
#define OBSERVED_MAX		(256u * 1024)	/* bytes of one result */

/*
 * One JSON object with outcome and what the tool returned; as JSON it cannot
 * be taken for words of ours.  result is NULL for a call that was not run:
 * then its problem is told.  To be freed.
 */
char	*observe_call(const struct call *, const struct value *result);

/* "save_file ok, execute_shell failed", for people.  To be freed. */
char	*observe_summary(const struct call *, size_t count);

#endif
