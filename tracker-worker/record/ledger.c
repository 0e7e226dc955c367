/*
 * ledger.c: the chain over the whole tenant: every event has a place, in the
 * order in which events were recorded, and every place a head:
 *	head(n) = SHA-256(head(n - 1) || digest of event n), head(0) zeros.
 * Runs in: tracker-record, and tests.
 * Input: events that append.c has checked; what is on the disk may have been
 * changed by others, so ledger_check() looks again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "tracker-worker/record/record.h"

#define ROW_LEN		(16 + 8 + 2 * DIGEST_LEN)
#define SIGNED_LEN	(DIGEST_LEN + 8 + 64)

static void
put_number(uint8_t dst[8], uint64_t n)
{
	for (size_t i = 0; i < 8; i++)
		dst[i] = (uint8_t)(n >> (56 - 8 * i));
}

static uint64_t
take_number(const uint8_t *src)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 8; i++)
		n = n << 8 | src[i];
	return n;
}

static void
key_place(struct store_key *k, uint64_t place)
{
	put_number(k->bytes, place);
	k->len = 8;
}

static int
row_read(struct ledger_row *row, uint64_t place, const MDB_val *v)
{
	const uint8_t *data = v->mv_data;

	if (v->mv_size != ROW_LEN)
		return MDB_CORRUPTED;
	row->place = place;
	memcpy(row->run, data, 16);
	row->seq = take_number(data + 16);
	memcpy(row->digest, data + 24, DIGEST_LEN);
	memcpy(row->head, data + 24 + DIGEST_LEN, DIGEST_LEN);
	return 0;
}

int
ledger_get(struct store *s, MDB_txn *txn, uint64_t place,
    struct ledger_row *row)
{
	struct store_key k;
	MDB_val v;
	int rc;

	memset(row, 0, sizeof(*row));
	if (place == 0)
		return 0;
	key_place(&k, place);
	if ((rc = store_get(txn, s->ledger, &k, &v)) != 0)
		return rc;
	return row_read(row, place, &v);
}

int
ledger_last(struct store *s, MDB_txn *txn, struct ledger_row *row)
{
	MDB_cursor *cursor;
	MDB_val key, v;
	int rc;

	memset(row, 0, sizeof(*row));
	if ((rc = mdb_cursor_open(txn, s->ledger, &cursor)) != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &v, MDB_LAST);
	mdb_cursor_close(cursor);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if (key.mv_size != 8)
		return MDB_CORRUPTED;
	return row_read(row, take_number(key.mv_data), &v);
}

void
ledger_head(uint8_t head[DIGEST_LEN], const uint8_t digest[DIGEST_LEN])
{
	uint8_t both[2 * DIGEST_LEN];

	memcpy(both, head, DIGEST_LEN);
	memcpy(both + DIGEST_LEN, digest, DIGEST_LEN);
	crypto_hash_sha256(head, both, sizeof(both));
}

int
ledger_append(struct store *s, MDB_txn *txn, const struct event_view *e,
    const uint8_t digest[DIGEST_LEN])
{
	uint8_t value[ROW_LEN];
	struct ledger_row last;
	struct store_key k;
	int rc;

	if ((rc = ledger_last(s, txn, &last)) != 0)
		return rc;
	ledger_head(last.head, digest);
	memcpy(value, e->run, 16);
	put_number(value + 16, e->seq);
	memcpy(value + 24, digest, DIGEST_LEN);
	memcpy(value + 24 + DIGEST_LEN, last.head, DIGEST_LEN);
	key_place(&k, last.place + 1);
	return store_put(txn, s->ledger, &k, value, sizeof(value));
}

/* The event of a place, as it was sent: 0, or MDB_NOTFOUND. */
int
ledger_event(struct store *s, MDB_txn *txn, const struct ledger_row *row,
    MDB_val *event)
{
	struct store_key k;

	key_event(&k, row->run, row->seq);
	return store_get(txn, s->events, &k, event);
}

/* One place: its event has its digest, its head follows from the one before. */
static int
check_row(struct store *s, MDB_txn *txn, const struct ledger_row *before,
    const struct ledger_row *row, char *why, size_t size)
{
	uint8_t digest[DIGEST_LEN], head[DIGEST_LEN];
	MDB_val event;
	int rc;

	rc = ledger_event(s, txn, row, &event);
	if (rc == MDB_NOTFOUND) {
		snprintf(why, size, "the event at place %" PRIu64
		    " was removed", row->place);
		return REFUSED;
	}
	if (rc != 0)
		return rc;
	crypto_hash_sha256(digest, event.mv_data, event.mv_size);
	memcpy(head, before->head, DIGEST_LEN);
	ledger_head(head, row->digest);
	if (memcmp(digest, row->digest, DIGEST_LEN) == 0 &&
	    memcmp(head, row->head, DIGEST_LEN) == 0)
		return 0;
	snprintf(why, size, "the event at place %" PRIu64 " was changed",
	    row->place);
	return REFUSED;
}

int
ledger_check(struct store *s, MDB_txn *txn, struct ledger_row *at,
    uint64_t until, char *why, size_t size)
{
	struct ledger_row next;
	int rc;

	while (at->place < until) {
		rc = ledger_get(s, txn, at->place + 1, &next);
		if (rc == MDB_NOTFOUND) {
			snprintf(why, size, "place %" PRIu64 " was removed",
			    at->place + 1);
			return REFUSED;
		}
		if (rc != 0 || (rc = check_row(s, txn, at, &next, why,
		    size)) != 0)
			return rc;
		*at = next;
	}
	return 0;
}

int
signed_put(struct store *s, MDB_txn *txn, const struct signed_row *c)
{
	uint8_t value[SIGNED_LEN];
	struct ledger_row row;
	struct store_key k;
	int rc;

	if ((rc = ledger_get(s, txn, c->place, &row)) != 0)
		return rc == MDB_NOTFOUND ? REFUSED : rc;
	if (c->place == 0 || memcmp(row.head, c->head, DIGEST_LEN) != 0)
		return REFUSED;
	memcpy(value, c->head, DIGEST_LEN);
	put_number(value + DIGEST_LEN, c->at);
	memcpy(value + DIGEST_LEN + 8, c->signature, 64);
	key_place(&k, c->place);
	return store_put(txn, s->checkpoints, &k, value, sizeof(value));
}

int
signed_get(struct store *s, MDB_txn *txn, uint64_t place,
    struct signed_row *c)
{
	const uint8_t *data;
	struct store_key k;
	MDB_val v;
	int rc;

	key_place(&k, place);
	if ((rc = store_get(txn, s->checkpoints, &k, &v)) != 0)
		return rc;
	if (v.mv_size != SIGNED_LEN)
		return MDB_CORRUPTED;
	data = v.mv_data;
	c->place = place;
	memcpy(c->head, data, DIGEST_LEN);
	c->at = take_number(data + DIGEST_LEN);
	memcpy(c->signature, data + DIGEST_LEN + 8, 64);
	return 0;
}
