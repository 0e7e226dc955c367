/*
 * retry.h: whether a failed model call is tried again, and when.  Pure.
 * Runs in: cognition-worker.
 * Input: status, headers and error codes of a model server: hostile.
 */
#ifndef SALLYPORT_RETRY_H
#define SALLYPORT_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define RETRIES		2		/* after the first attempt */
#define RETRY_WAIT_MAX	60000u		/* ms; a longer wish is cut to this */

struct retry_facts {
	long		 status;	/* HTTP status; 0: no answer at all */
	bool		 began;		/* a good answer had begun to arrive */
	int		 should;	/* x-should-retry: -1 not said, 0, 1 */
	int64_t		 after;		/* ms the server asks for; -1 none */
	const char	*code;		/* error.code, or "" */
	const char	*type;		/* error.type, or "" */
	unsigned	 attempt;	/* from 0 */
};

bool	 retry_wanted(const struct retry_facts *);

/*
 * Milliseconds to wait before the next attempt: what the server asks for, cut
 * to RETRY_WAIT_MAX, else 0.5 s x 2^attempt, at most 8 s; less up to a quarter
 * of it by chance (0 .. UINT32_MAX), but never less than the server's wish.
 */
uint64_t retry_delay(const struct retry_facts *, uint32_t chance);

/*
 * Value of retry-after (seconds, also fractional, or an HTTP date) or
 * retry-after-ms in milliseconds; -1 if it means nothing.
 */
int64_t	 retry_after(const char *value, bool ms, time_t now);

#endif
