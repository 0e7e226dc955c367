/*
 * test_address.c: what may be dialed, and what may be looked up.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/unit.h"

#include "ipc/util.h"
#include "supervisor/dialer/address.h"

static const struct {
	const char	 *text;
	enum address_kind kind;
} addresses[] = {
	{ "8.8.8.8", ADDRESS_public },
	{ "1.1.1.1", ADDRESS_public },
	{ "9.255.255.255", ADDRESS_public },
	{ "11.0.0.0", ADDRESS_public },
	{ "100.63.255.255", ADDRESS_public },
	{ "100.128.0.0", ADDRESS_public },
	{ "126.255.255.255", ADDRESS_public },
	{ "128.0.0.1", ADDRESS_public },
	{ "169.253.255.255", ADDRESS_public },
	{ "169.255.0.0", ADDRESS_public },
	{ "172.15.255.255", ADDRESS_public },
	{ "172.32.0.0", ADDRESS_public },
	{ "192.167.255.255", ADDRESS_public },
	{ "192.169.0.0", ADDRESS_public },
	{ "198.17.255.255", ADDRESS_public },
	{ "198.20.0.0", ADDRESS_public },
	{ "223.255.255.255", ADDRESS_public },
	{ "168.63.129.17", ADDRESS_public },
	{ "0.0.0.0", ADDRESS_unspecified },
	{ "0.1.2.3", ADDRESS_unspecified },
	{ "10.0.0.0", ADDRESS_private },
	{ "10.255.255.255", ADDRESS_private },
	{ "172.16.0.0", ADDRESS_private },
	{ "172.31.255.255", ADDRESS_private },
	{ "192.168.0.1", ADDRESS_private },
	{ "100.64.0.0", ADDRESS_shared },
	{ "100.127.255.255", ADDRESS_shared },
	{ "127.0.0.1", ADDRESS_loopback },
	{ "127.255.255.254", ADDRESS_loopback },
	{ "169.254.0.1", ADDRESS_link_local },
	{ "169.254.169.254", ADDRESS_metadata },
	{ "169.254.170.2", ADDRESS_metadata },
	{ "100.100.100.200", ADDRESS_metadata },
	{ "168.63.129.16", ADDRESS_metadata },
	{ "192.0.0.192", ADDRESS_metadata },
	{ "192.0.0.1", ADDRESS_reserved },
	{ "192.0.2.7", ADDRESS_reserved },
	{ "192.88.99.1", ADDRESS_reserved },
	{ "198.18.0.1", ADDRESS_reserved },
	{ "198.19.255.255", ADDRESS_reserved },
	{ "198.51.100.1", ADDRESS_reserved },
	{ "203.0.113.1", ADDRESS_reserved },
	{ "224.0.0.1", ADDRESS_multicast },
	{ "239.255.255.255", ADDRESS_multicast },
	{ "240.0.0.1", ADDRESS_reserved },
	{ "255.255.255.255", ADDRESS_reserved },
	{ "2606:4700::1111", ADDRESS_public },
	{ "2a00:1450::1", ADDRESS_public },
	{ "2001:4860:4860::8888", ADDRESS_public },
	{ "::", ADDRESS_unspecified },
	{ "::1", ADDRESS_loopback },
	{ "::2", ADDRESS_reserved },
	{ "::127.0.0.1", ADDRESS_reserved },
	{ "::ffff:127.0.0.1", ADDRESS_loopback },
	{ "::ffff:169.254.169.254", ADDRESS_metadata },
	{ "::ffff:8.8.8.8", ADDRESS_public },
	{ "::ffff:0:10.0.0.1", ADDRESS_private },
	{ "64:ff9b::7f00:1", ADDRESS_loopback },
	{ "64:ff9b::a9fe:a9fe", ADDRESS_metadata },
	{ "64:ff9b::808:808", ADDRESS_public },
	{ "64:ff9b:1::1", ADDRESS_private },
	{ "2002:7f00:1::", ADDRESS_loopback },
	{ "2002:a00:1::5", ADDRESS_private },
	{ "2002:808:808::", ADDRESS_public },
	{ "2606:4700::5efe:a00:1", ADDRESS_private },
	{ "2606:4700::200:5efe:7f00:1", ADDRESS_loopback },
	{ "2001::1", ADDRESS_reserved },
	{ "2001:1ff::1", ADDRESS_reserved },
	{ "2001:db8::1", ADDRESS_reserved },
	{ "3fff::1", ADDRESS_reserved },
	{ "100::1", ADDRESS_reserved },
	{ "4000::1", ADDRESS_reserved },
	{ "fc00::1", ADDRESS_private },
	{ "fdff::1", ADDRESS_private },
	{ "fd00:ec2::254", ADDRESS_metadata },
	{ "fd20:ce::254", ADDRESS_metadata },
	{ "fe80::1", ADDRESS_link_local },
	{ "febf::1", ADDRESS_link_local },
	{ "fec0::1", ADDRESS_private },
	{ "ff02::1", ADDRESS_multicast },
};

static void
test_address_kind_knows_every_special_range(void **state)
{
	struct sockaddr_storage ss;

	(void)state;
	for (size_t i = 0; i < nitems(addresses); i++) {
		assert_int_equal(address_parse(addresses[i].text, 1, &ss), 0);
		if (address_kind((struct sockaddr *)&ss) != addresses[i].kind)
			fail_msg("%s is %s, not %s", addresses[i].text,
			    address_kind_name(address_kind(
			    (struct sockaddr *)&ss)),
			    address_kind_name(addresses[i].kind));
	}
}

static void
test_address_kind_reserves_other_families(void **state)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };

	(void)state;
	assert_int_equal(address_kind(&sa), ADDRESS_reserved);
}

static void
test_address_allowed_needs_the_operator_for_what_is_near(void **state)
{
	(void)state;
	assert_true(address_allowed(ADDRESS_public, false));
	assert_true(address_allowed(ADDRESS_loopback, true));
	assert_true(address_allowed(ADDRESS_metadata, true));
	assert_false(address_allowed(ADDRESS_private, false));
	assert_false(address_allowed(ADDRESS_loopback, false));
	assert_false(address_allowed(ADDRESS_link_local, false));
	assert_false(address_allowed(ADDRESS_shared, false));
	assert_false(address_allowed(ADDRESS_metadata, false));
	assert_false(address_allowed(ADDRESS_multicast, true));
	assert_false(address_allowed(ADDRESS_unspecified, true));
	assert_false(address_allowed(ADDRESS_reserved, true));
}

static void
test_address_parse_takes_only_full_literals(void **state)
{
	static const char *const bad[] = { "127.1", "0x7f.0.0.1", "2130706433",
	    "127.0.0.01", "127.0.0.1 ", " 127.0.0.1", "127.0.0.256",
	    "fe80::1%eth0", "[127.0.0.1]", "[::1", "::1]", "[]", "" };
	struct sockaddr_storage ss;

	(void)state;
	for (size_t i = 0; i < nitems(bad); i++)
		if (address_parse(bad[i], 1, &ss) == 0)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(address_parse("[::1]", 1, &ss), 0);
	assert_int_equal(address_parse("10.0.0.1", 1, &ss), 0);
}

static void
test_name_problem_takes_host_names_only(void **state)
{
	static const char *const good[] = { "api.openai.com", "a", "ollama",
	    "x-1.example", "3com.com", "1.2.3.4.example", "XN--BCHER-KVA.EU" };
	static const char *const bad[] = { "", ".", "a.", "a..b", ".a",
	    "-a.b", "a-.b", "a_b.c", "a b", "b\303\274cher.eu", "127.1",
	    "127.0.0.1", "0x7f.1", "1.0x7f", "2130706433", "0x7f000001",
	    "017700000001", "a.0x", "host.1", "a/b", "a:80", "a@b", "a\nb",
	    "[::1]", "1.2.3.256", "%61" };
	char label[80] = "";

	(void)state;
	for (size_t i = 0; i < nitems(good); i++)
		if (name_problem(good[i]) != NULL)
			fail_msg("'%s' was refused", good[i]);
	for (size_t i = 0; i < nitems(bad); i++)
		if (name_problem(bad[i]) == NULL)
			fail_msg("'%s' was taken", bad[i]);
	memset(label, 'a', 63);
	assert_null(name_problem(label));
	label[63] = 'a';
	assert_non_null(name_problem(label));
}

static void
test_name_problem_bounds_the_whole_name(void **state)
{
	char name[300];

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[253] = '\0';
	assert_null(name_problem(name));
	name[253] = 'a';
	name[254] = '\0';
	assert_non_null(name_problem(name));
}

static void
test_name_is_local_knows_localhost_and_below(void **state)
{
	(void)state;
	assert_true(name_is_local("localhost"));
	assert_true(name_is_local("LOCALHOST"));
	assert_true(name_is_local("a.localhost"));
	assert_false(name_is_local("notlocalhost"));
	assert_false(name_is_local("localhost.example"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_kind_knows_every_special_range),
		cmocka_unit_test(test_address_kind_reserves_other_families),
		cmocka_unit_test(
		    test_address_allowed_needs_the_operator_for_what_is_near),
		cmocka_unit_test(test_address_parse_takes_only_full_literals),
		cmocka_unit_test(test_name_problem_takes_host_names_only),
		cmocka_unit_test(test_name_problem_bounds_the_whole_name),
		cmocka_unit_test(test_name_is_local_knows_localhost_and_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
