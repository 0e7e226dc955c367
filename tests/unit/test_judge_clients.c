/*
 * test_judge_clients.c: the real judge and its clients: refusals, open
 * sandboxes, questions to the record, slow readers.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/judge_steps.h"

/* --- clients --- */

static void
test_client_that_goes_cancels_its_run_and_all_leave(void **state)
{
	(void)state;
	started();
	seat_close(&world.client);
	assert_int_equal(EXPECT(seat_of(COGNITION), run_cancel)->stop,
	    STOP_cancelled);
	UNTIL(seat_of(COGNITION) == NULL);
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &(struct collect_done){ 0 });
	UNTIL(world.left);
	assert_int_equal(world.left_status, 0);
}

static void
test_client_of_another_version_is_refused(void **state)
{
	struct hello m = { .protocol = message_protocol() + 1 };

	(void)state;
	seat_close(&world.client);
	world.client = (struct seat){ .party = CLIENT, .open = true };
	channel_init(&world.client.c, socket(AF_UNIX, SOCK_SEQPACKET, 0),
	    CLIENT, JUDGE, dispatch_table);
	world.client.c.owner = &world.client;
	connect(world.client.c.fd, (struct sockaddr *)&world.address,
	    sizeof(world.address));
	send_hello(&world.client.c, &m);
	assert_int_equal(EXPECT(&world.client, refused)->status,
	    EXIT_unavailable);
}

static void
test_sandbox_that_does_not_exist_is_refused_by_name(void **state)
{
	struct pack p;
	struct run_request m = order(&p);
	struct refused *no;

	(void)state;
	snprintf(m.sandbox, sizeof(m.sandbox), "docker");
	send_run_request(&world.client.c, &m);
	no = EXPECT(&world.client, refused);
	assert_int_equal(no->status, 69);
	assert_int_equal(no->error, ERROR_SandboxInitializationError);
	assert_non_null(strstr(no->message, "not available in this version"));
	pack_clear(&p);
}

static void
test_setting_that_is_unknown_is_refused(void **state)
{
	struct pack p, s;
	struct run_request m = order(&p);

	(void)state;
	m.settings = setting(&s, "agents.max_iteration", "3");
	send_run_request(&world.client.c, &m);
	assert_int_equal(EXPECT(&world.client, refused)->status,
	    EXIT_config);
	pack_clear(&p);
	pack_clear(&s);
}

/* --- sandboxes without a model --- */

static void
text_of(char text[37], const uint8_t id[16])
{
	for (int i = 0, at = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		snprintf(text + at, 3, "%02x", id[i]);
		at += 2;
	}
}

static void
open_sandbox(char id[37])
{
	struct open_request open = { .request = 3, .settings = BLOB_NONE };

	send_open_request(&world.client.c, &open);
	UNTIL(seat_of(STREAM) != NULL);
	(void)EXPECT(seat_of(STREAM), stream_start);
	send_sandbox_ready(&seat_of(STREAM)->c,
	    &(struct sandbox_ready){ .info = BLOB("\x80", 1) });
	text_of(id, EXPECT(&world.client, sandbox_opened)->sandbox);
}

static void
test_sandbox_executes_for_a_client(void **state)
{
	struct exec_request exec = {
		.request = 4, .tool = "execute_command",
		.arguments = BLOB("\x80", 1), .input = BLOB_NONE,
		.credit = 10,
	};
	struct tool_output out = { .source = 1,
	    .data = { (const uint8_t *)"hello", 5 } };
	struct close_request end = { .request = 5 };
	struct tool_execute *execute;
	struct tool_done done;

	(void)state;
	open_sandbox(exec.sandbox);
	send_exec_request(&world.client.c, &exec);
	execute = EXPECT(seat_of(STREAM), tool_execute);
	assert_int_equal(execute->credit, 10);
	assert_int_equal(world.events[world.nevents - 1], EVENT_tool_decided);
	out.call = execute->call;
	done = outcome(execute->call);
	done.exit_code = 3;
	done.outcome = OUTCOME_failed;
	send_tool_output(&seat_of(STREAM)->c, &out);
	assert_int_equal(EXPECT(&world.client, exec_output)->data.len, 5);
	send_tool_done(&seat_of(STREAM)->c, &done);
	assert_int_equal(EXPECT(&world.client, exec_done)->exit_code, 3);
	memcpy(end.sandbox, exec.sandbox, sizeof(end.sandbox));
	send_close_request(&world.client.c, &end);
	(void)EXPECT(&world.client, done);
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &(struct collect_done){ 0 });
	UNTIL(seat_of(STREAM) == NULL);
	UNTIL(count_events(EVENT_run_completed) == 1);
}

static void
test_output_without_credit_ends_the_sandbox(void **state)
{
	struct exec_request exec = {
		.request = 4, .tool = "execute_command",
		.arguments = BLOB("\x80", 1), .input = BLOB_NONE,
		.credit = 10,
	};
	struct tool_output out = { .source = 1,
	    .data = { (const uint8_t *)"0123456789a", 11 } };

	(void)state;
	open_sandbox(exec.sandbox);
	send_exec_request(&world.client.c, &exec);
	out.call = EXPECT(seat_of(STREAM), tool_execute)->call;
	send_tool_output(&seat_of(STREAM)->c, &out);
	/* Not a byte of it is passed on; what the call did is not known. */
	assert_int_equal(EXPECT(&world.client, exec_done)->outcome,
	    OUTCOME_outcome_unknown);
	UNTIL(seat_of(STREAM) == NULL);
}

static void
test_sandbox_that_cannot_be_built_is_refused(void **state)
{
	struct open_request open = { .request = 3, .settings = BLOB_NONE };
	struct sandbox_failed m = {
		.error = ERROR_SandboxInitializationError,
		.reason = "no user namespaces",
	};
	struct refused *no;

	(void)state;
	send_open_request(&world.client.c, &open);
	UNTIL(seat_of(STREAM) != NULL);
	(void)EXPECT(seat_of(STREAM), stream_start);
	send_sandbox_failed(&seat_of(STREAM)->c, &m);
	no = EXPECT(&world.client, refused);
	assert_int_equal(no->request, 3);
	assert_int_equal(no->error, ERROR_SandboxInitializationError);
	assert_string_equal(no->message, "no user namespaces");
}

/* --- the record --- */

static void
test_query_passes_rows_with_credit(void **state)
{
	struct query_request q = { .request = 9, .kind = QUERY_runs,
	    .credit = 1 };
	struct query_credit more = { .request = 9, .credit = 2 };
	struct query_row row = { .row = BLOB("\x80", 1) };
	struct query_done end = { .found = FOUND_all };
	struct record_query *asked;

	(void)state;
	send_query_request(&world.client.c, &q);
	UNTIL(seat_of(TRACKER) != NULL &&
	    seat_of(TRACKER)->kind == MSG_record_query);
	asked = &seat_of(TRACKER)->got.record_query;
	assert_int_equal(asked->credit, 1);
	row.query = end.query = asked->query;
	send_query_row(&seat_of(TRACKER)->c, &row);
	(void)EXPECT(&world.client, row);
	send_query_credit(&world.client.c, &more);
	UNTIL(seat_of(TRACKER)->kind == MSG_row_credit);
	assert_int_equal(seat_of(TRACKER)->got.row_credit.credit, 2);
	send_query_done(&seat_of(TRACKER)->c, &end);
	(void)EXPECT(&world.client, done);
}

static void
test_watch_of_an_old_run_reads_the_record(void **state)
{
	struct watch_request m = { .request = 6,
	    .run = "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee" };
	struct query_row row;
	struct query_done end = { .found = FOUND_all };
	struct pack p;

	(void)state;
	send_watch_request(&world.client.c, &m);
	UNTIL(seat_of(TRACKER) != NULL &&
	    seat_of(TRACKER)->kind == MSG_record_query);
	assert_int_equal(seat_of(TRACKER)->got.record_query.kind, QUERY_run);
	row.query = seat_of(TRACKER)->got.record_query.query;
	pack_init(&p, 1024);
	pack_map(&p, 1);
	pack_key_text(&p, "run", m.run);
	row.row = BLOB(p.data, p.len);
	send_query_row(&seat_of(TRACKER)->c, &row);
	pack_clear(&p);
	end.query = row.query;
	send_query_done(&seat_of(TRACKER)->c, &end);
	UNTIL(seat_of(TRACKER)->kind == MSG_record_query &&
	    seat_of(TRACKER)->got.record_query.kind == QUERY_events);
	row.query = seat_of(TRACKER)->got.record_query.query;
	pack_map(&p, 4);
	pack_key_uint(&p, "seq", 1);
	pack_key_uint(&p, "ts", 77);
	pack_key_text(&p, "type", "run.completed");
	pack_text(&p, "body");
	pack_map(&p, 1);
	pack_key_text(&p, "stop_reason", "timeout");
	row.row = BLOB(p.data, p.len);
	send_query_row(&seat_of(TRACKER)->c, &row);
	assert_int_equal(EXPECT(&world.client, run_event)->at, 77);
	expect_end(STOP_timeout);
	pack_clear(&p);
}

/* One think phase with a summary that fills queues. */
static void
think_loudly(uint32_t iteration)
{
	static char text[12 * KiB];
	struct phase_completed m = { .step = STEP_think,
	    .iteration = iteration };

	memset(text, 'x', sizeof(text));
	m.summary = BLOB(text, sizeof(text));
	phase(STEP_think, iteration);
	assert_int_equal(send_phase_completed(&seat_of(COGNITION)->c, &m), 0);
}

static void
test_client_that_reads_late_misses_no_recorded_event(void **state)
{
	struct pack p;
	struct run_request m = order(&p);
	uint64_t seq = 0, end;
	int got;

	(void)state;
	world.keeps = true;
	m.max_iterations = 500;
	run_until_started(&m);
	/* The client does not read: 6 MB, far more than may wait for it. */
	for (uint32_t i = 1; i <= 500; i++) {
		think_loudly(i);
		world_turn(NULL, 0);
		UNTIL(world.nevents >= 2 * i);
	}
	UNTIL(world.nevents == 1001);
	finish();
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &(struct collect_done){ 0 });
	UNTIL(world.nevents == 1002);
	end = now_mono_ms() + 20000;
	do {
		got = world_turn(&world.client, 100);
		if (got != 1 || world.client.kind != MSG_run_event)
			continue;
		assert_int_equal(world.client.got.run_event.seq, seq + 1);
		seq++;
	} while (world.client.kind != MSG_run_ended && got != -1 &&
	    now_mono_ms() < end);
	assert_int_equal(seq, 1002);
	assert_int_equal(world.client.kind, MSG_run_ended);
	assert_int_equal(world.client.got.run_ended.stop, STOP_finished);
	assert_true(world.queries > 0);		/* it came from the record */
	pack_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_client_that_goes_cancels_its_run_and_all_leave),
		CASE(test_client_of_another_version_is_refused),
		CASE(test_sandbox_that_does_not_exist_is_refused_by_name),
		CASE(test_setting_that_is_unknown_is_refused),
		CASE(test_sandbox_executes_for_a_client),
		CASE(test_output_without_credit_ends_the_sandbox),
		CASE(test_sandbox_that_cannot_be_built_is_refused),
		CASE(test_query_passes_rows_with_credit),
		CASE(test_watch_of_an_old_run_reads_the_record),
		CASE(test_client_that_reads_late_misses_no_recorded_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
