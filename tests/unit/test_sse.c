/*
 * test_sse.c: event framing, at every place where bytes may be cut.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "cognition-worker/sse.h"
#include "ipc/util.h"

/* All events joined by "|", fed in pieces of at most step bytes. */
static void
check(const char *bytes, size_t len, const char *expected)
{
	const uint8_t *at, *end, *data = (const uint8_t *)bytes;
	struct pack got;
	struct sse s;
	size_t step;

	for (step = 1; step <= len; step++) {
		pack_init(&got, 65536);
		sse_init(&s, 4096);
		for (at = data; at < data + len;) {
			end = at + step < data + len ? at + step : data + len;
			while (sse_feed(&s, &at, end) == SSE_EVENT) {
				pack_raw(&got, s.data.data, s.data.len);
				pack_raw(&got, "|", 1);
			}
		}
		if (sse_end(&s) == SSE_EVENT) {
			pack_raw(&got, s.data.data, s.data.len);
			pack_raw(&got, "|", 1);
		}
		pack_raw(&got, "", 1);
		assert_string_equal((char *)got.data, expected);
		pack_clear(&got);
		sse_clear(&s);
	}
}

#define CHECK(bytes, expected)	check(bytes, sizeof(bytes) - 1, expected)

static void
test_sse_feed_line_ends(void **state)
{
	(void)state;
	CHECK("data: a\n\ndata: b\n\n", "a|b|");
	CHECK("data: a\r\n\r\ndata: b\r\n\r\n", "a|b|");
	CHECK("data: a\r\rdata: b\r\r", "a|b|");
	CHECK("data: a\r\n\rdata: b\n\r\n", "a|b|");
	/* CR LF is one end: two would end the event between the lines. */
	CHECK("data: a\r\ndata: b\r\n\r\n", "a\nb|");
}

static void
test_sse_feed_fields(void **state)
{
	(void)state;
	CHECK("data:a\ndata: b\ndata:  c\n\n", "a\nb\n c|");
	CHECK(": comment\n\nevent: x\nid: 1\ndata: a\nretry: 3\n\n", "a|");
	CHECK("data\n\n", "|");
	CHECK("data:\n\n", "|");
	CHECK("database: x\n\ndat: y\n\n\n\n\n", "");
	CHECK("\xef\xbb\xbf" "data: a\n\n", "a|");
	CHECK("data: \xf0\x9f\x98\x80\n\n", "\xf0\x9f\x98\x80|");
}

static void
test_sse_end_without_blank_line(void **state)
{
	(void)state;
	CHECK("data: a\n\ndata: b\n", "a|b|");
	CHECK("data: a\n\ndata: b", "a|b|");
	CHECK("data: a\n\n: bye", "a|");
}

static void
test_sse_feed_bounds(void **state)
{
	static uint8_t bytes[10000];
	const uint8_t *at = bytes;
	struct sse s;
	int i;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	sse_init(&s, 4096);
	assert_int_equal(sse_feed(&s, &at, bytes + sizeof(bytes)),
	    SSE_TOO_LARGE);
	sse_clear(&s);
	/* Many short lines of one event. */
	sse_init(&s, 4096);
	for (i = 0; i < 3000; i++) {
		at = (const uint8_t *)"data: 1\n";
		if (sse_feed(&s, &at, at + 8) == SSE_TOO_LARGE)
			break;
	}
	assert_int_equal(i, 2048);
	sse_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sse_feed_line_ends),
		cmocka_unit_test(test_sse_feed_fields),
		cmocka_unit_test(test_sse_end_without_blank_line),
		cmocka_unit_test(test_sse_feed_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
