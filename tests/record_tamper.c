/*
 * record_tamper.c: changes a record behind its keeper's back.
 * record_tamper flip|remove|reorder|insert|truncate|append PLACE
 * flip: one bit of the event's body.  remove: the event.  forget: its place
 * too.  reorder: two places change their rows.  insert: an event of a run of
 * its own gets that place, the others move up, all heads are made anew.
 * truncate: everything from that place on goes, and the run's head with it.
 * append: an event that has no place.
 * Runs in: tests/integration/audit_tampered.sh, in the record's directory.
 * Input: none that is foreign.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "tracker-worker/record/record.h"

static struct store store;
static MDB_txn *txn;

static void
must(int rc, const char *what)
{
	if (rc != 0)
		fatalx("%s: %s", what, store_reason(rc));
}

static MDB_val
row_at(uint64_t place, uint8_t key[8])
{
	MDB_val k = { 8, key }, v;

	for (int i = 0; i < 8; i++)
		key[i] = (uint8_t)(place >> (56 - 8 * i));
	must(mdb_get(txn, store.ledger, &k, &v), "find the place");
	return v;
}

static void
row_set(uint64_t place, const uint8_t row[88])
{
	uint8_t key[8];
	MDB_val k = { 8, key }, v = { 88, (void *)row };

	for (int i = 0; i < 8; i++)
		key[i] = (uint8_t)(place >> (56 - 8 * i));
	must(mdb_put(txn, store.ledger, &k, &v, 0), "write the place");
}

static void
flip(const struct ledger_row *row)
{
	uint8_t copy[1 << 16];
	struct store_key k;
	MDB_val v;

	must(ledger_event(&store, txn, row, &v), "find the event");
	if (v.mv_size > sizeof(copy))
		fatalx("the event is too large");
	memcpy(copy, v.mv_data, v.mv_size);
	copy[v.mv_size - 2] ^= 1;
	key_event(&k, row->run, row->seq);
	must(store_put(txn, store.events, &k, copy, v.mv_size), "write");
}

static void
drop(MDB_dbi dbi, const void *key, size_t len)
{
	MDB_val k = { len, (void *)key };

	must(mdb_del(txn, dbi, &k, NULL), "remove");
}

static void
remove_event(const struct ledger_row *row)
{
	struct store_key k;

	key_event(&k, row->run, row->seq);
	drop(store.events, k.bytes, k.len);
}

static void
reorder(uint64_t place)
{
	uint8_t key[8], one[88], two[88];

	memcpy(one, row_at(place, key).mv_data, 88);
	memcpy(two, row_at(place + 1, key).mv_data, 88);
	row_set(place, two);
	row_set(place + 1, one);
}

/* An event that nobody judged, well-formed, in a run of its own. */
static void
forge(uint8_t row[88])
{
	static const uint8_t zeros[DIGEST_LEN];
	struct store_key k;
	struct pack p;
	uint8_t run[16];

	randombytes_buf(run, sizeof(run));
	pack_init(&p, MiB);
	pack_list(&p, 7);
	pack_text(&p, "default");
	pack_bytes(&p, run, 16);
	pack_uint(&p, 1);
	pack_uint(&p, 1700000000000);
	pack_uint(&p, EVENT_run_completed);
	pack_bytes(&p, zeros, DIGEST_LEN);
	pack_map(&p, 1);
	pack_key_text(&p, "status", "finished");
	key_event(&k, run, 1);
	must(store_put(txn, store.events, &k, p.data, p.len), "forge");
	memset(row, 0, 88);
	memcpy(row, run, 16);
	row[23] = 1;
	crypto_hash_sha256(row + 24, p.data, p.len);
	pack_clear(&p);
}

static void
insert(uint64_t place)
{
	struct ledger_row last, before;
	uint8_t row[88], key[8];

	must(ledger_last(&store, txn, &last), "find the end");
	for (uint64_t i = last.place; i >= place; i--) {
		memcpy(row, row_at(i, key).mv_data, 88);
		row_set(i + 1, row);
	}
	forge(row);
	must(ledger_get(&store, txn, place - 1, &before), "find the head");
	for (uint64_t i = place; i <= last.place + 1; i++) {
		if (i > place)
			memcpy(row, row_at(i, key).mv_data, 88);
		ledger_head(before.head, row + 24);
		memcpy(row + 56, before.head, 32);
		row_set(i, row);
	}
}

static void
truncate_from(uint64_t place)
{
	struct ledger_row last, row;
	uint8_t key[8];

	must(ledger_last(&store, txn, &last), "find the end");
	for (uint64_t i = last.place; i >= place; i--) {
		must(ledger_get(&store, txn, i, &row), "find the place");
		remove_event(&row);
		row_at(i, key);
		drop(store.ledger, key, 8);
		mdb_del(txn, store.checkpoints, &(MDB_val){ 8, key }, NULL);
		mdb_del(txn, store.heads, &(MDB_val){ 16, row.run }, NULL);
	}
}

int
main(int argc, char **argv)
{
	struct ledger_row row;
	uint8_t spare[88], key[8];
	uint64_t place;

	if (argc != 3 || sodium_init() == -1)
		fatalx("usage: record_tamper ACT PLACE");
	place = strtoull(argv[2], NULL, 10);
	must(store_open(&store, 1 << 26, 1 << 26), "open the record");
	must(store_begin(&store, true, &txn), "begin");
	must(ledger_get(&store, txn, place, &row), "find the place");
	if (strcmp(argv[1], "flip") == 0)
		flip(&row);
	else if (strcmp(argv[1], "remove") == 0)
		remove_event(&row);
	else if (strcmp(argv[1], "forget") == 0)
		row_at(place, key), drop(store.ledger, key, 8);
	else if (strcmp(argv[1], "reorder") == 0)
		reorder(place);
	else if (strcmp(argv[1], "insert") == 0)
		insert(place);
	else if (strcmp(argv[1], "truncate") == 0)
		truncate_from(place);
	else if (strcmp(argv[1], "append") == 0)
		forge(spare);
	else
		fatalx("no such act: %s", argv[1]);
	must(mdb_txn_commit(txn), "commit");
	store_close(&store);
	return 0;
}
