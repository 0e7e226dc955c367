/*
 * store.c: the LMDB environment of one tenant, its keys and its errors.
 * Runs in: tracker-record, and tests.
 * Input: keys come from the judge, bounded; the files are ours alone.
 *
 * LMDB runs with its default, durable commits.  There is one process per
 * store and no reader outlives a call, so LMDB's own lock file is not used:
 * on a full disk it would be a SIGBUS.  record_lock() keeps others out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <sodium.h>

#include "ipc/util.h"
#include "tracker-worker/record/record.h"

#define FORMAT		2u		/* of keys and values */
#define PATH_INLINE	440u		/* bytes of a path within a key */
#define LOCK_TRIES	100		/* of 100 ms each */

int
record_lock(void)
{
	autoclose int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int i;

	/* A tracker that has lost its judge commits, then leaves: wait. */
	for (i = 0; fd != -1 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return steal_fd(&fd);
		if (errno != EWOULDBLOCK)
			break;
		usleep(100000);
	}
	return -1;
}

/* A store that was killed at its very first write holds nothing yet. */
static void
drop_unborn(void)
{
	struct stat st;

	if (stat("data.mdb", &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size < 2 * sysconf(_SC_PAGESIZE))
		unlink("data.mdb");
}

static int
open_environment(struct store *s)
{
	int rc;

	if ((rc = mdb_env_create(&s->env)) != 0)
		return rc;
	if ((rc = mdb_env_set_maxdbs(s->env, 16)) != 0 ||
	    (rc = mdb_env_set_mapsize(s->env, s->map)) != 0)
		return rc;
	return mdb_env_open(s->env, ".", MDB_NOLOCK, 0600);
}

static int
open_tables(struct store *s, MDB_txn *txn, unsigned flags)
{
	int rc;

	if ((rc = mdb_dbi_open(txn, "events", flags, &s->events)) != 0 ||
	    (rc = mdb_dbi_open(txn, "heads", flags, &s->heads)) != 0 ||
	    (rc = mdb_dbi_open(txn, "runs", flags, &s->runs)) != 0 ||
	    (rc = mdb_dbi_open(txn, "files", flags, &s->files)) != 0 ||
	    (rc = mdb_dbi_open(txn, "ledger", flags, &s->ledger)) != 0 ||
	    (rc = mdb_dbi_open(txn, "checkpoints", flags,
	    &s->checkpoints)) != 0)
		return rc;
	return mdb_dbi_open(txn, "state", flags, &s->state);
}

/* The format number, in a table of its own; flags 0 or MDB_CREATE. */
static int
check_format(MDB_txn *txn, unsigned flags)
{
	MDB_val key = { 6, (void *)"format" }, value;
	uint8_t format = FORMAT;
	MDB_dbi meta;
	int rc;

	if ((rc = mdb_dbi_open(txn, "meta", flags, &meta)) != 0)
		return rc;
	if (flags == MDB_CREATE) {
		value = (MDB_val){ 1, &format };
		return mdb_put(txn, meta, &key, &value, 0);
	}
	if ((rc = mdb_get(txn, meta, &key, &value)) != 0)
		return rc;
	return value.mv_size == 1 && *(uint8_t *)value.mv_data == FORMAT ?
	    0 : MDB_VERSION_MISMATCH;
}

/* Look first: an existing store opens without a write, on a full disk too. */
static int
open_or_make(struct store *s, bool make)
{
	MDB_txn *txn;
	int rc;

	if ((rc = store_begin(s, make, &txn)) != 0)
		return rc;
	rc = check_format(txn, make ? MDB_CREATE : 0);
	if (rc == 0)
		rc = open_tables(s, txn, make ? MDB_CREATE : 0);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

/* An existing store may be larger than the map that was asked for. */
static void
note_map(struct store *s)
{
	MDB_envinfo info;

	if (mdb_env_info(s->env, &info) == 0)
		s->map = info.me_mapsize;
}

int
store_open(struct store *s, size_t map, size_t map_max)
{
	int rc;

	*s = (struct store){ .map = map, .map_max = map_max };
	drop_unborn();
	if ((rc = open_environment(s)) != 0 ||
	    ((rc = open_or_make(s, false)) == MDB_NOTFOUND &&
	    (rc = open_or_make(s, true)) != 0) || rc != 0)
		store_close(s);
	else
		note_map(s);
	return rc;
}

void
store_close(struct store *s)
{
	if (s->env != NULL)
		mdb_env_close(s->env);
	s->env = NULL;
}

int
store_begin(struct store *s, bool write, MDB_txn **txn)
{
	return mdb_txn_begin(s->env, NULL, write ? 0 : MDB_RDONLY, txn);
}

int
store_grow(struct store *s)
{
	size_t bigger = s->map > s->map_max / 2 ? s->map_max : 2 * s->map;
	int rc;

	if (s->map >= s->map_max)
		return MDB_MAP_FULL;
	if ((rc = mdb_env_set_mapsize(s->env, bigger)) == 0)
		s->map = bigger;
	return rc;
}

uint32_t
store_errno(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return ENOSPC;
	default:
		return error > 0 ? (uint32_t)error : EIO;
	}
}

const char *
store_reason(int error)
{
	switch (error) {
	case ENOSPC:
		return "the disk under the record is full: free some space";
	case EDQUOT:
		return "the disk quota of the record is used up";
	case EFBIG:
	case MDB_MAP_FULL:
		return "the record has reached the largest size that it may "
		    "have";
	case MDB_VERSION_MISMATCH:
		return "the record was written by another version of "
		    "sallyport";
	default:
		return mdb_strerror(error);
	}
}

void
key_run(struct store_key *k, const uint8_t run[16])
{
	memcpy(k->bytes, run, 16);
	k->len = 16;
}

void
key_event(struct store_key *k, const uint8_t run[16], uint64_t seq)
{
	key_run(k, run);
	for (int shift = 56; shift >= 0; shift -= 8)
		k->bytes[k->len++] = (uint8_t)(seq >> shift);
}

void
key_state(struct store_key *k, const uint8_t run[16], const void *key,
    size_t len)
{
	key_run(k, run);
	memcpy(k->bytes + 16, key, len);
	k->len += len;
}

/* A long path keeps its order by its beginning, and its identity by hash. */
void
key_file(struct store_key *k, const uint8_t run[16], const void *path,
    size_t len)
{
	key_state(k, run, path, len < PATH_INLINE ? len : PATH_INLINE);
	if (len <= PATH_INLINE)
		return;
	crypto_hash_sha256(k->bytes + k->len, path, len);
	k->len += DIGEST_LEN;
}

MDB_val
key_val(const struct store_key *k)
{
	return (MDB_val){ k->len, (void *)k->bytes };
}

int
store_put(MDB_txn *txn, MDB_dbi dbi, const struct store_key *k,
    const void *data, size_t len)
{
	MDB_val key = key_val(k), value = { len, (void *)data };

	return mdb_put(txn, dbi, &key, &value, 0);
}

int
store_get(MDB_txn *txn, MDB_dbi dbi, const struct store_key *k,
    MDB_val *value)
{
	MDB_val key = key_val(k);

	return mdb_get(txn, dbi, &key, value);
}

int
store_next(MDB_txn *txn, MDB_dbi dbi, const struct store_key *k,
    size_t prefix, bool after, MDB_val *key, MDB_val *value)
{
	MDB_cursor *cursor;
	int rc;

	if ((rc = mdb_cursor_open(txn, dbi, &cursor)) != 0)
		return rc;
	*key = key_val(k);
	rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	if (rc == 0 && after && key->mv_size == k->len &&
	    memcmp(key->mv_data, k->bytes, k->len) == 0)
		rc = mdb_cursor_get(cursor, key, value, MDB_NEXT);
	mdb_cursor_close(cursor);
	if (rc == 0 && (key->mv_size < prefix ||
	    memcmp(key->mv_data, k->bytes, prefix) != 0))
		rc = MDB_NOTFOUND;
	return rc;
}
