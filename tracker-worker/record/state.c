/*
 * state.c: values that a run keeps under a name: bounds, set, delete.
 * Runs in: tracker-record, and tests.
 * Input: names and values come from the model: hostile, bounded here.
 */
#include <stdio.h>
#include <string.h>

#include "tracker-worker/record/record.h"

/* What a run keeps now, without one of its keys. */
struct usage {
	size_t	keys;
	size_t	bytes;
};

static int
measure(struct store *s, MDB_txn *txn, const struct store_key *but,
    struct usage *u)
{
	struct store_key first = { .len = 16 };
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc;

	*u = (struct usage){ .keys = 0 };
	if ((rc = mdb_cursor_open(txn, s->state, &cursor)) != 0)
		return rc;
	memcpy(first.bytes, but->bytes, 16);
	key = key_val(&first);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && key.mv_size >= 16 &&
	    memcmp(key.mv_data, first.bytes, 16) == 0) {
		if (key.mv_size != but->len ||
		    memcmp(key.mv_data, but->bytes, but->len) != 0) {
			u->keys++;
			u->bytes += key.mv_size - 16 + value.mv_size;
		}
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
check_bounds(const struct usage *u, size_t more, char *why, size_t size)
{
	if (u->keys + 1 > STATE_KEYS) {
		snprintf(why, size, "this run already keeps %u values, which "
		    "is the most: delete_state what is not needed",
		    STATE_KEYS);
		return REFUSED;
	}
	if (u->bytes + more > STATE_BYTES) {
		snprintf(why, size, "the values of this run would take %zu "
		    "bytes; the most is %u: save_file large things",
		    u->bytes + more, STATE_BYTES);
		return REFUSED;
	}
	return 0;
}

int
state_set(struct store *s, MDB_txn *txn, const uint8_t run[16],
    struct bytes key, struct bytes value, char *why, size_t size)
{
	struct store_key k;
	struct usage u;
	int rc;

	if (key.len == 0 || key.len > STATE_KEY_MAX) {
		snprintf(why, size, "a key has 1 to %u bytes", STATE_KEY_MAX);
		return REFUSED;
	}
	key_state(&k, run, key.data, key.len);
	if ((rc = measure(s, txn, &k, &u)) != 0 ||
	    (rc = check_bounds(&u, key.len + value.len, why, size)) != 0)
		return rc;
	return store_put(txn, s->state, &k, value.data, value.len);
}

int
state_delete(struct store *s, MDB_txn *txn, const uint8_t run[16],
    struct bytes key, bool *found)
{
	struct store_key k;
	MDB_val v;
	int rc;

	*found = false;
	if (key.len == 0 || key.len > STATE_KEY_MAX)
		return 0;
	key_state(&k, run, key.data, key.len);
	v = key_val(&k);
	rc = mdb_del(txn, s->state, &v, NULL);
	*found = rc == 0;
	return rc == MDB_NOTFOUND ? 0 : rc;
}
