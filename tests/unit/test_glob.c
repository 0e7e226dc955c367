/*
 * test_glob.c: patterns of rules: what matches, how much work that may be.
 * Runs in: unit tests.
 * Input: patterns of an operator, texts of an attacker.
 */
#include "tests/unit/unit.h"

#include "ipc/util.h"
#include "policy/glob.h"

static enum glob_result
match(const char *pattern, const char *text)
{
	struct glob g;
	const char *why;
	size_t steps = 1u << 20;
	enum glob_result got;

	assert_int_equal(glob_compile(&g, pattern, &why), 0);
	got = glob_match(&g, text, strlen(text), &steps);
	glob_clear(&g);
	return got;
}

static void
test_glob_match_wildcards(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool yes;
	} cases[] = {
		{ "", "", true }, { "", "a", false }, { "a", "a", true },
		{ "a", "ab", false }, { "a", "", false }, { "*", "", true },
		{ "*", "any\nthing/at all", true }, { "**", "x", true },
		{ "git push*", "git push origin", true },
		{ "git push*", "git push", true },
		{ "git push*", " git push", false },
		{ "*.sh", "a/b.sh", true }, { "*.sh", "a.sh.txt", false },
		{ "a*a", "a", false }, { "a*a", "aa", true },
		{ "ab*ba", "aba", false }, { "*ab*", "xaab", true },
		{ "*a*b*c*", "xxaxxbxxcxx", true },
		{ "*a*b*c*", "xxaxxcxxbxx", false },
		{ "a*b*b", "ab", false }, { "a*b*b", "abb", true },
		{ "?", "x", true }, { "?", "", false }, { "?", "xy", false },
		{ "?", "\xc3\xa9", true }, { "??", "\xc3\xa9", false },
		{ "*?", "\xe2\x82\xac", true }, { "*?b", "\xc3\xa9" "b", true },
		{ "*x?z*", "aaxyzaa", true }, { "*x?z*", "aaxzaa", false },
		{ "r? -rf*", "rm -rf /", true },
		{ "\\*", "*", true }, { "\\*", "a", false },
		{ "\\?", "?", true }, { "\\?", "a", false },
		{ "\\\\?", "\\a", true }, { "\\\\?", "\\", false },
		{ "[ab]", "a", false }, { "[ab]", "[ab]", true },
	};

	(void)state;
	for (size_t i = 0; i < nitems(cases); i++)
		if (match(cases[i].pattern, cases[i].text) !=
		    (cases[i].yes ? GLOB_yes : GLOB_no))
			fail_msg("'%s' and '%s'", cases[i].pattern,
			    cases[i].text);
}

static void
test_glob_match_takes_the_whole_text_with_its_zeros(void **state)
{
	struct glob g;
	const char *why;
	size_t steps = 1000;

	(void)state;
	assert_int_equal(glob_compile(&g, "a*b", &why), 0);
	assert_int_equal(glob_match(&g, "a\0b", 3, &steps), GLOB_yes);
	assert_int_equal(glob_match(&g, "a\0c", 3, &steps), GLOB_no);
	assert_int_equal(glob_match(&g, NULL, 0, &steps), GLOB_no);
	glob_clear(&g);
}

/* What is exponential or quadratic elsewhere ends within its steps. */
static void
test_glob_match_is_bounded(void **state)
{
	enum { LEN = 1 << 20 };
	autofree char *text = xcalloc(1, LEN);
	struct glob g;
	const char *why;
	size_t steps = 4 * LEN;

	(void)state;
	memset(text, 'a', LEN);
	assert_int_equal(glob_compile(&g, "*a*a*a*a*a*a*a*a*a*ab*a*", &why),
	    0);
	assert_int_equal(glob_match(&g, text, LEN, &steps), GLOB_no);
	assert_true(steps > 2 * LEN);
	steps = LEN / 2;
	assert_int_equal(glob_match(&g, text, LEN, &steps), GLOB_exhausted);
	assert_int_equal(steps, 0);
	glob_clear(&g);
	/* What is looked at in vain and what is found is counted. */
	assert_int_equal(glob_compile(&g, "*b*", &why), 0);
	text[LEN - 1] = 'b';
	steps = 2 * LEN;
	assert_int_equal(glob_match(&g, text, LEN, &steps), GLOB_yes);
	assert_true(steps <= LEN + 1);
	text[LEN - 1] = 'a';
	glob_clear(&g);
	/* Pieces with '?' cost more, and are counted so. */
	assert_int_equal(glob_compile(&g, "*a?b*", &why), 0);
	steps = LEN;
	assert_int_equal(glob_match(&g, text, LEN, &steps), GLOB_exhausted);
	glob_clear(&g);
}

static void
test_glob_compile_refuses(void **state)
{
	struct glob g;
	const char *why;
	char many[GLOB_MAX + 2], piece[GLOB_PIECE + 3];

	(void)state;
	memset(many, 'a', sizeof(many));
	many[GLOB_MAX] = '\0';
	assert_int_equal(glob_compile(&g, many, &why), -1);
	many[GLOB_MAX - 1] = '\0';
	assert_int_equal(glob_compile(&g, many, &why), 0);
	glob_clear(&g);
	memset(piece, 'a', sizeof(piece));
	piece[0] = '?';
	piece[GLOB_PIECE + 1] = '\0';
	assert_int_equal(glob_compile(&g, piece, &why), -1);
	piece[GLOB_PIECE] = '\0';
	assert_int_equal(glob_compile(&g, piece, &why), 0);
	glob_clear(&g);
	assert_int_equal(glob_compile(&g, "a\\", &why), -1);
	assert_int_equal(glob_compile(&g, "\\", &why), -1);
	assert_int_equal(glob_compile(&g, "\\\\\\", &why), -1);
	assert_int_equal(glob_compile(&g, "\\\\", &why), 0);
	assert_true(glob_is_exact(&g));
	glob_clear(&g);
}

static void
test_glob_is_exact(void **state)
{
	static const struct { const char *pattern; bool exact; } cases[] = {
		{ "make test", true }, { "a\\*", true }, { "", true },
		{ "a*", false }, { "a?", false }, { "*", false },
	};
	struct glob g;
	const char *why;

	(void)state;
	for (size_t i = 0; i < nitems(cases); i++) {
		assert_int_equal(glob_compile(&g, cases[i].pattern, &why), 0);
		assert_int_equal(glob_is_exact(&g), cases[i].exact);
		glob_clear(&g);
	}
}

static void
test_glob_covers(void **state)
{
	static const struct { const char *a, *b; bool yes; } cases[] = {
		{ "*", "anything", true }, { "*", "a*b?", true },
		{ "git*", "git push*", true }, { "git push*", "git*", false },
		{ "git*", "git", true }, { "a?c", "abc", true },
		{ "a?c", "a*c", false }, { "a?c", "a?c", true },
		{ "abc", "a?c", false }, { "*a*", "*ba*", true },
		{ "*.sh", "*.sh", true }, { "??", "\xc3\xa9", false },
		{ "a\\*", "a*", false }, { "a*", "a\\*", true },
		{ "", "", true }, { "a", "", false },
	};
	struct glob a, b;
	const char *why;

	(void)state;
	for (size_t i = 0; i < nitems(cases); i++) {
		assert_int_equal(glob_compile(&a, cases[i].a, &why), 0);
		assert_int_equal(glob_compile(&b, cases[i].b, &why), 0);
		if (glob_covers(&a, &b) != cases[i].yes)
			fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
		glob_clear(&a);
		glob_clear(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob_match_wildcards),
		cmocka_unit_test(
		    test_glob_match_takes_the_whole_text_with_its_zeros),
		cmocka_unit_test(test_glob_match_is_bounded),
		cmocka_unit_test(test_glob_compile_refuses),
		cmocka_unit_test(test_glob_is_exact),
		cmocka_unit_test(test_glob_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
