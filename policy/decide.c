/*
 * decide.c: the verdict on one call.
 * Runs in: judge.
 * Input: the tool name is hostile.  Pure; what it does not know, it denies.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/decide.h"
#include "policy/tools.h"

static bool
listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i], name) == 0)
			return true;
	}
	return false;
}

bool
tool_needs_sandbox(const char *name)
{
	const struct tool *tool = tool_find(name);

	/* The calculator is our own, and runs nothing. */
	return tool != NULL && tool->executor == STREAM &&
	    strcmp(name, "calculator") != 0 &&
	    strcmp(name, "get_sandbox_info") != 0;
}

__attribute__((format(printf, 3, 4)))
static struct verdict
verdict(enum action action, const char *rule, const char *fmt, ...)
{
	struct verdict v = { .action = action };
	va_list ap;

	snprintf(v.rule, sizeof(v.rule), "%s", rule);
	va_start(ap, fmt);
	vsnprintf(v.reason, sizeof(v.reason), fmt, ap);
	va_end(ap);
	return v;
}

struct verdict
decide(const struct decide_request *r)
{
	const struct tool *tool = tool_find(r->tool);
	char name[80];

	text_escape(name, sizeof(name), r->tool, strlen(r->tool));
	if (tool == NULL)
		return verdict(ACTION_deny, "policy/tools.def",
		    "there is no tool '%s'", name);
	if (listed(tool->name, r->denied, r->ndenied))
		return verdict(ACTION_deny, "agents.sandbox.tools.denied",
		    "tool '%s' is denied for every access level", tool->name);
	if (!tool->offered && !r->person)
		return verdict(ACTION_deny, "policy/tools.def",
		    "tool '%s' is not offered to models", tool->name);
	if (tool_needs_sandbox(tool->name) && !r->sandbox)
		return verdict(ACTION_deny, "agents.sandbox.mode",
		    "tool '%s' needs a sandbox, and this run has none",
		    tool->name);
	/* A person's own command line is bounded by `denied` alone. */
	if (!tool->offered)
		return verdict(ACTION_allow, "policy/tools.def",
		    "asked by a person");
	if (r->access == ACCESS_full)
		return verdict(ACTION_allow, "access level FULL",
		    "every tool that is not denied");
	if (listed(tool->name, r->allowed, r->nallowed))
		return verdict(ACTION_allow, "agents.sandbox.tools.allowed",
		    "listed");
	return verdict(ACTION_deny, "agents.sandbox.tools.allowed",
	    "tool '%s' is not allowed for RESTRICTED access", tool->name);
}
