/*
 * cycle.h: the state of the cognitive cycle, shared by its steps.
 * Runs in: cognition-worker.
 * Input: none of its own.
 */
#ifndef SALLYPORT_CYCLE_H
#define SALLYPORT_CYCLE_H

#include "cognition-worker/cognition.h"
#include "cognition-worker/provider.h"

struct cycle {
	struct run	*run;
	uint32_t	 iteration;	/* from 1; 0 while planning */
	bool		 told_to_finish;	/* the last text was nudged */
	uint32_t	 succeeded;	/* calls, finish not counted */
	uint32_t	 denied;	/* calls */
	uint32_t	 denied_since;	/* denied since the last success */
	char		 denial[300];	/* what policy said last */

	enum stop	 stop;		/* STOP_none while it goes on */
	enum error	 error;
	char		*answer;	/* owned, or NULL */
	char		 message[1025];
	char		 hint[513];
};

/* End the run, unless it has ended.  hint may be NULL. */
void	cycle_end(struct cycle *, enum stop, enum error, const char *message,
	    const char *hint);
/* End it with an answer; one that says CANNOT is no success. */
void	cycle_answer(struct cycle *, const char *answer);

/*
 * Ask the model and tell the judge what came.  0, or -1 and the run has
 * ended.  turn_clear() the turn in any case.
 */
int	ask_model(struct cycle *, enum step, bool may_call, struct turn *);

/*
 * act.c: ask the judge for the calls, wait, and put the results into the
 * conversation.  Sets the outcome of each call.
 */
void	act(struct cycle *, struct call *, size_t count);
void	observe(struct cycle *, struct call *, size_t count,
	    const char *note);

#endif
