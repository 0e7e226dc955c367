/*
 * test_provider.c: which provider a run gets, and where it may connect.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include "supervisor/judge/provider.h"

static struct provider p;
static struct refusal no;

static int
choose(const char *provider, bool credential, bool replay, const char *url)
{
	struct choice w = { .provider = provider, .model = "",
	    .credential = credential, .replay = replay };
	struct config *c = config_new();
	char why[256];
	int status;

	if (url != NULL)
		assert_int_equal(config_set(c, "providers.openai.base_url",
		    url, "-c", why, sizeof(why)), 0);
	no = (struct refusal){ .status = 0 };
	status = provider_choose(&p, &w, c, &no);
	config_free(c);
	return status;
}

static void
test_provider_choose_falls_back_to_replay_and_says_so(void **state)
{
	(void)state;
	assert_int_equal(choose("", false, false, NULL), 0);
	assert_string_equal(p.name, "replay");
	assert_non_null(strstr(p.notice, "no model is configured"));
	assert_string_equal(p.host, "");
}

static void
test_provider_choose_takes_what_was_asked_for(void **state)
{
	(void)state;
	assert_int_equal(choose("replay", true, false, NULL), 0);
	assert_string_equal(p.name, "replay");
	assert_string_equal(p.notice, "");
	assert_int_equal(choose("", true, true, NULL), 0);
	assert_string_equal(p.name, "replay");
	assert_string_equal(p.notice, "");
	assert_int_equal(choose("", true, false, NULL), 0);
	assert_string_equal(p.name, "openai");
	assert_string_equal(p.host, "api.openai.com");
	assert_int_equal(p.port, 443);
	assert_false(p.private_allowed);
}

static void
test_provider_choose_allows_private_only_where_named(void **state)
{
	(void)state;
	assert_int_equal(choose("", false, false, "http://127.0.0.1:8080/v1"),
	    0);
	assert_string_equal(p.name, "openai");
	assert_true(p.private_allowed);
	assert_true(provider_may_dial(&p, "127.0.0.1", 8080));
	assert_false(provider_may_dial(&p, "127.0.0.1", 8081));
	assert_false(provider_may_dial(&p, "127.0.0.2", 8080));
	assert_false(provider_may_dial(&p, "", 8080));
}

static void
test_provider_may_dial_nothing_for_replay(void **state)
{
	(void)state;
	assert_int_equal(choose("replay", false, false, NULL), 0);
	assert_false(provider_may_dial(&p, "", 0));
	assert_false(provider_may_dial(&p, "api.openai.com", 443));
}

static void
test_provider_choose_refuses_with_a_hint(void **state)
{
	(void)state;
	assert_int_equal(choose("openai", false, false, NULL), -1);
	assert_int_equal(no.status, 69);
	assert_int_equal(no.error, ERROR_ProviderError);
	assert_non_null(strstr(no.hint, "OPENAI_API_KEY"));
	assert_int_equal(choose("gemini", true, false, NULL), -1);
	assert_int_equal(no.status, 69);
	assert_int_equal(choose("", false, false, "ftp://x/"), -1);
	assert_int_equal(no.status, 78);
	assert_int_equal(no.error, ERROR_ConfigError);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_provider_choose_falls_back_to_replay_and_says_so),
		cmocka_unit_test(test_provider_choose_takes_what_was_asked_for),
		cmocka_unit_test(
		    test_provider_choose_allows_private_only_where_named),
		cmocka_unit_test(test_provider_may_dial_nothing_for_replay),
		cmocka_unit_test(test_provider_choose_refuses_with_a_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
