/*
 * sandbox.h: sandboxes that a client opens without a model.
 * Runs in: judge.  Input: requests of clients.
 */
#ifndef SALLYPORT_JUDGE_SANDBOX_H
#define SALLYPORT_JUDGE_SANDBOX_H

#include "supervisor/judge/run.h"

/* open_request, exec_request, close_request; -1 with the refusal. */
int	 sandbox_open(struct client *, struct open_request *,
	    struct refusal *);
int	 sandbox_exec(struct client *, struct exec_request *,
	    struct refusal *);
int	 sandbox_close(struct client *, const struct close_request *,
	    struct refusal *);

/* It is ready: tell the client that opened it. */
void	 sandbox_opened(struct run *, const struct blob *info);
/* More output is welcome. */
int	 sandbox_credit(struct client *, const struct exec_credit *);

#endif
