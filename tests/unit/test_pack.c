/*
 * test_pack.c: msgpack written and read strictly, and the bounds pass.
 * Runs in: unit tests.
 * Input: hostile encodings made here.
 */
#include "tests/unit/unit.h"

#include "ipc/pack.h"

static void
test_int_round_trip(void **state)
{
	static const int64_t numbers[] = {
		0, 1, 127, 128, 255, 256, 65535, 65536, 4294967295,
		4294967296, INT64_MAX, -1, -32, -33, -128, -129, -32768,
		-32769, -2147483648LL, -2147483649LL, INT64_MIN
	};
	struct pack p;
	struct unpack u;
	int64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		pack_init(&p, 16);
		pack_int(&p, numbers[i]);
		unpack_init(&u, p.data, p.len);
		assert_int_equal(unpack_int(&u, &n), 0);
		assert_true(n == numbers[i]);
		assert_ptr_equal(u.at, u.end);
		pack_clear(&p);
	}
}

static void
test_text_lengths_round_trip(void **state)
{
	static const size_t lengths[] = {
		0, 1, 31, 32, 255, 256, 65535, 65536
	};
	static char text[65536];
	const char *out;
	struct pack p;
	struct unpack u;
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		pack_init(&p, 70000);
		pack_textn(&p, text, lengths[i]);
		assert_false(p.failed);
		unpack_init(&u, p.data, p.len);
		assert_int_equal(unpack_text(&u, &out, &len), 0);
		assert_int_equal(len, lengths[i]);
		pack_clear(&p);
	}
}

static void
test_unpack_refuses_every_cut(void **state)
{
	const uint8_t *bytes;
	const char *text;
	struct pack p;
	struct unpack u;
	size_t len;

	(void)state;
	pack_init(&p, 1000);
	pack_textn(&p, "0123456789012345678901234567890123456789", 40);
	for (size_t cut = 0; cut < p.len; cut++) {
		unpack_init(&u, p.data, cut);
		assert_int_equal(unpack_text(&u, &text, &len), -1);
		assert_int_equal(unpack_bytes(&u, &bytes, &len), -1);
		assert_ptr_equal(u.at, p.data);
	}
	pack_clear(&p);
}

static void
test_pack_stops_at_its_bound(void **state)
{
	struct pack p;

	(void)state;
	pack_init(&p, 4);
	pack_text(&p, "abc");
	assert_false(p.failed);
	pack_nil(&p);
	assert_true(p.failed);
	assert_int_equal(p.len, 4);
	pack_clear(&p);
}

static int
bounds(const void *data, size_t len)
{
	const char *why = NULL;
	int status = msgpack_bounds(data, len, 4, 100, &why);

	if (status == -1)
		assert_non_null(why);
	return status;
}

static void
test_bounds_refuses_claims(void **state)
{
	(void)state;
	assert_int_equal(bounds("\x90", 1), 0);
	assert_int_equal(bounds("", 0), -1);
	/* Five bytes that make msgpack-c allocate gigabytes. */
	assert_int_equal(bounds("\xdf\x08\x00\x00\x00", 5), -1);
	assert_int_equal(bounds("\xdd\xff\xff\xff\xff", 5), -1);
	assert_int_equal(bounds("\xdb\xff\xff\xff\xff" "a", 6), -1);
	assert_int_equal(bounds("\xc6\x00\x00\x00\x02" "a", 6), -1);
	/* Depth, ext types, a byte behind, a key that is no text, bad UTF-8. */
	assert_int_equal(bounds("\x91\x91\x91\x90", 4), 0);
	assert_int_equal(bounds("\x91\x91\x91\x91\x90", 5), -1);
	assert_int_equal(bounds("\xd4\x01\x00", 3), -1);
	assert_int_equal(bounds("\xc1", 1), -1);
	assert_int_equal(bounds("\x90\x90", 2), -1);
	assert_int_equal(bounds("\x81\x01\x02", 3), -1);
	assert_int_equal(bounds("\xa2\xc0\x80", 3), -1);
	assert_int_equal(bounds("\xcb\x00\x00", 3), -1);
}

static void
test_bounds_counts_items(void **state)
{
	uint8_t list[3 + 200] = { 0xdc, 0, 100 };

	(void)state;
	assert_int_equal(bounds(list, 3 + 100), -1);
	list[2] = 99;
	assert_int_equal(bounds(list, 3 + 99), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_int_round_trip),
		cmocka_unit_test(test_text_lengths_round_trip),
		cmocka_unit_test(test_unpack_refuses_every_cut),
		cmocka_unit_test(test_pack_stops_at_its_bound),
		cmocka_unit_test(test_bounds_refuses_claims),
		cmocka_unit_test(test_bounds_counts_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
