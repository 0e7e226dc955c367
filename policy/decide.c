/*
 * decide.c: the verdict on one call.
 * Runs in: judge.
 * Input: the call is hostile.  Pure; what it does not know, it denies.
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

/* What is so before any rule is looked at; false if rules may still speak. */
static bool
decided_first(const struct decide_request *r, const struct tool *tool,
    struct verdict *v)
{
	char name[80];

	if (tool == NULL)
		*v = verdict(ACTION_deny, "policy/tools.def",
		    "there is no tool '%s'", text_escape(name, sizeof(name),
		    r->tool, strlen(r->tool)));
	else if (listed(tool->name, r->denied, r->ndenied))
		*v = verdict(ACTION_deny, "agents.sandbox.tools.denied",
		    "tool '%s' is denied for every access level", tool->name);
	else if (!tool->offered && !r->person)
		*v = verdict(ACTION_deny, "policy/tools.def",
		    "tool '%s' is not offered to models", tool->name);
	else if (tool_needs_sandbox(tool->name) && !r->sandbox)
		*v = verdict(ACTION_deny, "agents.sandbox.mode",
		    "tool '%s' needs a sandbox, and this run has none",
		    tool->name);
	else
		return false;
	return true;
}

/* What holds where no rule speaks of the call. */
static struct verdict
decided_last(const struct decide_request *r, const struct tool *tool)
{
	/* A person's own command line needs nobody's leave. */
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

static struct verdict
ruled(const struct rule *rule, enum rule_result result)
{
	struct verdict v;

	if (result == RULE_exhausted)
		v = verdict(ACTION_deny, rule->name, "the arguments are too "
		    "long for the rules to be sure of them");
	else if (rule->reason[0] != '\0')
		v = verdict(rule->action, rule->name, "%s", rule->reason);
	else
		v = verdict(rule->action, rule->name, "a rule of the "
		    "configuration says %s", action_name(rule->action));
	v.by = rule;
	return v;
}

/* The first rule of the list that speaks of the call. */
static const struct rule *
first_match(const struct decide_request *r, const struct rules *list,
    size_t at, size_t *steps, enum rule_result *result)
{
	for (size_t i = 0; i < list->count; i++) {
		*result = rule_try(&list->list[i], r->tool, r->arguments,
		    steps);
		if (r->tried != NULL)
			r->tried[at + i] = (uint8_t)*result;
		if (*result == RULE_matches || *result == RULE_exhausted)
			return &list->list[i];
	}
	return NULL;
}

struct verdict
decide(const struct decide_request *r)
{
	const struct tool *tool = tool_find(r->tool);
	const struct rule *strictest = NULL, *rule;
	enum rule_result result = RULE_untried, got;
	enum action action, least = ACTION_allow;
	size_t steps = RULES_STEPS, at = 0;
	struct verdict v;
	bool granted;

	if (decided_first(r, tool, &v))
		return v;
	v = decided_last(r, tool);
	granted = v.action == ACTION_allow;
	for (size_t i = 0; i < r->nrules; i++) {
		rule = first_match(r, r->rules[i], at, &steps, &got);
		at += r->rules[i]->count;
		if (rule == NULL)
			continue;
		action = got == RULE_exhausted ? ACTION_deny : rule->action;
		granted |= action == ACTION_allow;
		if (strictest == NULL || action < least) {
			strictest = rule;
			result = got;
			least = action;
		}
	}
	/* To ask is no leave: somebody must have allowed the tool. */
	if (strictest == NULL || (least == ACTION_ask && !granted))
		return v;
	return ruled(strictest, result);
}

bool
decide_offers(const struct decide_request *r)
{
	const struct tool *tool = tool_find(r->tool);
	size_t steps = RULES_STEPS;
	bool allowed, added = false;
	struct verdict v;

	if (decided_first(r, tool, &v))
		return false;
	allowed = decided_last(r, tool).action == ACTION_allow;
	for (size_t i = 0; i < r->nrules; i++) {
		const struct rules *list = r->rules[i];
		bool possible = false, ended = false;

		for (size_t k = 0; k < list->count && !ended; k++) {
			enum rule_result got = rule_try(&list->list[k],
			    r->tool, NULL, &steps);
			enum action action = list->list[k].action;

			if (got == RULE_other_tool)
				continue;
			ended = got != RULE_may_match;
			possible |= action == ACTION_allow ||
			    (action == ACTION_ask && allowed);
			added |= action == ACTION_allow;
		}
		/* Where no rule says otherwise, the lists do. */
		if (!possible && ended)
			return false;
	}
	return allowed || added;
}
