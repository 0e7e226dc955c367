/*
 * checkpoint.h: the chain over all events of a tenant, and when its head is
 * signed.
 * Runs in: judge.
 * Input: digests of our own events; what trackers say of older ones is held
 * against what the supervisor has signed.
 */
#ifndef SALLYPORT_JUDGE_CHECKPOINT_H
#define SALLYPORT_JUDGE_CHECKPOINT_H

#include "supervisor/judge/judge.h"

void	 chain_init(struct judge *, struct tenant *);
void	 chain_clear(struct tenant *);

/* An event is on the disk: it has the next place. */
void	 chain_add(struct chain *, const uint8_t digest[32]);

/* Ask for a signature if enough has come, else make sure that time will. */
void	 checkpoint_look(struct judge *, struct tenant *);
/* A run has ended: do not wait. */
void	 checkpoint_now(struct judge *, struct tenant *);
/* Keep the newest signed head in the record, too. */
void	 checkpoint_keep(struct tenant *);

/* The place and head that a new tracker must hold. */
void	 chain_known(const struct tenant *, uint64_t *place,
	    const uint8_t **head);
/*
 * What a new tracker holds, against what it must hold: 0, or -1 with the
 * reason in t->damage, after which nothing is added to that record.
 */
int	 chain_settle(struct tenant *, const struct ledger *);

#endif
