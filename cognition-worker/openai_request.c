/*
 * openai_request.c: the request body of chat completions.
 * Runs in: cognition-worker.
 * Input: our conversation: clean text, whatever it says.
 */
#include "cognition-worker/openai.h"

#include <string.h>

#include "cognition-worker/tools.h"
#include "ipc/util.h"

static const char *const role_names[] = {
	[ROLE_system] = "system",
	[ROLE_user] = "user",
	[ROLE_assistant] = "assistant",
	[ROLE_tool] = "tool",
};

static json_t *
calls_json(const struct said *m)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < m->ncalls; i++)
		json_array_append_new(list, json_pack(
		    "{s:s, s:s, s:{s:s, s:s}}", "id", m->calls[i].id,
		    "type", "function", "function",
		    "name", m->calls[i].name,
		    "arguments", m->calls[i].arguments));
	return list;
}

static json_t *
message_json(const struct said *m)
{
	json_t *o = json_object();

	json_object_set_new(o, "role", json_string(role_names[m->role]));
	json_object_set_new(o, "content", m->ncalls > 0 && !m->text[0] ?
	    json_null() : json_string(m->text));
	if (m->ncalls > 0)
		json_object_set_new(o, "tool_calls", calls_json(m));
	if (m->call_id != NULL)
		json_object_set_new(o, "tool_call_id",
		    json_string(m->call_id));
	return o;
}

/*
 * A history that holds calls needs the tools declared, also where no further
 * call is wanted.
 */
static void
add_tools(json_t *o, const struct openai_request *r)
{
	bool needed = r->wish->may_call;
	size_t i;

	for (i = 0; i < r->conversation->count; i++)
		needed = needed || r->conversation->messages[i].ncalls > 0;
	if (!needed || r->ntools == 0)
		return;
	json_object_set_new(o, "tools", tools_schema(r->tools, r->ntools));
	json_object_set_new(o, "tool_choice",
	    json_string(r->wish->may_call ? "auto" : "none"));
}

char *
openai_request(const struct openai_request *r)
{
	json_t *o = json_object(), *messages = json_array();
	size_t i;
	char *text;

	json_object_set_new(o, "model", json_string(r->model));
	for (i = 0; i < r->conversation->count; i++)
		json_array_append_new(messages,
		    message_json(&r->conversation->messages[i]));
	json_object_set_new(o, "messages", messages);
	add_tools(o, r);
	if (r->stream) {
		json_object_set_new(o, "stream", json_true());
		json_object_set_new(o, "stream_options",
		    json_pack("{s:b}", "include_usage", 1));
	}
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(o);
	if (text == NULL)
		fatalx("build the request: text that is not UTF-8");
	return text;
}
