/*
 * tracker.h: the process that keeps one record: what waits, who asks.
 * Runs in: tracker-record.
 * Input: messages from the judge.
 */
#ifndef SALLYPORT_TRACKER_H
#define SALLYPORT_TRACKER_H

#include "ipc/loop.h"
#include "tracker-worker/record/record.h"

#define QUERIES_MAX	64		/* asked at once */

enum op_kind { OP_EVENT, OP_FILE, OP_SET, OP_DELETE, OP_SIGNED };

/* One change that waits for the next commit; they keep their order. */
struct op {
	struct op	*next;
	enum op_kind	 kind;
	bool		 durable;	/* somebody waits for it */
	uint64_t	 token;		/* of an event or file; else the call */
	uint64_t	 since;		/* ms, monotonic: when it came */
	struct blob	 data;		/* owned: the event */
	struct event_view event;	/* into data */
	uint8_t		 run[16];
	uint8_t		 digest[DIGEST_LEN];
	struct file_entry file;		/* path is key, digest is digest */
	uint8_t		*key;		/* owned: path, or name of a value */
	size_t		 key_len;
	struct pack	 value;		/* owned: of OP_SET */
	struct signed_row signature;	/* of OP_SIGNED */
	int		 refused;	/* errno for the answer, or 0 */
	bool		 found;		/* OP_DELETE */
	char		 why[256];
};

struct query;

struct tracker {
	struct event_base *base;
	struct channel	 channel;	/* to the judge */
	struct store	 store;
	int		 outputs;	/* directory */
	struct op	*first, **last;	/* waiting */
	size_t		 waiting;	/* ops */
	size_t		 waiting_bytes;
	bool		 urgent;	/* a durable one waits */
	bool		 fresh;		/* something came since the last look */
	struct event	*commit;	/* timer */
	struct query	*queries;	/* asked and not answered in full */
	size_t		 nqueries;
	struct event	*pump;		/* timer: go on with the queries */
};

/* commit.c */
void	 commit_init(struct tracker *);
void	 commit_add(struct tracker *, struct op *);	/* takes it */
void	 commit_now(struct tracker *);	/* all that waits, with its answers */

/* query.c */
void	 query_init(struct tracker *);

/* tools.c: the last word on a call that changed something. */
void	 answer_state(struct tracker *, const struct op *, int error);

#endif
