/*
 * test_retry.c: which failures of a model are tried again, and when.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include "cognition-worker/retry.h"
#include "ipc/util.h"

static struct retry_facts
facts(long status)
{
	return (struct retry_facts){ .status = status, .should = -1,
	    .after = -1, .code = "", .type = "" };
}

static void
test_retry_wanted_by_status(void **state)
{
	static const long yes[] = { 0, 408, 409, 429, 500, 502, 503, 529 };
	static const long no[] = { 301, 400, 401, 402, 403, 404, 413, 422 };
	struct retry_facts f;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(yes); i++) {
		f = facts(yes[i]);
		assert_true(retry_wanted(&f));
		f.attempt = RETRIES;
		assert_false(retry_wanted(&f));
	}
	for (i = 0; i < nitems(no); i++) {
		f = facts(no[i]);
		assert_false(retry_wanted(&f));
	}
}

static void
test_retry_wanted_server_decides(void **state)
{
	struct retry_facts f = facts(400);

	(void)state;
	f.should = 1;
	assert_true(retry_wanted(&f));
	f.began = true;
	assert_false(retry_wanted(&f));
	f = facts(503);
	f.should = 0;
	assert_false(retry_wanted(&f));
}

static void
test_retry_wanted_money_is_final(void **state)
{
	static const char *const money[] = { "insufficient_quota",
	    "credit_balance_exhausted", "organization_spend_limit_exceeded",
	    "project_spend_limit_exceeded",
	    "organization_usage_limit_exceeded" };
	struct retry_facts f;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(money); i++) {
		f = facts(429);
		f.code = money[i];
		f.should = 1;
		assert_false(retry_wanted(&f));
		f = facts(429);
		f.type = money[i];
		assert_false(retry_wanted(&f));
	}
	f = facts(429);
	f.code = "rate_limit_exceeded";
	assert_true(retry_wanted(&f));
}

static void
test_retry_after_forms(void **state)
{
	const time_t now = 1445412420;	/* Wed, 21 Oct 2015 07:27:00 GMT */

	(void)state;
	assert_int_equal(retry_after("2", false, now), 2000);
	assert_int_equal(retry_after("0.25", false, now), 250);
	assert_int_equal(retry_after("250", true, now), 250);
	assert_int_equal(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", false,
	    now), 60000);
	assert_int_equal(retry_after("Wed, 21 Oct 2015 07:00:00 GMT", false,
	    now), 0);
	assert_int_equal(retry_after("-5", false, now), -1);
	assert_int_equal(retry_after("", false, now), -1);
	assert_int_equal(retry_after("soon", false, now), -1);
	assert_int_equal(retry_after("nan", false, now), -1);
	assert_int_equal(retry_after("1 s", false, now), -1);
	assert_true(retry_after("1e308", false, now) > RETRY_WAIT_MAX);
	assert_true(retry_after("999999999", false, now) > RETRY_WAIT_MAX);
}

static void
test_retry_delay(void **state)
{
	struct retry_facts f = facts(503);

	(void)state;
	assert_int_equal(retry_delay(&f, 0), 500);
	assert_int_equal(retry_delay(&f, UINT32_MAX), 375);
	f.attempt = 1;
	assert_int_equal(retry_delay(&f, 0), 1000);
	f.attempt = 9;
	assert_int_equal(retry_delay(&f, 0), 8000);
	f.after = 1234;
	assert_int_equal(retry_delay(&f, UINT32_MAX), 1234);
	f.after = INT64_MAX;
	assert_int_equal(retry_delay(&f, 0), RETRY_WAIT_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry_wanted_by_status),
		cmocka_unit_test(test_retry_wanted_server_decides),
		cmocka_unit_test(test_retry_wanted_money_is_final),
		cmocka_unit_test(test_retry_after_forms),
		cmocka_unit_test(test_retry_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
