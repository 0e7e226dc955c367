/*
 * conversation.c: adding to what was said, and keeping it small enough.
 * Runs in: cognition-worker.
 * Input: texts are UTF-8 without U+0000; what they say is hostile.
 */
#include "cognition-worker/conversation.h"

#include <string.h>

#include "ipc/util.h"

static const char left_out[] =
    "{\"note\": \"this result was left out to save room; "
    "run the call again if you need it\"}";

void
call_clear(struct call *call)
{
	free(call->id);
	free(call->name);
	free(call->arguments);
	free(call->raw);
	free(call->problem);
	pack_clear(&call->packed);
	memset(call, 0, sizeof(*call));
}

void
calls_free(struct call *calls, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		call_clear(&calls[i]);
	free(calls);
}

void
conversation_clear(struct conversation *c)
{
	size_t i;

	for (i = 0; i < c->count; i++) {
		free(c->messages[i].text);
		free(c->messages[i].call_id);
		calls_free(c->messages[i].calls, c->messages[i].ncalls);
	}
	free(c->messages);
	memset(c, 0, sizeof(*c));
}

static struct said *
add(struct conversation *c, enum role role, const char *text)
{
	struct said *m;

	if (c->count == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 32;
		c->messages = xrealloc(c->messages,
		    c->cap * sizeof(*c->messages));
	}
	m = &c->messages[c->count++];
	memset(m, 0, sizeof(*m));
	m->role = role;
	m->text = xstrdup(text);
	c->bytes += strlen(text);
	return m;
}

void
conversation_say(struct conversation *c, enum role role, const char *text)
{
	add(c, role, text);
}

struct said *
conversation_turn(struct conversation *c, const char *text,
    struct call *calls, size_t ncalls)
{
	struct said *m = add(c, ROLE_assistant, text);
	size_t i;

	m->calls = calls;
	m->ncalls = ncalls;
	for (i = 0; i < ncalls; i++)
		c->bytes += strlen(calls[i].arguments);
	return m;
}

void
conversation_result(struct conversation *c, const struct call *call,
    const char *text)
{
	add(c, ROLE_tool, text)->call_id = xstrdup(call->id);
}

/* Put a short text in the place of a long one. */
static void
shorten(struct conversation *c, char **text, const char *instead)
{
	size_t len = strlen(*text), left = strlen(instead);

	if (len <= left)
		return;
	free(*text);
	*text = xstrdup(instead);
	c->bytes -= len - left;
}

/* What the model itself said in an old turn. */
static void
shorten_turn(struct conversation *c, struct said *m)
{
	size_t i;

	shorten(c, &m->text, "[left out to save room]");
	for (i = 0; i < m->ncalls; i++)
		shorten(c, &m->calls[i].arguments,
		    "{\"note\": \"left out to save room\"}");
}

/* The newest turn and what follows it is what the model has to work on. */
static size_t
newest_turn(const struct conversation *c)
{
	size_t i = c->count;

	while (i > 0 && c->messages[i - 1].role != ROLE_assistant)
		i--;
	return i > 0 ? i - 1 : 0;
}

void
conversation_shrink(struct conversation *c, size_t most)
{
	size_t i, newest = newest_turn(c);

	for (i = 0; i < c->count && c->bytes > most; i++)
		if (c->messages[i].role == ROLE_tool)
			shorten(c, &c->messages[i].text, left_out);
	for (i = 0; i < newest && c->bytes > most; i++)
		if (c->messages[i].role == ROLE_assistant)
			shorten_turn(c, &c->messages[i]);
}
