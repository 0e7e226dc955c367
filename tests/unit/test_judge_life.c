/*
 * test_judge_life.c: the real judge from start to end: configuration, reload,
 * serving, leaving, what a client of a daemon may set.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/judge_steps.h"

/* --- configuration, start and end --- */

/* A configuration {"agents": {"max_iterations": n}} comes from the reader. */
static void
configure(int64_t n)
{
	struct config_file file = { .path = "/etc/x.toml" };
	struct configuration m = { .index = 0 };
	struct pack map, lines;

	send_config_file(&world.supervisor.c, &file);
	UNTIL(seat_of(CONFIG) != NULL);
	assert_int_equal(EXPECT(seat_of(CONFIG), read_request)->index, 0);
	pack_init(&map, 1024);
	pack_map(&map, 1);
	pack_text(&map, "agents");
	pack_map(&map, 1);
	pack_key_int(&map, "max_iterations", n);
	pack_init(&lines, 1024);
	pack_map(&lines, 2);
	pack_key_uint(&lines, "agents", 1);
	pack_key_uint(&lines, "agents.max_iterations", 2);
	m.map = BLOB(map.data, map.len);
	m.lines = BLOB(lines.data, lines.len);
	send_configuration(&seat_of(CONFIG)->c, &m);
	UNTIL(seat_of(CONFIG) == NULL);
	pack_clear(&map);
	pack_clear(&lines);
}

static void
expect_iterations(uint32_t n)
{
	struct pack p;
	struct run_request m = order(&p);

	m.max_iterations = 0;
	run_until_started(&m);
	assert_int_equal(seat_of(COGNITION)->got.run_start.max_iterations, n);
	pack_clear(&p);
}

static void
test_configuration_is_read_before_serving(void **state)
{
	(void)state;
	world_assume(true, 1);
	for (int i = 0; i < 5; i++)
		world_turn(NULL, 20);
	assert_false(world.serving);
	configure(17);
	UNTIL(world.serving);
	world_connect();
	expect_iterations(17);
}

static void
test_configuration_that_is_broken_ends_the_start(void **state)
{
	(void)state;
	world_assume(true, 1);
	configure(-4);
	UNTIL(world.left);
	assert_int_equal(world.left_status, EXIT_config);
	assert_false(world.serving);
}

static void
test_reload_takes_the_new_or_keeps_the_old(void **state)
{
	struct reload_request m = { .config_files = 1 };

	(void)state;
	send_reload_request(&world.supervisor.c, &m);
	configure(23);
	send_reload_request(&world.supervisor.c, &m);
	configure(-4);
	assert_false(world.left);
	expect_iterations(23);
}

static void
test_dialer_that_is_not_confined_fails_the_start(void **state)
{
	(void)state;
	world.unconfined = DIALER;
	world_assume(true, 0);
	UNTIL(world.left);
	assert_int_equal(world.left_status, EXIT_integrity);
	assert_false(world.serving);
}

static void
test_stop_ends_the_runs_then_leaves(void **state)
{
	struct stop_request m = { .now = false };

	(void)state;
	started();
	send_stop_request(&world.supervisor.c, &m);
	assert_int_equal(EXPECT(seat_of(COGNITION), run_cancel)->stop,
	    STOP_cancelled);
	send_run_done(&seat_of(COGNITION)->c, &(struct run_done){
	    .stop = STOP_cancelled, .answer = BLOB_NONE });
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &(struct collect_done){ 0 });
	expect_end(STOP_cancelled);
	UNTIL(world.left);
	assert_int_equal(world.left_status, 0);
	assert_int_equal(count_events(EVENT_run_completed), 1);
}

static void
expect_setting(const char *key, const char *value, bool taken)
{
	struct config_request m = { .request = 8 };
	struct pack s;

	m.settings = setting(&s, key, value);
	send_config_request(&world.client.c, &m);
	if (taken) {
		do {
			while (world_turn(&world.client, 100) != 1)
				continue;
		} while (world.client.kind == MSG_row);
		assert_int_equal(world.client.kind, MSG_done);
	} else {
		assert_int_equal(EXPECT(&world.client, refused)->status,
		    EXIT_denied);
	}
	pack_clear(&s);
}

static void
test_client_of_a_daemon_may_only_narrow(void **state)
{
	(void)state;
	world_assume(false, 0);
	UNTIL(world.serving);
	world_connect();
	expect_setting("agents.max_iterations", "5", true);
	expect_setting("agents.max_iterations", "50", false);
	expect_setting("providers.openai.base_url", "http://127.0.0.1/", false);
	expect_setting("agents.sandbox.tools.allowed", "finish", false);
	expect_setting("agents.sandbox.native.memory_limit", "2g", false);
	expect_setting("agents.sandbox.native.cpu_limit", "1.5", true);
	expect_setting("agents.sandbox.native.cpu_limit", "3", false);
	/* 0 is no limit: to set one narrows, to take it away does not. */
	expect_setting("agents.limits.tokens", "5", true);
	expect_setting("agents.limits.cost", "0.5", true);
	expect_setting("agents.limits.repeated_calls", "3", true);
	expect_setting("agents.limits.repeated_calls", "21", false);
	expect_setting("agents.limits.repeated_calls", "0", false);
	expect_setting("providers.openai.prices.input", "0.001", false);
}

static void
test_run_of_a_daemon_goes_on_without_its_client(void **state)
{
	(void)state;
	world_assume(false, 0);
	UNTIL(world.serving);
	world_connect();
	started();
	seat_close(&world.client);
	expect_silence(seat_of(COGNITION), 300);
	finish();
	(void)EXPECT(seat_of(STREAM), collect_request);
	send_collect_done(&seat_of(STREAM)->c, &(struct collect_done){ 0 });
	UNTIL(count_events(EVENT_run_completed) == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BARE(test_configuration_is_read_before_serving),
		BARE(test_configuration_that_is_broken_ends_the_start),
		CASE(test_reload_takes_the_new_or_keeps_the_old),
		BARE(test_dialer_that_is_not_confined_fails_the_start),
		CASE(test_stop_ends_the_runs_then_leaves),
		BARE(test_client_of_a_daemon_may_only_narrow),
		BARE(test_run_of_a_daemon_goes_on_without_its_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
