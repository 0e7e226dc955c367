/*
 * test_run_state.c: the bounds of what a run keeps by name.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/record_fixture.h"

static const uint8_t run[16] = { 1 }, other[16] = { 2 };

static int
set(struct fixture *f, const uint8_t id[16], const char *key, size_t len,
    char *why, size_t size)
{
	autofree uint8_t *data = xcalloc(1, len);
	MDB_txn *txn;
	int rc;

	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	rc = state_set(&f->store, txn, id,
	    (struct bytes){ (const uint8_t *)key, strlen(key) },
	    (struct bytes){ data, len }, why, size);
	assert_int_equal(mdb_txn_commit(txn), 0);
	return rc;
}

static void
test_state_set_bounds_the_number_of_keys(void **state)
{
	struct fixture *f = *state;
	char key[32], why[256];

	for (unsigned i = 0; i < STATE_KEYS; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		assert_int_equal(set(f, run, key, 1, why, sizeof(why)), 0);
	}
	assert_int_equal(set(f, run, "more", 1, why, sizeof(why)), REFUSED);
	assert_non_null(strstr(why, "delete_state"));
	assert_int_equal(set(f, run, "key7", 5, why, sizeof(why)), 0);
	assert_int_equal(set(f, other, "more", 1, why, sizeof(why)), 0);
}

static void
test_state_set_bounds_the_bytes(void **state)
{
	struct fixture *f = *state;
	char key[2] = "a", why[256];

	for (; key[0] < 'a' + 7; key[0]++)
		assert_int_equal(set(f, run, key, MiB, why, sizeof(why)), 0);
	assert_int_equal(set(f, run, "z", MiB, why, sizeof(why)), REFUSED);
	assert_non_null(strstr(why, "bytes"));
	assert_int_equal(set(f, run, "a", 10, why, sizeof(why)), 0);
	assert_int_equal(set(f, run, "z", MiB, why, sizeof(why)), 0);
}

static void
test_state_set_refuses_keys_that_are_empty_or_long(void **state)
{
	struct fixture *f = *state;
	char key[300] = "", why[256];

	assert_int_equal(set(f, run, "", 1, why, sizeof(why)), REFUSED);
	memset(key, 'k', STATE_KEY_MAX);
	assert_int_equal(set(f, run, key, 1, why, sizeof(why)), 0);
	key[STATE_KEY_MAX] = 'k';
	assert_int_equal(set(f, run, key, 1, why, sizeof(why)), REFUSED);
}

static void
test_state_delete_tells_whether_it_was_there(void **state)
{
	struct fixture *f = *state;
	struct bytes key = { (const uint8_t *)"k", 1 };
	char why[256];
	MDB_txn *txn;
	bool found;

	assert_int_equal(set(f, run, "k", 1, why, sizeof(why)), 0);
	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	assert_int_equal(state_delete(&f->store, txn, other, key, &found), 0);
	assert_false(found);
	assert_int_equal(state_delete(&f->store, txn, run, key, &found), 0);
	assert_true(found);
	assert_int_equal(state_delete(&f->store, txn, run, key, &found), 0);
	assert_false(found);
	mdb_txn_abort(txn);
}

#define CASE(name)	\
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_state_set_bounds_the_number_of_keys),
		CASE(test_state_set_bounds_the_bytes),
		CASE(test_state_set_refuses_keys_that_are_empty_or_long),
		CASE(test_state_delete_tells_whether_it_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
