/*
 * test_arguments.c: arguments that do not fit their tool are named.
 * Runs in: unit tests.
 * Input: argument maps as a model would send them.
 */
#include "tests/unit/unit.h"

#include <math.h>

#include "policy/tools.h"

static char why[1024];

static int
check(const char *tool, struct pack *p)
{
	const char *broken = NULL;
	struct value *v = value_decode(p->data, p->len, &broken);
	int status;

	assert_non_null(v);
	status = tool_check(tool_find(tool), v, why, sizeof(why));
	value_free(v);
	pack_clear(p);
	assert_true((status == 0) == (why[0] == '\0'));
	return status;
}

static void
test_tool_check_takes_what_fits(void **state)
{
	struct pack p;

	(void)state;
	pack_init(&p, 1000);
	pack_map(&p, 2);
	pack_key_text(&p, "command", "true");
	pack_text(&p, "timeout");
	pack_real(&p, 0.5);
	assert_int_equal(check("execute_shell", &p), 0);
	pack_map(&p, 2);
	pack_key_text(&p, "path", "a");
	pack_text(&p, "content");
	pack_bytes(&p, "\0\xff", 2);
	assert_int_equal(check("save_file", &p), 0);
	pack_map(&p, 0);
	assert_int_equal(check("list_files", &p), 0);
}

static void
test_tool_check_names_each_problem(void **state)
{
	struct pack p;

	(void)state;
	pack_init(&p, 1000);
	pack_map(&p, 2);
	pack_key_int(&p, "content", 5);
	pack_key_text(&p, "mode\x1b[1m", "w");
	assert_int_equal(check("save_file", &p), -1);
	assert_string_equal(why,
	    "content: expected a string, got integer\n"
	    "mode\\x1b[1m: save_file has no such parameter\n"
	    "path: is required");
}

static void
test_tool_check_refuses_bad_numbers(void **state)
{
	static const double bad[] = { 0, -1, 86401, 1e300, NAN, INFINITY };
	struct pack p;

	(void)state;
	pack_init(&p, 1000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pack_map(&p, 2);
		pack_key_text(&p, "command", "true");
		pack_text(&p, "timeout");
		pack_real(&p, bad[i]);
		assert_int_equal(check("execute_shell", &p), -1);
	}
}

static void
test_tool_check_refuses_nul_in_paths(void **state)
{
	struct pack p;

	(void)state;
	pack_init(&p, 1000);
	pack_map(&p, 1);
	pack_text(&p, "path");
	pack_textn(&p, "a\0b", 3);
	assert_int_equal(check("load_file", &p), -1);
}

static void
test_tool_check_bounds_sizes(void **state)
{
	static char large[5000];
	struct pack p;

	(void)state;
	memset(large, 'a', sizeof(large));
	pack_init(&p, 10000);
	pack_map(&p, 1);
	pack_text(&p, "path");
	pack_textn(&p, large, 4095);
	assert_int_equal(check("load_file", &p), 0);
	pack_map(&p, 1);
	pack_text(&p, "path");
	pack_textn(&p, large, 4096);
	assert_int_equal(check("load_file", &p), -1);
}

static void
test_tools_table_is_whole(void **state)
{
	(void)state;
	assert_true(tools_count >= 18);
	for (size_t i = 0; i < tools_count; i++) {
		assert_ptr_equal(tool_find(tools[i].name), &tools[i]);
		assert_true(strlen(tools[i].description) > 10);
		for (size_t k = 0; k < tools[i].nparams; k++)
			assert_true(tools[i].params[k].bound > 0);
	}
	assert_null(tool_find("nothing"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tool_check_takes_what_fits),
		cmocka_unit_test(test_tool_check_names_each_problem),
		cmocka_unit_test(test_tool_check_refuses_bad_numbers),
		cmocka_unit_test(test_tool_check_refuses_nul_in_paths),
		cmocka_unit_test(test_tool_check_bounds_sizes),
		cmocka_unit_test(test_tools_table_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
