/*
 * test_client_settings.c: configuration from -c and the environment.
 * Runs in: unit tests.  Input: environments made here.
 */
#include "tests/unit/unit.h"

#include "client/cli/cli.h"

static void
collect(struct settings *s, struct args *a, char *const *environment,
    int wanted)
{
	char why[256] = "";

	memset(s, 0, sizeof(*s));
	assert_int_equal(settings_collect(a, environment, s, why,
	    sizeof(why)), wanted);
	if (wanted == -1)
		assert_string_equal(why, "-c takes KEY=VALUE");
}

static void
is_setting(const struct settings *s, size_t i, const char *key,
    const char *value, const char *origin)
{
	assert_true(i < s->count);
	assert_string_equal(s->list[i].key, key);
	assert_string_equal(s->list[i].value, value);
	assert_string_equal(s->list[i].origin, origin);
}

static void
test_settings_collect_maps_the_environment(void **state)
{
	char *const environment[] = {
		(char *)"SALLYPORT_AGENTS__SANDBOX__MODE=none",
		(char *)"PATH=/bin", (char *)"SALLYPORT_STATE_DIR=/x",
		(char *)"SALLYPORT_AGENTS__MAX_ITERATIONS=a=b",
		(char *)"OPENAI_API_KEY=secret",
		(char *)"SALLYPORT_X", (char *)"NOTSALLYPORT_A__B=1",
		(char *)"OPENAI_BASE_URL=http://127.0.0.1:1/v1", NULL
	};
	struct args a = { 0 };
	struct settings s;

	(void)state;
	collect(&s, &a, environment, 0);
	assert_int_equal(s.count, 3);
	is_setting(&s, 0, "providers.openai.base_url",
	    "http://127.0.0.1:1/v1", "environment OPENAI_BASE_URL");
	is_setting(&s, 1, "agents.sandbox.mode", "none",
	    "environment SALLYPORT_AGENTS__SANDBOX__MODE");
	is_setting(&s, 2, "agents.max_iterations", "a=b",
	    "environment SALLYPORT_AGENTS__MAX_ITERATIONS");
	for (size_t i = 0; i < s.count; i++)
		assert_null(strstr(s.list[i].value, "secret"));
	settings_clear(&s);
}

static void
test_settings_collect_puts_the_command_line_last(void **state)
{
	char *const environment[] = {
		(char *)"SALLYPORT_AGENTS__MAX_ITERATIONS=8", NULL
	};
	const char *words[] = { "sallyport", "run", "-c",
	    "agents.max_iterations=9", "goal", NULL };
	struct args a = { 0 };
	struct settings s;

	(void)state;
	assert_int_equal(args_parse(&a, 5, (char **)(uintptr_t)words), 0);
	collect(&s, &a, environment, 0);
	assert_int_equal(s.count, 2);
	is_setting(&s, 1, "agents.max_iterations", "9", "-c");
	settings_clear(&s);
	args_clear(&a);
}

static void
test_settings_collect_wants_a_key_and_a_value(void **state)
{
	static const char *const bad[] = { "key", "=value", "" };
	char *const environment[] = { NULL };

	(void)state;
	for (size_t i = 0; i < nitems(bad); i++) {
		const char *words[] = { "sallyport", "run", "-c", bad[i],
		    "goal", NULL };
		struct args a = { 0 };
		struct settings s;

		assert_int_equal(args_parse(&a, 5,
		    (char **)(uintptr_t)words), 0);
		collect(&s, &a, environment, -1);
		settings_clear(&s);
		args_clear(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings_collect_maps_the_environment),
		cmocka_unit_test(
		    test_settings_collect_puts_the_command_line_last),
		cmocka_unit_test(
		    test_settings_collect_wants_a_key_and_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
