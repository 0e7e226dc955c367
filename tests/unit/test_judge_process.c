/*
 * test_judge_process.c: the real judge, confined, between a supervisor,
 * workers and a client that the test plays: whole runs, and every way in
 * which one of them can break the contract.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/judge_world.h"

#include <netinet/in.h>

static uint8_t ended_stop, ended_status;

/* The map {"goal": "count"}. */
static struct blob
task(struct pack *p)
{
	pack_init(p, 1024);
	pack_map(p, 1);
	pack_key_text(p, "goal", "count");
	return BLOB(p->data, p->len);
}

static struct blob
setting(struct pack *p, const char *key, const char *value)
{
	pack_init(p, 1024);
	pack_list(p, 1);
	pack_list(p, 3);
	pack_text(p, key);
	pack_text(p, value);
	pack_text(p, "-c");
	return BLOB(p->data, p->len);
}

static struct run_request
order(struct pack *p)
{
	struct run_request m = {
		.request = 1, .task = task(p), .provider = "replay",
		.sandbox = "native", .max_iterations = 2, .timeout = 60,
		.settings = BLOB_NONE, .deltas = true,
		.replay = BLOB_NONE, .ca_bundle = BLOB_NONE,
		.credential = BLOB_NONE,
	};

	return m;
}

/* Everything until the sandbox stands and cognition has its task. */
static void
run_until_started(const struct run_request *m)
{
	struct sandbox_ready ready = { .info = BLOB("\x80", 1) };

	assert_int_equal(send_run_request(&world.client.c, m), 0);
	(void)EXPECT(&world.client, run_accepted);
	UNTIL(seat_of(STREAM) != NULL && seat_of(COGNITION) != NULL &&
	    seat_of(TRACKER) != NULL);
	(void)EXPECT(seat_of(STREAM), stream_start);
	send_sandbox_ready(&seat_of(STREAM)->c, &ready);
	(void)EXPECT(seat_of(COGNITION), run_start);
}

static void
started(void)
{
	struct pack p;
	struct run_request m = order(&p);

	run_until_started(&m);
	pack_clear(&p);
}

static void
phase(enum step step, uint32_t iteration)
{
	struct phase_started m = { .step = step, .iteration = iteration };

	assert_int_equal(send_phase_started(&seat_of(COGNITION)->c, &m), 0);
}

static void
ask_tool(uint64_t call, const char *tool)
{
	struct tool_request m = { .call = call, .arguments = BLOB("\x80", 1) };

	snprintf(m.tool, sizeof(m.tool), "%s", tool);
	assert_int_equal(send_tool_request(&seat_of(COGNITION)->c, &m), 0);
}

static struct tool_done
outcome(uint64_t call)
{
	struct tool_done m = {
		.call = call, .outcome = OUTCOME_ok, .wall = 1000,
		.result = BLOB("\x80", 1),
	};

	return m;
}

static void
finish(void)
{
	struct run_done m = { .stop = STOP_finished, .answer = BLOB("25", 2) };

	assert_int_equal(send_run_done(&seat_of(COGNITION)->c, &m), 0);
}

static void
expect_end(enum stop stop)
{
	struct run_ended *m = EXPECT(&world.client, run_ended);

	ended_stop = m->stop;
	ended_status = m->status;
	assert_string_equal(stop_name(ended_stop), stop_name(stop));
	assert_int_equal(ended_status, stop_status(stop));
}

static size_t
count_events(enum event_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < world.nevents; i++)
		n += world.events[i] == type;
	return n;
}

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
test_output_without_credit_is_integrity(void **state)
{
	static uint8_t much[32 * KiB];
	struct tool_output out = { .source = 1, .data = { much, sizeof(much) } };
	struct tool_execute *execute;
	uint64_t most;

	(void)state;
	started();
	ask_tool(1, "execute_shell");
	execute = EXPECT(seat_of(STREAM), tool_execute);
	out.call = execute->call + 1;		/* of another call */
	most = execute->credit;
	assert_true(most > 0);
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

/* --- clients --- */

static void
test_client_that_goes_cancels_its_private_run_and_all_leave(void **state)
{
	(void)state;
	started();
	seat_close(&world.client);
	assert_int_equal(EXPECT(seat_of(COGNITION), run_cancel)->stop,
	    STOP_cancelled);
	UNTIL(seat_of(COGNITION) == NULL);
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

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

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
		CASE(test_phase_out_of_order_is_integrity),
		CASE(test_phase_beyond_max_iterations_is_integrity),
		CASE(test_call_number_used_twice_is_integrity),
		CASE(test_done_without_an_answer_is_integrity),
		CASE(test_message_before_ready_is_integrity),
		CASE(test_output_without_credit_is_integrity),
		CASE(test_worker_that_is_not_confined_gets_no_work),
		CASE(test_call_is_not_executed_if_it_cannot_be_recorded),
		CASE(test_end_that_cannot_be_recorded_is_no_success),
		CASE(test_death_of_the_tracker_ends_the_run),
		CASE(test_death_of_the_sandbox_leaves_the_outcome_unknown),
		CASE(test_death_of_cognition_is_a_failure),
		CASE(test_timeout_cancels_then_kills),
		CASE(test_cancel_asks_first_and_kills_the_second_time),
		CASE(test_client_that_goes_cancels_its_private_run_and_all_leave),
		CASE(test_client_of_another_version_is_refused),
		CASE(test_sandbox_that_does_not_exist_is_refused_by_name),
		CASE(test_setting_that_is_unknown_is_refused),
		CASE(test_sandbox_executes_for_a_client),
		CASE(test_sandbox_that_cannot_be_built_is_refused),
		CASE(test_query_passes_rows_with_credit),
		CASE(test_watch_of_an_old_run_reads_the_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
