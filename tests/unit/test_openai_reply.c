/*
 * test_openai_reply.c: replies of chat completions, whole and in pieces: each
 * file in fixtures/openai against its .expect, streams cut at every byte.
 * Runs in: unit tests, from the top of the tree.
 * Input: fixtures, named by what is odd about them.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "cognition-worker/openai.h"
#include "cognition-worker/sse.h"
#include "ipc/util.h"

#define FIXTURES	"tests/unit/fixtures/openai/"
#define EVENT_MAX	(1u << 20)

static char *
read_file(const char *name, size_t *len)
{
	char path[512], *data = xcalloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), FIXTURES "%s", name);
	f = fopen(path, "r");
	assert_non_null(f);
	*len = fread(data, 1, 65535, f);
	fclose(f);
	return data;
}

/* What came of a reply, as one line. */
static char *
describe(struct openai_reply *r)
{
	struct turn turn = { 0 };
	char *line;
	struct pack p;
	size_t i;

	if (openai_complete(r, &turn) == -1) {
		assert_true(asprintf(&line, "broken: %s", r->why) > 0);
		turn_clear(&turn);
		return line;
	}
	pack_init(&p, 65536);
	for (i = 0; i < turn.ncalls; i++) {
		const struct call *c = &turn.calls[i];
		autofree char *one = NULL;

		assert_true(asprintf(&one, " call=%s,%s,%s%s%s", c->id,
		    c->name, c->arguments, c->problem ? "!" : "",
		    c->problem ? c->problem : "") > 0);
		pack_raw(&p, one, strlen(one));
	}
	pack_raw(&p, "", 1);
	assert_true(asprintf(&line, "text=%s%s%s finish=%s tokens=%llu,%llu",
	    turn.text, (char *)p.data, turn.refused ? " refused" : "",
	    finish_name(turn.finish), (unsigned long long)turn.input_tokens,
	    (unsigned long long)turn.output_tokens) > 0);
	pack_clear(&p);
	turn_clear(&turn);
	return line;
}

/* Feed events until the end mark or a break, as openai.c does. */
static int
feed(struct sse *s, struct openai_reply *r, const uint8_t *data, size_t len)
{
	const uint8_t *at = data;
	int status = 0;

	while (status == 0 && sse_feed(s, &at, data + len) == SSE_EVENT)
		status = openai_event(r, (const char *)s->data.data,
		    s->data.len);
	return status;
}

static char *
read_stream(const char *data, size_t len, size_t cut)
{
	struct openai_reply r;
	struct sse s;
	char *line;

	openai_reply_init(&r);
	sse_init(&s, EVENT_MAX);
	if (feed(&s, &r, (const uint8_t *)data, cut) == 0 &&
	    feed(&s, &r, (const uint8_t *)data + cut, len - cut) == 0 &&
	    sse_end(&s) == SSE_EVENT)
		openai_event(&r, (const char *)s.data.data, s.data.len);
	line = describe(&r);
	sse_clear(&s);
	openai_reply_clear(&r);
	return line;
}

static void
check_stream(const char *name, const char *expected)
{
	autofree char *data = NULL;
	size_t len, cut;

	data = read_file(name, &len);
	for (cut = 0; cut <= len; cut++) {
		autofree char *line = read_stream(data, len, cut);

		if (strcmp(line, expected) != 0)
			fail_msg("%s cut at %zu: '%s', not '%s'", name, cut,
			    line, expected);
	}
}

static void
check_plain(const char *name, const char *expected)
{
	autofree char *data = NULL, *line = NULL;
	struct openai_reply r;
	size_t len;

	data = read_file(name, &len);
	openai_reply_init(&r);
	openai_plain(&r, data, len);
	line = describe(&r);
	openai_reply_clear(&r);
	if (strcmp(line, expected) != 0)
		fail_msg("%s: '%s', not '%s'", name, line, expected);
}

static void
test_openai_reply_fixtures(void **state)
{
	unsigned streams = 0, plain = 0;
	struct dirent *e;
	char expect[300];
	size_t len;
	DIR *d;

	(void)state;
	d = opendir(FIXTURES);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		autofree char *expected = NULL;
		const char *end = strrchr(e->d_name, '.');

		if (end == NULL || (strcmp(end, ".sse") != 0 &&
		    strcmp(end, ".json") != 0))
			continue;
		snprintf(expect, sizeof(expect), "%s.expect", e->d_name);
		expected = read_file(expect, &len);
		if (strcmp(end, ".sse") == 0) {
			check_stream(e->d_name, expected);
			streams++;
		} else {
			check_plain(e->d_name, expected);
			plain++;
		}
	}
	closedir(d);
	assert_true(streams >= 19);
	assert_true(plain >= 19);
}

static void
test_openai_event_drops_calls_above_the_limit(void **state)
{
	struct openai_reply r;
	struct turn turn = { 0 };
	char event[256];
	int i;

	(void)state;
	openai_reply_init(&r);
	for (i = 0; i < 10000; i++) {
		snprintf(event, sizeof(event), "{\"choices\":[{\"delta\":{"
		    "\"tool_calls\":[{\"index\":%d,\"id\":\"c%d\",\"function\""
		    ":{\"name\":\"x\",\"arguments\":\"{}\"}}]},"
		    "\"finish_reason\":\"tool_calls\"}]}", i, i);
		assert_int_equal(openai_event(&r, event, strlen(event)), 0);
	}
	assert_int_equal(openai_event(&r, "[DONE]", 6), 1);
	assert_int_equal(openai_complete(&r, &turn), 0);
	assert_int_equal(turn.ncalls, CALLS_MAX);
	assert_int_equal(turn.dropped, 10000 - CALLS_MAX);
	turn_clear(&turn);
	openai_reply_clear(&r);
}

static void
test_openai_event_bounds_what_it_keeps(void **state)
{
	static char event[1 << 20];
	struct openai_reply r;
	int i, status = 0, n;

	(void)state;
	n = snprintf(event, sizeof(event), "{\"choices\":[{\"delta\":{"
	    "\"content\":\"%01000000d\"}}]}", 0);
	openai_reply_init(&r);
	for (i = 0; i < 100 && status == 0; i++)
		status = openai_event(&r, event, (size_t)n);
	assert_int_equal(status, -1);
	assert_int_equal(i, 9);
	assert_non_null(strstr(r.why, "larger than 8 MiB"));
	openai_reply_clear(&r);
}

static void
check_error(const char *body, const char *message, const char *code,
    const char *type)
{
	struct openai_error e;

	openai_error(&e, body, strlen(body));
	assert_string_equal(e.message, message);
	assert_string_equal(e.code, code);
	assert_string_equal(e.type, type);
}

static void
test_openai_error_forms(void **state)
{
	(void)state;
	check_error("{\"error\":{\"message\":\"no\",\"type\":\"t\",\"param\":"
	    "null,\"code\":\"c\"}}", "no", "c", "t");
	check_error("{\"error\":{\"message\":\"no\",\"code\":503}}", "no",
	    "503", "");
	check_error("{\"error\":\"gone\"}", "gone", "", "");
	check_error("{\"error\":{}}", "it named no reason", "", "");
	check_error("{\"error\":{\"message\":\"\\u001b[2J\\u0000\"}}",
	    "\\x1b[2J\\x00", "", "");
	check_error("<html>", "", "", "");
	check_error("", "", "", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openai_reply_fixtures),
		cmocka_unit_test(
		    test_openai_event_drops_calls_above_the_limit),
		cmocka_unit_test(test_openai_event_bounds_what_it_keeps),
		cmocka_unit_test(test_openai_error_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
