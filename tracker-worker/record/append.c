/*
 * append.c: one event to the end of its run's chain, and of the tenant's.
 * Runs in: tracker-record, and tests.
 * Input: events from the judge.  The judge computes the chain; here it is
 * checked, so that neither side alone can leave a gap or fork it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracker-worker/record/record.h"

#define HEAD_FIXED	(8 + DIGEST_LEN)	/* bytes before the tenant */

int
head_get(struct store *s, MDB_txn *txn, const uint8_t run[16],
    struct head *head)
{
	struct store_key k;
	const uint8_t *data;
	MDB_val v;
	int rc;

	memset(head, 0, sizeof(*head));
	key_run(&k, run);
	rc = store_get(txn, s->heads, &k, &v);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if (v.mv_size < HEAD_FIXED || v.mv_size > HEAD_FIXED + TENANT_MAX)
		return MDB_CORRUPTED;
	data = v.mv_data;
	for (size_t i = 0; i < 8; i++)
		head->seq = head->seq << 8 | data[i];
	memcpy(head->digest, data + 8, DIGEST_LEN);
	head->tenant_len = v.mv_size - HEAD_FIXED;
	memcpy(head->tenant, data + HEAD_FIXED, head->tenant_len);
	return 0;
}

static int
head_put(struct store *s, MDB_txn *txn, const struct event_view *e,
    const uint8_t digest[DIGEST_LEN])
{
	uint8_t value[HEAD_FIXED + TENANT_MAX];
	struct store_key k;

	for (size_t i = 0; i < 8; i++)
		value[i] = (uint8_t)(e->seq >> (56 - 8 * i));
	memcpy(value + 8, digest, DIGEST_LEN);
	memcpy(value + HEAD_FIXED, e->tenant, e->tenant_len);
	key_run(&k, e->run);
	return store_put(txn, s->heads, &k, value, HEAD_FIXED + e->tenant_len);
}

static int
check_chain(const struct event_view *e, const struct head *head, char *why,
    size_t size)
{
	if (e->seq != head->seq + 1) {
		snprintf(why, size, "event %" PRIu64 " cannot follow event %"
		    PRIu64 " of its run", e->seq, head->seq);
		return REFUSED;
	}
	if (memcmp(e->previous, head->digest, DIGEST_LEN) != 0) {
		snprintf(why, size, "event %" PRIu64 " does not carry the "
		    "digest of the event before it", e->seq);
		return REFUSED;
	}
	if (head->seq > 0 && (e->tenant_len != head->tenant_len ||
	    memcmp(e->tenant, head->tenant, e->tenant_len) != 0)) {
		snprintf(why, size, "event %" PRIu64 " names another tenant "
		    "than its run", e->seq);
		return REFUSED;
	}
	return 0;
}

int
event_append(struct store *s, MDB_txn *txn, const struct event_view *e,
    struct bytes raw, const uint8_t digest[DIGEST_LEN], char *why,
    size_t size)
{
	struct store_key k;
	struct head head;
	int rc;

	if ((rc = head_get(s, txn, e->run, &head)) != 0 ||
	    (rc = check_chain(e, &head, why, size)) != 0)
		return rc;
	key_event(&k, e->run, e->seq);
	if ((rc = store_put(txn, s->events, &k, raw.data, raw.len)) != 0 ||
	    (rc = row_update(s, txn, e)) != 0)
		return rc;
	if ((rc = head_put(s, txn, e, digest)) != 0)
		return rc;
	return ledger_append(s, txn, e, digest);
}
