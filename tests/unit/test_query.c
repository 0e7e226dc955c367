/*
 * test_query.c: finding runs by prefix, and rows while others are added.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/record_fixture.h"

#include <sys/mman.h>

#include "tracker-worker/record/query.h"

static enum found
find(struct fixture *f, const char *text, uint8_t run[16], char *why,
    size_t size)
{
	enum found found;
	MDB_txn *txn;

	assert_int_equal(store_begin(&f->store, false, &txn), 0);
	found = run_find(&f->store, txn, text, run, why, size);
	mdb_txn_abort(txn);
	return found;
}

static void
test_run_find_takes_unique_prefixes(void **state)
{
	static const struct {
		const char	*text;
		enum found	 found;
	} cases[] = {
		{ "01010101-0100-0000-0000-000000000001", FOUND_all },
		{ "01010101-0100-0000-0000-000000000002", FOUND_all },
		{ "01010101-0100-0000-0000-000000000003", FOUND_nothing },
		{ "0101", FOUND_ambiguous },
		{ "01010101-", FOUND_ambiguous },
		{ "0202", FOUND_all },
		{ "02020", FOUND_all },
		{ "02021", FOUND_nothing },
		{ "AaBb", FOUND_nothing },
		{ "020", FOUND_nothing },
		{ "", FOUND_nothing },
		{ "02-02", FOUND_nothing },
		{ "0202020202", FOUND_nothing },	/* a dash is missing */
		{ "zzzz", FOUND_nothing },
		{ "01010101-0100-0000-0000-0000000000011", FOUND_nothing },
	};
	struct fixture *f = *state;
	struct chain a, b, c;
	uint8_t run[16];
	char why[256];

	chain_begin(&a, 1, 1);
	chain_begin(&b, 1, 2);
	chain_begin(&c, 2, 1);
	append_one(&f->store, &a, EVENT_run_started);
	append_one(&f->store, &b, EVENT_run_started);
	append_one(&f->store, &c, EVENT_run_started);
	for (size_t i = 0; i < nitems(cases); i++) {
		why[0] = '\0';
		if (find(f, cases[i].text, run, why, sizeof(why)) !=
		    cases[i].found)
			fail_msg("'%s': %s", cases[i].text, why);
		assert_true((cases[i].found == FOUND_all) ==
		    (why[0] == '\0'));
	}
	assert_int_equal(find(f, "0202", run, why, sizeof(why)), FOUND_all);
	assert_memory_equal(run, c.run, 16);
	pack_clear(&a.event);
	pack_clear(&b.event);
	pack_clear(&c.event);
}

/* Rows of a query until it ends; the last one's text under the key. */
static unsigned
rows(struct fixture *f, struct query *q, const char *key, char *last,
    size_t size)
{
	autovalue struct value *v = NULL;
	autofree char *text = NULL;
	struct pack p;
	unsigned n = 0;
	MDB_txn *txn;
	const char *why;
	int rc = 0;

	while (rc == 0) {
		pack_init(&p, MiB);
		assert_int_equal(store_begin(&f->store, false, &txn), 0);
		rc = query_next(&f->store, txn, q, &p);
		mdb_txn_abort(txn);
		if (rc == 0) {
			n++;
			value_free(v);
			v = value_decode(p.data, p.len, &why);
			assert_non_null(v);
		}
		pack_clear(&p);
	}
	assert_int_equal(rc, MDB_NOTFOUND);
	text = value_get_text(v, key);
	snprintf(last, size, "%s", text != NULL ? text : "");
	return n;
}

static void
test_query_next_lists_runs_newest_first(void **state)
{
	struct query q = { .kind = QUERY_runs, .fd = -1 };
	struct fixture *f = *state;
	struct chain c;
	char last[64];

	for (uint8_t i = 1; i <= 3; i++) {
		chain_begin(&c, i, i);
		append_one(&f->store, &c, EVENT_run_started);
		pack_clear(&c.event);
	}
	assert_int_equal(rows(f, &q, "run", last, sizeof(last)), 3);
	assert_string_equal(last, "01010101-0100-0000-0000-000000000001");
	chain_begin(&c, 9, 9);		/* newer than where we are */
	append_one(&f->store, &c, EVENT_run_started);
	pack_clear(&c.event);
	assert_int_equal(rows(f, &q, "run", last, sizeof(last)), 0);
}

static void
test_query_next_sees_events_that_are_added(void **state)
{
	struct query q = { .kind = QUERY_events, .fd = -1 };
	struct fixture *f = *state;
	struct chain c;
	char last[64];

	chain_begin(&c, 1, 1);
	append_one(&f->store, &c, EVENT_run_started);
	append_one(&f->store, &c, EVENT_phase_started);
	memcpy(q.run, c.run, 16);
	key_event(&q.at, q.run, 0);
	q.after = true;
	assert_int_equal(rows(f, &q, "type", last, sizeof(last)), 2);
	assert_string_equal(last, "phase.started");
	append_one(&f->store, &c, EVENT_tool_decided);
	assert_int_equal(rows(f, &q, "type", last, sizeof(last)), 1);
	assert_string_equal(last, "tool.decided");
	pack_clear(&c.event);
}

static void
test_query_next_notices_a_changed_output(void **state)
{
	struct query q = { .kind = QUERY_file, .fd = -1 };
	autoclose int record = open(".", O_RDONLY | O_DIRECTORY);
	autoclose int outputs = outputs_dir(record);
	struct file_entry entry = { .path = { (const uint8_t *)"f", 1 },
	    .size = 3 };
	struct fixture *f = *state;
	uint8_t digest[DIGEST_LEN];
	char why[256];
	struct pack p;
	MDB_txn *txn;

	crypto_hash_sha256(digest, (const uint8_t *)"abc", 3);
	assert_int_equal(output_store(outputs, digest, "abc", 3), 0);
	entry.digest = digest;
	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	assert_int_equal(file_put(&f->store, txn, q.run, &entry), 0);
	assert_int_equal(query_open_file(&f->store, txn, outputs, &q,
	    entry.path, why, sizeof(why)), FOUND_all);
	pack_init(&p, MiB);
	assert_int_equal(query_next(&f->store, txn, &q, &p), 0);
	assert_int_equal(p.len, 3);
	assert_int_equal(query_next(&f->store, txn, &q, &p), MDB_NOTFOUND);
	close(q.fd);
	q = (struct query){ .kind = QUERY_file, .fd = -1 };
	assert_int_equal(query_open_file(&f->store, txn, outputs, &q,
	    entry.path, why, sizeof(why)), FOUND_all);
	close(q.fd);
	q.fd = memfd_create("changed", 0);
	assert_int_equal(write(q.fd, "abd", 3), 3);
	assert_int_equal(query_next(&f->store, txn, &q, &p), REFUSED);
	close(q.fd);
	pack_clear(&p);
	mdb_txn_abort(txn);
}

#define CASE(name)	\
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_run_find_takes_unique_prefixes),
		CASE(test_query_next_lists_runs_newest_first),
		CASE(test_query_next_sees_events_that_are_added),
		CASE(test_query_next_notices_a_changed_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
