/*
 * rule_load.c: rules from a decoded file; their own tests run here.
 * Runs in: judge.
 * Input: an operator's text that the config-reader decoded: every type and
 * bound is checked, and nothing is taken that is not understood.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/tools.h"
#include "supervisor/judge/rule_load.h"
#include "supervisor/judge/setting.h"

struct source {
	const struct value *table;	/* of the rule at hand */
	const struct value *lines;
	const char	*path;
	size_t		 index;
	struct rule	*rule;
	char		*why;
	size_t		 size;
};

/* The line of a key of the rule; key NULL: of the rule itself. */
static long long
line_of(const struct source *s, const char *key)
{
	char name[128];

	snprintf(name, sizeof(name), RULES_KEY "[%zu]%s%s", s->index,
	    key != NULL ? "." : "", key != NULL ? key : "");
	return value_get_int(s->lines, name, 0);
}

__attribute__((format(printf, 3, 4)))
static int
wrong(const struct source *s, const char *key, const char *fmt, ...)
{
	long long line = line_of(s, key);
	char text[600];
	va_list ap;

	if (line == 0)
		line = line_of(s, NULL);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return refuse(s->why, s->size, "%s:%lld: %s", s->path, line, text);
}

static const char *
shown(char dst[160], const char *text, size_t len)
{
	return text_escape(dst, 160, text, len);
}

static int
load_glob(const struct source *s, const char *key, const struct value *v,
    struct glob *g)
{
	autofree char *text = text_of(v);
	const char *why;

	if (text == NULL || text[0] == '\0')
		return wrong(s, key, "%s of a rule must be a string that is "
		    "not empty", key);
	if (glob_compile(g, text, &why) == -1)
		return wrong(s, key, "%s: a pattern with %s", key, why);
	return 0;
}

static int
load_where(const struct source *s, const struct value *where)
{
	struct rule *r = s->rule;
	size_t count;

	if (where == NULL)
		return 0;
	count = where->type == VALUE_MAP ? where->map.count : 0;
	if (count == 0 || count > RULE_WHERE)
		return wrong(s, "where", "where must be a table of 1 to %d "
		    "parameters, each with a pattern", RULE_WHERE);
	r->where = xcalloc(count, sizeof(*r->where));
	for (size_t i = 0; i < count; i++) {
		const struct value_pair *pair = &where->map.pairs[i];

		r->where[i].param = text_of(&pair->key);
		r->nwhere++;
		if (r->where[i].param == NULL ||
		    pair->value.type != VALUE_TEXT)
			return wrong(s, "where", "where must hold strings");
		if (load_glob(s, "where", &pair->value,
		    &r->where[i].value) == -1)
			return -1;
	}
	return 0;
}

static int
load_action(const struct source *s, const struct value *v)
{
	for (unsigned a = 0; a < ACTION_COUNT; a++) {
		if (!value_is_text(v, action_name(a)))
			continue;
		s->rule->action = a;
		return 0;
	}
	return wrong(s, "action", "action of a rule must be \"allow\", "
	    "\"ask\" or \"deny\"");
}

static int
load_reason(const struct source *s, const struct value *v)
{
	s->rule->reason = v != NULL ? text_of(v) : xstrdup("");
	if (s->rule->reason != NULL && strlen(s->rule->reason) <= RULE_REASON)
		return 0;
	return wrong(s, "reason", "reason of a rule must be a string of at "
	    "most %d bytes", RULE_REASON);
}

static int
check_keys(const struct source *s)
{
	static const char *const known[] = { "tool", "where", "action",
	    "reason", "match", "not_match" };

	for (size_t i = 0; i < s->table->map.count; i++) {
		const struct value *key = &s->table->map.pairs[i].key;
		char name[160];
		bool found = false;

		for (size_t k = 0; k < nitems(known); k++)
			found |= value_is_text(key, known[k]);
		if (!found)
			return wrong(s, NULL, "a rule has no key '%s'; it has "
			    "tool, where, action, reason, match, not_match",
			    shown(name, key->text.data, key->text.len));
	}
	return 0;
}

/* --- the tests that a rule carries --- */

/*
 * One test: a text stands for the only parameter in where, or for the tool's
 * name where there is none; a table gives the parameters by name.
 */
static int
run_test(const struct source *s, const char *key, const struct value *test)
{
	struct rule r = *s->rule;
	struct value_pair pair = { .key = { .type = VALUE_TEXT } };
	struct value arguments = { .type = VALUE_MAP };
	size_t steps = RULES_STEPS;
	enum rule_result got;
	autofree char *tool = NULL;
	char text[160];
	bool matches;

	r.tool = (struct glob){ .count = 0 };
	if (test->type == VALUE_MAP) {
		arguments = *test;
	} else if (test->type != VALUE_TEXT || r.nwhere > 1) {
		return wrong(s, key, "%s must be a list of %s", key,
		    r.nwhere > 1 ? "tables, as where has more than one "
		    "parameter" : "strings or tables");
	} else if (r.nwhere == 1) {
		pair.key.text.data = r.where[0].param;
		pair.key.text.len = strlen(r.where[0].param);
		pair.value = *test;
		arguments.map.pairs = &pair;
		arguments.map.count = 1;
	} else {
		tool = text_of(test);
	}
	if (tool == NULL) {
		const char *why;

		if (glob_compile(&r.tool, "*", &why) == -1)
			return -1;
		got = rule_try(&r, "", &arguments, &steps);
		glob_clear(&r.tool);
	} else {
		got = rule_try(s->rule, tool, NULL, &steps);
	}
	matches = got == RULE_matches;
	if (matches == (strcmp(key, "match") == 0))
		return 0;
	return wrong(s, key, "a test of the rule fails: '%s' %s",
	    test->type == VALUE_TEXT ? shown(text, test->text.data,
	    test->text.len) : "a table", matches ? "matches, and must not" :
	    "does not match, and must");
}

static int
run_tests(const struct source *s, const char *key)
{
	const struct value *list = value_get(s->table, key);

	if (list == NULL)
		return 0;
	if (list->type != VALUE_LIST || list->list.count > RULE_TESTS)
		return wrong(s, key, "%s must be a list of at most %d tests",
		    key, RULE_TESTS);
	for (size_t i = 0; i < list->list.count; i++, s->rule->ntests++)
		if (run_test(s, key, &list->list.items[i]) == -1)
			return -1;
	return 0;
}

/* --- one rule, and all --- */

static void
name_rule(const struct source *s)
{
	const char *slash = strrchr(s->path, '/');
	char origin[4200], file[60];

	snprintf(origin, sizeof(origin), "%s:%lld", s->path,
	    line_of(s, NULL));
	s->rule->origin = xstrdup(origin);
	slash = slash != NULL ? slash + 1 : s->path;
	text_escape(file, sizeof(file), slash, strlen(slash));
	snprintf(s->rule->name, sizeof(s->rule->name),
	    RULES_KEY "[%zu] (%s:%lld)", s->index, file, line_of(s, NULL));
}

static int
load_rule(const struct source *s)
{
	const struct value *tool, *action;
	char why[512];

	if (s->table->type != VALUE_MAP)
		return wrong(s, NULL, "a rule is written as [[" RULES_KEY
		    "]]");
	name_rule(s);
	if (check_keys(s) == -1)
		return -1;
	tool = value_get(s->table, "tool");
	action = value_get(s->table, "action");
	if (tool == NULL || action == NULL)
		return wrong(s, NULL, "a rule needs %s", tool == NULL ?
		    "tool: its name, or a pattern" :
		    "action: allow, ask or deny");
	if (load_glob(s, "tool", tool, &s->rule->tool) == -1 ||
	    load_where(s, value_get(s->table, "where")) == -1 ||
	    load_action(s, action) == -1 ||
	    load_reason(s, value_get(s->table, "reason")) == -1)
		return -1;
	if (rule_check(s->rule, why, sizeof(why)) == -1)
		return wrong(s, NULL, "%s", why);
	if (run_tests(s, "match") == -1 || run_tests(s, "not_match") == -1)
		return -1;
	return 0;
}

struct rules *
rules_load(const struct value *list, const struct value *lines,
    const char *path, char *why, size_t size)
{
	struct rules *rules;
	struct source s = { .lines = lines, .path = path, .why = why,
	    .size = size };
	int status = 0;

	if (list->type != VALUE_LIST || list->list.count > RULES_MAX) {
		refuse(why, size, "%s:%lld: " RULES_KEY " must be at most %d "
		    "tables, written as [[" RULES_KEY "]]", path,
		    (long long)value_get_int(lines, RULES_KEY, 0), RULES_MAX);
		return NULL;
	}
	rules = rules_new();
	for (; s.index < list->list.count && status == 0; s.index++) {
		s.table = &list->list.items[s.index];
		s.rule = rules_add(rules);
		status = load_rule(&s);
	}
	if (status == 0) {
		rules_cover(rules);
		return rules;
	}
	rules_drop(rules);
	return NULL;
}
