/*
 * tools.c: the tools that a model may call, and the check of its calls.
 * Runs in: cognition-worker.
 * Input: the list of names comes from the judge; calls from a model: hostile.
 */
#include "cognition-worker/tools.h"

#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "ipc/value.h"

int
tools_offered(const void *list, size_t len,
    const struct tool *offered[OFFERED_MAX], char *why, size_t size)
{
	struct unpack u;
	const char *name;
	char copy[CALL_NAME_MAX + 1];
	uint32_t i, count;
	size_t n;

	unpack_init(&u, list, len);
	if (len == 0)
		return 0;
	if (unpack_list(&u, &count) == -1 || count > OFFERED_MAX)
		return snprintf(why, size, "the list of tools is broken"), -1;
	for (i = 0; i < count; i++) {
		if (unpack_text(&u, &name, &n) == -1 || n >= sizeof(copy))
			return snprintf(why, size,
			    "the list of tools is broken"), -1;
		memcpy(copy, name, n);
		copy[n] = '\0';
		if ((offered[i] = tool_find(copy)) == NULL)
			return snprintf(why, size,
			    "there is no tool '%s'", copy), -1;
	}
	return (int)count;
}

static json_t *
param_schema(const struct param *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "description", json_string(p->description));
	switch (p->type) {
	case PARAM_text:
	case PARAM_content:
		json_object_set_new(o, "type", json_string("string"));
		break;
	case PARAM_integer:
		json_object_set_new(o, "type", json_string("integer"));
		json_object_set_new(o, "minimum", json_integer(0));
		json_object_set_new(o, "maximum",
		    json_integer((json_int_t)p->bound));
		break;
	case PARAM_number:
		json_object_set_new(o, "type", json_string("number"));
		json_object_set_new(o, "exclusiveMinimum", json_integer(0));
		json_object_set_new(o, "maximum",
		    json_integer((json_int_t)p->bound));
		break;
	case PARAM_flag:
		json_object_set_new(o, "type", json_string("boolean"));
		break;
	case PARAM_list:
		json_object_set_new(o, "type", json_string("array"));
		json_object_set_new(o, "items",
		    json_pack("{s:s}", "type", "string"));
		json_object_set_new(o, "maxItems",
		    json_integer((json_int_t)p->bound));
		break;
	case PARAM_any:
		break;
	}
	return o;
}

static json_t *
tool_schema(const struct tool *tool)
{
	json_t *properties = json_object(), *required = json_array();
	size_t i;

	for (i = 0; i < tool->nparams; i++) {
		json_object_set_new(properties, tool->params[i].name,
		    param_schema(&tool->params[i]));
		if (tool->params[i].required)
			json_array_append_new(required,
			    json_string(tool->params[i].name));
	}
	return json_pack("{s:s, s:{s:s, s:s, s:{s:s, s:o, s:o, s:b}}}",
	    "type", "function", "function", "name", tool->name,
	    "description", tool->description, "parameters",
	    "type", "object", "properties", properties,
	    "required", required, "additionalProperties", 0);
}

json_t *
tools_schema(const struct tool *const *offered, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, tool_schema(offered[i]));
	return list;
}

static void
say_unknown(const struct tool *const *offered, size_t count,
    struct call *call)
{
	char problem[4096];
	size_t i, at;

	at = (size_t)snprintf(problem, sizeof(problem),
	    "there is no tool \"%s\"; %s", call->name,
	    count > 0 ? "the tools are:" : "no tools can be called");
	for (i = 0; i < count && at < sizeof(problem) - 80; i++)
		at += (size_t)snprintf(problem + at, sizeof(problem) - at,
		    "%s %s", i > 0 ? "," : "", offered[i]->name);
	call->problem = xstrdup(problem);
}

void
tools_check(const struct tool *const *offered, size_t count,
    struct call *call)
{
	autovalue struct value *arguments = NULL;
	const struct tool *tool;
	const char *broken;
	char why[2048] = "";

	if (call->problem != NULL)
		return;
	/* One of ours that this run was not offered is the judge's to deny. */
	tool = tool_find(call->name);
	if (tool == NULL || !tool->offered) {
		say_unknown(offered, count, call);
		return;
	}
	arguments = value_decode(call->packed.data, call->packed.len, &broken);
	if (arguments == NULL)
		call->problem = xstrdup(broken);
	else if (tool_check(tool, arguments, why, sizeof(why)) == -1)
		call->problem = xstrdup(why);
	else
		call->tool = tool;
}
