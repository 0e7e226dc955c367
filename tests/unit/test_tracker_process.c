/*
 * test_tracker_process.c: the real tracker-record, confined, played with by a
 * test that is its judge: commits, refusals, queries, a full disk, kills.
 * Runs in: unit tests; the disk test in a mount namespace of its own.
 * Input: none.
 */
#include "tests/unit/as_judge.h"

#include "tests/unit/own_mounts.h"
#include "tests/unit/record_fixture.h"

/* What the worker has said. */
static struct {
	bool		 recorded_flag;
	uint64_t	 recorded;
	unsigned	 commits;
	bool		 failed_flag;
	uint64_t	 failed;
	uint32_t	 error;
	char		 reason[257];
	bool		 row_flag;
	unsigned	 rows;
	struct value	*row;		/* the last one, decoded */
	struct pack	 bytes;		/* of a file */
	bool		 end_flag;
	uint8_t		 found;
	char		 end_reason[257];
	bool		 done_flag;
	uint8_t		 outcome;
	struct value	*result;
} seen;

static int
see_row(struct query_row *m)
{
	const char *why;

	assert_int_equal(blob_map(&m->row), 0);
	value_free(seen.row);
	seen.row = value_decode(m->row.data, m->row.len, &why);
	pack_raw(&seen.bytes, m->row.data, m->row.len);
	seen.rows++;
	seen.row_flag = true;
	return 0;
}

static int
see_done(struct tool_done *m)
{
	const char *why;

	assert_int_equal(blob_map(&m->result), 0);
	value_free(seen.result);
	seen.result = value_decode(m->result.data, m->result.len, &why);
	seen.outcome = m->outcome;
	seen.done_flag = true;
	return 0;
}

static int
driver_seen(struct channel *c, enum message type, void *m)
{
	struct record_failed *failed = m;
	struct query_done *done = m;

	(void)c;
	if (type == MSG_recorded) {
		seen.recorded = ((struct recorded *)m)->token;
		seen.commits++;
		seen.recorded_flag = true;
	} else if (type == MSG_record_failed) {
		seen.failed = failed->token;
		seen.error = failed->error;
		snprintf(seen.reason, sizeof(seen.reason), "%s",
		    failed->reason);
		seen.failed_flag = true;
	} else if (type == MSG_query_row) {
		return see_row(m);
	} else if (type == MSG_query_done) {
		seen.found = done->found;
		snprintf(seen.end_reason, sizeof(seen.end_reason), "%s",
		    done->reason);
		seen.end_flag = true;
	} else if (type == MSG_tool_done) {
		return see_done(m);
	}
	return 0;
}

static void
forget(void)
{
	value_free(seen.row);
	value_free(seen.result);
	pack_clear(&seen.bytes);
	memset(&seen, 0, sizeof(seen));
	pack_init(&seen.bytes, 128 * MiB);
}

static uint64_t next_token;

static void
start(struct worker *w, const char *directory)
{
	forget();
	next_token = 0;
	worker_start(w, TRACKER, "tracker-record", &page_tracker_record,
	    directory);
}

static void
send_event(struct worker *w, struct chain *c, enum event_type type,
    size_t filler, bool durable)
{
	struct append_request m = {
		.token = ++next_token,
		.seq = c->seq + 1,
		.type = (uint8_t)type,
		.durable = durable
	};

	chain_next(c, type, filler);
	memcpy(m.run, c->run, 16);
	memcpy(m.digest, c->digest, DIGEST_LEN);
	m.body = BLOB(c->event.data, c->event.len);
	assert_int_equal(send_append_request(&w->c, &m), 0);
}

static void
event_recorded(struct worker *w, struct chain *c, enum event_type type,
    size_t filler)
{
	seen.recorded_flag = false;
	send_event(w, c, type, filler, true);
	assert_true(worker_until(w, &seen.recorded_flag, 20000));
	assert_int_equal(seen.recorded, next_token);
	chain_moved(c);
}

static void
ask(struct worker *w, enum query_kind kind, const char *run, uint64_t since,
    uint32_t limit, uint32_t credit, const char *path)
{
	struct record_query m = {
		.query = ++next_token,
		.kind = (uint8_t)kind,
		.since = since,
		.limit = limit,
		.credit = credit,
		.path = { (const uint8_t *)path, strlen(path) }
	};

	forget();
	snprintf(m.run, sizeof(m.run), "%s", run);
	assert_int_equal(send_record_query(&w->c, &m), 0);
}

static unsigned
rows_of(struct worker *w, enum query_kind kind, const char *run)
{
	ask(w, kind, run, 0, 0, 1000000, "");
	assert_true(worker_until(w, &seen.end_flag, 20000));
	assert_int_equal(seen.found, FOUND_all);
	return seen.rows;
}

static void
call(struct worker *w, const struct chain *c, const char *tool,
    const char *key, const char *value)
{
	struct state_execute m = { .call = ++next_token };
	struct pack p;

	forget();
	pack_init(&p, MiB);
	pack_map(&p, (key != NULL) + (value != NULL));
	if (key != NULL)
		pack_key_text(&p, "key", key);
	if (value != NULL)
		pack_key_text(&p, "value", value);
	memcpy(m.run, c->run, 16);
	snprintf(m.tool, sizeof(m.tool), "%s", tool);
	m.arguments = BLOB(p.data, p.len);
	assert_int_equal(send_state_execute(&w->c, &m), 0);
	assert_true(worker_until(w, &seen.done_flag, 20000));
	pack_clear(&p);
}

static int
make_directory(void **state)
{
	char *path = xcalloc(1, 256);

	assert_true(sodium_init() >= 0);
	directory_make(path, 256);
	*state = path;
	return 0;
}

static int
remove_directory(void **state)
{
	forget();
	directory_remove(*state);
	free(*state);
	return 0;
}

static void
test_tracker_commits_together_what_arrives_together(void **state)
{
	struct worker w;
	struct chain c;

	chain_begin(&c, 1, 1);
	start(&w, *state);
	kill(w.pid, SIGSTOP);
	for (int i = 0; i < 100; i++) {
		send_event(&w, &c, i == 0 ? EVENT_run_started :
		    EVENT_phase_completed, i % 10 == 0 ? 100 : 20000, i == 99);
		chain_moved(&c);
	}
	kill(w.pid, SIGCONT);
	while (seen.recorded < 100) {
		seen.recorded_flag = false;
		assert_true(worker_until(&w, &seen.recorded_flag, 5000));
	}
	assert_true(seen.commits <= 2);
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&c.event);
}

static void
test_tracker_keeps_everything_when_the_judge_leaves(void **state)
{
	struct worker w;
	struct chain c;

	chain_begin(&c, 1, 1);
	start(&w, *state);
	for (int i = 0; i < 3; i++) {
		send_event(&w, &c, EVENT_phase_started, 10, false);
		chain_moved(&c);
	}
	assert_int_equal(worker_end(&w), 0);
	start(&w, *state);
	assert_int_equal(rows_of(&w, QUERY_events, "0101"), 3);
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&c.event);
}

static void
refused(struct worker *w, const char *word)
{
	seen.failed_flag = false;
	assert_true(worker_until(w, &seen.failed_flag, 5000));
	assert_int_equal(seen.error, EINVAL);
	assert_int_equal(seen.failed, next_token);
	assert_non_null(strstr(seen.reason, word));
}

static void
test_tracker_refuses_events_that_break_the_chain(void **state)
{
	struct append_request m = { .token = 0 };
	struct chain c;
	struct worker w;

	chain_begin(&c, 1, 1);
	start(&w, *state);
	event_recorded(&w, &c, EVENT_run_started, 10);
	c.seq++;				/* a gap */
	send_event(&w, &c, EVENT_phase_started, 10, true);
	refused(&w, "cannot follow");
	c.seq -= 2;				/* again */
	send_event(&w, &c, EVENT_phase_started, 10, true);
	refused(&w, "cannot follow");
	c.seq++;
	c.previous[0] ^= 1;			/* another past */
	send_event(&w, &c, EVENT_phase_started, 10, true);
	refused(&w, "digest of the event before");
	c.previous[0] ^= 1;
	chain_next(&c, EVENT_phase_started, 10);	/* another digest */
	m.token = ++next_token;
	m.seq = 2;
	m.type = EVENT_phase_started;
	memcpy(m.run, c.run, 16);
	m.body = BLOB(c.event.data, c.event.len);
	assert_int_equal(send_append_request(&w.c, &m), 0);
	refused(&w, "digest is not that");
	memcpy(m.digest, c.digest, DIGEST_LEN);
	m.token = ++next_token;
	m.type = EVENT_run_completed;			/* another type */
	assert_int_equal(send_append_request(&w.c, &m), 0);
	refused(&w, "names another");
	event_recorded(&w, &c, EVENT_phase_started, 10);
	assert_int_equal(rows_of(&w, QUERY_events, "0101"), 2);
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&c.event);
}

static void
test_tracker_answers_state_tools(void **state)
{
	struct worker w;
	struct chain c;

	chain_begin(&c, 1, 1);
	start(&w, *state);
	event_recorded(&w, &c, EVENT_run_started, 10);
	call(&w, &c, "set_state", "color", "green");
	assert_int_equal(seen.outcome, OUTCOME_ok);
	call(&w, &c, "get_state", "color", NULL);
	assert_true(value_is_text(value_get(seen.result, "value"), "green"));
	call(&w, &c, "get_state", "colour", NULL);
	assert_int_equal(seen.outcome, OUTCOME_ok);
	assert_false(value_get_bool(seen.result, "found", true));
	call(&w, &c, "list_state", NULL, NULL);
	assert_true(value_is_text(value_get(value_get(seen.result, "state"),
	    "color"), "green"));
	assert_int_equal(rows_of(&w, QUERY_state, "0101"), 1);
	call(&w, &c, "delete_state", "color", NULL);
	assert_true(value_get_bool(seen.result, "found", false));
	call(&w, &c, "get_state", "color", NULL);
	assert_false(value_get_bool(seen.result, "found", true));
	call(&w, &c, "set_state", "color", NULL);
	assert_int_equal(seen.outcome, OUTCOME_failed);
	assert_true(value_is_text(value_get(seen.result, "error"),
	    "SchemaValidationError"));
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&c.event);
}

static void
store(struct worker *w, const struct chain *c, const char *path,
    const uint8_t *data, size_t len)
{
	struct store_file m = {
		.token = ++next_token,
		.mode = 0644,
		.modified = 1700000000123,
		.path = { (const uint8_t *)path, strlen(path) },
		.content = BLOB(data, len)
	};

	seen.recorded_flag = false;
	memcpy(m.run, c->run, 16);
	crypto_hash_sha256(m.digest, data, len);
	assert_int_equal(send_store_file(&w->c, &m), 0);
	assert_true(worker_until(w, &seen.recorded_flag, 20000));
}

static void
test_tracker_returns_recorded_files_byte_for_byte(void **state)
{
	size_t len = 3 * MiB + 17;
	autofree uint8_t *data = xcalloc(1, len);
	struct worker w;
	struct chain c;

	randombytes_buf(data, len);
	chain_begin(&c, 1, 1);
	start(&w, *state);
	event_recorded(&w, &c, EVENT_run_started, 10);
	store(&w, &c, "big.bin", data, len);
	store(&w, &c, "again.bin", data, len);
	store(&w, &c, "empty", data, 0);
	assert_int_equal(rows_of(&w, QUERY_files, "0101"), 3);
	assert_int_equal(value_get_int(seen.row, "mode", 0), 0644);
	ask(&w, QUERY_file, "0101", 0, 0, 100, "big.bin");
	assert_true(worker_until(&w, &seen.end_flag, 20000));
	assert_int_equal(seen.found, FOUND_all);
	assert_int_equal(seen.rows, 4);
	assert_int_equal(seen.bytes.len, len);
	assert_memory_equal(seen.bytes.data, data, len);
	ask(&w, QUERY_file, "0101", 0, 0, 100, "../big.bin");
	assert_true(worker_until(&w, &seen.end_flag, 20000));
	assert_int_equal(seen.found, FOUND_nothing);
	call(&w, &c, "get_recorded_files", NULL, NULL);
	assert_int_equal(value_get(seen.result, "files")->list.count, 3);
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&c.event);
}

static void
test_tracker_sends_rows_only_for_credit(void **state)
{
	struct row_credit more = { .credit = 2 };
	struct query_cancel cancel;
	struct worker w;
	struct chain c;

	chain_begin(&c, 1, 1);
	start(&w, *state);
	for (int i = 0; i < 10; i++)
		event_recorded(&w, &c, EVENT_phase_started, 20000);
	ask(&w, QUERY_events, "0101", 3, 0, 3, "");
	assert_false(worker_until(&w, &seen.end_flag, 200));
	assert_int_equal(seen.rows, 3);
	assert_int_equal(value_get_int(seen.row, "seq", 0), 6);
	event_recorded(&w, &c, EVENT_phase_started, 10);
	more.query = next_token - 1;
	assert_int_equal(send_row_credit(&w.c, &more), 0);
	assert_false(worker_until(&w, &seen.end_flag, 200));
	assert_int_equal(seen.rows, 5);
	more.credit = 3;	/* exactly the rest: the end needs none */
	assert_int_equal(send_row_credit(&w.c, &more), 0);
	assert_true(worker_until(&w, &seen.end_flag, 2000));
	assert_int_equal(seen.rows, 8);
	ask(&w, QUERY_events, "0101", 0, 4, 100, "");
	assert_true(worker_until(&w, &seen.end_flag, 2000));
	assert_int_equal(seen.rows, 4);
	ask(&w, QUERY_events, "0101", 0, 0, 1, "");
	assert_true(worker_until(&w, &seen.row_flag, 2000));
	cancel.query = next_token;
	assert_int_equal(send_query_cancel(&w.c, &cancel), 0);
	assert_int_equal(rows_of(&w, QUERY_runs, ""), 1);
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&c.event);
}

static void
test_tracker_grows_its_map_when_it_is_full(void **state)
{
	struct worker w;
	struct chain c;

	chain_begin(&c, 1, 1);
	start(&w, *state);
	for (int i = 0; i < 5; i++)
		event_recorded(&w, &c, EVENT_phase_completed, 8 * MiB);
	assert_int_equal(worker_end(&w), 0);
	start(&w, *state);		/* larger than its first map */
	event_recorded(&w, &c, EVENT_phase_completed, 30 * MiB);
	assert_int_equal(rows_of(&w, QUERY_events, "0101"), 6);
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&c.event);
}

static void
test_tracker_finds_runs_newest_first_and_by_prefix(void **state)
{
	struct chain a, b;
	struct worker w;

	chain_begin(&a, 1, 1);
	chain_begin(&b, 1, 2);
	start(&w, *state);
	event_recorded(&w, &a, EVENT_run_started, 10);
	event_recorded(&w, &b, EVENT_run_started, 10);
	event_recorded(&w, &b, EVENT_tool_completed, 10);
	event_recorded(&w, &b, EVENT_run_completed, 10);
	assert_int_equal(rows_of(&w, QUERY_runs, ""), 2);
	assert_true(value_is_text(value_get(seen.row, "status"), "running"));
	ask(&w, QUERY_run, "0101", 0, 0, 10, "");
	assert_true(worker_until(&w, &seen.end_flag, 2000));
	assert_int_equal(seen.found, FOUND_ambiguous);
	ask(&w, QUERY_run, "010", 0, 0, 10, "");
	assert_true(worker_until(&w, &seen.end_flag, 2000));
	assert_int_equal(seen.found, FOUND_nothing);
	assert_int_equal(rows_of(&w, QUERY_run,
	    "01010101-0100-0000-0000-000000000002"), 1);
	assert_true(value_is_text(value_get(seen.row, "status"), "finished"));
	assert_int_equal(value_get_int(seen.row, "events", 0), 3);
	assert_int_equal(value_get_int(value_get(seen.row, "summary"),
	    "iterations", 0), 7);
	assert_int_equal(worker_end(&w), 0);
	pack_clear(&a.event);
	pack_clear(&b.event);
}

/* Every event that was told to be recorded is there. */
static void
check_after_kill(struct worker *w, const char *directory, uint64_t told)
{
	start(w, directory);
	if (told > 0)
		assert_true(rows_of(w, QUERY_events, "0101") >= told);
	assert_int_equal(worker_end(w), 0);
}

static void
test_tracker_opens_again_after_kills_at_any_moment(void **state)
{
	struct worker w;
	struct chain c;
	uint64_t told;
	int status;

	for (int i = 0; i < 20; i++) {
		chain_begin(&c, 1, 1);
		start(&w, *state);
		for (int n = 0; n < 60; n++) {
			send_event(&w, &c, EVENT_phase_completed, 3000,
			    n % 5 == 4);
			chain_moved(&c);
		}
		usleep((useconds_t)randombytes_uniform(6000));
		kill(w.pid, SIGKILL);
		/* What it said before it died is still in the channel. */
		do {
			seen.recorded_flag = false;
		} while (worker_until(&w, &seen.recorded_flag, 1000));
		told = seen.recorded;
		channel_clear(&w.c);
		waitpid(w.pid, &status, 0);
		check_after_kill(&w, *state, told);
		pack_clear(&c.event);
		remove_directory(state);
		make_directory(state);
	}
}

static void
fill(const char *directory, const char *name, size_t len)
{
	char path[512];
	autoclose int fd = -1;
	static const uint8_t zeros[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	for (size_t n = 0; n < len; n += sizeof(zeros))
		if (write(fd, zeros, sizeof(zeros)) < 0)
			break;
}

static void
drop(const char *directory, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(unlink(path), 0);
}

static void
test_tracker_outlives_a_full_disk(void **state)
{
	struct store_file file = { .path = { (const uint8_t *)"f", 1 } };
	autofree uint8_t *data = xcalloc(1, 200000);
	struct worker w;
	struct chain c;
	uint64_t before;

	if (!own_mounts())
		skip();
	assert_int_equal(mount("none", *state, "tmpfs", 0, "size=2m"), 0);
	fill(*state, "ballast", 1 << 20);
	chain_begin(&c, 1, 1);
	start(&w, *state);
	event_recorded(&w, &c, EVENT_run_started, 10);
	while (!seen.failed_flag) {
		seen.recorded_flag = false;
		send_event(&w, &c, EVENT_phase_completed, 50000, true);
		before = seen.recorded;
		while (seen.recorded == before && !seen.failed_flag)
			assert_int_equal(channel_receive(&w.c), RECEIVED);
		if (!seen.failed_flag)
			chain_moved(&c);
	}
	assert_int_equal(seen.error, ENOSPC);
	assert_non_null(strstr(seen.reason, "full"));
	assert_true(c.seq > 3);
	assert_int_equal(rows_of(&w, QUERY_events, "0101"), c.seq);
	file.token = ++next_token;
	file.content = BLOB(data, 200000);
	memcpy(file.run, c.run, 16);
	crypto_hash_sha256(file.digest, data, 200000);
	assert_int_equal(send_store_file(&w.c, &file), 0);
	assert_true(worker_until(&w, &seen.failed_flag, 5000));
	assert_int_equal(seen.error, ENOSPC);
	drop(*state, "ballast");
	event_recorded(&w, &c, EVENT_phase_completed, 50000);
	store(&w, &c, "f", data, 200000);
	assert_int_equal(rows_of(&w, QUERY_events, "0101"), c.seq);
	assert_int_equal(worker_end(&w), 0);
	fill(*state, "ballast", 4 << 20);	/* it opens while it is full */
	start(&w, *state);
	assert_int_equal(rows_of(&w, QUERY_events, "0101"), c.seq);
	assert_int_equal(worker_end(&w), 0);
	assert_int_equal(umount(*state), 0);
	pack_clear(&c.event);
}

#define CASE(name)	\
	cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_tracker_commits_together_what_arrives_together),
		CASE(test_tracker_keeps_everything_when_the_judge_leaves),
		CASE(test_tracker_refuses_events_that_break_the_chain),
		CASE(test_tracker_answers_state_tools),
		CASE(test_tracker_returns_recorded_files_byte_for_byte),
		CASE(test_tracker_sends_rows_only_for_credit),
		CASE(test_tracker_grows_its_map_when_it_is_full),
		CASE(test_tracker_finds_runs_newest_first_and_by_prefix),
		CASE(test_tracker_opens_again_after_kills_at_any_moment),
		CASE(test_tracker_outlives_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
