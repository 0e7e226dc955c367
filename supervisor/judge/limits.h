/*
 * limits.h: what a run may spend: tokens, cost, calls, time and output of
 * tools, and how often it may repeat itself.
 * Runs in: judge.
 * Input: the numbers are counted here, except tokens, which a provider
 * reports through a cognition-worker; they are bounded from below.
 */
#ifndef SALLYPORT_LIMITS_H
#define SALLYPORT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTCOMES_KEPT	64u	/* of the newest calls */

struct call;
struct model_completed;
struct run;
struct tool_done;

/* What a run has spent; part of struct run. */
struct spent {
	uint64_t	 tokens;	/* with those that were not reported */
	double		 cost;		/* in the currency of the prices */
	uint64_t	 tool_time;	/* ms, by the judge's own clock */
	uint64_t	 output;	/* bytes of tool output and results */
	uint8_t		 outcomes[OUTCOMES_KEPT][32];	/* digests, a ring */
	size_t		 noutcomes;	/* so far */
	unsigned	 stop;		/* enum stop, once a limit is reached */
	char		 why[256];
};

/* A limit was reached: the run is to be stopped with limits_stop(). */
bool	 limits_over(const struct run *);
void	 limits_stop(struct run *);

/* The model has answered. */
void	 limits_model(struct run *, const struct model_completed *);
/* A call that policy allows: turned into a deny if nothing is left for it. */
void	 limits_judge(struct call *);
/* No more time than is left, ms. */
uint32_t limits_timeout(const struct call *, uint32_t ms);
void	 limits_output(struct call *, size_t len);
/* The call has an outcome, ours or its executor's. */
void	 limits_done(struct call *, const struct tool_done *);

#endif
