/*
 * test_call_queue.c: what waits in a run is bounded; when the judge is idle;
 * which addresses are private.
 * Runs in: unit tests: the judge's objects without its peers.
 * Input: none.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/dial.h"

static struct judge judge;
static struct run run;

static int
setup(void **state)
{
	(void)state;
	judge_init(&judge, loop_new(), NULL);
	judge.config = config_new();
	memset(&run, 0, sizeof(run));
	run.judge = &judge;
	run.tenant = &judge.tenant;
	run.config = judge.config;
	run.mode = SANDBOX_native;
	run.state = RUN_starting;	/* so that nothing is begun */
	TAILQ_INIT(&run.calls);
	return 0;
}

static int
teardown(void **state)
{
	struct event_base *base = judge.base;

	(void)state;
	call_end_all(&run, "over");
	assert_int_equal(run.ncalls, 0);
	assert_int_equal(run.calls_bytes, 0);
	judge_clear(&judge);
	event_base_free(base);
	return 0;
}

static struct call *
call(const void *arguments, size_t len)
{
	struct call *c = xcalloc(1, sizeof(*c));
	struct blob b = BLOB(arguments, len);

	c->arguments = blob_take(&b);
	c->input = BLOB_NONE;
	snprintf(c->name, sizeof(c->name), "calculator");
	return c;
}

static void
test_call_add_refuses_more_than_may_wait(void **state)
{
	const char *why;

	(void)state;
	for (unsigned i = 0; i < CALLS_MAX; i++)
		assert_int_equal(call_add(&run, call("\x80", 1), &why), 0);
	assert_int_equal(call_add(&run, call("\x80", 1), &why), -1);
	assert_int_equal(run.ncalls, CALLS_MAX);
	assert_int_equal(run.calls_bytes, CALLS_MAX);
}

static void
test_call_add_refuses_more_bytes_than_may_wait(void **state)
{
	const char *why;
	struct call *c = call("\x80", 1);

	(void)state;
	run.calls_bytes = CALLS_BYTES;
	assert_int_equal(call_add(&run, c, &why), -1);
	run.calls_bytes = 0;
	assert_int_equal(run.ncalls, 0);
}

static void
test_call_add_refuses_what_is_no_map(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(call_add(&run, call("\x90", 1), &why), -1);
	assert_int_equal(call_add(&run, call("", 0), &why), -1);
	assert_int_equal(call_add(&run, call("\x80\x80", 2), &why), -1);
	/* Claims 2^27 entries in five bytes. */
	assert_int_equal(call_add(&run, call("\xdf\x08\0\0\0", 5), &why), -1);
	assert_int_equal(run.ncalls, 0);
}

static void
test_call_offer_names_what_may_be_called(void **state)
{
	const struct tool *shell = tool_find("execute_shell");
	char why[256];

	(void)state;
	assert_true(call_offered(&run, shell));
	assert_false(call_offered(&run, tool_find("execute_command")));
	run.mode = SANDBOX_none;
	assert_false(call_offered(&run, shell));
	assert_true(call_offered(&run, tool_find("calculator")));
	run.mode = SANDBOX_native;
	assert_int_equal(config_set(judge.config,
	    "agents.sandbox.tools.denied", "execute_shell", "-c", why,
	    sizeof(why)), 0);
	assert_false(call_offered(&run, shell));
}

static void
test_idle_reached_only_in_user_mode_with_nothing_open(void **state)
{
	(void)state;
	assert_false(idle_reached(&judge));
	judge.serving = true;
	assert_false(idle_reached(&judge));
	judge.user_mode = true;
	assert_true(idle_reached(&judge));
	judge.nclients = 1;
	assert_false(idle_reached(&judge));
	judge.nclients = 0;
	judge.nruns = 1;
	assert_false(idle_reached(&judge));
	judge.nruns = 0;
	judge.loading.busy = true;
	assert_false(idle_reached(&judge));
}

static void
test_backoff_ms_grows_and_stops_growing(void **state)
{
	(void)state;
	assert_int_equal(backoff_ms(0), 0);
	assert_int_equal(backoff_ms(1), 100);
	assert_int_equal(backoff_ms(2), 200);
	assert_int_equal(backoff_ms(100), 10000);
}

static bool
private(const char *text)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return address_private((struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return address_private((struct sockaddr *)&six);
}

static void
test_address_private_knows_the_ranges(void **state)
{
	static const char *const closed[] = {
		"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1",
		"169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:10.0.0.1", "::127.0.0.1",
		"64:ff9b::a00:1", "2002:a00:1::", "fc00::1", "fd12::1",
		"fe80::1", "fec0::1", "ff02::1",
	};
	static const char *const open[] = {
		"8.8.8.8", "100.128.0.1", "172.32.0.1", "172.15.0.1",
		"192.0.1.1", "198.20.0.1", "223.255.255.255",
		"::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111",
	};

	(void)state;
	for (size_t i = 0; i < nitems(closed); i++)
		if (!private(closed[i]))
			fail_msg("%s is private", closed[i]);
	for (size_t i = 0; i < nitems(open); i++)
		if (private(open[i]))
			fail_msg("%s is not private", open[i]);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_call_add_refuses_more_than_may_wait),
		CASE(test_call_add_refuses_more_bytes_than_may_wait),
		CASE(test_call_add_refuses_what_is_no_map),
		CASE(test_call_offer_names_what_may_be_called),
		CASE(test_idle_reached_only_in_user_mode_with_nothing_open),
		cmocka_unit_test(test_backoff_ms_grows_and_stops_growing),
		cmocka_unit_test(test_address_private_knows_the_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
