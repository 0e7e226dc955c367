/*
 * test_openai_request.c: what is sent to a model, and the tools offered to it.
 * Runs in: unit tests.  Input: none.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "cognition-worker/http.h"
#include "cognition-worker/json.h"
#include "cognition-worker/openai.h"
#include "cognition-worker/tools.h"
#include "ipc/util.h"

static const struct tool *offered[OFFERED_MAX];
static int noffered;

static int
offer(void **state)
{
	struct pack p;
	char why[100];

	(void)state;
	pack_init(&p, 1000);
	pack_list(&p, 3);
	pack_text(&p, "save_file");
	pack_text(&p, "execute_shell");
	pack_text(&p, "finish");
	noffered = tools_offered(p.data, p.len, offered, why, sizeof(why));
	pack_clear(&p);
	return noffered == 3 ? 0 : -1;
}

static json_t *
request(const struct conversation *c, bool may_call, bool stream)
{
	struct wish wish = { STEP_think, 1, may_call };
	autofree char *text = openai_request(&(struct openai_request){
		"m", c, offered, (size_t)noffered, &wish, stream });
	char why[200];
	json_t *j = json_parse(text, strlen(text), false, why, sizeof(why));

	assert_non_null(j);
	return j;
}

static const char *
text_at(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	return text != NULL ? text : "(none)";
}

static void
test_openai_request_messages(void **state)
{
	struct call *calls = xcalloc(1, sizeof(*calls));
	struct conversation c = { 0 };
	json_t *j, *list, *call;

	(void)state;
	call_read(&calls[0], "call_9", "finish", "{\"answer\": \"\\u00e9\"}",
	    1);
	conversation_say(&c, ROLE_system, "rules");
	conversation_say(&c, ROLE_user, "a\x1b\"\\\n\xe2\x80\xa8");
	conversation_turn(&c, "", calls, 1);
	conversation_result(&c, &calls[0], "{}");
	j = request(&c, true, true);
	list = json_object_get(j, "messages");
	assert_int_equal(json_array_size(list), 4);
	assert_string_equal(text_at(json_array_get(list, 1), "content"),
	    "a\x1b\"\\\n\xe2\x80\xa8");
	assert_true(json_is_null(json_object_get(json_array_get(list, 2),
	    "content")));
	call = json_array_get(json_object_get(json_array_get(list, 2),
	    "tool_calls"), 0);
	assert_string_equal(text_at(call, "id"), "call_9");
	/* Arguments go back byte for byte, as the text that they were. */
	assert_string_equal(text_at(json_object_get(call, "function"),
	    "arguments"), "{\"answer\": \"\\u00e9\"}");
	assert_string_equal(text_at(json_array_get(list, 3), "role"), "tool");
	assert_string_equal(text_at(json_array_get(list, 3), "tool_call_id"),
	    "call_9");
	assert_true(json_is_true(json_object_get(j, "stream")));
	assert_string_equal(text_at(j, "tool_choice"), "auto");
	json_decref(j);
	/* No further calls wanted: the tools stay declared. */
	j = request(&c, false, false);
	assert_string_equal(text_at(j, "tool_choice"), "none");
	assert_int_equal(json_array_size(json_object_get(j, "tools")), 3);
	assert_null(json_object_get(j, "stream"));
	json_decref(j);
	conversation_clear(&c);
}

static void
test_openai_request_without_tools(void **state)
{
	struct conversation c = { 0 };
	json_t *j;

	(void)state;
	conversation_say(&c, ROLE_user, "plan");
	j = request(&c, false, false);
	assert_null(json_object_get(j, "tools"));
	assert_null(json_object_get(j, "tool_choice"));
	/* Parameters that newer models refuse are never sent. */
	assert_null(json_object_get(j, "temperature"));
	assert_null(json_object_get(j, "max_tokens"));
	json_decref(j);
	conversation_clear(&c);
}

static void
test_tools_schema(void **state)
{
	json_t *list = tools_schema(offered, (size_t)noffered), *f, *p;

	(void)state;
	f = json_object_get(json_array_get(list, 1), "function");
	assert_string_equal(text_at(f, "name"), "execute_shell");
	p = json_object_get(f, "parameters");
	assert_true(json_is_false(json_object_get(p,
	    "additionalProperties")));
	assert_int_equal(json_array_size(json_object_get(p, "required")), 1);
	p = json_object_get(p, "properties");
	assert_string_equal(text_at(json_object_get(p, "command"), "type"),
	    "string");
	assert_string_equal(text_at(json_object_get(p, "timeout"), "type"),
	    "number");
	json_decref(list);
}

static void
checked(const char *name, const char *arguments, const char *problem)
{
	struct call call;

	call_read(&call, "a", name, arguments, 1);
	tools_check(offered, (size_t)noffered, &call);
	if (problem == NULL) {
		assert_null(call.problem);
		assert_non_null(call.tool);
	} else {
		assert_null(call.tool);
		assert_non_null(call.problem);
		if (strstr(call.problem, problem) == NULL)
			fail_msg("'%s' does not say '%s'", call.problem,
			    problem);
	}
	call_clear(&call);
}

static void
test_tools_check(void **state)
{
	(void)state;
	checked("execute_shell", "{\"command\":\"id\"}", NULL);
	checked("execute_shell", "{\"command\":\"id\",\"timeout\":1.5}", NULL);
	checked("execute_shell", "{}", "command");
	checked("execute_shell", "{\"command\":1}", "command");
	checked("execute_shell", "{\"command\":\"x\",\"approved\":true}",
	    "approved");
	checked("execute_shell", "{\"command\":\"x\",\"timeout\":-1}",
	    "timeout");
	checked("execute_shell", "[]", "not a JSON object");
	checked("execute_shell", "{\"command\":\"\\u0000\"}", "\\u0000");
	checked("load_file", "{\"path\":\"x\"}", NULL);
	checked("no_such_file", "{\"path\":\"x\"}", "the tools are: save_file,");
	checked("execute_command", "{\"argv\":[]}", "there is no tool");
	checked("Execute_shell", "{\"command\":\"id\"}", "there is no tool");
	checked(" execute_shell", "{\"command\":\"id\"}", "there is no tool");
	checked("\xd0\xb5xecute_shell", "{}", "there is no tool");
	checked("", "{}", "there is no tool");
	checked(NULL, "{}", "there is no tool");
}

static void
where(const char *url, const char *host, uint32_t port)
{
	char got[254], why[512] = "";
	uint32_t number;
	int status = http_where(url, got, &number, why);

	assert_int_equal(status, host == NULL ? -1 : 0);
	if (host == NULL) {
		assert_true(why[0] != '\0');
		return;
	}
	assert_string_equal(got, host);
	assert_int_equal(number, port);
}

static void
test_http_where(void **state)
{
	(void)state;
	where("https://api.openai.com/v1", "api.openai.com", 443);
	where("http://127.0.0.1:8080/v1", "127.0.0.1", 8080);
	where("http://[::1]:8080/v1", "::1", 8080);
	where("ftp://example.org/", NULL, 0);
	where("file:///etc/passwd", NULL, 0);
	where("https://user:word@example.org/", NULL, 0);
	where("http://example.org:99999/", NULL, 0);
	where("http://", NULL, 0);
	where("example.org/v1", NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openai_request_messages),
		cmocka_unit_test(test_openai_request_without_tools),
		cmocka_unit_test(test_tools_schema),
		cmocka_unit_test(test_tools_check),
		cmocka_unit_test(test_http_where),
	};

	return cmocka_run_group_tests(tests, offer, NULL);
}
