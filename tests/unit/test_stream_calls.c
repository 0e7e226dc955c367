/*
 * test_stream_calls.c: the queue of calls, what is refused, what is truncated:
 * the stream role between a judge and a guest that this test plays.
 * Runs in: unit tests.  Input: none.
 */
#include <sys/stat.h>

#include "tests/unit/stream_peer.h"

static void
test_without_guest_only_two_tools_work(void **state)
{
	struct peers *p = peers_start(GUEST_NONE, false);

	(void)state;
	judge_start(p, false, 4096);
	expect(&p->judge, sandbox_ready);
	judge_tool(p, "calculator", "expression", "1/4", NULL);
	judge_done(p);
	assert_ok(p);
	assert_true(value_get(p->result, "value")->real == 0.25);
	judge_tool(p, "get_sandbox_info", NULL);
	judge_done(p);
	assert_ok(p);
	assert_result(p, "provider", "test");
	assert_null(value_get(p->result, "shell"));
	judge_tool(p, "execute_shell", "command", "true", NULL);
	judge_done(p);
	assert_outcome(p, not_run, SandboxInitializationError);
	say(&p->judge, collect_request, .most = 10);
	expect(&p->judge, collect_done);
	assert_string_equal(p->got.collect_done.reason, "there is no sandbox");
	assert_int_equal(peers_end(p), 0);
}

static void
test_guest_wanted_but_absent_is_a_fault(void **state)
{
	struct peers *p = peers_start(GUEST_NONE, false);
	int status;

	(void)state;
	judge_start(p, true, 4096);
	assert_int_equal(hear(&p->judge), RECEIVE_CLOSED);
	status = peers_end(p);
	assert_int_equal(WEXITSTATUS(status), 76);
}

static void
test_call_before_start_is_a_fault(void **state)
{
	struct peers *p = peers_start(-1, false);
	int status;

	(void)state;
	judge_tool(p, "calculator", "expression", "1", NULL);
	assert_int_equal(hear(&p->judge), RECEIVE_CLOSED);
	status = peers_end(p);
	assert_int_equal(WEXITSTATUS(status), 76);
}

static void
test_collect_next_unasked_is_a_fault(void **state)
{
	struct peers *p = peers_ready();
	int status;

	(void)state;
	say(&p->judge, collect_next, .files = 1);
	assert_int_equal(hear(&p->judge), RECEIVE_CLOSED);
	status = peers_end(p);
	assert_int_equal(WEXITSTATUS(status), 76);
}

static void
test_calls_wait_for_the_guest(void **state)
{
	struct peers *p = peers_start(-1, false);
	uint64_t first;

	(void)state;
	judge_start(p, true, 4096);
	judge_tool(p, "create_directory", "path", "d", NULL);
	first = p->call;
	judge_tool(p, "delete_file", "path", "f", NULL);
	guest_say_ready(p);
	expect(&p->guest, guest_mkdir);
	assert_int_equal(p->got.guest_mkdir.path.len, 1);
	say(&p->guest, guest_done, .call = p->got.guest_mkdir.call);
	p->call = first;
	judge_done(p);
	assert_ok(p);
	expect(&p->guest, guest_delete);
	say(&p->guest, guest_failed, .call = p->got.guest_delete.call,
	    .error = EACCES, .what = "delete");
	p->call++;
	judge_done(p);
	assert_outcome(p, failed, SandboxAccessDenied);
	assert_int_equal(peers_end(p), 0);
}

static void
test_queue_is_bounded_and_can_be_cancelled(void **state)
{
	struct peers *p = peers_ready();

	(void)state;
	for (unsigned i = 0; i < 1 + CALLS_WAITING; i++)
		judge_tool(p, "delete_file", "path", "f", NULL);
	judge_tool(p, "delete_file", "path", "f", NULL);
	judge_done(p);
	assert_outcome(p, not_run, SandboxResourceError);
	say(&p->judge, tool_cancel, .call = 5);
	p->call = 5;
	judge_done(p);
	assert_outcome(p, cancelled, SandboxExecutionError);
	say(&p->judge, tool_cancel, .call = 999);
	for (p->call = 1; p->call <= 1 + CALLS_WAITING; p->call++) {
		if (p->call == 5)
			continue;
		expect(&p->guest, guest_delete);
		say(&p->guest, guest_done, .call = p->got.guest_delete.call);
		judge_done(p);
		assert_ok(p);
	}
	assert_int_equal(peers_end(p), 0);
}

static void
test_listing_is_truncated_and_says_so(void **state)
{
	struct peers *p = peers_ready();
	char name[32];
	uint64_t call;

	(void)state;
	judge_tool(p, "list_files", "path", "d/", NULL);
	expect(&p->guest, guest_list);
	call = p->got.guest_list.call;
	assert_int_equal(p->got.guest_list.most, LIST_ENTRIES + 1);
	for (unsigned i = 0; i <= LIST_ENTRIES; i++) {
		snprintf(name, sizeof(name), "%06u", LIST_ENTRIES - i);
		say(&p->guest, guest_entry, .call = call, .mode = S_IFREG,
		    .path = TEXT(name), .modified = INT64_MIN);
	}
	say(&p->guest, guest_done, .call = call);
	judge_done(p);
	assert_ok(p);
	assert_true(value_get_bool(p->result, "truncated", false));
	assert_int_equal(value_get(p->result, "entries")->list.count,
	    LIST_ENTRIES);
	assert_true(value_is_text(value_get(&value_get(p->result,
	    "entries")->list.items[0], "path"), "d/000001"));
	assert_true(value_is_text(value_get(&value_get(p->result,
	    "entries")->list.items[0], "modified"), "1970-01-01T00:00:00Z"));
	assert_int_equal(peers_end(p), 0);
}

/* Read the whole file from a guest that holds this text. */
static void
serve_read(struct peers *p, const char *text, uint64_t size)
{
	expect(&p->guest, guest_read);
	say(&p->guest, guest_data, .call = p->got.guest_read.call,
	    .data = TEXT(text), .last = true, .size = size);
}

static void
replace(struct peers *p, const char *old, const char *new, bool all)
{
	struct pack args;

	pack_init(&args, 4096);
	pack_map(&args, 4);
	pack_key_text(&args, "path", "f");
	pack_key_text(&args, "old_text", old);
	pack_key_text(&args, "new_text", new);
	pack_key_bool(&args, "all", all);
	judge_execute(p, "replace_in_file", &args, NULL, 0, 1000, 0);
	pack_clear(&args);
}

static void
replaced(struct peers *p, const char *text)
{
	struct guest_write *m = expect(&p->guest, guest_write);

	assert_int_equal(m->data.len, strlen(text));
	assert_memory_equal(m->data.data, text, m->data.len);
	assert_false(m->append);
	assert_true(m->last);
	say(&p->guest, guest_done, .call = m->call);
	judge_done(p);
	assert_ok(p);
}

static void
test_replace_is_exact(void **state)
{
	struct peers *p = peers_ready();

	(void)state;
	replace(p, "aa", "b", true);
	serve_read(p, "aaaaa-aa", 8);
	replaced(p, "bba-b");
	assert_int_equal(result_int(p, "replaced"), 3);
	replace(p, "x", "", true);
	serve_read(p, "xxx", 3);
	replaced(p, "");
	replace(p, "end", "END", false);
	serve_read(p, "the end", 7);
	replaced(p, "the END");
	replace(p, "a", "b", true);
	serve_read(p, "", 0);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	replace(p, "", "b", true);
	judge_done(p);
	assert_outcome(p, failed, SchemaValidationError);
	/* A part of a file is never edited as if it were the whole. */
	replace(p, "a", "b", true);
	serve_read(p, "aaa", 17 * MiB);
	judge_done(p);
	assert_outcome(p, failed, SandboxResourceError);
	assert_int_equal(peers_end(p), 0);
}

static void
test_what_the_sandbox_lacks_is_named(void **state)
{
	struct peers *p = peers_start(-1, false);

	(void)state;
	judge_start(p, true, 4096);
	say(&p->guest, guest_ready, .protocol = message_protocol(),
	    .work = "/work");
	p->guest.phase = RUNNING;
	expect(&p->judge, sandbox_ready);
	judge_tool(p, "execute_python", "code", "1", NULL);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	assert_non_null(strstr(result_of(p, "message"), "no Python 3"));
	judge_tool(p, "execute_shell", "command", "1", NULL);
	judge_done(p);
	assert_non_null(strstr(result_of(p, "message"), "no shell"));
	assert_int_equal(peers_end(p), 0);
}

static uint64_t
begin_shell(struct peers *p, uint64_t timeout, uint64_t credit)
{
	struct pack args;

	pack_init(&args, 1024);
	pack_map(&args, 1);
	pack_key_text(&args, "command", "true");
	judge_execute(p, "execute_shell", &args, NULL, 0, timeout, credit);
	pack_clear(&args);
	for (int i = 0; i < 3; i++)
		expect(&p->guest, guest_argument);
	return ((struct guest_exec *)expect(&p->guest, guest_exec))->call;
}

static void
test_kill_at_the_memory_limit_is_named(void **state)
{
	struct peers *p = peers_start(-1, false);
	struct pack info;
	uint64_t call;

	(void)state;
	pack_init(&info, 1024);
	pack_map(&info, 1);
	pack_key_uint(&info, "memory_limit", 100000000);
	say(&p->judge, stream_start, .guest = true, .output_kept = 4096,
	    .info = BLOB(info.data, info.len));
	pack_clear(&info);
	guest_say_ready(p);
	call = begin_shell(p, 10000, 0);
	say(&p->guest, guest_exited, .call = call, .status = SIGKILL,
	    .peak = 95000000);
	judge_done(p);
	assert_outcome(p, failed, SandboxResourceError);
	call = begin_shell(p, 10000, 0);
	say(&p->guest, guest_exited, .call = call, .status = SIGKILL,
	    .peak = 5000000);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	assert_result(p, "message", "ended by SIGKILL");
	assert_int_equal(peers_end(p), 0);
}

/* The guest may never send more than the judge would take. */
static void
test_guest_credit_follows_the_judges(void **state)
{
	static uint8_t data[20000];
	struct peers *p = peers_ready();
	uint64_t call = begin_shell(p, 10000, 20000);

	(void)state;
	assert_int_equal(p->got.guest_exec.credit, 20000);
	say(&p->guest, guest_output, .call = call, .source = 1,
	    .data = { data, 20000 });
	expect(&p->judge, tool_output);
	say(&p->judge, output_credit, .call = p->call, .credit = 7000);
	expect(&p->guest, guest_output_credit);
	assert_int_equal(p->got.guest_output_credit.credit, 7000);
	say(&p->judge, output_credit, .call = p->call + 5, .credit = 7000);
	say(&p->guest, guest_output, .call = call, .source = 1,
	    .data = { data, 7000 });
	expect(&p->judge, tool_output);
	/* Nothing more is taken: after a second the guest may go on. */
	expect(&p->guest, guest_output_credit);
	assert_int_equal(p->got.guest_output_credit.credit, 256 * KiB);
	say(&p->guest, guest_output, .call = call, .source = 1,
	    .data = { data, 5000 });
	say(&p->guest, guest_exited, .call = call);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(result_int(p, "stdout_bytes"), 32000);
	assert_int_equal(result_int(p, "live_bytes"), 27000);
	assert_int_equal(peers_end(p), 0);
}

/* A guest that is not asked to buffer never has to. */
static void
test_input_goes_only_on_credit(void **state)
{
	struct peers *p = peers_ready();
	struct guest_input *m;
	struct pack args;
	uint64_t call;

	(void)state;
	pack_init(&args, 1024);
	pack_map(&args, 1);
	pack_key_text(&args, "command", "cat");
	judge_execute(p, "execute_shell", &args, "hello", 5, 10000, 0);
	pack_clear(&args);
	for (int i = 0; i < 3; i++)
		expect(&p->guest, guest_argument);
	call = ((struct guest_exec *)expect(&p->guest, guest_exec))->call;
	assert_true(p->got.guest_exec.has_input);
	say(&p->guest, guest_input_credit, .call = call, .credit = 2);
	m = expect(&p->guest, guest_input);
	assert_int_equal(m->data.len, 2);
	assert_false(m->last);
	say(&p->guest, guest_input_credit, .call = call, .credit = 100);
	m = expect(&p->guest, guest_input);
	assert_int_equal(m->data.len, 3);
	assert_memory_equal(m->data.data, "llo", 3);
	assert_true(m->last);
	say(&p->guest, guest_exited, .call = call);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(peers_end(p), 0);
}

/* Two seconds after the deadline it is over, with what came until then. */
static void
test_guest_that_misses_the_deadline(void **state)
{
	struct peers *p = peers_ready();
	uint64_t call = begin_shell(p, 200, 1000), begin = now_mono_ms();

	(void)state;
	say(&p->guest, guest_output, .call = call, .source = 1,
	    .data = TEXT("part"));
	judge_done(p);
	assert_outcome(p, timed_out, SandboxTimeoutError);
	assert_result(p, "stdout", "part");
	assert_true(now_mono_ms() - begin >= 2100);
	assert_true(now_mono_ms() - begin < 4000);
	expect(&p->judge, sandbox_failed);
	assert_int_equal(p->got.sandbox_failed.error,
	    ERROR_SandboxConnectionError);
	assert_int_equal(peers_end(p), 0);
}

static void
test_cancelled_file_operation_says_so(void **state)
{
	struct peers *p = peers_ready();
	uint64_t call;

	(void)state;
	judge_tool(p, "delete_file", "path", "f", NULL);
	call = ((struct guest_delete *)expect(&p->guest,
	    guest_delete))->call;
	say(&p->judge, tool_cancel, .call = p->call);
	/* Its answer shows that the cancellation has arrived. */
	judge_tool(p, "calculator", "expression", "1", NULL);
	judge_done(p);
	say(&p->guest, guest_done, .call = call);
	p->call--;
	judge_done(p);
	assert_outcome(p, cancelled, SandboxExecutionError);
	assert_int_equal(peers_end(p), 0);
}

static void
test_time_text_is_rfc_3339(void **state)
{
	static const struct { int64_t ms; const char *text; } times[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782400000, "2000-02-29T00:00:00Z" },
		{ 951868799999, "2000-02-29T23:59:59Z" },
		{ 4107542400000, "2100-03-01T00:00:00Z" },
		{ 1795307726074, "2026-11-22T00:35:26Z" },
		{ -1, "1970-01-01T00:00:00Z" },
		{ INT64_MIN, "1970-01-01T00:00:00Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < nitems(times); i++) {
		time_text(text, times[i].ms);
		assert_string_equal(text, times[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(test_without_guest_only_two_tools_work),
		cmocka_unit_test(test_guest_wanted_but_absent_is_a_fault),
		cmocka_unit_test(test_call_before_start_is_a_fault),
		cmocka_unit_test(test_collect_next_unasked_is_a_fault),
		cmocka_unit_test(test_calls_wait_for_the_guest),
		cmocka_unit_test(test_queue_is_bounded_and_can_be_cancelled),
		cmocka_unit_test(test_listing_is_truncated_and_says_so),
		cmocka_unit_test(test_replace_is_exact),
		cmocka_unit_test(test_what_the_sandbox_lacks_is_named),
		cmocka_unit_test(test_kill_at_the_memory_limit_is_named),
		cmocka_unit_test(test_guest_credit_follows_the_judges),
		cmocka_unit_test(test_input_goes_only_on_credit),
		cmocka_unit_test(test_guest_that_misses_the_deadline),
		cmocka_unit_test(test_cancelled_file_operation_says_so),
		cmocka_unit_test(test_time_text_is_rfc_3339),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
