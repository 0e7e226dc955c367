/*
 * test_url.c: the base address of a provider is read in one way only.
 * Runs in: unit tests.
 * Input: spellings that other parsers read differently.
 */
#include "tests/unit/unit.h"

#include "policy/url.h"

static void
test_url_parse_takes_plain_addresses(void **state)
{
	const char *why = NULL;
	struct url u;

	(void)state;
	assert_int_equal(url_parse("https://API.openai.com/v1/", &u, &why), 0);
	assert_true(u.tls);
	assert_string_equal(u.host, "api.openai.com");
	assert_int_equal(u.port, 443);
	assert_string_equal(u.path, "/v1");
	assert_int_equal(url_parse("http://127.0.0.1:8080", &u, &why), 0);
	assert_false(u.tls);
	assert_int_equal(u.port, 8080);
	assert_string_equal(u.path, "");
	assert_int_equal(url_parse("http://[::1]:1/x", &u, &why), 0);
	assert_string_equal(u.host, "::1");
	assert_true(u.ipv6);
}

static void
test_url_parse_refuses_what_can_be_read_twice(void **state)
{
	static const char *const bad[] = {
		"", "ftp://a/", "http://", "http:///v1", "http://a:0/",
		"http://a:65536/", "http://a:/", "http://user@host/",
		"http://a:80:80/", "http://a b/", "http://a%2eb/",
		"http://host./", "http://.host/", "http://[::1/",
		"http://[::1]x/", "http://a/?q", "http://a/#f",
		"http://a\\b/", "http://h\xc3\xb6st/", "http://a:80x/",
		"HTTP://a/", "http://a/\x01"
	};
	const char *why;
	struct url u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = NULL;
		if (url_parse(bad[i], &u, &why) != -1 || why == NULL)
			fail_msg("accepted '%s'", bad[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url_parse_takes_plain_addresses),
		cmocka_unit_test(test_url_parse_refuses_what_can_be_read_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
