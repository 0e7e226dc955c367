/*
 * test_value.c: trees of values.
 * Runs in: unit tests.
 * Input: hostile encodings made here.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "ipc/value.h"

static void
test_value_decode_round_trip(void **state)
{
	const char *why = NULL;
	struct pack p, again;
	struct value *v;

	(void)state;
	pack_init(&p, 4096);
	pack_map(&p, 4);
	pack_key_int(&p, "number", -7);
	pack_key_bool(&p, "flag", true);
	pack_text(&p, "list");
	pack_list(&p, 3);
	pack_real(&p, 1.5);
	pack_nil(&p);
	pack_uint(&p, UINT64_MAX);
	pack_text(&p, "bytes");
	pack_bytes(&p, "\xff\x00", 2);
	v = value_decode(p.data, p.len, &why);
	assert_non_null(v);
	assert_int_equal(value_get_int(v, "number", 0), -7);
	assert_true(value_get_bool(v, "flag", false));
	assert_int_equal(value_get(v, "list")->list.count, 3);
	assert_int_equal(value_get(v, "list")->list.items[2].type, VALUE_UINT);
	assert_int_equal(value_get(v, "bytes")->text.len, 2);
	assert_null(value_get(v, "absent"));
	pack_init(&again, 4096);
	value_pack(&again, v);
	assert_int_equal(again.len, p.len);
	assert_memory_equal(again.data, p.data, p.len);
	assert_true(value_equal(v, v));
	value_free(v);
	pack_clear(&p);
	pack_clear(&again);
}

static void
test_value_decode_refuses_repeated_keys(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_null(value_decode("\x82\xa1" "a\x01\xa1" "a\x02", 7, &why));
	assert_string_equal(why, "repeats a key of a map");
}

static void
test_value_decode_refuses_claims(void **state)
{
	const char *why = NULL;

	(void)state;
	assert_null(value_decode("\xdf\x08\x00\x00\x00", 5, &why));
	assert_non_null(why);
}

static void
test_value_get_text_refuses_nul(void **state)
{
	const char *why = NULL;
	struct value *v = value_decode("\x81\xa1" "k\xa3" "a\0b", 7, &why);

	(void)state;
	assert_non_null(v);
	assert_null(value_get_text(v, "k"));
	value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_decode_round_trip),
		cmocka_unit_test(test_value_decode_refuses_repeated_keys),
		cmocka_unit_test(test_value_decode_refuses_claims),
		cmocka_unit_test(test_value_get_text_refuses_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
