/*
 * test_replay_line.c: when a recorded turn fits, and what is recorded.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include <sodium.h>
#include <string.h>

#include "cognition-worker/json.h"
#include "cognition-worker/replay.h"
#include "cognition-worker/task.h"
#include "ipc/util.h"
#include "ipc/value.h"

#define REPLY	"\"reply\":{\"text\":\"t\"}}"
#define TASK	"\"task\":{\"goal\":\"g\",\"constraints\":[\"c\"]},"

/* The digest of the task {goal: g, constraints: [c], context: []}. */
static void
digest_of_task(uint8_t digest[32])
{
	autovalue struct value *map = NULL;
	const char *why;
	struct pack p;

	pack_init(&p, 1024);
	pack_map(&p, 4);
	pack_text(&p, "metadata");
	pack_map(&p, 1);
	pack_key_text(&p, "ticket", "17");
	pack_text(&p, "context");
	pack_list(&p, 0);
	pack_text(&p, "constraints");
	pack_list(&p, 1);
	pack_text(&p, "c");
	pack_key_text(&p, "goal", "g");
	map = value_decode(p.data, p.len, &why);
	assert_non_null(map);
	task_digest(map, digest);
	pack_clear(&p);
}

static json_t *
parse(const char *text)
{
	char why[300];
	json_t *j = json_parse(text, strlen(text), false, why, sizeof(why));

	if (j == NULL)
		fail_msg("%s: %s", text, why);
	return j;
}

static void
fits(const char *line, enum step step, const struct history *h,
    enum fit expected)
{
	uint8_t task[32];
	char why[512] = "";
	json_t *j = parse(line);
	enum fit fit;

	digest_of_task(task);
	fit = replay_fit(j, task, step, h, why);
	if (fit != expected)
		fail_msg("%s: %d (%s), not %d", line, fit, why, expected);
	if (fit != FIT)
		assert_true(why[0] != '\0');
	json_decref(j);
}

static void
make_call(struct call *call, const char *name, const char *arguments, bool ok)
{
	call_read(call, "a", name, arguments, 1);
	call->outcome = ok ? OUTCOME_ok : OUTCOME_failed;
}

static void
past(struct history *h, const char *name, const char *arguments, bool ok)
{
	struct call call;

	make_call(&call, name, arguments, ok);
	history_add(h, &call);
	call_clear(&call);
}

static void
test_replay_fit_task_and_step(void **state)
{
	struct history none = { 0 };

	(void)state;
	fits("{" TASK "\"step\":\"plan\"," REPLY, STEP_plan, &none, FIT);
	fits("{" TASK "\"step\":\"think\"," REPLY, STEP_plan, &none,
	    FIT_OTHER_STEP);
	fits("{\"task\":{\"goal\":\"h\"},\"step\":\"plan\"," REPLY, STEP_plan,
	    &none, FIT_OTHER_TASK);
	fits("{\"task\":{\"goal\":\"g\"},\"step\":\"plan\"," REPLY, STEP_plan,
	    &none, FIT_OTHER_TASK);
	fits("{\"task\":\"xyz\",\"step\":\"plan\"," REPLY, STEP_plan, &none,
	    FIT_BROKEN);
	fits("{" TASK "\"step\":\"plan\"}", STEP_plan, &none, FIT_BROKEN);
	fits("[]", STEP_plan, &none, FIT_BROKEN);
}

#define AFTER(calls)	"{" TASK "\"step\":\"think\",\"after\":" calls "," REPLY

static void
test_replay_fit_calls(void **state)
{
	struct history h = { 0 };

	(void)state;
	past(&h, "save_file", "{\"path\": \"x\",  \"content\":\"y\"}", true);
	fits(AFTER("[{\"tool\":\"save_file\",\"arguments\":{\"content\":\"y\","
	    "\"path\":\"x\"},\"ok\":true}]"), STEP_think, &h, FIT);
	fits(AFTER("[]"), STEP_think, &h, FIT_OTHER_CALLS);
	fits(AFTER("[{\"tool\":\"save_file\",\"arguments\":{\"content\":\"y\","
	    "\"path\":\"x\"},\"ok\":false}]"), STEP_think, &h,
	    FIT_OTHER_CALLS);
	fits(AFTER("[{\"tool\":\"save_file\",\"arguments\":{\"content\":\"z\","
	    "\"path\":\"x\"},\"ok\":true}]"), STEP_think, &h, FIT_OTHER_CALLS);
	fits(AFTER("[{\"tool\":\"load_file\",\"arguments\":{\"content\":\"y\","
	    "\"path\":\"x\"},\"ok\":true}]"), STEP_think, &h, FIT_OTHER_CALLS);
	fits(AFTER("[{\"tool\":\"save_file\",\"arguments\":3,\"ok\":true}]"),
	    STEP_think, &h, FIT_BROKEN);
	fits(AFTER("{}"), STEP_think, &h, FIT_BROKEN);
	past(&h, "finish", "{\"answer\":\"\"}", false);
	fits(AFTER("[{\"tool\":\"save_file\",\"arguments\":{\"content\":\"y\","
	    "\"path\":\"x\"},\"ok\":true}]"), STEP_think, &h, FIT_OTHER_CALLS);
	history_clear(&h);
}

/* What record_line writes fits the moment in which it was written. */
static void
test_record_line_round_trip(void **state)
{
	struct history h = { 0 };
	struct turn turn = { 0 }, again = { 0 };
	autofree char *line = NULL, *second = NULL;
	uint8_t task[32];
	char why[512];
	json_t *j;

	(void)state;
	digest_of_task(task);
	past(&h, "execute_shell", "{\"command\":\"\\u2028\"}", false);
	past(&h, "odd name", "{\"a\":", false);
	turn.text = xstrdup("line\n\x1b[2J");
	turn.calls = xcalloc(2, sizeof(*turn.calls));
	turn.ncalls = 2;
	make_call(&turn.calls[0], "finish", "{ \"answer\" : 0.1 }", true);
	make_call(&turn.calls[1], "finish", "not json", true);
	turn.finish = FINISH_calls;
	turn.output_tokens = 7;
	line = record_line(task, STEP_think, &h, &turn);
	assert_null(strchr(line, '\n'));
	j = parse(line);
	assert_int_equal(replay_fit(j, task, STEP_think, &h, why), FIT);
	assert_int_equal(replay_reply(j, &again), 0);
	json_decref(j);
	assert_string_equal(again.text, turn.text);
	assert_int_equal(again.ncalls, 2);
	assert_string_equal(again.calls[0].arguments, "{ \"answer\" : 0.1 }");
	assert_string_equal(again.calls[1].raw, "not json");
	assert_non_null(again.calls[1].problem);
	second = record_line(task, STEP_think, &h, &again);
	assert_string_equal(line, second);
	turn_clear(&turn);
	turn_clear(&again);
	history_clear(&h);
}

static void
test_replay_reply_refuses(void **state)
{
	static const char *const broken[] = {
		"{\"reply\":{\"calls\":[1]}}",
		"{\"reply\":{\"calls\":[{\"name\":1,\"arguments\":\"\"}]}}",
		"{\"reply\":{\"calls\":[{\"name\":\"x\"}]}}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < nitems(broken); i++) {
		struct turn turn = { 0 };
		json_t *j = parse(broken[i]);

		assert_int_equal(replay_reply(j, &turn), -1);
		assert_true(turn.why[0] != '\0');
		turn_clear(&turn);
		json_decref(j);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay_fit_task_and_step),
		cmocka_unit_test(test_replay_fit_calls),
		cmocka_unit_test(test_record_line_round_trip),
		cmocka_unit_test(test_replay_reply_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
