/*
 * tool_list.c: the built-in tools, for programs.
 * Runs in: programs that use libsallyport.  Input: none that is foreign.
 */
#include "client/lib/internal.h"
#include "policy/tools.h"

bool
sallyport_tool(size_t index, struct sallyport_tool *t)
{
	const struct tool *tool;

	if (index >= tools_count)
		return false;
	tool = &tools[index];
	*t = (struct sallyport_tool){
		.name = tool->name,
		.executor = tool->executor == STREAM ? "sandbox" :
		    tool->executor == TRACKER ? "record" : "judge",
		.effect = effect_name(tool->effect),
		.description = tool->description,
		.offered = tool->offered
	};
	return true;
}
