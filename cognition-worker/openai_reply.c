/*
 * openai_reply.c: replies of chat completions, whole or in pieces.
 * Runs in: cognition-worker.
 * Input: hostile JSON of a model server; nothing here is proportional to a
 * number that it names.
 */
#include "cognition-worker/openai.h"

#include <stdio.h>
#include <string.h>

#include "cognition-worker/json.h"
#include "cognition-worker/text.h"
#include "ipc/util.h"

static int
broken(struct openai_reply *r, const char *what)
{
	if (r->why[0] == '\0')
		snprintf(r->why, sizeof(r->why), "%s", what);
	return -1;
}

void
openai_reply_init(struct openai_reply *r)
{
	memset(r, 0, sizeof(*r));
	pack_init(&r->text, JSON_BYTES);
	pack_init(&r->thinking, JSON_BYTES);
}

void
openai_reply_clear(struct openai_reply *r)
{
	size_t i;

	for (i = 0; i < r->nparts; i++) {
		free(r->parts[i].id);
		free(r->parts[i].name);
		pack_clear(&r->parts[i].arguments);
	}
	pack_clear(&r->text);
	pack_clear(&r->thinking);
	memset(r, 0, sizeof(*r));
}

/* Append a string to a buffer; null and absent are nothing. */
static int
append(struct openai_reply *r, struct pack *to, const json_t *j,
    const char *what)
{
	autofree char *clean = NULL;

	if (j == NULL || json_is_null(j))
		return 0;
	if ((clean = json_text(j)) == NULL)
		return broken(r, what);
	r->bytes += strlen(clean);
	if (r->bytes > JSON_BYTES)
		return broken(r, "its text and calls are larger than 8 MiB");
	pack_raw(to, clean, strlen(clean));
	return 0;
}

/* content: a string, null, or a list of {type: "text", text}. */
static int
take_content(struct openai_reply *r, const json_t *content)
{
	const json_t *part, *type;
	size_t i;

	if (!json_is_array(content))
		return append(r, &r->text, content, "content is not text");
	json_array_foreach(content, i, part) {
		type = json_object_get(part, "type");
		if (!json_is_object(part) || !json_is_string(type))
			return broken(r, "content is not text");
		if (strcmp(json_string_value(type), "text") == 0 &&
		    append(r, &r->text, json_object_get(part, "text"),
		    "content is not text") == -1)
			return -1;
	}
	return 0;
}

static struct openai_part *
add_part(struct openai_reply *r, long long index)
{
	struct openai_part *p;

	if (r->nparts == CALLS_MAX) {
		r->dropped++;
		return NULL;
	}
	p = &r->parts[r->nparts++];
	memset(p, 0, sizeof(*p));
	p->index = index;
	pack_init(&p->arguments, JSON_BYTES);
	return p;
}

/* Without an index a new id begins a call, and no id goes on with the last. */
static struct openai_part *
part_without_index(struct openai_reply *r, const json_t *id)
{
	struct openai_part *last;

	last = r->nparts > 0 ? &r->parts[r->nparts - 1] : NULL;
	if (last != NULL && (!json_is_string(id) ||
	    json_string_value(id)[0] == '\0' ||
	    (last->id && strcmp(last->id, json_string_value(id)) == 0)))
		return last;
	return add_part(r, (long long)r->nparts);
}

static struct openai_part *
find_part(struct openai_reply *r, const json_t *call)
{
	const json_t *index = json_object_get(call, "index");
	long long number;
	size_t i;

	if (index == NULL || json_is_null(index))
		return part_without_index(r, json_object_get(call, "id"));
	number = json_integer_value(index);
	if (!json_is_integer(index) || number < 0) {
		broken(r, "the index of a tool call is not a whole number");
		return NULL;
	}
	for (i = 0; i < r->nparts; i++)
		if (r->parts[i].index == number)
			return &r->parts[i];
	return add_part(r, number);
}

static int
take_function(struct openai_reply *r, struct openai_part *p,
    const json_t *function)
{
	const json_t *arguments = json_object_get(function, "arguments");
	const json_t *name = json_object_get(function, "name");
	autofree char *dumped = NULL;

	if (name != NULL && !json_is_string(name) && !json_is_null(name))
		return broken(r, "the name of a tool call is not text");
	/* Some servers repeat the name; one that changes is not believed. */
	if (p->name == NULL)
		p->name = json_text(name);
	if (!json_is_object(arguments))
		return append(r, &p->arguments, arguments,
		    "the arguments of a tool call are not text");
	dumped = json_dumps(arguments, JSON_COMPACT);
	pack_raw(&p->arguments, dumped, dumped ? strlen(dumped) : 0);
	return 0;
}

static int
take_call(struct openai_reply *r, struct openai_part *p, const json_t *call)
{
	const json_t *function = json_object_get(call, "function");
	const json_t *type = json_object_get(call, "type");

	if (p->id == NULL)
		p->id = json_text(json_object_get(call, "id"));
	if (json_is_string(type) && json_string_length(type) > 0 &&
	    strcmp(json_string_value(type), "function") != 0)
		p->custom = true;
	if (function == NULL || json_is_null(function))
		return 0;
	if (!json_is_object(function))
		return broken(r, "the function of a call is not an object");
	return take_function(r, p, function);
}

static int
take_calls(struct openai_reply *r, const json_t *calls, bool whole)
{
	struct openai_part *p;
	const json_t *call;
	size_t i;

	if (calls == NULL || json_is_null(calls))
		return 0;
	if (!json_is_array(calls))
		return broken(r, "tool_calls is not a list");
	json_array_foreach(calls, i, call) {
		if (!json_is_object(call))
			return broken(r, "a tool call is not an object");
		p = whole ? add_part(r, (long long)i) : find_part(r, call);
		if (p == NULL && r->why[0] != '\0')
			return -1;
		if (p != NULL && take_call(r, p, call) == -1)
			return -1;
	}
	return 0;
}

/* A message, or the part of one that came now.  Its role is not looked at. */
static int
take_message(struct openai_reply *r, const json_t *m, bool whole)
{
	const json_t *refusal = json_object_get(m, "refusal");
	const json_t *thinking = json_object_get(m, "reasoning_content");

	if (!json_is_object(m))
		return broken(r, "a choice holds no message");
	if (json_is_string(refusal) && json_string_length(refusal) > 0)
		r->refused = true;
	if (!json_is_string(thinking))
		thinking = json_object_get(m, "reasoning");
	if (json_is_string(thinking) && append(r, &r->thinking, thinking,
	    "") == -1)
		return -1;
	if (append(r, &r->text, refusal, "a refusal is not text") == -1)
		return -1;
	if (take_content(r, json_object_get(m, "content")) == -1)
		return -1;
	return take_calls(r, json_object_get(m, "tool_calls"), whole);
}

static void
take_usage(struct openai_reply *r, const json_t *usage)
{
	if (!json_is_object(usage))
		return;
	r->input_tokens = json_tokens(usage, "prompt_tokens");
	r->output_tokens = json_tokens(usage, "completion_tokens");
}

/* Choice 0 is the only one that we asked for. */
static const json_t *
first_choice(const json_t *choices)
{
	const json_t *choice, *index;
	size_t i;

	json_array_foreach(choices, i, choice) {
		index = json_object_get(choice, "index");
		if (index == NULL || json_is_null(index) ||
		    (json_is_integer(index) && json_integer_value(index) == 0))
			return choice;
	}
	return NULL;
}

static int
take_reply(struct openai_reply *r, const json_t *j, bool whole)
{
	const json_t *choices = json_object_get(j, "choices"), *choice, *end;
	const json_t *message;

	if (!json_is_object(j))
		return broken(r, "it is not a JSON object");
	take_usage(r, json_object_get(j, "usage"));
	if (choices != NULL && !json_is_null(choices) &&
	    !json_is_array(choices))
		return broken(r, "choices is not a list");
	if ((choice = first_choice(choices)) == NULL)
		return whole ? broken(r, "it has no choices") : 0;
	end = json_object_get(choice, "finish_reason");
	if (json_is_string(end) && json_string_length(end) > 0)
		r->finish = finish_find(json_string_value(end));
	message = json_object_get(choice, whole ? "message" : "delta");
	/* The chunk with the finish reason may come without a delta. */
	if (!whole && (message == NULL || json_is_null(message)))
		return 0;
	return take_message(r, message, whole);
}

/* An `error` in the place of a reply, or beside one. */
static bool
take_error(struct openai_error *e, const json_t *j)
{
	const json_t *error = json_object_get(j, "error"), *code;
	const json_t *message, *type;

	if (error == NULL || json_is_null(error))
		return false;
	message = json_is_string(error) ? error :
	    json_object_get(error, "message");
	code = json_object_get(error, "code");
	type = json_object_get(error, "type");
	snprintf(e->message, sizeof(e->message), "it named no reason");
	if (json_is_string(message) && json_string_length(message) > 0)
		text_escape(e->message, sizeof(e->message),
		    json_string_value(message), json_string_length(message));
	if (json_is_string(code))
		text_escape(e->code, sizeof(e->code),
		    json_string_value(code), json_string_length(code));
	else if (json_is_integer(code))
		snprintf(e->code, sizeof(e->code), "%lld",
		    (long long)json_integer_value(code));
	if (json_is_string(type))
		text_escape(e->type, sizeof(e->type),
		    json_string_value(type), json_string_length(type));
	return true;
}

void
openai_error(struct openai_error *e, const char *data, size_t len)
{
	char why[256];
	json_t *j = json_parse(data, len, true, why, sizeof(why));

	memset(e, 0, sizeof(*e));
	if (j != NULL)
		take_error(e, j);
	json_decref(j);
}

static int
take_document(struct openai_reply *r, const char *data, size_t len,
    bool whole)
{
	char why[300];
	json_t *j = json_parse(data, len, true, why, sizeof(why));
	int status = -1;

	if (j == NULL)
		snprintf(r->why, sizeof(r->why), "%s is not valid JSON: %.300s",
		    whole ? "its reply" : "an event of its stream", why);
	else if (take_error(&r->error, j))
		snprintf(r->why, sizeof(r->why), "it reported an error: %.400s",
		    r->error.message);
	else
		status = take_reply(r, j, whole);
	json_decref(j);
	return status;
}

int
openai_event(struct openai_reply *r, const char *data, size_t len)
{
	while (len > 0 && (data[len - 1] == ' ' || data[len - 1] == '\n'))
		len--;
	if (len == 0)
		return 0;
	if (len == 6 && memcmp(data, "[DONE]", 6) == 0) {
		r->done = true;
		return 1;
	}
	return take_document(r, data, len, false);
}

int
openai_plain(struct openai_reply *r, const char *data, size_t len)
{
	if (len == 0)
		return broken(r, "its reply is empty");
	r->done = true;
	return take_document(r, data, len, true);
}

/* An id that is there twice would make the history ambiguous. */
static void
one_id_each(struct call *calls, size_t count)
{
	char id[48];
	size_t i, k;

	for (i = 1; i < count; i++)
		for (k = 0; k < i; k++)
			if (strcmp(calls[i].id, calls[k].id) == 0) {
				free(calls[i].id);
				snprintf(id, sizeof(id), "call_again_%zu", i);
				calls[i].id = xstrdup(id);
			}
}

static void
fill_calls(struct openai_reply *r, struct turn *turn)
{
	struct openai_part *p;
	size_t i;

	turn->calls = xcalloc(r->nparts + 1, sizeof(*turn->calls));
	for (i = 0; i < r->nparts; i++) {
		p = &r->parts[i];
		pack_raw(&p->arguments, "", 1);
		call_read(&turn->calls[i], p->id, p->name,
		    (const char *)p->arguments.data, i + 1);
		if (p->custom && turn->calls[i].problem == NULL)
			turn->calls[i].problem = xstrdup(
			    "only calls of type function can be made");
	}
	turn->ncalls = r->nparts;
	turn->dropped = r->dropped;
	one_id_each(turn->calls, turn->ncalls);
}

int
openai_complete(struct openai_reply *r, struct turn *turn)
{
	if (r->why[0] != '\0')
		return -1;
	if (r->finish == FINISH_none)
		return broken(r, r->nparts > 0 ? "it ended in the middle of "
		    "a tool call: no finish_reason came" :
		    "it ended before it was complete: no finish_reason came");
	if (!r->done)
		return broken(r, "its stream ended without the end mark "
		    "[DONE]");
	pack_raw(&r->text, "", 1);
	if (r->text.failed)
		return broken(r, "its text is larger than 8 MiB");
	fill_calls(r, turn);
	turn->text = steal_pointer(&r->text.data);
	pack_clear(&r->text);
	turn->finish = r->finish;
	turn->refused = r->refused;
	turn->input_tokens = r->input_tokens;
	turn->output_tokens = r->output_tokens;
	return 0;
}
