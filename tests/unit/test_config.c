/*
 * test_config.c: the typed table: defaults, types, bounds, origins, refusals.
 * Runs in: unit tests.
 * Input: maps as the config-reader sends them, text as clients send it.
 */
#include "tests/unit/unit.h"

#include "supervisor/judge/config.h"

static char why[512];

/* {"agents": {KEY: value}} with one line number. */
static int
load(struct config *c, const char *table, const char *key,
    void (*put)(struct pack *))
{
	struct pack map, lines;
	struct value *m, *l;
	const char *broken;
	char dotted[128];
	int status;

	snprintf(dotted, sizeof(dotted), "%s.%s", table, key);
	pack_init(&map, 4096);
	pack_map(&map, 1);
	pack_text(&map, table);
	pack_map(&map, 1);
	pack_text(&map, key);
	put(&map);
	pack_init(&lines, 4096);
	pack_map(&lines, 1);
	pack_key_int(&lines, dotted, 7);
	m = value_decode(map.data, map.len, &broken);
	l = value_decode(lines.data, lines.len, &broken);
	why[0] = '\0';
	status = config_load(c, m, l, "f.toml", why, sizeof(why));
	value_free(m);
	value_free(l);
	pack_clear(&map);
	pack_clear(&lines);
	return status;
}

static void
put_25(struct pack *p)
{
	pack_int(p, 25);
}

static void
put_zero(struct pack *p)
{
	pack_int(p, 0);
}

static void
put_text_x(struct pack *p)
{
	pack_text(p, "x");
}

static void
put_list(struct pack *p)
{
	pack_list(p, 2);
	pack_text(p, "calculator");
	pack_text(p, "finish");
}

static void
test_config_defaults(void **state)
{
	struct config *c = config_new();
	size_t n;

	(void)state;
	assert_int_equal(config_int(c, KEY_agents_max_iterations), 10);
	assert_int_equal(config_int(c, KEY_agents_default_timeout), 600);
	assert_int_equal(config_int(c,
	    KEY_agents_sandbox_native_memory_limit), 1 << 30);
	assert_string_equal(config_text(c, KEY_agents_sandbox_mode), "auto");
	assert_true(config_flag(c, KEY_providers_openai_stream));
	config_list(c, KEY_agents_sandbox_tools_allowed, &n);
	assert_int_equal(n, 18);
	config_list(c, KEY_agents_sandbox_tools_denied, &n);
	assert_int_equal(n, 0);
	assert_string_equal(config_origin(c, KEY_agents_max_iterations),
	    "default");
	config_free(c);
}

static void
test_config_load_says_where_from(void **state)
{
	struct config *c = config_new();

	(void)state;
	assert_int_equal(load(c, "agents", "max_iterations", put_25), 0);
	assert_int_equal(config_int(c, KEY_agents_max_iterations), 25);
	assert_string_equal(config_origin(c, KEY_agents_max_iterations),
	    "f.toml:7");
	config_free(c);
}

static void
test_config_load_refuses_with_file_and_line(void **state)
{
	struct config *c = config_new();

	(void)state;
	assert_int_equal(load(c, "agents", "max_iterations", put_zero), -1);
	assert_string_equal(why,
	    "f.toml:7: agents.max_iterations must be between 1 and 10000");
	assert_int_equal(load(c, "agents", "max_iterations", put_text_x), -1);
	assert_string_equal(why,
	    "f.toml:7: agents.max_iterations must be an integer");
	assert_int_equal(load(c, "agents", "max_iteration", put_25), -1);
	assert_string_equal(why, "f.toml:7: unknown key agents.max_iteration; "
	    "did you mean agents.max_iterations?");
	assert_int_equal(load(c, "llmcore", "default_provider", put_text_x),
	    -1);
	assert_string_equal(why, "f.toml:7: llmcore.default_provider is not "
	    "taken: use sallyport.default_provider");
	assert_int_equal(config_int(c, KEY_agents_max_iterations), 10);
	config_free(c);
}

static void
test_config_load_lists(void **state)
{
	struct config *c = config_new();
	const char *const *list;
	size_t n;

	(void)state;
	assert_int_equal(load(c, "agents.sandbox.tools", "allowed", put_list),
	    0);
	list = config_list(c, KEY_agents_sandbox_tools_allowed, &n);
	assert_int_equal(n, 2);
	assert_string_equal(list[1], "finish");
	config_free(c);
}

static int
set(struct config *c, const char *key, const char *text)
{
	return config_set(c, key, text, "-c", why, sizeof(why));
}

static void
test_config_set_sizes(void **state)
{
	struct config *c = config_new();

	(void)state;
	assert_int_equal(set(c, "agents.sandbox.native.memory_limit", "64m"),
	    0);
	assert_int_equal(config_int(c,
	    KEY_agents_sandbox_native_memory_limit), 64 << 20);
	assert_string_equal(config_origin(c,
	    KEY_agents_sandbox_native_memory_limit), "-c");
	assert_int_equal(set(c, "agents.sandbox.native.memory_limit", "2GiB"),
	    0);
	assert_int_equal(set(c, "agents.sandbox.native.memory_limit", "1"),
	    -1);
	assert_int_equal(set(c, "agents.sandbox.native.memory_limit", "1x"),
	    -1);
	assert_int_equal(set(c, "agents.sandbox.native.memory_limit", "-1m"),
	    -1);
	assert_int_equal(set(c, "agents.sandbox.native.memory_limit",
	    "99999999999999999999t"), -1);
	config_free(c);
}

static void
test_config_set_checks_every_kind(void **state)
{
	struct config *c = config_new();

	(void)state;
	assert_int_equal(set(c, "agents.sandbox.mode", "none"), 0);
	assert_int_equal(set(c, "agents.sandbox.mode", "host"), -1);
	assert_int_equal(set(c, "agents.sandbox.mode", ""), -1);
	assert_int_equal(set(c, "agents.sandbox.mode", "auto|native"), -1);
	assert_int_equal(set(c, "providers.openai.stream", "yes"), -1);
	assert_int_equal(set(c, "providers.openai.stream", "false"), 0);
	assert_int_equal(set(c, "agents.sandbox.native.cpu_limit", "0.5"), 0);
	assert_int_equal(set(c, "agents.sandbox.native.cpu_limit", "nan"), -1);
	assert_int_equal(set(c, "agents.max_iterations", "5 "), -1);
	assert_int_equal(set(c, "agents.sandbox.tools.denied",
	    "execute_shell,execute_python"), 0);
	config_free(c);
}

static void
test_config_row_can_be_decoded(void **state)
{
	struct config *c = config_new();
	const char *broken;
	struct value *v;
	struct pack p;

	(void)state;
	for (int k = 0; k < KEY_COUNT; k++) {
		pack_init(&p, 65536);
		config_row(c, k, &p);
		v = value_decode(p.data, p.len, &broken);
		assert_non_null(v);
		assert_non_null(value_get(v, "value"));
		assert_non_null(value_get(v, "help"));
		value_free(v);
		pack_clear(&p);
	}
	config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_defaults),
		cmocka_unit_test(test_config_load_says_where_from),
		cmocka_unit_test(test_config_load_refuses_with_file_and_line),
		cmocka_unit_test(test_config_load_lists),
		cmocka_unit_test(test_config_set_sizes),
		cmocka_unit_test(test_config_set_checks_every_kind),
		cmocka_unit_test(test_config_row_can_be_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
