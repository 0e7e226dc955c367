/*
 * tools.c: the table of built-in tools, from tools.def.
 * Runs in: judge, cognition-worker, exec-worker, tracker-worker, client.
 * Input: tool names are hostile.
 */
#include <string.h>

#include "ipc/util.h"
#include "policy/tools.h"

#define REQUIRED	true
#define OPTIONAL	false
#define OFFERED		true
#define INTERNAL	false

/* params_TOOL[]: its parameters, and an empty row behind them. */
#define TOOL(tool, who, effect, offered, text) \
static const struct param params_##tool[] = {
#define PARAM(type, param, need, bound, text) \
	{ #param, PARAM_##type, need, bound, text },
#define END_TOOL	{ 0 } };
#include "policy/tools.def"
#undef TOOL
#undef PARAM
#undef END_TOOL

#define TOOL(tool, who, effect, offered, text)				\
	{ #tool, who, EFFECT_##effect, text, params_##tool,		\
	    nitems(params_##tool) - 1, offered },
#define PARAM(type, param, need, bound, text)
#define END_TOOL
const struct tool tools[] = {
#include "policy/tools.def"
};
#undef TOOL
#undef PARAM
#undef END_TOOL

const size_t tools_count = nitems(tools);

const struct tool *
tool_find(const char *name)
{
	for (size_t i = 0; i < tools_count; i++) {
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	}
	return NULL;
}

const char *
effect_name(enum effect effect)
{
	static const char *const names[] = {
		"read", "local", "remote", "destructive"
	};

	return (unsigned)effect < nitems(names) ? names[effect] : "?";
}

const char *
param_type_name(enum param_type type)
{
	static const char *const names[] = {
		[PARAM_text] = "string", [PARAM_content] = "string",
		[PARAM_integer] = "integer", [PARAM_number] = "number",
		[PARAM_flag] = "boolean", [PARAM_list] = "array",
		[PARAM_any] = ""
	};

	return (unsigned)type < nitems(names) ? names[type] : "?";
}
