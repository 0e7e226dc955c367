/*
 * test_json.c: bounds of JSON text, and its way to msgpack and back.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "cognition-worker/json.h"
#include "ipc/ipc.h"
#include "ipc/util.h"
#include "ipc/value.h"

static void
refused(const char *text, const char *reason)
{
	char why[300] = "";
	json_t *j = json_parse(text, strlen(text), false, why, sizeof(why));

	assert_null(j);
	if (strstr(why, reason) == NULL)
		fail_msg("'%s' does not say '%s'", why, reason);
}

static char *
fill(const char *before, char c, size_t count, const char *after)
{
	char *text = xcalloc(1, strlen(before) + count + strlen(after) + 1);

	strcpy(text, before);
	memset(text + strlen(before), c, count);
	strcpy(text + strlen(before) + count, after);
	return text;
}

static void
test_json_parse_refuses(void **state)
{
	autofree char *deep = fill("", '[', JSON_DEPTH + 1, "");
	autofree char *many = fill("[0", ',', JSON_VALUES + 1, "");
	autofree char *large = fill("[", ' ', JSON_BYTES, "]");
	autofree char *text = fill("[\"", 'x', JSON_ONE_STRING, "\"]");

	(void)state;
	refused(deep, "nested more than");
	refused(many, "too many values");
	refused(large, "larger than 8 MiB");
	refused(text, "a string in it is larger");
	refused("{\"a\":1,\"a\":2}", "duplicate");
	refused("{\"a\":\"\\u0000\"}", "\\u0000");
	refused("{\"\\u0000\":1}", "\\u0000");
	refused("[1] [2]", "end of file expected");
	refused("[99999999999999999999]", "too big integer");
	refused("[1e999]", "real number overflow");
	refused("[\"\xff\"]", "decode byte");
	refused("[NaN]", "invalid token");
	refused("", "");
}

static void
test_json_bounds_ignores_what_is_in_strings(void **state)
{
	const char *why;
	autofree char *text = fill("[\"\\\"", '[', 100, "\"]");
	autofree char *commas = fill("[\"", ',', JSON_VALUES + 5, "\"]");

	(void)state;
	assert_int_equal(json_bounds(text, strlen(text), &why), 0);
	assert_int_equal(json_bounds(commas, strlen(commas), &why), 0);
	assert_int_equal(json_bounds("\"\\", 2, &why), 0);
	assert_int_equal(json_bounds("]]]]", 4, &why), 0);
}

static struct pack
packed(const char *text)
{
	char why[200];
	json_t *j = json_parse(text, strlen(text), true, why, sizeof(why));
	struct pack p;

	assert_non_null(j);
	pack_init(&p, MiB);
	json_pack_value(&p, j);
	json_decref(j);
	return p;
}

static void
test_json_pack_value_is_canonical(void **state)
{
	struct pack a = packed("{\"b\":[1,-2,1.5,true,null],"
	    "\"a\":{\"x\":\"\"}}");
	struct pack b = packed(" {\"a\":{\"x\":\"\"},\n"
	    "\"b\":[1,-2,15e-1,true,null]}");

	(void)state;
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	pack_clear(&a);
	pack_clear(&b);
}

static void
test_json_pack_value_keeps_large_integers(void **state)
{
	struct pack p = packed("[9223372036854775807,-9223372036854775808]");
	struct unpack u;
	uint32_t count;
	int64_t n;

	(void)state;
	unpack_init(&u, p.data, p.len);
	assert_int_equal(unpack_list(&u, &count), 0);
	assert_int_equal(unpack_int(&u, &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(unpack_int(&u, &n), 0);
	assert_true(n == INT64_MIN);
	pack_clear(&p);
}

static void
test_json_from_value(void **state)
{
	autovalue struct value *v = NULL;
	autofree char *text = NULL;
	const char *why;
	struct pack p;
	json_t *j;

	(void)state;
	pack_init(&p, MiB);
	pack_map(&p, 6);
	pack_key_int(&p, "small", -5);
	pack_key_int(&p, "large", INT64_C(9007199254740993));
	pack_key_uint(&p, "huge", UINT64_MAX);
	pack_text(&p, "real");
	pack_real(&p, 0.1);
	pack_text(&p, "bytes");
	pack_bytes(&p, "a\0\xff" "b\xc3", 5);
	pack_text(&p, "long");
	pack_text(&p, "0123456789012345678901234567890123456789");
	v = value_decode(p.data, p.len, &why);
	assert_non_null(v);
	j = json_from_value(v, 16);
	text = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(15));
	assert_string_equal(text, "{\"small\":-5,\"large\":"
	    "\"9007199254740993\",\"huge\":\"18446744073709551615\","
	    "\"real\":0.1,\"bytes\":\"a\xef\xbf\xbd\xef\xbf\xbd" "b\xef\xbf\xbd"
	    "\",\"long\":\"012345678901\\n[... 24 bytes left out ...]\\n6789"
	    "\"}");
	json_decref(j);
	pack_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_parse_refuses),
		cmocka_unit_test(test_json_bounds_ignores_what_is_in_strings),
		cmocka_unit_test(test_json_pack_value_is_canonical),
		cmocka_unit_test(test_json_pack_value_keeps_large_integers),
		cmocka_unit_test(test_json_from_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
