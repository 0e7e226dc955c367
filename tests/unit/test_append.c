/*
 * test_append.c: events, their chain, and the index of runs.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/record_fixture.h"

static int
try(struct fixture *f, struct chain *c, char *why, size_t size)
{
	MDB_txn *txn;
	int rc;

	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	rc = append(&f->store, txn, c, why, size);
	mdb_txn_abort(txn);
	return rc;
}

static void
test_event_append_keeps_a_chain(void **state)
{
	struct fixture *f = *state;
	struct head head;
	struct chain c;
	MDB_txn *txn;

	chain_begin(&c, 1, 1);
	append_one(&f->store, &c, EVENT_run_started);
	append_one(&f->store, &c, EVENT_phase_completed);
	assert_int_equal(store_begin(&f->store, false, &txn), 0);
	assert_int_equal(head_get(&f->store, txn, c.run, &head), 0);
	mdb_txn_abort(txn);
	assert_int_equal(head.seq, 2);
	assert_memory_equal(head.digest, c.digest, DIGEST_LEN);
	pack_clear(&c.event);
}

static void
test_event_append_refuses_a_gap_and_a_repetition(void **state)
{
	struct fixture *f = *state;
	struct chain c;
	char why[256];

	chain_begin(&c, 1, 1);
	c.seq = 1;
	chain_next(&c, EVENT_run_started, 1);
	assert_int_equal(try(f, &c, why, sizeof(why)), REFUSED);
	c.seq = 0;
	append_one(&f->store, &c, EVENT_run_started);
	c.seq = 0;
	chain_next(&c, EVENT_run_started, 1);
	assert_int_equal(try(f, &c, why, sizeof(why)), REFUSED);
	c.seq = 1;
	chain_next(&c, EVENT_phase_started, 1);
	assert_int_equal(try(f, &c, why, sizeof(why)), 0);
	pack_clear(&c.event);
}

static void
test_event_append_refuses_another_past(void **state)
{
	struct fixture *f = *state;
	struct chain c;
	char why[256];

	chain_begin(&c, 1, 1);
	c.previous[31] = 1;		/* the first has none */
	chain_next(&c, EVENT_run_started, 1);
	assert_int_equal(try(f, &c, why, sizeof(why)), REFUSED);
	c.previous[31] = 0;
	append_one(&f->store, &c, EVENT_run_started);
	memset(c.previous, 0, DIGEST_LEN);
	chain_next(&c, EVENT_phase_started, 1);
	assert_int_equal(try(f, &c, why, sizeof(why)), REFUSED);
	assert_non_null(strstr(why, "digest"));
	pack_clear(&c.event);
}

static void
test_event_append_refuses_another_tenant(void **state)
{
	struct fixture *f = *state;
	struct event_view e;
	struct chain c;
	char why[256];
	const char *broken;
	MDB_txn *txn;

	chain_begin(&c, 1, 1);
	append_one(&f->store, &c, EVENT_run_started);
	chain_next(&c, EVENT_phase_started, 1);
	assert_int_equal(event_read(&e, c.event.data, c.event.len, &broken),
	    0);
	e.tenant = "DEFAULT";
	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	assert_int_equal(event_append(&f->store, txn, &e,
	    (struct bytes){ c.event.data, c.event.len }, c.digest, why,
	    sizeof(why)), REFUSED);
	mdb_txn_abort(txn);
	assert_non_null(strstr(why, "tenant"));
	pack_clear(&c.event);
}

static void
test_event_read_refuses_every_cut_and_changed_head(void **state)
{
	struct event_view e;
	struct chain c;
	const char *why;
	uint8_t saved;

	(void)state;
	chain_begin(&c, 1, 1);
	chain_next(&c, EVENT_run_started, 5);
	assert_int_equal(event_read(&e, c.event.data, c.event.len, &why), 0);
	assert_int_equal(e.seq, 1);
	for (size_t n = 0; n < c.event.len; n++)
		assert_int_equal(event_read(&e, c.event.data, n, &why), -1);
	saved = c.event.data[0];
	c.event.data[0] = 0x96;		/* a list of six */
	assert_int_equal(event_read(&e, c.event.data, c.event.len, &why), -1);
	c.event.data[0] = saved;
	c.event.data[1] = 0xa0;		/* no tenant */
	assert_int_equal(event_read(&e, c.event.data, c.event.len, &why), -1);
	pack_clear(&c.event);
}

static void
test_row_follows_the_events_of_its_run(void **state)
{
	struct fixture *f = *state;
	struct run_row row;
	struct chain c;
	MDB_txn *txn;

	chain_begin(&c, 1, 1);
	append_one(&f->store, &c, EVENT_run_started);
	append_one(&f->store, &c, EVENT_tool_completed);
	append_one(&f->store, &c, EVENT_tool_completed);
	assert_int_equal(store_begin(&f->store, false, &txn), 0);
	assert_int_equal(row_get(&f->store, txn, c.run, &row), 0);
	mdb_txn_abort(txn);
	assert_string_equal(row.status, "running");
	assert_string_equal(row.goal, "find the primes");
	assert_string_equal(row.tenant, "default");
	assert_int_equal(row.tool_calls, 2);
	assert_int_equal(row.ended, 0);
	append_one(&f->store, &c, EVENT_run_completed);
	assert_int_equal(store_begin(&f->store, false, &txn), 0);
	assert_int_equal(row_get(&f->store, txn, c.run, &row), 0);
	mdb_txn_abort(txn);
	assert_string_equal(row.status, "finished");
	assert_int_equal(row.iterations, 7);
	assert_int_equal(row.completed, 4);
	assert_true(row.ended > row.started);
	pack_clear(&c.event);
}

#define CASE(name)	\
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_event_append_keeps_a_chain),
		CASE(test_event_append_refuses_a_gap_and_a_repetition),
		CASE(test_event_append_refuses_another_past),
		CASE(test_event_append_refuses_another_tenant),
		CASE(test_event_read_refuses_every_cut_and_changed_head),
		CASE(test_row_follows_the_events_of_its_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
