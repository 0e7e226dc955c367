/*
 * test_decide.c: allowed, denied, access levels, tools without a sandbox.
 * Runs in: unit tests.
 * Input: tool names as a model would spell them.
 */
#include "tests/unit/unit.h"

#include "policy/decide.h"

static const char *const allowed[] = { "calculator", "save_file", "finish" };
static const char *const denied[] = { "save_file" };

static enum action
action(struct decide_request r, const char *tool)
{
	struct verdict v;

	r.tool = tool;
	v = decide(&r);
	assert_true(v.rule[0] != '\0');
	assert_true(v.reason[0] != '\0');
	return v.action;
}

static void
test_decide_restricted_takes_only_the_list(void **state)
{
	struct decide_request r = { .allowed = allowed, .nallowed = 3,
	    .sandbox = true };

	(void)state;
	assert_int_equal(action(r, "calculator"), ACTION_allow);
	assert_int_equal(action(r, "save_file"), ACTION_allow);
	assert_int_equal(action(r, "execute_shell"), ACTION_deny);
	assert_int_equal(action(r, "Calculator"), ACTION_deny);
	assert_int_equal(action(r, "calculator "), ACTION_deny);
	assert_int_equal(action(r, ""), ACTION_deny);
	assert_int_equal(action(r, "no_such\x1b[31m"), ACTION_deny);
}

static void
test_decide_denied_wins_over_everything(void **state)
{
	struct decide_request r = { .allowed = allowed, .nallowed = 3,
	    .denied = denied, .ndenied = 1, .sandbox = true };

	(void)state;
	assert_int_equal(action(r, "save_file"), ACTION_deny);
	r.access = ACCESS_full;
	assert_int_equal(action(r, "save_file"), ACTION_deny);
	r.person = true;
	assert_int_equal(action(r, "save_file"), ACTION_deny);
}

static void
test_decide_full_takes_all_but_denied(void **state)
{
	struct decide_request r = { .access = ACCESS_full, .sandbox = true };

	(void)state;
	assert_int_equal(action(r, "execute_shell"), ACTION_allow);
	assert_int_equal(action(r, "no_such_tool"), ACTION_deny);
	assert_int_equal(action(r, "execute_command"), ACTION_deny);
	r.person = true;
	assert_int_equal(action(r, "execute_command"), ACTION_allow);
}

static void
test_decide_without_sandbox_denies_its_tools(void **state)
{
	struct decide_request r = { .access = ACCESS_full };

	(void)state;
	assert_int_equal(action(r, "execute_shell"), ACTION_deny);
	assert_int_equal(action(r, "load_file"), ACTION_deny);
	assert_int_equal(action(r, "calculator"), ACTION_allow);
	assert_int_equal(action(r, "set_state"), ACTION_allow);
	r.person = true;
	assert_int_equal(action(r, "execute_command"), ACTION_deny);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide_restricted_takes_only_the_list),
		cmocka_unit_test(test_decide_denied_wins_over_everything),
		cmocka_unit_test(test_decide_full_takes_all_but_denied),
		cmocka_unit_test(test_decide_without_sandbox_denies_its_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
