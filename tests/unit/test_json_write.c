/*
 * test_json_write.c: JSON that is valid and harmless whatever goes in.
 * Runs in: unit tests.  Input: hostile texts made here.
 */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>

#include "client/lib/json.h"
#include "ipc/util.h"

static void
is_text(const void *text, size_t len, const char *wanted)
{
	autojson struct json j = { 0 };

	json_textn(&j, text, len);
	assert_string_equal(j.text, wanted);
}

static void
test_json_text_escapes_every_control(void **state)
{
	char c0[2] = { 0 }, c1[3] = { 0 }, wanted[16];

	(void)state;
	for (int c = 0; c < 0x20; c++) {
		c0[0] = (char)c;
		snprintf(wanted, sizeof(wanted), c == '\n' ? "\"\\n\"" :
		    c == '\t' ? "\"\\t\"" : c == '\r' ? "\"\\r\"" :
		    "\"\\u%04x\"", c);
		is_text(c0, 1, wanted);
	}
	is_text("\x7f", 1, "\"\\u007f\"");
	for (int c = 0x80; c < 0xa0; c++) {
		c1[0] = (char)0xc2;
		c1[1] = (char)c;
		snprintf(wanted, sizeof(wanted), "\"\\u%04x\"", c);
		is_text(c1, 2, wanted);
	}
}

static void
test_json_text_escapes_overrides_and_keeps_letters(void **state)
{
	(void)state;
	is_text("a\xe2\x80\xae" "b", 5, "\"a\\u202eb\"");
	is_text("\xe2\x81\xa6", 3, "\"\\u2066\"");
	is_text("\xf3\xa0\x81\x81", 4, "\"\\udb40\\udc41\"");
	is_text("\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80", 9,
	    "\"\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80\"");
	is_text("\"\\/", 3, "\"\\\"\\\\/\"");
	is_text("\033]52;c;eA==\a", 12, "\"\\u001b]52;c;eA==\\u0007\"");
}

static void
test_json_text_gives_other_bytes_as_base64(void **state)
{
	(void)state;
	is_text("\xff", 1, "{\"base64\":\"/w==\"}");
	is_text("\xff\xfe", 2, "{\"base64\":\"//4=\"}");
	is_text("\xff\xfe\xfd", 3, "{\"base64\":\"//79\"}");
	is_text("\xff\xfe\xfd\x00", 4, "{\"base64\":\"//79AA==\"}");
	is_text("", 0, "\"\"");
}

static void
test_json_members_name_bytes_by_what_they_are(void **state)
{
	const char *without[] = { "seq", NULL }, *why;
	struct pack p;
	autojson struct json j = { 0 };
	autovalue struct value *v = NULL;

	(void)state;
	pack_init(&p, 4096);
	pack_map(&p, 4);
	pack_key_text(&p, "seq", "forged");
	pack_text(&p, "text");
	pack_bytes(&p, "\xff", 1);
	pack_text(&p, "path");
	pack_bytes(&p, "\xfe", 1);
	pack_text(&p, "list");
	pack_list(&p, 3);
	pack_nil(&p);
	pack_bool(&p, true);
	pack_int(&p, -5);
	v = value_decode(p.data, p.len, &why);
	pack_clear(&p);
	json_open(&j, '{');
	json_members(&j, v, without);
	json_close(&j, '}');
	assert_string_equal(j.text, "{\"base64\":\"/w==\","
	    "\"path\":{\"base64\":\"/g==\"},\"list\":[null,true,-5]}");
}

static void
test_json_number_reads_back(void **state)
{
	static const struct { double d; const char *text; } cases[] = {
		{ 0.1, "0.1" }, { 1.0, "1.0" }, { 1e300, "1e+300" },
		{ 1.0 / 3, "0.33333333333333331" }, { (double)NAN, "null" },
		{ (double)INFINITY, "null" }
	};

	(void)state;
	for (size_t i = 0; i < nitems(cases); i++) {
		autojson struct json j = { 0 };

		json_number(&j, cases[i].d);
		assert_string_equal(j.text, cases[i].text);
	}
}

static void
test_time_text_is_rfc3339(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(time_text(text, 0), "1970-01-01T00:00:00.000Z");
	assert_string_equal(time_text(text, 1700000000123),
	    "2023-11-14T22:13:20.123Z");
	assert_string_equal(time_text(text, UINT64_MAX),
	    "9999-12-31T23:59:59.999Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_text_escapes_every_control),
		cmocka_unit_test(
		    test_json_text_escapes_overrides_and_keeps_letters),
		cmocka_unit_test(test_json_text_gives_other_bytes_as_base64),
		cmocka_unit_test(
		    test_json_members_name_bytes_by_what_they_are),
		cmocka_unit_test(test_json_number_reads_back),
		cmocka_unit_test(test_time_text_is_rfc3339),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
