/*
 * test_client_print.c: foreign text on a terminal.
 * Runs in: unit tests.  Input: hostile texts made here.
 */
#include "tests/unit/unit.h"

#include "client/cli/cli.h"
#include "client/cli/policy.h"

/* True if a terminal would take any byte of it for a command. */
static bool
harmful(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0';
	    s++) {
		if ((*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f)
			return true;
		if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
			return true;
		if (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0xaa &&
		    s[2] <= 0xae)
			return true;
	}
	return false;
}

static void
test_escape_leaves_nothing_that_a_terminal_obeys(void **state)
{
	char bytes[2] = { 0 }, c1[2] = { (char)0xc2 };

	(void)state;
	for (int c = 0; c < 256; c++) {
		autofree char *one = NULL, *line = NULL;

		bytes[0] = (char)c;
		one = sallyport_escape(bytes, 1, true);
		line = sallyport_escape(bytes, 1, false);
		assert_false(harmful(one));
		assert_true(utf8_valid(one, strlen(one)));
		assert_null(strchr(line, '\n'));
		assert_null(strchr(line, '\t'));
		assert_true(strlen(line) > 0);
	}
	for (int c = 0x80; c < 0xa0; c++) {
		autofree char *shown = NULL;

		c1[1] = (char)c;
		shown = sallyport_escape(c1, 2, true);
		assert_false(harmful(shown));
	}
}

static void
test_escape_shows_osc_52_and_overrides(void **state)
{
	autofree char *osc = sallyport_escape("\033]52;c;eA==\a", 12, true);
	autofree char *bidi = sallyport_escape("a\xe2\x80\xae" "b\n", 6, true);

	(void)state;
	assert_string_equal(osc, "\\x1b]52;c;eA==\\x07");
	assert_string_equal(bidi, "a\\u{202e}b\n");
}

static size_t
printed(char *buffer, size_t size, const char *const *pieces, size_t count)
{
	FILE *f = fmemopen(buffer, size, "w");
	struct foreign cut = { .len = 0 };

	assert_non_null(f);
	for (size_t i = 0; i < count; i++)
		foreign_print(&cut, f, pieces[i], strlen(pieces[i]));
	foreign_end(&cut, f);
	fclose(f);
	return strlen(buffer);
}

static void
test_foreign_print_joins_characters_that_were_cut(void **state)
{
	const char *whole[] = { "\xc3", "\xa4\xf0\x9f", "\x98", "\x80!" };
	const char *trick[] = { "\xe2\x80", "\xae", "\xc2", "\x9b" "31m" };
	const char *broken[] = { "\xe2\x80", "x" };
	char buffer[256] = "";

	(void)state;
	printed(buffer, sizeof(buffer), whole, nitems(whole));
	assert_string_equal(buffer, "\xc3\xa4\xf0\x9f\x98\x80!");
	printed(buffer, sizeof(buffer), trick, nitems(trick));
	assert_false(harmful(buffer));
	assert_string_equal(buffer, "\\u{202e}\\u{9b}31m");
	printed(buffer, sizeof(buffer), broken, nitems(broken));
	assert_string_equal(buffer, "\\xe2\\x80x");
}

static void
test_print_short_cuts_between_characters(void **state)
{
	char buffer[256] = "";
	FILE *f = fmemopen(buffer, sizeof(buffer), "w");
	const char text[] = "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4";

	(void)state;
	print_short(f, text, sizeof(text) - 1, 5);
	fclose(f);
	assert_string_equal(buffer, "\xc3\xa4\xc3\xa4...");
}

static void
test_nearest_finds_slips_and_nothing_else(void **state)
{
	static const char *const known[] = { "timeout", "model", "provider" };

	(void)state;
	assert_string_equal(nearest("timeuot", known, 3), "timeout");
	assert_string_equal(nearest("prov", known, 3), "provider");
	assert_string_equal(nearest("modle", known, 3), "model");
	assert_null(nearest("xyzzy", known, 3));
	assert_null(nearest("", known, 3));
}

static void
test_policy_call_parse_reads_arguments(void **state)
{
	struct seccomp_data d;
	char why[256];

	(void)state;
	assert_int_equal(policy_call_parse("mmap arg2=0x4 arg3=34", &d, why,
	    sizeof(why)), 0);
	assert_int_equal(d.args[2], 4);
	assert_int_equal(d.args[3], 34);
	assert_int_equal(policy_call_parse("nosuchcall", &d, why,
	    sizeof(why)), -1);
	assert_int_equal(policy_call_parse("mmap arg6=1", &d, why,
	    sizeof(why)), -1);
	assert_int_equal(policy_call_parse("mmap arg2=", &d, why,
	    sizeof(why)), -1);
	assert_int_equal(policy_call_parse("mmap arg2=4x", &d, why,
	    sizeof(why)), -1);
	assert_int_equal(policy_call_parse("", &d, why, sizeof(why)), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_escape_leaves_nothing_that_a_terminal_obeys),
		cmocka_unit_test(test_escape_shows_osc_52_and_overrides),
		cmocka_unit_test(
		    test_foreign_print_joins_characters_that_were_cut),
		cmocka_unit_test(test_print_short_cuts_between_characters),
		cmocka_unit_test(test_nearest_finds_slips_and_nothing_else),
		cmocka_unit_test(test_policy_call_parse_reads_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
