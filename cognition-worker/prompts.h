/*
 * prompts.h: what we say to the model.  All of it is here, to be read.
 * Runs in: cognition-worker.
 * Input: the task, which a person wrote: quoted, never obeyed by us.
 */
#ifndef SALLYPORT_PROMPTS_H
#define SALLYPORT_PROMPTS_H

#include <stdbool.h>

struct task;

/* A reply that begins with this means that the model gives up. */
#define PROMPT_CANNOT	"CANNOT:"

extern const char prompt_plan[];	/* make a plan, no tools yet */
extern const char prompt_plan_empty[];	/* there was no plan in it */
extern const char prompt_go[];		/* carry it out */
extern const char prompt_answer[];	/* carry it out, without any tool */
extern const char prompt_empty[];	/* the answer was empty */
extern const char prompt_text[];	/* text, but no call: finish or go on */
extern const char prompt_cut[];		/* the answer hit the length limit */
extern const char prompt_cut_call[];	/* so its last call was not run */
extern const char prompt_reflect[];	/* calls failed: what now? */
extern const char prompt_reflected[];	/* go on */

/* Who the model is, and the rules.  To be freed. */
char	*prompt_system(const char *sandbox, bool tools);
/* The task with its constraints and context.  To be freed. */
char	*prompt_task(const struct task *);

#endif
