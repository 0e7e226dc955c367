/*
 * signing.h: the key that vouches for the record, and the last head signed of
 * each tenant.
 * Runs in: supervisor.
 * Input: places and heads from the judge; files of our own, checked.
 */
#ifndef SALLYPORT_SIGNING_H
#define SALLYPORT_SIGNING_H

#include <stdint.h>

#include "policy/checkpoint.h"
#include "supervisor/state.h"

struct signed_head;

struct signing {
	int		 dir;		/* STATE/keys, owned, or -1 */
	uint8_t		*secret;	/* a page of its own; no child has it */
	uint8_t		 key[32];	/* public */
	struct signed_head *heads;	/* owned list */
};

void	signing_init(struct signing *);
void	signing_clear(struct signing *);

/*
 * Read STATE/keys, or make it with a new key.  0, or the status to exit with
 * after a log line: 76 if what lies there contradicts itself.
 */
int	signing_open(struct signing *, const struct state *);

/* The last head signed for a tenant; place 0 if there is none. */
struct checkpoint signing_last(const struct signing *, uint32_t tenant);

enum sign_result {
	SIGN_done,		/* kept on the disk, then told */
	SIGN_refused,		/* not above the last place: a second history */
	SIGN_failed		/* errno: it could not be kept */
};

/* c has place and head; tenant, time and signature are filled in. */
enum sign_result signing_sign(struct signing *, uint32_t tenant,
	    struct checkpoint *c);

#endif
