/*
 * provider.h: one turn of a model, whoever gives it.
 * Runs in: cognition-worker.
 * Input: hostile; what a provider hands out is bounded and clean text.
 */
#ifndef SALLYPORT_PROVIDER_H
#define SALLYPORT_PROVIDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cognition-worker/conversation.h"
#include "policy/words.h"

struct run;
struct http;

enum finish {
	FINISH_none,		/* not said */
	FINISH_stop,
	FINISH_calls,
	FINISH_length,		/* cut: a trailing call is incomplete */
	FINISH_filter,		/* the provider withheld it */
	FINISH_other
};

/* What is wanted of the model. */
struct wish {
	enum step	 step;
	uint32_t	 iteration;
	bool		 may_call;	/* else text only */
};

struct turn {
	char		*text;		/* never NULL after success */
	struct call	*calls;
	size_t		 ncalls;
	size_t		 dropped;	/* calls above CALLS_MAX */
	bool		 refused;	/* text is a refusal */
	enum finish	 finish;
	uint64_t	 input_tokens;
	uint64_t	 output_tokens;
	bool		 shown;		/* its text went out as deltas */
	char		 why[1024];	/* failure: what happened */
	char		 hint[256];	/* and what to do, if not the usual */
};

enum turned {
	TURN_OK = 0,
	TURN_FAILED = -1,	/* why says it: the run ends */
	TURN_CANCELLED = -2
};

struct provider {
	const char	*name;
	enum turned	(*turn)(struct provider *, const struct conversation *,
			    const struct wish *, struct turn *);
	void		(*free)(struct provider *);
	struct run	*run;
};

/* One turn.  The conversation is everything said so far, last word ours. */
enum turned	 provider_turn(struct provider *, const struct conversation *,
		    const struct wish *, struct turn *);
void		 turn_clear(struct turn *);
const char	*finish_name(enum finish);
enum finish	 finish_find(const char *);	/* FINISH_other if unknown */

/*
 * The provider that run->start names.  NULL with why and hint set if there is
 * none of that name or its settings are no good.  It keeps http, borrowed.
 */
struct provider	*provider_new(struct run *, struct http *, struct turn *why);
void		 provider_free(struct provider *);

struct provider	*openai_new(struct run *, struct http *, struct turn *why);
struct provider	*replay_new(struct run *, struct turn *why);

/*
 * A call from what a model sent: id and name may be anything or NULL,
 * arguments is text.  What is wrong with it goes into call->problem; the model
 * will hear it.  number is for an id of ours.
 */
void		 call_read(struct call *, const char *id, const char *name,
		    const char *arguments, size_t number);

#endif
