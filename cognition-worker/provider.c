/*
 * provider.c: finds the provider of a run; what all providers share.
 * Runs in: cognition-worker.
 * Input: names of calls and their arguments come from a model: hostile.
 */
#include "cognition-worker/provider.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cognition-worker/cognition.h"
#include "cognition-worker/json.h"
#include "cognition-worker/text.h"
#include "ipc/util.h"

static const char *const finish_names[] = {
	[FINISH_none] = "none",
	[FINISH_stop] = "stop",
	[FINISH_calls] = "tool_calls",
	[FINISH_length] = "length",
	[FINISH_filter] = "content_filter",
	[FINISH_other] = "other",
};

const char *
finish_name(enum finish finish)
{
	return finish_names[finish];
}

enum finish
finish_find(const char *name)
{
	unsigned i;

	for (i = FINISH_stop; i < nitems(finish_names); i++)
		if (strcmp(finish_names[i], name) == 0)
			return (enum finish)i;
	/* The deprecated form of tool_calls. */
	return strcmp(name, "function_call") == 0 ? FINISH_calls :
	    FINISH_other;
}

void
turn_clear(struct turn *t)
{
	free(t->text);
	calls_free(t->calls, t->ncalls);
	memset(t, 0, sizeof(*t));
}

enum turned
provider_turn(struct provider *p, const struct conversation *c,
    const struct wish *wish, struct turn *turn)
{
	enum turned status;

	memset(turn, 0, sizeof(*turn));
	status = p->turn(p, c, wish, turn);
	if (status == TURN_OK && turn->text == NULL)
		turn->text = xstrdup("");
	return status;
}

struct provider *
provider_new(struct run *run, struct http *http, struct turn *why)
{
	if (strcmp(run->start.provider, "openai") == 0)
		return openai_new(run, http, why);
	if (strcmp(run->start.provider, "replay") == 0)
		return replay_new(run, why);
	snprintf(why->why, sizeof(why->why), "there is no provider '%s'",
	    run->start.provider);
	snprintf(why->hint, sizeof(why->hint), "use openai or replay");
	return NULL;
}

void
provider_free(struct provider *p)
{
	if (p != NULL)
		p->free(p);
}

static bool
id_usable(const char *id)
{
	size_t i;

	if (id == NULL || id[0] == '\0' || strlen(id) > CALL_ID_MAX)
		return false;
	for (i = 0; id[i] != '\0'; i++)
		if (!isgraph((unsigned char)id[i]))
			return false;
	return true;
}

static bool
name_usable(const char *name)
{
	size_t len = name == NULL ? 0 : strlen(name);

	return len > 0 && len <= CALL_NAME_MAX && strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-") == len;
}

static char *
own_id(size_t number)
{
	char id[32];

	snprintf(id, sizeof(id), "call_%zu", number);
	return xstrdup(id);
}

/* Some servers choke on a history whose arguments do not parse: send {}. */
static void
read_arguments(struct call *call, const char *arguments)
{
	char why[512], shown[200], problem[1024];
	json_t *j;

	if (arguments[strspn(arguments, " \t\r\n")] == '\0')
		arguments = "{}";
	j = json_parse(arguments, strlen(arguments), false, why, sizeof(why));
	if (json_is_object(j)) {
		call->arguments = xstrdup(arguments);
		pack_init(&call->packed, JSON_BYTES);
		json_pack_value(&call->packed, j);
	} else {
		call->arguments = xstrdup("{}");
		call->raw = xstrdup(arguments);
		text_escape(shown, sizeof(shown), arguments,
		    strlen(arguments));
		snprintf(problem, sizeof(problem), "the arguments are not a "
		    "JSON object: %s; they began with: %s",
		    j == NULL ? why : "it is another kind of value", shown);
		if (call->problem == NULL)
			call->problem = xstrdup(problem);
	}
	json_decref(j);
}

void
call_read(struct call *call, const char *id, const char *name,
    const char *arguments, size_t number)
{
	char shown[128], problem[256];

	memset(call, 0, sizeof(*call));
	call->outcome = OUTCOME_not_run;
	call->id = id_usable(id) ? xstrdup(id) : own_id(number);
	if (name_usable(name))
		call->name = xstrdup(name);
	else {
		call->name = xstrdup("invalid_name");
		text_escape(shown, sizeof(shown), name == NULL ? "" : name,
		    name == NULL ? 0 : strlen(name));
		snprintf(problem, sizeof(problem),
		    "there is no tool \"%s\"", shown);
		call->problem = xstrdup(problem);
	}
	read_arguments(call, arguments);
}
