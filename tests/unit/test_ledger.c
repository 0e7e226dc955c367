/*
 * test_ledger.c: the chain over a whole tenant, as the tracker keeps it.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/record_fixture.h"

static MDB_txn *
begin(struct fixture *f, bool write)
{
	MDB_txn *txn;

	assert_int_equal(store_begin(&f->store, write, &txn), 0);
	return txn;
}

/* Two runs, one event after the other. */
static void
fill(struct fixture *f, struct chain *a, struct chain *b)
{
	chain_begin(a, 1, 1);
	chain_begin(b, 2, 2);
	append_one(&f->store, a, EVENT_run_started);
	append_one(&f->store, b, EVENT_run_started);
	append_one(&f->store, a, EVENT_run_completed);
	pack_clear(&a->event);
	pack_clear(&b->event);
}

static void
test_ledger_append_numbers_all_runs_and_chains_them(void **state)
{
	uint8_t both[64] = { 0 }, head[32];
	struct fixture *f = *state;
	struct ledger_row row;
	struct chain a, b;
	MDB_txn *txn;

	fill(f, &a, &b);
	txn = begin(f, false);
	for (uint64_t place = 1; place <= 3; place++) {
		assert_int_equal(ledger_get(&f->store, txn, place, &row), 0);
		assert_int_equal(row.place, place);
		assert_memory_equal(row.run, place == 2 ? b.run : a.run, 16);
		assert_int_equal(row.seq, place == 3 ? 2 : 1);
		memcpy(both + 32, row.digest, 32);
		crypto_hash_sha256(head, both, 64);
		assert_memory_equal(row.head, head, 32);
		memcpy(both, head, 32);
	}
	assert_memory_equal(row.digest, a.digest, 32);
	assert_int_equal(ledger_get(&f->store, txn, 4, &row), MDB_NOTFOUND);
	assert_int_equal(ledger_last(&f->store, txn, &row), 0);
	assert_int_equal(row.place, 3);
	mdb_txn_abort(txn);
}

static void
test_ledger_last_of_nothing_is_place_0(void **state)
{
	static const uint8_t zeros[32];
	struct fixture *f = *state;
	struct ledger_row row;
	MDB_txn *txn = begin(f, false);

	assert_int_equal(ledger_last(&f->store, txn, &row), 0);
	assert_int_equal(row.place, 0);
	assert_memory_equal(row.head, zeros, 32);
	mdb_txn_abort(txn);
}

static void
test_ledger_check_names_what_was_changed_and_removed(void **state)
{
	struct fixture *f = *state;
	struct ledger_row at = { .place = 0 };
	struct store_key k;
	char why[256] = "";
	struct chain a, b;
	MDB_txn *txn;

	fill(f, &a, &b);
	txn = begin(f, true);
	assert_int_equal(ledger_check(&f->store, txn, &at, 3, why,
	    sizeof(why)), 0);
	assert_int_equal(at.place, 3);
	key_event(&k, b.run, 1);
	assert_int_equal(store_put(txn, f->store.events, &k, "other", 5), 0);
	memset(&at, 0, sizeof(at));
	assert_int_equal(ledger_check(&f->store, txn, &at, 3, why,
	    sizeof(why)), REFUSED);
	assert_string_equal(why, "the event at place 2 was changed");
	assert_int_equal(mdb_del(txn, f->store.events,
	    &(MDB_val){ k.len, k.bytes }, NULL), 0);
	memset(&at, 0, sizeof(at));
	assert_int_equal(ledger_check(&f->store, txn, &at, 3, why,
	    sizeof(why)), REFUSED);
	assert_string_equal(why, "the event at place 2 was removed");
	/* Behind it nothing is wrong. */
	assert_int_equal(ledger_get(&f->store, txn, 2, &at), 0);
	assert_int_equal(ledger_check(&f->store, txn, &at, 3, why,
	    sizeof(why)), 0);
	mdb_txn_abort(txn);
}

static void
test_signed_put_takes_only_the_head_of_its_place(void **state)
{
	struct fixture *f = *state;
	struct signed_row c = { .place = 2, .at = 7, .signature = { 5 } };
	struct signed_row got;
	struct ledger_row row;
	struct chain a, b;
	MDB_txn *txn;

	fill(f, &a, &b);
	txn = begin(f, true);
	assert_int_equal(signed_put(&f->store, txn, &c), REFUSED);
	assert_int_equal(ledger_get(&f->store, txn, 2, &row), 0);
	memcpy(c.head, row.head, 32);
	c.place = 3;
	assert_int_equal(signed_put(&f->store, txn, &c), REFUSED);
	c.place = 9;
	assert_int_equal(signed_put(&f->store, txn, &c), REFUSED);
	c.place = 2;
	assert_int_equal(signed_put(&f->store, txn, &c), 0);
	assert_int_equal(signed_get(&f->store, txn, 2, &got), 0);
	assert_memory_equal(got.head, row.head, 32);
	assert_memory_equal(got.signature, c.signature, 64);
	assert_int_equal(got.at, 7);
	assert_int_equal(signed_get(&f->store, txn, 1, &got), MDB_NOTFOUND);
	mdb_txn_abort(txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_ledger_append_numbers_all_runs_and_chains_them,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    test_ledger_last_of_nothing_is_place_0, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    test_ledger_check_names_what_was_changed_and_removed,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    test_signed_put_takes_only_the_head_of_its_place,
		    fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
