/*
 * journal.h: the bytes of one event and the chain that joins them.
 * Runs in: judge; the tracker only keeps what is built here.
 * Input: bodies are built here; what they quote is hostile and bounded.
 */
#ifndef SALLYPORT_JUDGE_JOURNAL_H
#define SALLYPORT_JUDGE_JOURNAL_H

#include <stdint.h>

#include "ipc/pack.h"
#include "policy/words.h"

#define EVENT_MAX	(32u * 1024 * 1024)	/* bytes of one event */

/* Where the chain of one run stands. */
struct journal {
	uint64_t	 seq;		/* of the newest event; 0: none yet */
	uint8_t		 previous[32];	/* its digest; zeros before the first */
	size_t		 unsaved;	/* bytes not known to be kept */
	size_t		 waiting;	/* events not known to be kept */
};

/* What an event says about itself. */
struct entry {
	const char	*tenant;
	const uint8_t	*run;		/* 16 bytes */
	enum event_type	 type;
	uint64_t	 at;		/* ms since 1970 */
	const struct pack *body;	/* a map */
};

/*
 * Build the next event's bytes: the array [tenant, run, seq, at, type,
 * previous digest, body]; digest receives their SHA-256.  The journal does
 * not move until journal_moved().  0, or -1 if it is larger than EVENT_MAX.
 */
int	journal_build(const struct journal *, const struct entry *,
	    struct pack *, uint8_t digest[32]);
void	journal_moved(struct journal *, const uint8_t digest[32]);

/* UUIDv7 (RFC 9562): time first, so that ids sort by age. */
void	uuid_new(uint8_t id[16], uint64_t ms);
void	uuid_text(char text[37], const uint8_t id[16]);
/* 0, or -1 if the text is not a UUID in lower-case text form. */
int	uuid_parse(uint8_t id[16], const char *text);

#endif
