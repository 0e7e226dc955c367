/*
 * test_toml.c: what the TOML reader says, bounds, and packs.  What it accepts
 * is tested case by case in tests/integration/toml_cases.sh.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/unit.h"

#include "ipc/util.h"
#include "ipc/value.h"
#include "supervisor/config-reader/toml.h"

static void
test_toml_parse_names_the_line_and_the_trouble(void **state)
{
	static const struct {
		const char	*text;
		unsigned	 line;
		const char	*words;
	} cases[] = {
		{ "a = 1\nb = yes\n", 2, "texts need quotes" },
		{ "a = \"x\nb = 1", 1, "does not end in its line" },
		{ "a = 1\n\n[b\n", 3, "does not end with ]" },
		{ "a = 1\na = 2", 2, "'a' is already defined in line 1" },
		{ "[a]\nb = 1\n[a]", 3, "'a' is already defined in line 1" },
		{ "a = [1,\n2\n3]", 3, "begins in line 1" },
		{ "a = { b = 1,\nc = 2 }", 1, "a key is missing" },
		{ "d = 1979-05-27", 1, "dates are not used here" },
		{ "d = 07:32:00", 1, "dates are not used here" },
		{ "d = -inf", 1, "inf is not used here" },
		{ "d = nan", 1, "nan is not used here" },
		{ "d = 9223372036854775808", 1, "64 bits" },
		{ "d = 1e999", 1, "too large" },
		{ "a = '''x\n\ny", 1, "the string does not end" },
		{ "x = 1\na\001b = 1", 2, "not followed by =" },
		{ "x = 1\n\xff", 2, "UTF-8" },
		{ "= 1", 1, "a key is missing" },
		{ "a = 1 b = 2", 1, "more in the line" },
		{ "a = ", 1, "a value is missing" },
		{ "\"a\033[31m\" = 1", 1, "control character" },
	};
	struct toml_problem problem;

	(void)state;
	for (size_t i = 0; i < nitems(cases); i++) {
		assert_null(toml_parse(cases[i].text, strlen(cases[i].text),
		    &problem));
		if (problem.line != cases[i].line ||
		    strstr(problem.reason, cases[i].words) == NULL)
			fail_msg("'%s': line %u: %s", cases[i].text,
			    problem.line, problem.reason);
	}
}

/* n times a text, in a buffer of the right size. */
static char *
repeat(const char *text, size_t n)
{
	size_t len = strlen(text);
	char *all = xcalloc(1, n * len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(all + i * len, text, len);
	return all;
}

static void
fails(const char *text, size_t len, const char *words)
{
	struct toml_problem problem;

	assert_null(toml_parse(text, len, &problem));
	if (strstr(problem.reason, words) == NULL)
		fail_msg("%s", problem.reason);
}

static void
test_toml_parse_bounds_size_depth_and_numbers(void **state)
{
	autofree char *large = repeat("#", TOML_BYTES + 1);
	autofree char *deep = repeat("[", 5000);
	autofree char *dots = repeat("a.", 5000);
	autofree char *items = repeat("1,", TOML_VALUES + 1);
	autofree char *text = xcalloc(1, TOML_BYTES);
	size_t n = 0;

	(void)state;
	fails(large, TOML_BYTES + 1, "larger than");
	snprintf(text, TOML_BYTES, "a=%s", deep);
	fails(text, strlen(text), "nested more than");
	snprintf(text, TOML_BYTES, "%sa=1", dots);
	fails(text, strlen(text), "nested more than");
	snprintf(text, TOML_BYTES, "a=[%s]", items);
	fails(text, strlen(text), "values");
	for (unsigned i = 0; i <= TOML_KEYS; i++)
		n += (size_t)snprintf(text + n, TOML_BYTES - n, "k%u=1\n", i);
	fails(text, n, "keys");
}

static void
test_toml_pack_gives_a_map_of_maps(void **state)
{
	static const char text[] = "a = -5\n[t]\ns = \"\\u00e9\"\nl = "
	    "[1.5, true]\n[[t.x]]\ny = 'z'\n[[t.x]]\n\"q.r\" = 0x1F\n";
	autovalue struct value *v = NULL;
	const struct value *t, *x;
	struct toml_problem problem;
	struct toml *doc = toml_parse(text, sizeof(text) - 1, &problem);
	const char *why;
	struct pack p;

	(void)state;
	assert_non_null(doc);
	pack_init(&p, 1 << 20);
	toml_pack(&p, doc);
	v = value_decode(p.data, p.len, &why);
	assert_int_equal(value_get_int(v, "a", 0), -5);
	t = value_get(v, "t");
	assert_true(value_is_text(value_get(t, "s"), "\xc3\xa9"));
	assert_int_equal(value_get(t, "l")->list.count, 2);
	x = value_get(t, "x");
	assert_int_equal(x->list.count, 2);
	assert_int_equal(value_get_int(&x->list.items[1], "q.r", 0), 31);
	pack_clear(&p);
	toml_free(doc);
}

static void
test_toml_pack_lines_names_every_key_once(void **state)
{
	static const char text[] = "a.b = 1\n\n[t]\n'q.r' = 1\n"
	    "\"x\\\"\\u0001\" = { k = 1 }\n[[u]]\nv = 1\n[[u]]\nv = 1\n";
	autovalue struct value *v = NULL;
	struct toml_problem problem;
	struct toml *doc = toml_parse(text, sizeof(text) - 1, &problem);
	const char *why;
	struct pack p;

	(void)state;
	assert_non_null(doc);
	pack_init(&p, 1 << 20);
	toml_pack_lines(&p, doc);
	v = value_decode(p.data, p.len, &why);
	assert_non_null(v);
	assert_int_equal(value_get_int(v, "a", 0), 1);
	assert_int_equal(value_get_int(v, "a.b", 0), 1);
	assert_int_equal(value_get_int(v, "t", 0), 3);
	assert_int_equal(value_get_int(v, "t.\"q.r\"", 0), 4);
	assert_int_equal(value_get_int(v, "t.\"x\\\"\\u0001\".k", 0), 5);
	assert_int_equal(value_get_int(v, "u[1]", 0), 8);
	assert_int_equal(value_get_int(v, "u[1].v", 0), 9);
	pack_clear(&p);
	toml_free(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_toml_parse_names_the_line_and_the_trouble),
		cmocka_unit_test(
		    test_toml_parse_bounds_size_depth_and_numbers),
		cmocka_unit_test(test_toml_pack_gives_a_map_of_maps),
		cmocka_unit_test(test_toml_pack_lines_names_every_key_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
