/*
 * audit.c: the whole record in the order of its places, for audit export and
 * audit verify; and what the judge is told of it before anything is added.
 * Runs in: tracker-record, and tests.
 * Input: what is on the disk, which may have been changed by others: it is
 * passed on as it is, and judged by whoever verifies it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "tracker-worker/record/query.h"
#include "tracker-worker/record/tracker.h"

int	on_ledger_request(struct channel *, struct ledger_request *);
int	on_checkpoint_store(struct channel *, struct checkpoint_store *);

static void
pack_key_bytes(struct pack *p, const char *key, const void *data, size_t len)
{
	pack_text(p, key);
	pack_bytes(p, data, len);
}

static int
pack_place(struct store *s, MDB_txn *txn, const struct query *q,
    const struct ledger_row *row, struct pack *p)
{
	bool withheld = q->filtered && memcmp(q->run, row->run, 16) != 0;
	MDB_val event;
	int rc = 0;

	pack_map(p, 5);
	pack_key_uint(p, "place", row->place);
	pack_key_bytes(p, "digest", row->digest, DIGEST_LEN);
	pack_key_bytes(p, "head", row->head, DIGEST_LEN);
	pack_key_bool(p, "withheld", withheld);
	pack_text(p, "event");
	if (!withheld)
		rc = ledger_event(s, txn, row, &event);
	if (withheld || rc == MDB_NOTFOUND)
		pack_nil(p);
	else if (rc == 0)
		pack_bytes(p, event.mv_data, event.mv_size);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static void
pack_signed(struct pack *p, const struct signed_row *c)
{
	pack_map(p, 4);
	pack_key_uint(p, "checkpoint", c->place);
	pack_key_bytes(p, "head", c->head, DIGEST_LEN);
	pack_key_uint(p, "at", c->at);
	pack_key_bytes(p, "signature", c->signature, 64);
}

/* The last row: how many events there are, in the ledger or not. */
static int
pack_count(struct store *s, MDB_txn *txn, struct pack *p)
{
	MDB_stat stat;
	int rc = mdb_stat(txn, s->events, &stat);

	pack_map(p, 1);
	pack_key_uint(p, "events", stat.ms_entries);
	return rc;
}

/* The next place that is there; a gap is passed on as a gap. */
static int
next_place(struct store *s, MDB_txn *txn, uint64_t after,
    struct ledger_row *row)
{
	struct ledger_row last;
	int rc = ledger_last(s, txn, &last);

	while (rc == 0 && after < last.place) {
		rc = ledger_get(s, txn, ++after, row);
		if (rc != MDB_NOTFOUND)
			return rc;
		rc = 0;
	}
	return rc != 0 ? rc : MDB_NOTFOUND;
}

/* Each place, behind it the checkpoint that covers it, then the count. */
int
next_audit(struct store *s, MDB_txn *txn, struct query *q, struct pack *p)
{
	struct signed_row c;
	struct ledger_row row;
	int rc;

	if (q->counted)
		return MDB_NOTFOUND;
	if (!q->checked && q->place > 0) {
		q->checked = true;
		rc = signed_get(s, txn, q->place, &c);
		if (rc == 0)
			pack_signed(p, &c);
		if (rc != MDB_NOTFOUND)
			return rc;
	}
	rc = next_place(s, txn, q->place, &row);
	if (rc == MDB_NOTFOUND) {
		q->counted = true;
		return pack_count(s, txn, p);
	}
	if (rc != 0)
		return rc;
	q->place = row.place;
	q->checked = false;
	return pack_place(s, txn, q, &row, p);
}

/* --- the judge asks --- */

static int
look(struct store *s, MDB_txn *txn, uint64_t place, struct ledger *m)
{
	struct ledger_row at, last;
	int rc;

	if ((rc = ledger_last(s, txn, &last)) != 0)
		return rc;
	m->place = last.place;
	memcpy(m->head, last.head, DIGEST_LEN);
	if (place > last.place) {
		snprintf(m->reason, sizeof(m->reason), "it was cut off: it "
		    "ends at place %" PRIu64 ", but %" PRIu64 " is signed",
		    last.place, place);
		return REFUSED;
	}
	if ((rc = ledger_get(s, txn, place, &at)) != 0)
		return rc;
	memcpy(m->held, at.head, DIGEST_LEN);
	return ledger_check(s, txn, &at, last.place, m->reason,
	    sizeof(m->reason));
}

int
on_ledger_request(struct channel *c, struct ledger_request *m)
{
	struct tracker *t = c->owner;
	struct ledger answer = { .place = 0 };
	MDB_txn *txn;
	int rc;

	commit_now(t);
	if ((rc = store_begin(&t->store, false, &txn)) == 0) {
		rc = look(&t->store, txn, m->place, &answer);
		mdb_txn_abort(txn);
	}
	if (rc != 0 && answer.reason[0] == '\0')
		snprintf(answer.reason, sizeof(answer.reason), "%s",
		    store_reason(rc));
	send_ledger(c, &answer);
	return 0;
}

int
on_checkpoint_store(struct channel *c, struct checkpoint_store *m)
{
	struct tracker *t = c->owner;
	struct op *op = xcalloc(1, sizeof(*op));

	op->kind = OP_SIGNED;
	op->data = BLOB_NONE;
	op->signature.place = m->place;
	op->signature.at = m->at;
	memcpy(op->signature.head, m->head, DIGEST_LEN);
	memcpy(op->signature.signature, m->signature_r, 32);
	memcpy(op->signature.signature + 32, m->signature_s, 32);
	commit_add(t, op);
	return 0;
}
