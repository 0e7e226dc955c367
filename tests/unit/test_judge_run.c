/*
 * test_judge_run.c: the real judge, confined, between a supervisor, workers and
 * a client that the test plays: whole runs, and what policy lets through.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/judge_steps.h"

#include <netinet/in.h>

/* --- whole runs --- */

static void
test_run_walks_through_all_states(void **state)
{
	struct sandbox_ready ready = { .info = BLOB("\x80", 1) };
	struct file_collected file = {
		.path = { (const uint8_t *)"primes.py", 9 }, .mode = 0644,
		.content = BLOB("hello", 5),
	};
	struct collect_done collected = { .files = 1 };
	struct tool_result *result;
	struct tool_execute *execute;
	struct run_start *start;
	struct tool_done done;
	struct run_request m;
	struct pack p;

	(void)state;
	(void)ready;
	m = order(&p);
	run_until_started(&m);
	start = &seat_of(COGNITION)->got.run_start;
	assert_string_equal(start->provider, "replay");
	assert_int_equal(start->max_iterations, 2);
	assert_memory_equal(start->task.data, p.data, p.len);
	phase(STEP_plan, 0);
	ask_tool(1, "execute_shell");
	execute = EXPECT(seat_of(STREAM), tool_execute);
	/* The decision is on the disk by the time the call is executed. */
	assert_int_equal(world.events[world.nevents - 1], EVENT_tool_decided);
	assert_true(world.answered > 0);
	assert_string_equal(execute->tool, "execute_shell");
	done = outcome(execute->call);
	send_tool_done(&seat_of(STREAM)->c, &done);
	result = EXPECT(seat_of(COGNITION), tool_result);
	assert_int_equal(result->call, 1);
	assert_int_equal(result->outcome, OUTCOME_ok);
	finish();
	(void)EXPECT(seat_of(STREAM), collect_request);
	crypto_hash_sha256(file.digest, (const uint8_t *)"hello", 5);
	send_file_collected(&seat_of(STREAM)->c, &file);
	assert_int_equal(EXPECT(seat_of(STREAM), collect_next)->files, 1);
	send_collect_done(&seat_of(STREAM)->c, &collected);
	expect_end(STOP_finished);
	assert_int_equal(world.stored, 1);
	assert_int_equal(world.events[0], EVENT_run_started);
	assert_int_equal(count_events(EVENT_phase_started), 1);
	assert_int_equal(count_events(EVENT_tool_completed), 1);
	assert_int_equal(count_events(EVENT_file_recorded), 1);
	assert_int_equal(world.events[world.nevents - 1],
	    EVENT_run_completed);
	UNTIL(seat_of(COGNITION) == NULL && seat_of(STREAM) == NULL);
	pack_clear(&p);
}

static void
test_run_shows_recorded_and_live_events(void **state)
{
	struct model_delta delta = { .kind = DELTA_text,
	    .text = { (const uint8_t *)"hm", 2 } };
	struct run_event *e;

	(void)state;
	started();
	phase(STEP_plan, 0);
	/* run.started came first; expect passes over it. */
	for (;;) {
		e = EXPECT(&world.client, run_event);
		if (e->type == EVENT_phase_started)
			break;
		assert_int_equal(e->type, EVENT_run_started);
		assert_int_equal(e->seq, 1);
	}
	assert_int_equal(e->seq, 2);
	send_model_delta(&seat_of(COGNITION)->c, &delta);
	e = EXPECT(&world.client, run_event);
	assert_int_equal(e->type, EVENT_model_delta);
	assert_int_equal(e->seq, 0);
	assert_int_equal(count_events(EVENT_model_delta), 0);
}

/* --- what policy says --- */

static void
test_call_that_is_denied_never_reaches_the_sandbox(void **state)
{
	struct tool_result *result;
	struct pack p, s;
	struct run_request m;

	(void)state;
	m = order(&p);
	m.settings = setting(&s, "agents.sandbox.tools.denied",
	    "execute_shell");
	run_until_started(&m);
	ask_tool(1, "execute_shell");
	result = EXPECT(seat_of(COGNITION), tool_result);
	assert_int_equal(result->outcome, OUTCOME_denied);
	expect_silence(seat_of(STREAM), 100);
	assert_int_equal(count_events(EVENT_tool_decided), 1);
	assert_int_equal(count_events(EVENT_tool_completed), 0);
	pack_clear(&p);
	pack_clear(&s);
}

static void
test_call_of_an_unknown_tool_is_answered(void **state)
{
	(void)state;
	started();
	ask_tool(1, "launch_rocket");
	assert_int_equal(EXPECT(seat_of(COGNITION), tool_result)->outcome,
	    OUTCOME_denied);
	/* The run goes on. */
	ask_tool(2, "calculator");
	(void)EXPECT(seat_of(STREAM), tool_execute);
}

static void
test_calls_wait_for_each_other(void **state)
{
	struct tool_done done;

	(void)state;
	started();
	ask_tool(1, "execute_shell");
	ask_tool(2, "calculator");
	done = outcome(EXPECT(seat_of(STREAM), tool_execute)->call);
	expect_silence(seat_of(STREAM), 100);
	send_tool_done(&seat_of(STREAM)->c, &done);
	assert_string_equal(EXPECT(seat_of(STREAM), tool_execute)->tool,
	    "calculator");
}

static void
test_dial_is_refused_to_other_hosts(void **state)
{
	struct dial_model_request dial = { .host = "169.254.169.254",
	    .port = 80 };

	(void)state;
	started();
	send_dial_model_request(&seat_of(COGNITION)->c, &dial);
	(void)EXPECT(seat_of(COGNITION), model_refused);
	expect_silence(seat_of(DIALER), 50);
}

static int
tcp_pair(int *ours)
{
	struct sockaddr_storage a = { .ss_family = AF_INET };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len),
	    0);
	*ours = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*ours, (struct sockaddr *)&a, len), 0);
	return listener;
}

/* The user named this very host; what the dialer brings is looked at. */
static void
dial_named_host(bool right_port)
{
	struct dial_model_request dial = { .host = "127.0.0.1" };
	struct dialed dialed = { .address = "127.0.0.1" };
	struct sockaddr_storage a;
	struct sockaddr_in *in = (struct sockaddr_in *)&a;
	socklen_t len = sizeof(a);
	int listener = tcp_pair(&dialed.socket);
	struct dial_request *asked;
	char url[64];
	struct pack p, s;
	struct run_request m = order(&p);

	getsockname(listener, (struct sockaddr *)&a, &len);
	dial.port = ntohs(in->sin_port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", dial.port +
	    (right_port ? 0 : 1));
	if (!right_port)
		dial.port++;
	snprintf(m.provider, sizeof(m.provider), "openai");
	m.settings = setting(&s, "providers.openai.base_url", url);
	run_until_started(&m);
	send_dial_model_request(&seat_of(COGNITION)->c, &dial);
	asked = EXPECT(seat_of(DIALER), dial_request);
	assert_true(asked->private_allowed);
	dialed.dial = asked->dial;
	send_dialed(&seat_of(DIALER)->c, &dialed);
	if (right_port)
		(void)EXPECT(seat_of(COGNITION), model_socket);
	else
		(void)EXPECT(seat_of(COGNITION), model_refused);
	close(dialed.socket);
	close(listener);
	pack_clear(&p);
	pack_clear(&s);
}

static void
test_dial_hands_over_the_connection(void **state)
{
	(void)state;
	dial_named_host(true);
}

static void
test_dial_to_another_port_ends_the_dialer(void **state)
{
	uint32_t number = seat_of(DIALER)->number;

	(void)state;
	dial_named_host(false);
	UNTIL(seat_number(number)->killed);
	UNTIL(seat_of(DIALER) != NULL);		/* there is a new one */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_run_walks_through_all_states),
		CASE(test_run_shows_recorded_and_live_events),
		CASE(test_call_that_is_denied_never_reaches_the_sandbox),
		CASE(test_call_of_an_unknown_tool_is_answered),
		CASE(test_calls_wait_for_each_other),
		CASE(test_dial_is_refused_to_other_hosts),
		CASE(test_dial_hands_over_the_connection),
		CASE(test_dial_to_another_port_ends_the_dialer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
