/*
 * tracker.h: one tenant's record keeper: there when it is needed, and what
 * it has not confirmed yet.
 * Runs in: judge.  Input: what the tracker says is checked by token.
 */
#ifndef SALLYPORT_JUDGE_TRACKER_H
#define SALLYPORT_JUDGE_TRACKER_H

#include "supervisor/judge/judge.h"

void	 tenant_init(struct judge *, struct tenant *, const char *name);
void	 tenant_clear(struct tenant *);

/* Start the tracker if it is not there. */
void	 tracker_want(struct judge *, struct tenant *);
/* It may be written to; its record has been compared with what is signed. */
bool	 tracker_there(const struct tenant *);
/* It may be asked; a damaged record can still be looked at. */
bool	 tracker_readable(const struct tenant *);

/* Steps of its life, from process.c. */
void	 tracker_usable(struct judge *, struct tenant *);
void	 tracker_settled(struct judge *, struct tenant *,
	    const struct ledger *);
void	 tracker_lost(struct judge *, struct tenant *, const char *why);

/* A new token for bytes of this run that were just sent. */
uint64_t tracker_token(struct tenant *, struct run *, size_t size);
/* The bytes of the newest token are an event. */
void	 tracker_event(struct tenant *, const uint8_t digest[32]);
/* It could not be kept: it has no place in the chain. */
void	 tracker_failed(struct tenant *, uint64_t token);
/* Everything up to token is kept. -1: the token was never given. */
int	 tracker_saved(struct judge *, struct tenant *, uint64_t token);
/* The run a token belongs to, or NULL. -1 in *known if it never was given. */
struct run *tracker_run(struct tenant *, uint64_t token, bool *known);
/* The run goes: its tokens belong to nobody. */
void	 tracker_forget(struct tenant *, const struct run *);

#endif
