/*
 * rules.c: does a rule speak of a call, and may the rule be there at all?
 * Runs in: judge.
 * Input: a call's name and arguments are hostile; rules come from a file of
 * the operator's.  Trying a rule allocates nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/rules.h"
#include "policy/tools.h"

struct rules *
rules_new(void)
{
	struct rules *r = xcalloc(1, sizeof(*r));

	r->holders = 1;
	return r;
}

struct rules *
rules_hold(struct rules *r)
{
	if (r != NULL)
		r->holders++;
	return r;
}

static void
rule_clear(struct rule *r)
{
	glob_clear(&r->tool);
	for (size_t i = 0; i < r->nwhere; i++) {
		free(r->where[i].param);
		glob_clear(&r->where[i].value);
	}
	free(r->where);
	free(r->reason);
	free(r->origin);
}

void
rules_drop(struct rules *r)
{
	if (r == NULL || --r->holders > 0)
		return;
	for (size_t i = 0; i < r->count; i++)
		rule_clear(&r->list[i]);
	free(r->list);
	free(r);
}

struct rule *
rules_add(struct rules *r)
{
	r->list = xrealloc(r->list, (r->count + 1) * sizeof(*r->list));
	r->list[r->count] = (struct rule){ .action = ACTION_deny };
	return &r->list[r->count++];
}

/* --- trying a rule --- */

static enum glob_result
match_number(const struct glob *g, const struct value *v, size_t *steps)
{
	char text[40];
	int n = 0;

	if (v->type == VALUE_INT)
		n = snprintf(text, sizeof(text), "%lld",
		    (long long)v->integer);
	else if (v->type == VALUE_UINT)
		n = snprintf(text, sizeof(text), "%llu",
		    (unsigned long long)v->natural);
	else if (v->type == VALUE_REAL)
		n = snprintf(text, sizeof(text), "%.15g", v->real);
	else if (v->type == VALUE_BOOL)
		n = snprintf(text, sizeof(text), "%s",
		    v->boolean ? "true" : "false");
	else
		n = snprintf(text, sizeof(text), "null");
	return glob_match(g, text, (size_t)n, steps);
}

/* Depth is bounded by value_decode (VALUE_DEPTH). */
static enum glob_result
match_value(const struct glob *g, const struct value *v, bool all,
    size_t *steps)
{
	bool map = v->type == VALUE_MAP;
	size_t count;
	enum glob_result got;

	if (v->type == VALUE_TEXT || v->type == VALUE_BYTES)
		return glob_match(g, v->text.data, v->text.len, steps);
	if (v->type != VALUE_LIST && !map)
		return match_number(g, v, steps);
	count = map ? 2 * v->map.count : v->list.count;
	for (size_t i = 0; i < count; i++) {
		if (!map)
			got = match_value(g, &v->list.items[i], all, steps);
		else
			got = match_value(g, i % 2 == 0 ?
			    &v->map.pairs[i / 2].key :
			    &v->map.pairs[i / 2].value, all, steps);
		if (got == GLOB_exhausted || (got == GLOB_yes) != all)
			return got;
	}
	return all && count > 0 ? GLOB_yes : GLOB_no;
}

enum rule_result
rule_try(const struct rule *r, const char *tool, const struct value *arguments,
    size_t *steps)
{
	bool all = r->action == ACTION_allow;
	enum glob_result got;
	const struct value *v;

	got = glob_match(&r->tool, tool, strlen(tool), steps);
	if (got != GLOB_yes)
		return got == GLOB_no ? RULE_other_tool : RULE_exhausted;
	if (r->nwhere == 0)
		return RULE_matches;
	if (arguments == NULL)
		return RULE_may_match;
	for (size_t i = 0; i < r->nwhere; i++) {
		v = value_get(arguments, r->where[i].param);
		if (v == NULL)
			return RULE_other_arguments;
		got = match_value(&r->where[i].value, v, all, steps);
		if (got != GLOB_yes)
			return got == GLOB_no ? RULE_other_arguments :
			    RULE_exhausted;
	}
	return RULE_matches;
}

/* --- what may be written --- */

__attribute__((format(printf, 3, 4)))
static int
wrong(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return -1;
}

static bool
speaks_of(const struct rule *r, const char *tool)
{
	size_t steps = RULES_STEPS;

	return glob_match(&r->tool, tool, strlen(tool), &steps) == GLOB_yes;
}

static bool
has_param(const struct tool *t, const char *name)
{
	for (size_t i = 0; i < t->nparams; i++)
		if (strcmp(t->params[i].name, name) == 0)
			return true;
	return false;
}

/* Text that is executed is not bounded by a pattern on it: the exact text. */
static bool
allows_exactly(const struct rule *r, const char *param)
{
	bool named = false;

	for (size_t i = 0; i < r->nwhere; i++) {
		if (!glob_is_exact(&r->where[i].value))
			return false;
		if (strcmp(r->where[i].param, param) == 0)
			named = true;
	}
	return named;
}

static int
check_allow(const struct rule *r, char *why, size_t size)
{
	static const struct { const char *tool, *param; } executing[] = {
		{ "execute_shell", "command" },
		{ "execute_python", "code" },
		{ "execute_command", "argv" },
	};

	for (size_t i = 0; i < nitems(executing); i++) {
		if (r->action == ACTION_allow &&
		    speaks_of(r, executing[i].tool) &&
		    !allows_exactly(r, executing[i].param))
			return wrong(why, size, "a pattern may ask or deny on "
			    "%s, never allow: name the tool and give %s "
			    "exactly, without * and ?", executing[i].tool,
			    executing[i].param);
	}
	return 0;
}

int
rule_check(const struct rule *r, char *why, size_t size)
{
	size_t known = 0;

	for (size_t i = 0; i < tools_count; i++)
		known += speaks_of(r, tools[i].name);
	if (known == 0)
		return wrong(why, size, "there is no tool '%s'; 'sallyport "
		    "tools list' names them", r->tool.source);
	for (size_t k = 0; k < r->nwhere; k++) {
		bool found = false;

		for (size_t i = 0; i < tools_count; i++)
			found |= speaks_of(r, tools[i].name) &&
			    has_param(&tools[i], r->where[k].param);
		if (!found)
			return wrong(why, size, "%s has no parameter '%s'",
			    r->tool.source, r->where[k].param);
	}
	return check_allow(r, why, size);
}

/* --- rules that never match --- */

/* Every call that b matches is matched by a. */
static bool
rule_covers(const struct rule *a, const struct rule *b)
{
	/* An allow wants all items of a list, the others one: not compared. */
	if ((a->action == ACTION_allow) != (b->action == ACTION_allow) &&
	    a->nwhere > 0)
		return false;
	if (!glob_covers(&a->tool, &b->tool))
		return false;
	for (size_t i = 0; i < a->nwhere; i++) {
		bool covered = false;

		for (size_t k = 0; k < b->nwhere && !covered; k++)
			covered = strcmp(a->where[i].param,
			    b->where[k].param) == 0 &&
			    glob_covers(&a->where[i].value,
			    &b->where[k].value);
		if (!covered)
			return false;
	}
	return true;
}

void
rules_cover(struct rules *r)
{
	for (size_t b = 0; b < r->count; b++)
		for (size_t a = 0; a < b && r->list[b].covered == NULL; a++)
			if (rule_covers(&r->list[a], &r->list[b]))
				r->list[b].covered = &r->list[a];
}
