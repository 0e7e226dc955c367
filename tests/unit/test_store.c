/*
 * test_store.c: keys, order, growth and opening of the store.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/record_fixture.h"

#include <errno.h>
#include <sys/wait.h>

static void
test_store_open_finds_what_was_stored(void **state)
{
	struct fixture *f = *state;
	struct store_key k;
	MDB_txn *txn;
	MDB_val v;

	key_state(&k, (const uint8_t *)"0123456789abcdef", "a", 1);
	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	assert_int_equal(store_put(txn, f->store.state, &k, "one", 3), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	store_close(&f->store);
	assert_int_equal(store_open(&f->store, 1 << 20, 1 << 24), 0);
	assert_int_equal(store_begin(&f->store, false, &txn), 0);
	assert_int_equal(store_get(txn, f->store.state, &k, &v), 0);
	assert_int_equal(v.mv_size, 3);
	assert_memory_equal(v.mv_data, "one", 3);
	mdb_txn_abort(txn);
}

static void
test_store_open_survives_a_kill_at_the_first_write(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	assert_int_equal(truncate("data.mdb", 4096), 0);
	assert_int_equal(store_open(&f->store, 1 << 20, 1 << 24), 0);
	store_close(&f->store);
	assert_int_equal(truncate("data.mdb", 0), 0);
	assert_int_equal(store_open(&f->store, 1 << 20, 1 << 24), 0);
}

static void
test_store_open_refuses_another_format(void **state)
{
	struct fixture *f = *state;
	MDB_val key = { 6, (void *)"format" }, value = { 1, (void *)"\177" };
	MDB_txn *txn;
	MDB_dbi meta;

	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
	assert_int_equal(mdb_put(txn, meta, &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	store_close(&f->store);
	assert_int_equal(store_open(&f->store, 1 << 20, 1 << 24),
	    MDB_VERSION_MISMATCH);
	assert_null(f->store.env);
}

static void
test_store_open_refuses_what_is_no_store(void **state)
{
	struct fixture *f = *state;
	FILE *file;

	store_close(&f->store);
	file = fopen("data.mdb", "w");
	for (int i = 0; i < 20000; i++)
		fputc('x', file);
	fclose(file);
	assert_int_not_equal(store_open(&f->store, 1 << 20, 1 << 24), 0);
	assert_null(f->store.env);
}

static int
put_large(struct store *s, uint64_t seq)
{
	static uint8_t data[300000];
	struct store_key k;
	MDB_txn *txn;
	int rc;

	key_event(&k, (const uint8_t *)"0123456789abcdef", seq);
	if ((rc = store_begin(s, true, &txn)) != 0)
		return rc;
	if ((rc = store_put(txn, s->events, &k, data, sizeof(data))) != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

static void
test_store_grow_makes_room_up_to_its_bound(void **state)
{
	struct fixture *f = *state;
	uint64_t seq = 1;
	int rc;

	store_close(&f->store);
	unlink("data.mdb");
	assert_int_equal(store_open(&f->store, 1 << 20, 1 << 24), 0);
	for (;;) {
		while ((rc = put_large(&f->store, seq)) == 0)
			seq++;
		assert_int_equal(rc, MDB_MAP_FULL);
		if (store_grow(&f->store) != 0)
			break;
	}
	assert_int_equal(f->store.map, 1 << 24);
	assert_true(seq > 45);
	assert_int_equal(store_errno(MDB_MAP_FULL), ENOSPC);
}

static void
test_store_next_stays_within_its_prefix(void **state)
{
	struct fixture *f = *state;
	const uint8_t a[16] = { 1 }, b[16] = { 2 };
	struct store_key k;
	MDB_val key, value;
	MDB_txn *txn;

	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	key_event(&k, a, 255);
	assert_int_equal(store_put(txn, f->store.events, &k, "x", 1), 0);
	key_event(&k, a, 256);
	assert_int_equal(store_put(txn, f->store.events, &k, "y", 1), 0);
	key_event(&k, b, 1);
	assert_int_equal(store_put(txn, f->store.events, &k, "z", 1), 0);
	key_run(&k, a);
	assert_int_equal(store_next(txn, f->store.events, &k, 16, false, &key,
	    &value), 0);
	assert_memory_equal(value.mv_data, "x", 1);
	key_event(&k, a, 255);
	assert_int_equal(store_next(txn, f->store.events, &k, 16, true, &key,
	    &value), 0);
	assert_memory_equal(value.mv_data, "y", 1);
	key_event(&k, a, 256);
	assert_int_equal(store_next(txn, f->store.events, &k, 16, true, &key,
	    &value), MDB_NOTFOUND);
	mdb_txn_abort(txn);
}

static void
test_key_file_keeps_long_paths_apart(void **state)
{
	const uint8_t run[16] = { 1 };
	struct store_key a, b;
	char one[4096], two[4096];

	(void)state;
	memset(one, 'p', sizeof(one));
	memset(two, 'p', sizeof(two));
	two[4095] = 'q';
	key_file(&a, run, one, sizeof(one));
	key_file(&b, run, two, sizeof(two));
	assert_true(a.len <= sizeof(a.bytes));
	assert_true(a.len != b.len || memcmp(a.bytes, b.bytes, a.len) != 0);
	key_file(&a, run, "a", 1);
	key_file(&b, run, "a/b", 3);
	assert_true(a.len < b.len);
}

static void
test_record_lock_keeps_a_second_process_out(void **state)
{
	autoclose int fd = record_lock();
	int status;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0) {
		alarm(1);	/* it would wait for ten seconds */
		_exit(record_lock() == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

#define CASE(name)	\
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_store_open_finds_what_was_stored),
		CASE(test_store_open_survives_a_kill_at_the_first_write),
		CASE(test_store_open_refuses_another_format),
		CASE(test_store_open_refuses_what_is_no_store),
		CASE(test_store_grow_makes_room_up_to_its_bound),
		CASE(test_store_next_stays_within_its_prefix),
		CASE(test_key_file_keeps_long_paths_apart),
		CASE(test_record_lock_keeps_a_second_process_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
