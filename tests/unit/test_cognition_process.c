/*
 * test_cognition_process.c: the real cognition-worker, confined, against a
 * scripted model server: whole runs, and every way in which a model fails.
 * Runs in: unit tests, from the top of the tree.
 * Input: none; MODEL_CASES may name a file of further hostile replies.
 */
#include "tests/unit/cognition_judge.h"

#include <regex.h>

#define PLAN	"{\"reply\":{\"text\":\"1. Understanding: a plan\"}}"
#define CALL(name, arguments)						\
	"{\"reply\":{\"text\":\"on it\",\"tool_calls\":[{\"id\":\"call_1\"," \
	"\"name\":\"" name "\",\"arguments\":" arguments "}]}}"
#define SHELL	CALL("execute_shell", "{\"command\":\"true\"}")
#define FINISH	CALL("finish", "{\"answer\":\"forty-two\"}")
#define RAW(status, type, steps)					\
	"{\"raw\":{\"status\":" status ",\"headers\":{"			\
	"\"content-type\":\"" type "\"},\"framing\":\"chunked\","	\
	"\"steps\":[" steps "]},\"repeat\":true}"
#define JSON_TYPE	"application/json"
#define SSE_TYPE	"text/event-stream"

static void
expect(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("'%s' does not match '%s'", text, pattern);
	regfree(&re);
}

static void
expect_stop(enum stop stop)
{
	if (!seen.done)
		fail_msg("no run_done; status %x, notes: %s", seen.status,
		    text_of(&seen.notes));
	if (seen.stop != stop)
		fail_msg("stopped with %s (%s), not %s", stop_name(seen.stop),
		    seen.message, stop_name(stop));
	assert_int_equal(seen.status, 0);
}

static void
expect_broken(const char *message)
{
	expect_stop(STOP_provider_error);
	assert_int_equal(seen.error, ERROR_ProviderError);
	assert_true(seen.hint[0] != '\0');
	expect(seen.message, message);
}

/* --- runs that succeed --- */

static void
whole_run(bool stream, bool tls)
{
	play_run(&(struct play){ .stream = stream, .tls = tls,
	    .key = "sk-secret-key",
	    .script = "[" PLAN "," SHELL "," FINISH "]" });
	expect_stop(STOP_finished);
	assert_int_equal(seen.error, ERROR_none);
	assert_string_equal(text_of(&seen.answer), "forty-two");
	assert_string_equal(text_of(&seen.phases), "plan0 think1 act1 "
	    "observe1 reflect1 think2 act2 observe2 ");
	assert_string_equal(text_of(&seen.tools), "execute_shell finish ");
	assert_string_equal(text_of(&seen.text),
	    "1. Understanding: a planon iton it");
	assert_int_equal(seen.models, 3);
	assert_int_equal(seen.dials, 3);
	assert_int_equal(seen.output_tokens, 15);
	assert_string_equal(seen.host, "127.0.0.1");
}

static void
test_run_plain(void **state)
{
	autofree char *requests = NULL;

	(void)state;
	whole_run(false, false);
	requests = server_file("requests");
	expect(requests, "\"authorization\": \"Bearer sk-secret-key\"");
	expect(requests, "\"path\": \"/v1/chat/completions\"");
	/* Results go back behind their call, as clean JSON. */
	expect(requests, "\\\\\"role\\\\\":\\\\\"tool\\\\\",\\\\\"content"
	    "\\\\\":.*outcome.*ok.*tool_call_id\\\\\":\\\\\"call_1");
	expect(requests, "a\\\\ufffdb\\\\ufffdc");
}

static void
test_run_streamed(void **state)
{
	(void)state;
	whole_run(true, false);
}

/* A key that is a short word must not blot out that word everywhere. */
static void
test_run_short_key(void **state)
{
	(void)state;
	play_run(&(struct play){ .key = "o", .stream = true,
	    .script = "[" PLAN "," FINISH "]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.answer), "forty-two");
	assert_int_equal(seen.output_tokens, 10);
}

static void
test_run_tls(void **state)
{
	(void)state;
	whole_run(true, true);
	whole_run(false, true);
}

static const char other_ca[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBezCCASGgAwIBAgIUaDSV7jwVFKXGhYkX2tmeTflAtZ8wCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHYW5vdGhlcjAgFw0yNjExMjIwMDM4NTZaGA8yMTI2MTAyOTAw\n"
    "Mzg1NlowEjEQMA4GA1UEAwwHYW5vdGhlcjBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "A0IABO7k7Th5KreDHXc0/FrkqRcTVGUhfgkFnzWuN5cKKKiStSJddN9+ahaoMgQA\n"
    "sAOEZamMBgEGfAYZIsE/gAU9gGejUzBRMB0GA1UdDgQWBBQkIHNeK1mEZ7oD/Om9\n"
    "9oVu6BkUCzAfBgNVHSMEGDAWgBQkIHNeK1mEZ7oD/Om99oVu6BkUCzAPBgNVHRMB\n"
    "Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCICYnO/gCelkxOs7USRl5qVFcziTg\n"
    "KUJ4hkZgIZlnmVCXAiEA4UZd972Kdw6Hf3e9cGbW11O0nbm4cKaD8Fkqgn+4djY=\n"
    "-----END CERTIFICATE-----\n";

static void
test_run_tls_untrusted(void **state)
{
	(void)state;
	play_run(&(struct play){ .tls = true, .other_ca = other_ca,
	    .key = "sk-secret-key", .script = "[" PLAN "]" });
	expect_broken("its certificate is not trusted");
	assert_int_equal(seen.dials, 1);
	play_run(&(struct play){ .tls = true, .no_ca = true,
	    .script = "[" PLAN "]" });
	expect_broken("there are no CA certificates");
	assert_int_equal(seen.dials, 0);
}

/* Calls in the place of a plan are not run, and the run goes on. */
static void
test_run_calls_while_planning(void **state)
{
	autofree char *requests = NULL;

	(void)state;
	play_run(&(struct play){ .script = "[" SHELL "," FINISH "]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.tools), "finish ");
	requests = server_file("requests");
	expect(requests, "no tools can be called while the plan is made");
}

static void
test_run_several_calls(void **state)
{
	(void)state;
	play_run(&(struct play){ .stream = true, .script = "[" PLAN ","
	    "{\"reply\":{\"tool_calls\":["
	    "{\"id\":\"a\",\"name\":\"save_file\",\"arguments\":"
	    "{\"path\":\"x\",\"content\":\"y\"}},"
	    "{\"id\":\"b\",\"name\":\"load_file\",\"arguments\":"
	    "{\"path\":\"x\"}},"
	    "{\"id\":\"c\",\"name\":\"finish\",\"arguments\":"
	    "{\"answer\":\"both\"}}]}}]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.tools),
	    "save_file load_file finish ");
}

/* A finish beside a call that fails was written without knowing it. */
static void
test_run_finish_beside_failure(void **state)
{
	autofree char *requests = NULL;

	(void)state;
	play_run(&(struct play){ .fail_shell = true, .script = "[" PLAN ","
	    "{\"reply\":{\"tool_calls\":["
	    "{\"id\":\"a\",\"name\":\"execute_shell\",\"arguments\":"
	    "{\"command\":\"false\"}},"
	    "{\"id\":\"b\",\"name\":\"finish\",\"arguments\":"
	    "{\"answer\":\"too early\"}}]}},"
	    "{\"reply\":{\"text\":\"I reflect\"}}," FINISH "]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.answer), "forty-two");
	assert_string_equal(text_of(&seen.tools), "execute_shell finish ");
	requests = server_file("requests");
	expect(requests, "finish was not carried out");
	expect(requests, "I reflect");
}

static void
test_run_unknown_tool_and_bad_arguments(void **state)
{
	autofree char *requests = NULL;

	(void)state;
	play_run(&(struct play){ .iterations = 5, .script = "[" PLAN ","
	    CALL("Execute_Shell", "{\"command\":\"x\"}") ","
	    "{\"reply\":{\"text\":\"hm\"}},"
	    CALL("echo;id", "{}") ",{\"reply\":{\"text\":\"hm\"}},"
	    CALL("execute_shell", "{\"cmd\":\"x\",\"timeout\":\"long\"}") ","
	    "{\"reply\":{\"text\":\"hm\"}},"
	    CALL("execute_shell", "\"{\\\"command\\\": \"") ","
	    "{\"reply\":{\"text\":\"hm\"}}," FINISH "]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.tools), "finish ");
	requests = server_file("requests");
	expect(requests, "there is no tool .{0,8}Execute_Shell");
	expect(requests, "there is no tool .{0,8}echo;id");
	expect(requests, "cmd");
	expect(requests, "arguments are not a JSON object");
}

static void
test_run_empty_finish(void **state)
{
	(void)state;
	play_run(&(struct play){ .script = "[" PLAN ","
	    CALL("finish", "{\"answer\":\" \"}") ","
	    "{\"reply\":{\"text\":\"hm\"}}," FINISH "]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.answer), "forty-two");
	assert_string_equal(text_of(&seen.tools), "finish ");
}

/* --- endings that are no success --- */

static void
test_run_max_iterations(void **state)
{
	(void)state;
	play_run(&(struct play){ .iterations = 3, .script = "[" PLAN ",{"
	    "\"reply\":{\"tool_calls\":[{\"id\":\"a\",\"name\":"
	    "\"calculator\",\"arguments\":{\"expression\":\"1+1\"}}]},"
	    "\"repeat\":true}]" });
	expect_stop(STOP_max_iterations);
	expect(text_of(&seen.phases), "think3 act3 observe3 reflect3 $");
}

static void
test_run_empty_answers(void **state)
{
	(void)state;
	play_run(&(struct play){ .script = "[" PLAN ","
	    "{\"reply\":{\"text\":\" \"},\"repeat\":true}]" });
	expect_broken("empty answer, and again");
	assert_int_equal(seen.models, 3);
	play_run(&(struct play){ .script = "[" PLAN ","
	    "{\"reply\":{\"text\":null}}," FINISH "]" });
	expect_stop(STOP_finished);
}

static void
test_run_text_only(void **state)
{
	autofree char *requests = NULL;

	(void)state;
	play_run(&(struct play){ .script = "[" PLAN "," SHELL ","
	    "{\"reply\":{\"text\":\"It is done.\"}},"
	    "{\"reply\":{\"text\":\"It is done: 42.\"}}]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.answer), "It is done: 42.");
	requests = server_file("requests");
	expect(requests, "call finish with the complete answer");
}

static void
test_run_gives_up(void **state)
{
	(void)state;
	play_run(&(struct play){ .script = "[" PLAN "," SHELL ","
	    "{\"reply\":{\"text\":\"CANNOT: there is no compiler\"}}]" });
	expect_stop(STOP_failed);
	expect(seen.message, "the model gave up: CANNOT: there is no comp");
	play_run(&(struct play){ .deny_all = true, .script = "[" PLAN ","
	    SHELL ",{\"reply\":{\"text\":\"hm\"}},"
	    "{\"reply\":{\"text\":\"CANNOT: not allowed\"}}]" });
	expect_stop(STOP_denied);
	assert_int_equal(seen.error, ERROR_SandboxAccessDenied);
	expect(seen.message, "execute_shell: not on the list");
}

static void
test_run_cut_at_length(void **state)
{
	autofree char *requests = NULL;

	(void)state;
	play_run(&(struct play){ .script = "[" PLAN ","
	    "{\"reply\":{\"finish\":\"length\",\"tool_calls\":["
	    "{\"id\":\"a\",\"name\":\"execute_shell\",\"arguments\":"
	    "{\"command\":\"rm -rf build\"}}]}}," FINISH "]" });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.tools), "finish ");
	requests = server_file("requests");
	expect(requests, "cut off because it reached the length limit");
}

static void
cancelled_run(const struct play *wanted)
{
	play_run(wanted);
	expect_stop(STOP_cancelled);
	if (seen.ms > 200)
		fail_msg("heard after %llu ms", (unsigned long long)seen.ms);
}

static void
test_run_cancel(void **state)
{
	(void)state;
	/* Before the reply, in a stream, waiting for a retry, for a tool. */
	cancelled_run(&(struct play){ .cancel_after = 300, .timeout = 60000,
	    .script = "[{\"delay_ms\":9000,\"reply\":{\"text\":\"late\"}}]" });
	cancelled_run(&(struct play){ .cancel_after = 300, .timeout = 60000,
	    .stream = true, .script = "[" RAW("200", SSE_TYPE,
	    "{\"drip\":[\": keep-alive\\n\\n\",500]}") "]" });
	cancelled_run(&(struct play){ .cancel_after = 300, .timeout = 60000,
	    .script = "[{\"raw\":{\"status\":429,\"headers\":{\"retry-after\":"
	    "\"30\"},\"steps\":[]}}]" });
	cancelled_run(&(struct play){ .cancel_after = 500, .hang = true,
	    .script = "[" PLAN "," SHELL "]" });
	assert_string_equal(text_of(&seen.tools), "execute_shell ");
}

/* Large but allowed: what it costs is bounded, and it does not add up. */
static void
test_run_memory_of_large_turns(void **state)
{
	static const char script[] = "[" PLAN ",{\"reply\":{\"tool_calls\":["
	    "{\"id\":\"a\",\"name\":\"save_file\",\"arguments\":{\"path\":"
	    "\"x\",\"content\":{\"$repeat\":[\"A\",4000000]}}}]},"
	    "\"repeat\":true}]";
	long first;

	(void)state;
	play_run(&(struct play){ .script = script, .iterations = 2,
	    .timeout = 30000 });
	expect_stop(STOP_max_iterations);
	first = grown();
	play_run(&(struct play){ .script = script, .iterations = 8,
	    .timeout = 30000 });
	expect_stop(STOP_max_iterations);
	print_message("# grown by %ld and %ld KiB\n", first, grown());
	assert_true(first < 48 * 1024);
	assert_true(grown() < first + 8 * 1024);
}

/* --- servers that break --- */

static const struct failure {
	const char	*name;
	const char	*entry;		/* in the place of the first think */
	const char	*message;
	bool		 stream;
} failures[] = {
	{ "status 500", RAW("500", JSON_TYPE,
	    "{\"text\":\"{\\\"error\\\":{\\\"message\\\":\\\"boom\\\"}}\"}"),
	    "answered 500.*boom", false },
	{ "status 401", RAW("401", JSON_TYPE,
	    "{\"echo_header\":\"authorization\"}"),
	    "answered 401.*Bearer \\*+", false },
	{ "status 429 without money", RAW("429", JSON_TYPE,
	    "{\"text\":\"{\\\"error\\\":{\\\"message\\\":\\\"pay\\\",\\\"code"
	    "\\\":\\\"insufficient_quota\\\"}}\"}"),
	    "answered 429 insufficient_quota: pay", true },
	{ "redirect", "{\"raw\":{\"status\":307,\"headers\":{\"location\":"
	    "\"http://127.0.0.1:@PORT2@/steal\"},\"steps\":[]}}",
	    "redirects to 'http://127.0.0.1:[0-9]+/steal', which is not",
	    false },
	{ "HTML", RAW("200", "text/html",
	    "{\"text\":\"<html>Sign in</html>\"}"),
	    "content type 'text/html'", true },
	{ "HTML with an error status", RAW("404", "text/html",
	    "{\"text\":\"<html>Not here</html>\"}"),
	    "answered 404: <html>Not here", true },
	{ "truncated JSON", RAW("200", JSON_TYPE,
	    "{\"text\":\"{\\\"choices\\\":[{\\\"index\\\":0,\"}"),
	    "not valid JSON", false },
	{ "no body at all", RAW("200", JSON_TYPE, ""),
	    "nothing in it", false },
	{ "no answer at all", "{\"raw\":{\"framing\":\"none\",\"steps\":["
	    "{\"close\":\"fin\"}]},\"repeat\":true}",
	    "without sending anything", false },
	{ "reset", "{\"raw\":{\"framing\":\"none\",\"steps\":["
	    "{\"close\":\"rst\"}]},\"repeat\":true}",
	    "connection broke|without sending anything", false },
	{ "not HTTP", "{\"raw\":{\"framing\":\"none\",\"steps\":[{\"text\":"
	    "\"SSH-2.0-x\\r\\n\"},{\"sleep_ms\":50}]},\"repeat\":true}",
	    "does not speak HTTP", false },
	{ "close in the middle of a stream", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\\\"choices\\\":[{\\\"index\\\":0,\\\"delta"
	    "\\\":{\\\"content\\\":\\\"hel\\\"}}]}\\n\\n\"},"
	    "{\"close\":\"fin\"}"),
	    "closed in the middle", true },
	{ "stream without finish_reason", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\\\"choices\\\":[{\\\"index\\\":0,\\\"delta"
	    "\\\":{\\\"content\\\":\\\"hello\\\"}}]}\\n\\ndata: [DONE]\\n\\n"
	    "\"}"),
	    "no finish_reason came", true },
	{ "stream without end mark", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\\\"choices\\\":[{\\\"index\\\":0,\\\"delta"
	    "\\\":{\\\"content\\\":\\\"hello\\\"},\\\"finish_reason\\\":"
	    "\\\"stop\\\"}]}\\n\\n\"}"),
	    "without the end mark", true },
	{ "half a tool call at the end of a stream", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\\\"choices\\\":[{\\\"index\\\":0,\\\"delta"
	    "\\\":{\\\"tool_calls\\\":[{\\\"index\\\":0,\\\"id\\\":\\\"a\\\","
	    "\\\"function\\\":{\\\"name\\\":\\\"execute_shell\\\","
	    "\\\"arguments\\\":\\\"{\\\\\\\"command\\\\\\\":\\\"}}]}}]}\\n\\n"
	    "\"}"),
	    "in the middle of a tool call", true },
	{ "whole call, no finish_reason", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\\\"choices\\\":[{\\\"index\\\":0,\\\"delta"
	    "\\\":{\\\"tool_calls\\\":[{\\\"index\\\":0,\\\"id\\\":\\\"a\\\","
	    "\\\"function\\\":{\\\"name\\\":\\\"execute_shell\\\","
	    "\\\"arguments\\\":\\\"{\\\\\\\"command\\\\\\\":\\\\\\\"id"
	    "\\\\\\\"}\\\"}}]}}]}\\n\\n\"}"),
	    "in the middle of a tool call", true },
	{ "error in the middle of a stream", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\\\"error\\\":{\\\"message\\\":\\\"overloaded"
	    "\\\",\\\"code\\\":503}}\\n\\n\"}"),
	    "reported an error: overloaded", true },
	{ "compressed", "{\"raw\":{\"status\":200,\"headers\":{"
	    "\"content-type\":\"application/json\",\"content-encoding\":"
	    "\"gzip\"},\"steps\":[{\"gzip_zeros\":1073741824}]}}",
	    "compressed", false },
	{ "nested too deep", RAW("200", JSON_TYPE,
	    "{\"text\":\"{\\\"choices\\\":\"},{\"repeat\":[\"[\",1000000]}"),
	    "nested more than", false },
	{ "a million keys", RAW("200", JSON_TYPE,
	    "{\"text\":\"{\"},{\"keys\":1000000},{\"text\":\"\\\"a\\\":0}\"}"),
	    "larger than|too many values", false },
	{ "one line of 100 MB", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\"},{\"repeat\":[\"A\",104857600]}"),
	    "an event of its stream is larger than 8 MiB", true },
	{ "a plain reply of 100 MB", RAW("200", JSON_TYPE,
	    "{\"repeat\":[\" \",104857600]}"),
	    "larger than 16 MiB", false },
	{ "an argument of 20 MB", "{\"reply\":{\"tool_calls\":[{\"id\":\"a\","
	    "\"name\":\"execute_shell\",\"arguments\":{\"command\":"
	    "{\"$repeat\":[\"A\",20971520]}}}]}}", "larger than", true },
	{ "a header of 8 MB", "{\"raw\":{\"framing\":\"none\",\"steps\":["
	    "{\"text\":\"HTTP/1.1 200 OK\\r\\nx-a: \"},{\"repeat\":[\"h\","
	    "8388608]},{\"text\":\"\\r\\n\\r\\n\"}]},\"repeat\":true}",
	    "the model server failed", false },
	{ "index -1", RAW("200", SSE_TYPE,
	    "{\"text\":\"data: {\\\"choices\\\":[{\\\"index\\\":0,\\\"delta"
	    "\\\":{\\\"tool_calls\\\":[{\\\"index\\\":-1,\\\"id\\\":\\\"a\\\"}"
	    "]}}]}\\n\\n\"}"),
	    "index of a tool call", true },
};

static void
test_run_broken_server(void **state)
{
	autofree char *script = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < nitems(failures); i++) {
		free(script);
		assert_true(asprintf(&script, "[" PLAN ",%s]",
		    failures[i].entry) > 0);
		print_message("# %s\n", failures[i].name);
		play_run(&(struct play){ .script = script,
		    .key = "sk-secret-key", .stream = failures[i].stream });
		expect_broken(failures[i].message);
		assert_string_equal(text_of(&seen.tools), "");
		assert_null(strstr(seen.message, "sk-secret-key"));
		assert_null(strstr(text_of(&seen.notes), "sk-secret-key"));
		if (grown() > 32 * 1024)
			fail_msg("grew by %ld KiB", grown());
	}
}

static void
test_run_retries(void **state)
{
	(void)state;
	play_run(&(struct play){ .script = "["
	    "{\"raw\":{\"status\":503,\"headers\":{\"retry-after-ms\":"
	    "\"100\"},\"steps\":[]}},{\"raw\":{\"framing\":\"none\",\"steps\":"
	    "[{\"close\":\"fin\"}]}}," PLAN "," FINISH "]" });
	expect_stop(STOP_finished);
	assert_int_equal(seen.dials, 4);
	expect(text_of(&seen.notes), "next attempt in 100 ms");
}

static void
test_run_retry_after_absurd(void **state)
{
	(void)state;
	play_run(&(struct play){ .timeout = 3000, .script = "["
	    "{\"raw\":{\"status\":429,\"headers\":{\"retry-after\":"
	    "\"999999999\"},\"steps\":[{\"text\":\"{}\"}]}}]" });
	expect_broken("answered 429");
	assert_true(seen.ms < 1000);
}

static void
test_run_time_limit(void **state)
{
	(void)state;
	play_run(&(struct play){ .timeout = 1500, .script = "["
	    "{\"raw\":{\"framing\":\"none\",\"steps\":[{\"drip\":["
	    "\"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\n\","
	    "300]}]}}]" });
	expect_broken("time limit");
	assert_true(seen.ms < 2500);
}

static void
test_run_cannot_connect(void **state)
{
	(void)state;
	play_run(&(struct play){ .refuse = true, .script = "[]" });
	expect_broken("connect to 127.0.0.1 port [0-9]+: policy names no");
	play_run(&(struct play){ .base_url = "ftp://127.0.0.1/v1",
	    .script = "[]" });
	expect_broken("not an http or https URL");
	assert_int_equal(seen.dials, 0);
}

/* --- replay --- */

#define PRIMES	"Write a Python script that finds all primes up to 100, save " \
		"it as primes.py, run it and report the output"

static void
test_replay_built_in(void **state)
{
	(void)state;
	play_run(&(struct play){ .provider = "replay", .goal = PRIMES });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.tools),
	    "save_file execute_shell finish ");
	expect(text_of(&seen.answer), "Primes up to 100: 2, 3, .* 97");
	assert_int_equal(seen.dials, 0);
}

static void
test_replay_no_fit(void **state)
{
	(void)state;
	play_run(&(struct play){ .provider = "replay", .goal = "other" });
	expect_broken("recorded for another task");
	expect(seen.hint, "OPENAI_API_KEY");
	play_run(&(struct play){ .provider = "replay", .goal = PRIMES,
	    .fail_shell = true });
	expect_broken("no recorded turn fits the step reflect|failed now");
	play_run(&(struct play){ .provider = "replay",
	    .replay = "{\"task\": 1}\n" });
	expect_broken("line 1 of the replay file is broken");
}

static void
test_replay_of_a_recording(void **state)
{
	static const char script[] = "[" PLAN "," SHELL ","
	    "{\"reply\":{\"text\":\"I reflect\"}},"
	    CALL("nonsense", "\"{\"") ",{\"reply\":{\"text\":\"I see\"}},"
	    "{\"reply\":{\"text\":\"done?\"}}," FINISH "]";
	autofree char *lines = NULL, *again = NULL;

	(void)state;
	play_run(&(struct play){ .script = script, .record = true,
	    .fail_shell = true });
	expect_stop(STOP_finished);
	lines = xstrdup(text_of(&seen.lines));
	play_run(&(struct play){ .provider = "replay", .replay = lines,
	    .record = true, .fail_shell = true });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.tools), "execute_shell finish ");
	again = xstrdup(text_of(&seen.lines));
	assert_string_equal(lines, again);
	/* The same turns, but a call that failed succeeds: no fit. */
	play_run(&(struct play){ .provider = "replay", .replay = lines });
	expect_broken("succeeded now, but failed when");
}

/* A recording written by hand: a failure, a reflection, a repair. */
static void
test_replay_example(void **state)
{
	static const char *const constraints[] = {
		"do not print more than one line", NULL
	};
	autofree char *lines = xcalloc(1, 65536);
	FILE *f = fopen("examples/replay/repair.jsonl", "r");

	(void)state;
	assert_non_null(f);
	assert_true(fread(lines, 1, 65535, f) > 0);
	fclose(f);
	play_run(&(struct play){ .provider = "replay", .replay = lines,
	    .goal = "Run greet.py and report what it prints; repair it if it "
	    "does not run", .constraints = constraints, .fail_shell = true });
	expect_stop(STOP_finished);
	assert_string_equal(text_of(&seen.tools),
	    "execute_shell save_file execute_shell finish ");
	assert_string_equal(text_of(&seen.phases), "plan0 think1 act1 "
	    "observe1 reflect1 think2 act2 observe2 reflect2 think3 act3 "
	    "observe3 ");
}

/* --- further cases --- */

static void
play_case(const char *file, const char *id)
{
	int stream;

	for (stream = 0; stream < 2; stream++) {
		play_run(&(struct play){ .cases = file, .case_id = id,
		    .stream = stream != 0, .timeout = 3000, .iterations = 3,
		    .key = "sk-secret-key" });
		print_message("# %s: %s %s, %llu ms, +%ld KiB%s%s\n", id,
		    seen.done ? stop_name(seen.stop) : "NOT DONE",
		    seen.message, (unsigned long long)seen.ms,
		    grown(), seen.tools.len ? ", called " : "",
		    text_of(&seen.tools));
		assert_true(seen.done);
		assert_int_equal(seen.status, 0);
		/* A plan, three thoughts, three reflections. */
		assert_true(seen.ms < 7 * 3000 + 1000);
		assert_true(grown() < 32 * 1024);
		assert_null(strstr(seen.message, "sk-secret-key"));
		assert_null(strstr(text_of(&seen.text), "sk-secret-key"));
	}
}

/* Python reads the names: the file may hold what strict JSON refuses. */
static void
test_run_further_cases(void **state)
{
	const char *file = getenv("MODEL_CASES");
	char id[64];
	FILE *ids;

	(void)state;
	if (file == NULL)
		skip();
	ids = popen("/usr/bin/python3 -c 'import json, os; [print(c[\"id\"]) "
	    "for c in json.load(open(os.environ[\"MODEL_CASES\"]))"
	    "[\"cases\"]]'", "r");
	assert_non_null(ids);
	while (fgets(id, sizeof(id), ids) != NULL) {
		id[strcspn(id, "\n")] = '\0';
		play_case(file, id);
	}
	assert_int_equal(pclose(ids), 0);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(server_dir) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "script.json", "requests",
	    "ca.pem", "key.pem" };
	char path[128];
	size_t i;

	(void)state;
	for (i = 0; i < nitems(names); i++) {
		path_in(path, sizeof(path), names[i]);
		unlink(path);
	}
	play_clear();
	return rmdir(server_dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_plain),
		cmocka_unit_test(test_run_streamed),
		cmocka_unit_test(test_run_short_key),
		cmocka_unit_test(test_run_tls),
		cmocka_unit_test(test_run_tls_untrusted),
		cmocka_unit_test(test_run_calls_while_planning),
		cmocka_unit_test(test_run_several_calls),
		cmocka_unit_test(test_run_finish_beside_failure),
		cmocka_unit_test(test_run_unknown_tool_and_bad_arguments),
		cmocka_unit_test(test_run_empty_finish),
		cmocka_unit_test(test_run_max_iterations),
		cmocka_unit_test(test_run_empty_answers),
		cmocka_unit_test(test_run_text_only),
		cmocka_unit_test(test_run_gives_up),
		cmocka_unit_test(test_run_cut_at_length),
		cmocka_unit_test(test_run_cancel),
		cmocka_unit_test(test_run_memory_of_large_turns),
		cmocka_unit_test(test_run_broken_server),
		cmocka_unit_test(test_run_retries),
		cmocka_unit_test(test_run_retry_after_absurd),
		cmocka_unit_test(test_run_time_limit),
		cmocka_unit_test(test_run_cannot_connect),
		cmocka_unit_test(test_replay_built_in),
		cmocka_unit_test(test_replay_no_fit),
		cmocka_unit_test(test_replay_of_a_recording),
		cmocka_unit_test(test_replay_example),
		cmocka_unit_test(test_run_further_cases),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
