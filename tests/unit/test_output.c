/*
 * test_output.c: head and tail are kept, all of it is counted and digested.
 * Runs in: unit tests.  Input: output of any size and any bytes.
 */
#include "tests/unit/unit.h"

#include "exec-worker/stream/output.h"
#include "ipc/util.h"

/* The text for the model; the caller frees it. */
static char *
text_of(const struct output *o, bool bytes)
{
	struct pack p;
	struct unpack u;
	const char *text;
	const uint8_t *data;
	char *copy;
	size_t len;

	pack_init(&p, 64u << 20);
	output_pack(o, &p);
	assert_false(p.failed);
	unpack_init(&u, p.data, p.len);
	assert_int_equal(unpack_next_is_bytes(&u), bytes);
	if (bytes) {
		assert_int_equal(unpack_bytes(&u, &data, &len), 0);
		text = (const char *)data;
	} else {
		assert_int_equal(unpack_text(&u, &text, &len), 0);
	}
	copy = xcalloc(1, len + 1);
	memcpy(copy, text, len);
	pack_clear(&p);
	return copy;
}

static void
add(struct output *o, const char *text)
{
	output_add(o, (const uint8_t *)text, strlen(text));
}

static void
assert_text(struct output *o, const char *expected)
{
	char *text = text_of(o, false);

	assert_string_equal(text, expected);
	free(text);
	output_clear(o);
}

static void
assert_digest(struct output *o, const void *data, size_t len)
{
	uint8_t is[32], should[32];

	output_digest(o, is);
	crypto_hash_sha256(should, data, len);
	assert_memory_equal(is, should, 32);
}

static void
test_output_nothing(void **state)
{
	struct output o;

	(void)state;
	output_init(&o, 1024);
	assert_digest(&o, "", 0);
	assert_int_equal(output_left_out(&o), 0);
	assert_text(&o, "");
}

static void
test_output_small_is_whole(void **state)
{
	struct output o;

	(void)state;
	output_init(&o, 1024);
	add(&o, "one\n");
	add(&o, "");
	add(&o, "two\n");
	assert_int_equal(o.total, 8);
	assert_digest(&o, "one\ntwo\n", 8);
	assert_text(&o, "one\ntwo\n");
}

/* In pieces of any size, what fits exactly is whole, and one more is not. */
static void
exactly(size_t total, size_t piece, uint64_t left_out)
{
	struct output o;
	char *data = xcalloc(1, total + 1), *text;
	size_t n;

	for (size_t i = 0; i < total; i++)
		data[i] = (char)('a' + i % 23);
	output_init(&o, 1024);
	for (size_t at = 0; at < total; at += n) {
		n = piece < total - at ? piece : total - at;
		output_add(&o, (uint8_t *)data + at, n);
	}
	assert_int_equal(o.total, total);
	assert_int_equal(output_left_out(&o), left_out);
	assert_digest(&o, data, total);
	text = text_of(&o, false);
	if (left_out == 0) {
		assert_string_equal(text, data);
	} else {
		assert_memory_equal(text, data, 512);
		assert_memory_equal(text + strlen(text) - 512,
		    data + total - 512, 512);
		assert_non_null(strstr(text, "\n[... "));
	}
	free(text);
	free(data);
	output_clear(&o);
}

static void
test_output_head_and_tail(void **state)
{
	static const size_t pieces[] = { 1, 7, 511, 512, 513, 1024, 5000 };

	(void)state;
	for (size_t i = 0; i < nitems(pieces); i++) {
		exactly(512, pieces[i], 0);
		exactly(513, pieces[i], 0);
		exactly(1024, pieces[i], 0);
		exactly(1025, pieces[i], 1);
		exactly(1536, pieces[i], 512);
		exactly(5000, pieces[i], 5000 - 1024);
	}
}

static void
test_output_says_what_is_left_out(void **state)
{
	struct output o;
	char line[600], *text;

	(void)state;
	output_init(&o, 1024);
	memset(line, 'x', sizeof(line));
	line[599] = '\0';
	for (int i = 0; i < 1000; i++)
		add(&o, line);
	text = text_of(&o, false);
	assert_non_null(strstr(text, "\n[... 597976 bytes left out ...]\n"));
	free(text);
	output_clear(&o);
}

/* A cut must not make text out of which no text can be made. */
static void
test_output_cuts_between_sequences(void **state)
{
	static const char *const signs[] = { "\xc3\xa4", "\xe2\x82\xac",
	    "\xf0\x9f\x98\x80" };
	struct output o;
	char *text;

	(void)state;
	for (size_t i = 0; i < nitems(signs); i++) {
		for (size_t before = 0; before < 4; before++) {
			output_init(&o, 1024);
			for (size_t k = 0; k < before; k++)
				add(&o, "x");
			for (int k = 0; k < 2000; k++)
				add(&o, signs[i]);
			text = text_of(&o, false);
			assert_true(utf8_valid(text, strlen(text)));
			free(text);
			output_clear(&o);
		}
	}
}

static void
test_output_bytes_stay_bytes(void **state)
{
	struct output o;
	char *text;

	(void)state;
	output_init(&o, 1024);
	add(&o, "a\xff\xfe");
	text = text_of(&o, true);
	assert_string_equal(text, "a\xff\xfe");
	free(text);
	output_clear(&o);
	output_init(&o, 1024);
	for (int i = 0; i < 4000; i++)
		add(&o, "\x80\xf8");
	text = text_of(&o, true);
	assert_non_null(strstr(text, "bytes left out"));
	free(text);
	output_clear(&o);
}

static void
test_output_memory_is_bounded(void **state)
{
	static uint8_t piece[32768];
	struct output o;

	(void)state;
	output_init(&o, UINT64_MAX);
	assert_int_equal(o.half, OUTPUT_KEPT_MOST / 2);
	output_init(&o, 0);
	assert_int_equal(o.half, OUTPUT_KEPT_LEAST / 2);
	for (int i = 0; i < 4096; i++)
		output_add(&o, piece, sizeof(piece));
	assert_int_equal(o.total, 4096u * 32768u);
	assert_true(o.head_cap <= o.half);
	output_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(test_output_nothing),
		cmocka_unit_test(test_output_small_is_whole),
		cmocka_unit_test(test_output_head_and_tail),
		cmocka_unit_test(test_output_says_what_is_left_out),
		cmocka_unit_test(test_output_cuts_between_sequences),
		cmocka_unit_test(test_output_bytes_stay_bytes),
		cmocka_unit_test(test_output_memory_is_bounded),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
