/*
 * test_util.c: escaping for terminals, UTF-8, digits, descriptors.
 * Runs in: unit tests.
 * Input: every control there is.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "ipc/util.h"

static void
test_text_escape_leaves_no_control(void **state)
{
	char out[64], in[8];

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		in[0] = (char)c;
		text_escape(out, sizeof(out), in, 1);
		for (char *p = out; *p != '\0'; p++)
			assert_true(*p >= 0x20 && *p < 0x7f);
		assert_true(out[0] != '\0');
	}
	/* C1 controls and overrides as UTF-8. */
	assert_string_equal(text_escape(out, sizeof(out), "\xc2\x9b" "31m", 5),
	    "\\u{9b}31m");
	assert_string_equal(text_escape(out, sizeof(out), "a\xe2\x80\xae" "b",
	    5), "a\\u{202e}b");
	assert_string_equal(text_escape(out, sizeof(out), "\x1b]52;c;eA==\a",
	    12), "\\x1b]52;c;eA==\\x07");
}

static void
test_text_escape_keeps_letters(void **state)
{
	char out[64];

	(void)state;
	assert_string_equal(text_escape(out, sizeof(out), "gr\xc3\xbc\xc3\x9f",
	    6), "gr\xc3\xbc\xc3\x9f");
}

static void
test_text_escape_cuts_between_characters(void **state)
{
	char out[5];

	(void)state;
	assert_string_equal(text_escape(out, sizeof(out), "abc\xc3\xbc", 5),
	    "abc");
	assert_string_equal(text_escape(out, sizeof(out), "ab\n", 3), "ab");
}

static void
test_utf8_valid_refuses_what_rfc_3629_refuses(void **state)
{
	(void)state;
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("\xf4\x8f\xbf\xbf", 4));
	assert_false(utf8_valid("\xc0\x80", 2));
	assert_false(utf8_valid("\xe0\x80\x80", 3));
	assert_false(utf8_valid("\xed\xa0\x80", 3));
	assert_false(utf8_valid("\xf4\x90\x80\x80", 4));
	assert_false(utf8_valid("\xf8\x88\x80\x80\x80", 5));
	assert_false(utf8_valid("\xe2\x82", 2));
	assert_false(utf8_valid("\x80", 1));
}

/* Eight bytes are looked at together where they are ASCII. */
static void
test_utf8_valid_looks_at_every_byte(void **state)
{
	char text[25];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memset(text, 'a', sizeof(text));
		assert_true(utf8_valid(text, sizeof(text)));
		memcpy(text + i, "\xc3\xa9", 2);
		assert_true(utf8_valid(text, sizeof(text)));
		assert_false(utf8_valid(text, i + 1));
		text[i + 1] = 'a';
		assert_false(utf8_valid(text, sizeof(text)));
	}
}

static void
test_close_fd_closes_once_and_keeps_errno(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), copy = fd;

	(void)state;
	assert_true(fd >= 0);
	errno = ENOENT;
	close_fd(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(copy, F_GETFD), -1);
	errno = ENOENT;
	close_fd(&fd);
	assert_int_equal(errno, ENOENT);
}

static void
test_hex_digit_knows_each_digit(void **state)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	int known = 0;

	(void)state;
	for (int i = 0; i < 32; i++)
		assert_int_equal(hex_digit(digits[i]), i % 16);
	for (int c = 0; c < 256; c++)
		known += hex_digit((char)c) != -1;
	assert_int_equal(known, 22);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_escape_leaves_no_control),
		cmocka_unit_test(test_text_escape_keeps_letters),
		cmocka_unit_test(test_text_escape_cuts_between_characters),
		cmocka_unit_test(test_utf8_valid_refuses_what_rfc_3629_refuses),
		cmocka_unit_test(test_utf8_valid_looks_at_every_byte),
		cmocka_unit_test(test_close_fd_closes_once_and_keeps_errno),
		cmocka_unit_test(test_hex_digit_knows_each_digit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
