/*
 * record.h: one tenant's record: what an event is, and how it is kept.
 * Runs in: tracker-record, and tests.
 * Input: everything comes from the judge; texts in it may be hostile.
 *
 * An event, as it is hashed and stored, is one msgpack array:
 *	[tenant text, run bytes(16), seq, at (ms since 1970), type,
 *	 previous bytes(32), body map]
 * previous is the SHA-256 of the event before it in the run; 32 zero bytes
 * for seq 1.
 */
#ifndef SALLYPORT_RECORD_H
#define SALLYPORT_RECORD_H

#include <lmdb.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "ipc/value.h"

#define RUN_TEXT	36		/* bytes of a UUID as text */
#define DIGEST_LEN	32
#define TENANT_MAX	64		/* bytes */
#define STATE_KEYS	1024		/* of one run */
#define STATE_KEY_MAX	256		/* bytes */
#define STATE_BYTES	(8u * MiB)	/* keys and values of one run */
#define REFUSED		(-1)		/* the content is at fault */

/* --- event.c: one recorded event --- */

struct event_view {
	const char	*tenant;	/* borrowed, not terminated */
	size_t		 tenant_len;
	const uint8_t	*run;		/* [16] */
	uint64_t	 seq;
	uint64_t	 at;		/* ms since 1970 */
	uint8_t		 type;		/* enum event_type */
	const uint8_t	*previous;	/* [DIGEST_LEN] */
	struct bytes	 body;		/* msgpack map */
};

/* 0, or -1 with *why (static text) if the bytes have not this form. */
int	 event_read(struct event_view *, const void *, size_t len,
	    const char **why);

/* --- store.c: LMDB --- */

struct store {
	MDB_env		*env;		/* owned */
	MDB_dbi		 events;	/* run + seq -> event */
	MDB_dbi		 heads;		/* run -> seq, digest, tenant */
	MDB_dbi		 runs;		/* run -> row; a UUIDv7 sorts by time */
	MDB_dbi		 files;		/* run + path -> entry */
	MDB_dbi		 state;		/* run + key -> msgpack */
	MDB_dbi		 ledger;	/* place -> run, seq, digest, head */
	MDB_dbi		 checkpoints;	/* place -> head, time, signature */
	size_t		 map;		/* bytes, now */
	size_t		 map_max;	/* bytes it may grow to */
};

struct store_key {
	uint8_t		 bytes[511];	/* LMDB's bound */
	size_t		 len;
};

/*
 * Open or make the store in the working directory.  0, or an errno or LMDB
 * error.  Nobody else may have it open: see record_lock().
 */
int	 store_open(struct store *, size_t map, size_t map_max);
void	 store_close(struct store *);
int	 store_begin(struct store *, bool write, MDB_txn **);
int	 store_grow(struct store *);	/* no transaction may be open */
/* As an errno for a message: ENOSPC if there is no room, else EIO. */
uint32_t store_errno(int error);
const char *store_reason(int error);	/* for a person */
/* Descriptor of the working directory, locked for us, or -1 with errno. */
int	 record_lock(void);

void	 key_run(struct store_key *, const uint8_t run[16]);
void	 key_event(struct store_key *, const uint8_t run[16], uint64_t seq);
void	 key_file(struct store_key *, const uint8_t run[16],
	    const void *path, size_t len);
void	 key_state(struct store_key *, const uint8_t run[16],
	    const void *key, size_t len);
MDB_val	 key_val(const struct store_key *);
int	 store_put(MDB_txn *, MDB_dbi, const struct store_key *,
	    const void *, size_t len);
int	 store_get(MDB_txn *, MDB_dbi, const struct store_key *, MDB_val *);

/*
 * The first entry at the key, or behind it if after is set, whose key begins
 * with prefix bytes that are those of the key.  MDB_NOTFOUND if there is none.
 */
int	 store_next(MDB_txn *, MDB_dbi, const struct store_key *, size_t prefix,
	    bool after, MDB_val *key, MDB_val *value);

/* --- event rows --- */

struct head {
	uint64_t	 seq;		/* of the last event; 0 if none */
	uint8_t		 digest[DIGEST_LEN];
	char		 tenant[TENANT_MAX];
	size_t		 tenant_len;
};

int	 head_get(struct store *, MDB_txn *, const uint8_t run[16],
	    struct head *);
/*
 * Check one event against the head of its run and put it there.  0, REFUSED
 * with a reason, or an LMDB error, after which the transaction is void.
 */
int	 event_append(struct store *, MDB_txn *, const struct event_view *,
	    struct bytes raw, const uint8_t digest[DIGEST_LEN], char *why,
	    size_t size);

/* --- ledger.c: the chain over the whole tenant --- */

struct ledger_row {
	uint64_t	 place;		/* from 1; 0: before the first event */
	uint8_t		 run[16];
	uint64_t	 seq;		/* in the run */
	uint8_t		 digest[DIGEST_LEN];	/* of the event */
	uint8_t		 head[DIGEST_LEN];	/* of the chain, it included */
};

struct signed_row {
	uint64_t	 place;
	uint8_t		 head[DIGEST_LEN];
	uint64_t	 at;		/* ms since 1970 */
	uint8_t		 signature[64];	/* Ed25519 */
};

/* The next head: SHA-256(head || digest). */
void	 ledger_head(uint8_t head[DIGEST_LEN],
	    const uint8_t digest[DIGEST_LEN]);
/* 0 with zeros for place 0, MDB_NOTFOUND, or another error. */
int	 ledger_get(struct store *, MDB_txn *, uint64_t place,
	    struct ledger_row *);
/* The newest; place 0 and zeros if there is none. */
int	 ledger_last(struct store *, MDB_txn *, struct ledger_row *);
int	 ledger_append(struct store *, MDB_txn *, const struct event_view *,
	    const uint8_t digest[DIGEST_LEN]);
int	 ledger_event(struct store *, MDB_txn *, const struct ledger_row *,
	    MDB_val *event);
/* Verify the places behind *at up to `until`; 0, REFUSED with a reason. */
int	 ledger_check(struct store *, MDB_txn *, struct ledger_row *at,
	    uint64_t until, char *why, size_t size);
/* Keep a signed head; REFUSED if it is not the head of its place. */
int	 signed_put(struct store *, MDB_txn *, const struct signed_row *);
int	 signed_get(struct store *, MDB_txn *, uint64_t place,
	    struct signed_row *);

/* What `runs list` shows; the index is made from events as they come. */
struct run_row {
	char		 status[32];
	char		 stop_reason[32];
	char		 tenant[TENANT_MAX + 1];
	char		 provider[33];
	char		 model[129];
	char		 goal[1025];	/* cut at a character */
	uint64_t	 started, ended;	/* ms since 1970; 0: not yet */
	uint64_t	 iterations;
	uint64_t	 tool_calls;
	uint64_t	 completed;	/* seq of run.completed, or 0 */
};

int	 row_get(struct store *, MDB_txn *, const uint8_t run[16],
	    struct run_row *);
int	 row_update(struct store *, MDB_txn *, const struct event_view *);
void	 row_pack(struct pack *, const uint8_t run[16], const struct run_row *,
	    const struct value *goal, size_t more);
char	*run_text(char dst[RUN_TEXT + 1], const uint8_t run[16]);

/* --- outputs.c: contents by digest --- */

/*
 * Keep content below outputs/ under its digest, on the disk when it returns.
 * 0, REFUSED if the digest is not that of the content, or an errno.
 */
int	 output_store(int dir, const uint8_t digest[DIGEST_LEN],
	    const void *, size_t len);
int	 output_open(int dir, const uint8_t digest[DIGEST_LEN]);
int	 outputs_dir(int record);	/* made if needed; -1 with errno */

struct file_entry {
	struct bytes	 path;		/* borrowed */
	uint64_t	 size;		/* bytes */
	uint32_t	 mode;
	int64_t		 modified;	/* ms since 1970 */
	const uint8_t	*digest;	/* [DIGEST_LEN], borrowed */
};

int	 file_put(struct store *, MDB_txn *, const uint8_t run[16],
	    const struct file_entry *);
int	 file_read(struct file_entry *, const MDB_val *);
size_t	 file_count(struct store *, MDB_txn *, const uint8_t run[16]);

/* --- state.c: what a run keeps by name --- */

/* 0, REFUSED with a reason, or an LMDB error. */
int	 state_set(struct store *, MDB_txn *, const uint8_t run[16],
	    struct bytes key, struct bytes value, char *why, size_t size);
int	 state_delete(struct store *, MDB_txn *, const uint8_t run[16],
	    struct bytes key, bool *found);

#endif
