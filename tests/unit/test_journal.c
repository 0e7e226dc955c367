/*
 * test_journal.c: the bytes of an event, the chain, and ids.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include <sodium.h>

#include "supervisor/judge/journal.h"

static const uint8_t run[16] = { 1, 2, 3 };

static struct entry
entry(struct pack *body)
{
	struct entry e = { .tenant = "default", .run = run,
	    .type = EVENT_run_started, .at = 77, .body = body };

	pack_init(body, 1024);
	pack_map(body, 0);
	return e;
}

static void
test_journal_build_says_what_it_was_given(void **state)
{
	struct journal j = { .seq = 4 };
	struct pack body, out;
	struct entry e = entry(&body);
	const uint8_t *bytes;
	uint8_t digest[32];
	struct unpack u;
	uint32_t count;
	const char *text;
	uint64_t n;
	size_t len;

	(void)state;
	pack_init(&out, EVENT_MAX);
	memset(j.previous, 9, 32);
	assert_int_equal(journal_build(&j, &e, &out, digest), 0);
	unpack_init(&u, out.data, out.len);
	assert_int_equal(unpack_list(&u, &count), 0);
	assert_int_equal(count, 7);
	assert_int_equal(unpack_text(&u, &text, &len), 0);
	assert_memory_equal(text, "default", 7);
	assert_int_equal(unpack_bytes(&u, &bytes, &len), 0);
	assert_int_equal(len, 16);
	assert_memory_equal(bytes, run, 16);
	assert_int_equal(unpack_uint(&u, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(unpack_uint(&u, &n), 0);
	assert_int_equal(n, 77);
	assert_int_equal(unpack_uint(&u, &n), 0);
	assert_int_equal(n, EVENT_run_started);
	assert_int_equal(unpack_bytes(&u, &bytes, &len), 0);
	assert_int_equal(len, 32);
	assert_memory_equal(bytes, j.previous, 32);
	assert_int_equal(unpack_map(&u, &count), 0);
	assert_ptr_equal(u.at, u.end);
	pack_clear(&body);
	pack_clear(&out);
}

static void
test_journal_moved_chains_by_sha256(void **state)
{
	uint8_t first[32], second[32], again[32], direct[32];
	struct journal j = { .seq = 0 };
	struct pack body, out;
	struct entry e = entry(&body);

	(void)state;
	pack_init(&out, EVENT_MAX);
	assert_int_equal(journal_build(&j, &e, &out, first), 0);
	crypto_hash_sha256(direct, out.data, out.len);
	assert_memory_equal(first, direct, 32);
	/* Building does not move it. */
	assert_int_equal(j.seq, 0);
	journal_moved(&j, first);
	assert_int_equal(j.seq, 1);
	assert_memory_equal(j.previous, first, 32);
	pack_clear(&out);
	assert_int_equal(journal_build(&j, &e, &out, second), 0);
	assert_memory_not_equal(first, second, 32);
	/* Another history gives another digest for the same event. */
	j.previous[0] ^= 1;
	pack_clear(&out);
	assert_int_equal(journal_build(&j, &e, &out, again), 0);
	assert_memory_not_equal(second, again, 32);
	pack_clear(&body);
	pack_clear(&out);
}

static void
test_journal_build_refuses_a_body_that_did_not_fit(void **state)
{
	struct journal j = { .seq = 0 };
	struct pack body, out;
	struct entry e = entry(&body);
	uint8_t digest[32];

	(void)state;
	pack_init(&out, EVENT_MAX);
	body.failed = true;
	assert_int_equal(journal_build(&j, &e, &out, digest), -1);
	body.failed = false;
	out.max = 20;
	assert_int_equal(journal_build(&j, &e, &out, digest), -1);
	pack_clear(&body);
	pack_clear(&out);
}

static void
test_uuid_new_is_version_7_and_sorts_by_time(void **state)
{
	uint8_t a[16], b[16], c[16];

	(void)state;
	uuid_new(a, 0x0123456789abull);
	assert_memory_equal(a, "\x01\x23\x45\x67\x89\xab", 6);
	assert_int_equal(a[6] >> 4, 7);
	assert_int_equal(a[8] >> 6, 2);
	uuid_new(b, 0x0123456789acull);
	assert_true(memcmp(a, b, 16) < 0);
	uuid_new(c, 0x0123456789acull);
	assert_memory_not_equal(b, c, 16);
}

static void
test_uuid_text_and_parse_are_inverse(void **state)
{
	static const char text[] = "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeee0";
	uint8_t id[16];
	char back[37];

	(void)state;
	assert_int_equal(uuid_parse(id, text), 0);
	uuid_text(back, id);
	assert_string_equal(back, text);
}

static void
test_uuid_parse_refuses_other_text(void **state)
{
	static const char *const wrong[] = {
		"", "0190", "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeee",
		"0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeee00",
		"0190AAAA-bbbb-7ccc-8ddd-eeeeeeeeeee0",
		"0190aaaa+bbbb-7ccc-8ddd-eeeeeeeeeee0",
		"g190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeee0",
		"0190aaaabbbb-7ccc-8ddd-eeeeeeeeeeee0",
	};
	uint8_t id[16];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(uuid_parse(id, wrong[i]), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_build_says_what_it_was_given),
		cmocka_unit_test(test_journal_moved_chains_by_sha256),
		cmocka_unit_test(
		    test_journal_build_refuses_a_body_that_did_not_fit),
		cmocka_unit_test(
		    test_uuid_new_is_version_7_and_sorts_by_time),
		cmocka_unit_test(test_uuid_text_and_parse_are_inverse),
		cmocka_unit_test(test_uuid_parse_refuses_other_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
