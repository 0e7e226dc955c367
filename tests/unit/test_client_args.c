/*
 * test_client_args.c: command lines, by the tables of the verbs.
 * Runs in: unit tests.  Input: command lines made here.
 */
#include "tests/unit/unit.h"

#include "client/cli/cli.h"

static int
parse(struct args *a, const char *const *words)
{
	int argc = 0;

	memset(a, 0, sizeof(*a));
	while (words[argc] != NULL)
		argc++;
	return args_parse(a, argc, (char **)(uintptr_t)words);
}

#define PARSE(a, ...)	\
	parse(a, (const char *const[]){ "sallyport", __VA_ARGS__, NULL })

static void
test_args_parse_takes_options_and_operands(void **state)
{
	struct args a;

	(void)state;
	assert_int_equal(PARSE(&a, "run", "--constraint", "one", "goal",
	    "--constraint=two", "-cagents.x=1", "-c", "b=2", "--timeout",
	    "30", "--detach"), 0);
	assert_string_equal(a.verb->noun, "run");
	assert_int_equal(a.noperands, 1);
	assert_string_equal(a.operands[0], "goal");
	assert_string_equal(arg_nth(&a, "constraint", 0), "one");
	assert_string_equal(arg_nth(&a, "constraint", 1), "two");
	assert_null(arg_nth(&a, "constraint", 2));
	assert_string_equal(arg_nth(&a, "set", 0), "agents.x=1");
	assert_string_equal(arg_text(&a, "set"), "b=2");
	assert_int_equal(arg_number(&a, "timeout", 0), 30);
	assert_true(arg_flag(&a, "detach"));
	assert_false(arg_flag(&a, "json"));
	args_clear(&a);
}

static void
test_args_parse_leaves_a_command_alone(void **state)
{
	struct args a;

	(void)state;
	assert_int_equal(PARSE(&a, "sandbox", "exec", "--timeout", "0.5",
	    "--", "ls", "--json"), 0);
	assert_int_equal(a.noperands, 2);
	assert_string_equal(a.operands[1], "--json");
	assert_false(arg_flag(&a, "json"));
	assert_int_equal(arg_number(&a, "timeout", 0), 500);
	args_clear(&a);
	assert_int_equal(PARSE(&a, "sandbox", "exec", "ls", "--timeout",
	    "5"), 0);
	assert_int_equal(a.noperands, 3);
	args_clear(&a);
}

static void
test_args_parse_finds_the_meant_verb(void **state)
{
	struct args a;

	(void)state;
	assert_int_equal(PARSE(&a, "runs"), 0);
	assert_string_equal(a.verb->name, "list");
	args_clear(&a);
	assert_int_equal(PARSE(&a, "runs", "--json"), 0);
	assert_string_equal(a.verb->name, "list");
	args_clear(&a);
	assert_int_equal(PARSE(&a, "runs", "lsit"), -1);
	assert_non_null(strstr(a.hint, "runs list"));
	args_clear(&a);
	assert_int_equal(PARSE(&a, "sandbx"), -1);
	assert_non_null(strstr(a.hint, "'sandbox'"));
	args_clear(&a);
	assert_int_equal(PARSE(&a, "zzzzzz"), -1);
	assert_null(strstr(a.hint, "did you mean"));
	args_clear(&a);
}

static void
test_args_parse_names_the_nearest_option(void **state)
{
	struct args a;

	(void)state;
	assert_int_equal(PARSE(&a, "run", "--max-iteratons", "3", "g"), -1);
	assert_non_null(strstr(a.why, "--max-iteratons"));
	assert_non_null(strstr(a.hint, "--max-iterations"));
	args_clear(&a);
	assert_int_equal(PARSE(&a, "run", "--\033[2Jx", "g"), -1);
	assert_null(strchr(a.why, '\033'));
	args_clear(&a);
}

static void
test_args_parse_refuses_values_that_do_not_fit(void **state)
{
	static const char *const bad[] = {
		"-1", "+1", "1x", "", " 1", "10001", "99999999999999999999",
		"0x10"
	};
	static const char *const bad_seconds[] = {
		"0", "-1", "nan", "inf", "1s", "", "0x1p3", "86401"
	};
	struct args a;

	(void)state;
	for (size_t i = 0; i < nitems(bad); i++) {
		assert_int_equal(PARSE(&a, "run", "--max-iterations", bad[i],
		    "g"), -1);
		args_clear(&a);
	}
	for (size_t i = 0; i < nitems(bad_seconds); i++) {
		assert_int_equal(PARSE(&a, "sandbox", "exec", "--timeout",
		    bad_seconds[i], "true"), -1);
		args_clear(&a);
	}
	assert_int_equal(PARSE(&a, "run", "--output-format", "xml", "g"), -1);
	args_clear(&a);
	assert_int_equal(PARSE(&a, "run", "--output-format", "tex", "g"), -1);
	args_clear(&a);
	assert_int_equal(PARSE(&a, "run", "--detach=1", "g"), -1);
	args_clear(&a);
	assert_int_equal(PARSE(&a, "run", "g", "--model"), -1);
	args_clear(&a);
	assert_int_equal(PARSE(&a, "logs"), -1);
	args_clear(&a);
	assert_int_equal(PARSE(&a, "logs", "abcd", "efgh"), -1);
	args_clear(&a);
}

static void
test_args_parse_refuses_what_comes_later_by_name(void **state)
{
	static const char *const later[] = {
		"--task", "--tasks", "--parallel", "--session", "--tenant",
		"--image", "--host", "--toolkit", "--output-schema"
	};
	struct args a;

	(void)state;
	for (size_t i = 0; i < nitems(later); i++) {
		assert_int_equal(PARSE(&a, "run", later[i], "x", "goal"), -1);
		assert_non_null(strstr(a.why,
		    "not available in this version"));
		assert_non_null(strstr(a.why, later[i]));
		args_clear(&a);
	}
}

static void
test_verbs_are_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < verbs_count; i++) {
		const struct verb *v = verbs[i];

		assert_non_null(v->run);
		assert_true(strlen(v->summary) > 10);
		assert_int_equal(strncmp(v->example, "sallyport ", 10) == 0 ||
		    strstr(v->example, "sallyport ") != NULL, 1);
		for (size_t k = 0; k < v->noptions; k++)
			assert_true(v->options[k].type == OPT_later ||
			    strlen(v->options[k].help) > 5);
	}
}

static void
test_run_name_ok_wants_four_characters(void **state)
{
	(void)state;
	assert_true(run_name_ok("0193"));
	assert_true(run_name_ok("01935f2c-1122-7344-8566-7778797a7b7c"));
	assert_false(run_name_ok("019"));
	assert_false(run_name_ok("019g"));
	assert_false(run_name_ok("01935f2c-1122-7344-8566-7778797a7b7c0"));
	assert_false(run_name_ok("../../etc"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_args_parse_takes_options_and_operands),
		cmocka_unit_test(test_args_parse_leaves_a_command_alone),
		cmocka_unit_test(test_args_parse_finds_the_meant_verb),
		cmocka_unit_test(test_args_parse_names_the_nearest_option),
		cmocka_unit_test(
		    test_args_parse_refuses_values_that_do_not_fit),
		cmocka_unit_test(
		    test_args_parse_refuses_what_comes_later_by_name),
		cmocka_unit_test(test_verbs_are_complete),
		cmocka_unit_test(test_run_name_ok_wants_four_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
