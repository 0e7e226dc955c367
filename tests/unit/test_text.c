/*
 * test_text.c: any bytes become text that may be shown to a model.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "cognition-worker/conversation.h"
#include "cognition-worker/text.h"
#include "ipc/util.h"

#define BAD	"\xef\xbf\xbd"

static void
check(const char *bytes, size_t len, size_t most, const char *expected,
    size_t count)
{
	size_t replaced = 99;
	autofree char *got = text_clean(bytes, len, most, &replaced);

	assert_string_equal(got, expected);
	assert_int_equal(replaced, count);
	assert_true(utf8_valid(got, strlen(got)));
}

static void
test_text_clean_replaces(void **state)
{
	(void)state;
	check("", 0, 10, "", 0);
	check("a\0b", 3, 10, "a" BAD "b", 1);
	check("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, 10,
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0);
	check("\xc0\x80", 2, 10, BAD BAD, 2);		/* overlong */
	check("\xed\xa0\x80", 3, 10, BAD BAD BAD, 3);	/* surrogate */
	check("\xf5\x80\x80\x80", 4, 10, BAD BAD BAD BAD, 4);
	check("\xe2\x82", 2, 10, BAD BAD, 2);		/* cut */
	check("\x1b[2J\x7f", 5, 10, "\x1b[2J\x7f", 0);	/* data, kept */
}

static void
test_text_clean_cuts_between_characters(void **state)
{
	autofree char *ten = NULL;
	char text[3001];
	size_t most;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 3);
	text[3000] = '\0';
	for (most = 0; most < 200; most++) {
		size_t replaced;
		autofree char *got = text_clean(text, 3000, most, &replaced);

		assert_int_equal(replaced, 0);
		assert_non_null(strstr(got, " bytes left out ...]"));
		assert_true(strlen(got) < most + 64);
	}
	ten = text_clean("0123456789abcdef", 16, 8, NULL);
	assert_string_equal(ten, "012345\n[... 8 bytes left out ...]\nef");
}

static void
test_text_prefix(void **state)
{
	(void)state;
	assert_int_equal(text_prefix("abc", 3, 5), 3);
	assert_int_equal(text_prefix("abc", 3, 2), 2);
	assert_int_equal(text_prefix("a\xe2\x82\xac", 4, 3), 1);
	assert_int_equal(text_prefix("\xe2\x82\xac", 3, 2), 0);
}

/* The oldest results go first; calls and words stay. */
static void
test_conversation_shrink(void **state)
{
	struct conversation c = { 0 };
	struct call call = { .id = (char *)"call_1" };
	char text[5001];
	int i;

	(void)state;
	memset(text, 'x', 5000);
	text[5000] = '\0';
	conversation_say(&c, ROLE_user, text);
	for (i = 0; i < 4; i++)
		conversation_result(&c, &call, text);
	assert_int_equal(c.bytes, 25000);
	conversation_shrink(&c, 16000);
	assert_int_equal(c.count, 5);
	assert_true(c.bytes <= 16000);
	assert_string_equal(c.messages[0].text, text);
	assert_non_null(strstr(c.messages[1].text, "left out"));
	assert_non_null(strstr(c.messages[2].text, "left out"));
	assert_string_equal(c.messages[2].call_id, "call_1");
	assert_string_equal(c.messages[3].text, text);
	assert_string_equal(c.messages[4].text, text);
	conversation_clear(&c);
}

/* A model that writes without end cannot make the conversation so. */
static void
test_conversation_shrink_long_turns(void **state)
{
	struct conversation c = { 0 };
	char text[5001];
	size_t i;

	(void)state;
	memset(text, 'x', 5000);
	text[5000] = '\0';
	for (i = 0; i < 4; i++) {
		struct call *calls = xcalloc(1, sizeof(*calls));

		calls[0].id = xstrdup("call_1");
		calls[0].name = xstrdup("save_file");
		calls[0].arguments = xstrdup(text);
		conversation_turn(&c, text, calls, 1);
		conversation_result(&c, &c.messages[2 * i].calls[0], "{}");
	}
	assert_int_equal(c.bytes, 4 * 10000 + 8);
	conversation_shrink(&c, 100);
	assert_int_equal(c.count, 8);
	assert_true(c.bytes < 10500);
	assert_string_equal(c.messages[6].text, text);
	assert_string_equal(c.messages[6].calls[0].arguments, text);
	assert_string_equal(c.messages[4].calls[0].arguments,
	    "{\"note\": \"left out to save room\"}");
	conversation_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_clean_replaces),
		cmocka_unit_test(test_text_clean_cuts_between_characters),
		cmocka_unit_test(test_text_prefix),
		cmocka_unit_test(test_conversation_shrink),
		cmocka_unit_test(test_conversation_shrink_long_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
