/*
 * query.h: a question to the record, and where its answer has got to.
 * Runs in: tracker-record, and tests.
 * Input: run ids and paths come from clients; hostile.
 */
#ifndef SALLYPORT_TRACKER_QUERY_H
#define SALLYPORT_TRACKER_QUERY_H

#include <sodium.h>

#include "ipc/pack.h"
#include "policy/words.h"
#include "tracker-worker/record/record.h"

/*
 * No snapshot is held between rows: the next row is found from the key of
 * the last one, so appends go on meanwhile and are seen.
 */
struct query {
	struct query	*next;
	uint64_t	 id;
	uint8_t		 kind;		/* enum query_kind */
	uint8_t		 run[16];
	struct store_key at;		/* of the last row */
	bool		 after;		/* at was sent; else begin there */
	uint64_t	 left;		/* rows that are still wanted */
	uint64_t	 credit;	/* rows that may be sent now */
	bool		 peeked;	/* without credit: it has not ended */
	bool		 filtered;	/* QUERY_audit: of one run only */
	uint64_t	 place;		/* QUERY_audit: of the last row */
	bool		 checked, counted;	/* and how far behind it */
	int		 fd;		/* of QUERY_file, or -1; owned */
	uint64_t	 offset, size;	/* bytes of that file */
	uint8_t		 digest[DIGEST_LEN];
	crypto_hash_sha256_state hash;	/* of what was sent */
};

/*
 * The run that a UUID or a prefix of at least four digits means: FOUND_all,
 * FOUND_nothing or FOUND_ambiguous, FOUND_broken; with a reason.
 */
enum found	 run_find(struct store *, MDB_txn *, const char *text,
		    uint8_t run[16], char *why, size_t size);

/*
 * The next row: 0, MDB_NOTFOUND at the end, REFUSED if a recorded file is not
 * what it was, or another error.
 */
int		 query_next(struct store *, MDB_txn *, struct query *,
		    struct pack *row);

/* audit.c: the next row of a QUERY_audit. */
int		 next_audit(struct store *, MDB_txn *, struct query *,
		    struct pack *row);

/* Find and open the recorded file of a QUERY_file. */
enum found	 query_open_file(struct store *, MDB_txn *, int outputs,
		    struct query *, struct bytes path, char *why, size_t);

#endif
