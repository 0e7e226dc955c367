/*
 * sandbox.h: what the sandbox verbs share.
 * Runs in: sallyport.  Input: events of the judge, hostile texts.
 */
#ifndef SALLYPORT_CLI_SANDBOX_H
#define SALLYPORT_CLI_SANDBOX_H

#include "client/cli/cli.h"

/* Wait for the answer: -1 with *e, else the exit status after saying why. */
int	 sandbox_answer(struct cli *, uint64_t request,
	    const struct sallyport_event **e);

/* Connect and open a sandbox by the options: -1 with *e, or a status. */
int	 sandbox_new(struct cli *, bool keep,
	    const struct sallyport_event **e);

#endif
