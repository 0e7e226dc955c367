/*
 * test_judge_faults.c: the real judge and peers that break the contract, die,
 * hang, or cannot record.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/judge_steps.h"

/* --- broken contracts --- */

static void
test_phase_out_of_order_is_integrity(void **state)
{
	(void)state;
	started();
	phase(STEP_act, 1);
	expect_end(STOP_integrity);
	UNTIL(seat_of(COGNITION) == NULL);
}

static void
test_phase_beyond_max_iterations_is_integrity(void **state)
{
	struct phase_completed done = { .step = STEP_think, .iteration = 1,
	    .summary = BLOB_NONE };

	(void)state;
	started();
	for (uint32_t i = 1; i <= 3; i++) {
		done.iteration = i;
		phase(STEP_think, i);
		send_phase_completed(&seat_of(COGNITION)->c, &done);
	}
	expect_end(STOP_integrity);
}

static void
test_call_number_used_twice_is_integrity(void **state)
{
	(void)state;
	started();
	ask_tool(7, "calculator");
	(void)EXPECT(seat_of(STREAM), tool_execute);
	ask_tool(7, "calculator");
	expect_end(STOP_integrity);
}

static void
test_done_without_an_answer_is_integrity(void **state)
{
	struct run_done m = { .stop = STOP_finished, .answer = BLOB_NONE };

	(void)state;
	started();
	send_run_done(&seat_of(COGNITION)->c, &m);
	expect_end(STOP_integrity);
}

static void
test_message_before_ready_is_integrity(void **state)
{
	struct pack p;
	struct run_request m = order(&p);

	(void)state;
	world.eager = true;
	send_run_request(&world.client.c, &m);
	(void)EXPECT(&world.client, run_accepted);
	expect_end(STOP_integrity);
	pack_clear(&p);
}

static void
test_output_of_another_call_is_integrity(void **state)
{
	struct tool_output out = { .source = 1,
	    .data = { (const uint8_t *)"x", 1 } };
	struct tool_execute *execute;

	(void)state;
	started();
	ask_tool(1, "execute_shell");
	execute = EXPECT(seat_of(STREAM), tool_execute);
	assert_true(execute->credit > 0);
	out.call = execute->call + 1;
	send_tool_output(&seat_of(STREAM)->c, &out);
	expect_end(STOP_integrity);
}

static void
test_worker_that_is_not_confined_gets_no_work(void **state)
{
	struct pack p;
	struct run_request m = order(&p);
	struct run_ended *end;
	autovalue struct value *summary = NULL;
	autofree char *message = NULL;
	const char *why;

	(void)state;
	world.unconfined = COGNITION;
	send_run_request(&world.client.c, &m);
	(void)EXPECT(&world.client, run_accepted);
	end = EXPECT(&world.client, run_ended);
	assert_int_equal(end->stop, STOP_integrity);
	summary = value_decode(end->summary.data, end->summary.len, &why);
	message = value_get_text(value_get(summary, "error"), "message");
	assert_non_null(message);
	assert_non_null(strstr(message, "Seccomp is 0"));
	pack_clear(&p);
}

/* --- deaths and failures --- */

static void
test_call_is_not_executed_if_it_cannot_be_recorded(void **state)
{
	(void)state;
	started();
	world.fail = EVENT_tool_decided;
	ask_tool(1, "execute_shell");
	expect_end(STOP_record_error);
	for (size_t i = 0; i < world.nseats; i++)
		assert_int_not_equal(world.seats[i].kind, MSG_tool_execute);
}

static void
test_end_that_cannot_be_recorded_is_no_success(void **state)
{
	(void)state;
	started();
	world.fail = EVENT_run_completed;
	finish();
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &(struct collect_done){ 0 });
	expect_end(STOP_record_error);
}

static void
test_death_of_the_tracker_ends_the_run(void **state)
{
	(void)state;
	started();
	supervisor_kill(seat_of(TRACKER)->number);
	expect_end(STOP_record_error);
}

static void
test_death_of_the_tracker_is_noted_by_the_next_one(void **state)
{
	(void)state;
	started();
	ask_tool(1, "execute_shell");
	(void)EXPECT(seat_of(STREAM), tool_execute);
	supervisor_kill(seat_of(TRACKER)->number);
	/* A new one is started, and takes what the call and the run came to. */
	expect_end(STOP_record_error);
	assert_int_equal(count_events(EVENT_tool_completed), 1);
	assert_int_equal(count_events(EVENT_run_completed), 1);
	UNTIL(seat_of(COGNITION) == NULL && seat_of(STREAM) == NULL);
}

static void
test_death_of_the_sandbox_leaves_the_outcome_unknown(void **state)
{
	(void)state;
	started();
	ask_tool(1, "execute_shell");
	(void)EXPECT(seat_of(STREAM), tool_execute);
	supervisor_kill(seat_of(STREAM)->number);
	expect_end(STOP_sandbox_error);
	assert_int_equal(count_events(EVENT_tool_completed), 1);
}

static void
test_death_of_cognition_is_a_failure(void **state)
{
	(void)state;
	started();
	supervisor_kill(seat_of(COGNITION)->number);
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &(struct collect_done){ 0 });
	expect_end(STOP_failed);
}

static void
test_timeout_cancels_then_kills(void **state)
{
	struct pack p;
	struct run_request m = order(&p);
	uint64_t begin = now_mono_ms();

	(void)state;
	m.timeout = 1;
	run_until_started(&m);
	ask_tool(1, "execute_shell");
	(void)EXPECT(seat_of(STREAM), tool_execute);
	(void)EXPECT(seat_of(STREAM), tool_cancel);
	assert_int_equal(EXPECT(seat_of(COGNITION), run_cancel)->stop,
	    STOP_timeout);
	/* Neither answers: both are killed two seconds later. */
	expect_end(STOP_timeout);
	assert_in_range(now_mono_ms() - begin, 2900, 6000);
	assert_int_equal(ended_status, 124);
	UNTIL(seat_of(COGNITION) == NULL && seat_of(STREAM) == NULL);
	pack_clear(&p);
}

static void
test_cancel_asks_first_and_kills_the_second_time(void **state)
{
	struct cancel_request m = { .request = 2 };
	struct run_accepted *yes;
	struct pack p;
	struct run_request o = order(&p);
	static const char hex[] = "0123456789abcdef";

	(void)state;
	send_run_request(&world.client.c, &o);
	yes = EXPECT(&world.client, run_accepted);
	for (int i = 0; i < 4; i++) {		/* a prefix is enough */
		m.run[2 * i] = hex[yes->run[i] >> 4];
		m.run[2 * i + 1] = hex[yes->run[i] & 15];
	}
	UNTIL(seat_of(STREAM) != NULL && seat_of(COGNITION) != NULL);
	(void)EXPECT(seat_of(STREAM), stream_start);
	send_sandbox_ready(&seat_of(STREAM)->c,
	    &(struct sandbox_ready){ .info = BLOB("\x80", 1) });
	(void)EXPECT(seat_of(COGNITION), run_start);
	send_cancel_request(&world.client.c, &m);
	(void)EXPECT(&world.client, done);
	assert_int_equal(EXPECT(seat_of(COGNITION), run_cancel)->stop,
	    STOP_cancelled);
	m.now = true;
	send_cancel_request(&world.client.c, &m);
	(void)EXPECT(&world.client, done);
	expect_end(STOP_cancelled);
	pack_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_phase_out_of_order_is_integrity),
		CASE(test_phase_beyond_max_iterations_is_integrity),
		CASE(test_call_number_used_twice_is_integrity),
		CASE(test_done_without_an_answer_is_integrity),
		CASE(test_message_before_ready_is_integrity),
		CASE(test_output_of_another_call_is_integrity),
		CASE(test_worker_that_is_not_confined_gets_no_work),
		CASE(test_call_is_not_executed_if_it_cannot_be_recorded),
		CASE(test_end_that_cannot_be_recorded_is_no_success),
		CASE(test_death_of_the_tracker_ends_the_run),
		CASE(test_death_of_the_tracker_is_noted_by_the_next_one),
		CASE(test_death_of_the_sandbox_leaves_the_outcome_unknown),
		CASE(test_death_of_cognition_is_a_failure),
		CASE(test_timeout_cancels_then_kills),
		CASE(test_cancel_asks_first_and_kills_the_second_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
