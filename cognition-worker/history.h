/*
 * history.h: which calls a run has made so far, as replay compares them.
 * Runs in: cognition-worker.
 * Input: digests of what a model asked for.
 */
#ifndef SALLYPORT_HISTORY_H
#define SALLYPORT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cognition-worker/conversation.h"

struct past {
	char	tool[CALL_NAME_MAX + 1];
	uint8_t	arguments[32];	/* SHA-256 of the canonical msgpack map */
	bool	ok;		/* outcome ok; outputs do not count */
};

struct history {
	struct past	*calls;		/* in the order of the model's calls */
	size_t		 count;
	size_t		 cap;
};

void	history_add(struct history *, const struct call *);
void	history_add_past(struct history *, const struct past *);
void	history_clear(struct history *);

#endif
