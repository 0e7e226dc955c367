/*
 * test_rules.c: rules and calls, and rules with lists: who wins.
 * Runs in: unit tests.
 * Input: calls as a model makes them.
 */
#include "tests/unit/unit.h"

#include "ipc/util.h"
#include "policy/decide.h"

static const char *const allowed[] = { "execute_shell", "save_file" };
static const char *const denied[] = { "load_file" };
static char why[512];

static struct rule *
add(struct rules *r, const char *tool, enum action action)
{
	struct rule *rule = rules_add(r);
	const char *broken;

	assert_int_equal(glob_compile(&rule->tool, tool, &broken), 0);
	rule->action = action;
	rule->reason = xstrdup("");
	snprintf(rule->name, sizeof(rule->name), "rule %zu", r->count - 1);
	return rule;
}

static void
where(struct rule *r, const char *param, const char *pattern)
{
	const char *broken;

	r->where = xrealloc(r->where, (r->nwhere + 1) * sizeof(*r->where));
	r->where[r->nwhere].param = xstrdup(param);
	assert_int_equal(glob_compile(&r->where[r->nwhere++].value, pattern,
	    &broken), 0);
}

static struct value *
argument(const char *key, const char *text)
{
	struct pack p;
	struct value *v;
	const char *broken;

	pack_init(&p, 1 << 20);
	pack_map(&p, 1);
	pack_key_text(&p, key, text);
	v = value_decode(p.data, p.len, &broken);
	pack_clear(&p);
	assert_non_null(v);
	return v;
}

static struct verdict
judged(struct rules *r, struct rules *second, const char *tool,
    const char *key, const char *text)
{
	struct rules *const lists[] = { r, second };
	struct value *arguments = argument(key, text);
	struct decide_request q = {
		.tool = tool, .arguments = arguments, .allowed = allowed,
		.nallowed = 2, .denied = denied, .ndenied = 1,
		.rules = lists, .nrules = second != NULL ? 2 : 1,
		.sandbox = true,
	};
	struct verdict v = decide(&q);

	value_free(arguments);
	return v;
}

static enum action
shell(struct rules *r, const char *command)
{
	return judged(r, NULL, "execute_shell", "command", command).action;
}

static void
test_decide_takes_the_first_rule_that_matches(void **state)
{
	struct rules *r = rules_new();

	(void)state;
	where(add(r, "execute_shell", ACTION_allow), "command",
	    "git push origin dev");
	where(add(r, "execute_shell", ACTION_ask), "command", "git push*");
	where(add(r, "execute_*", ACTION_deny), "command", "*push*");
	assert_int_equal(shell(r, "git push origin dev"), ACTION_allow);
	assert_int_equal(shell(r, "git push"), ACTION_ask);
	assert_int_equal(shell(r, "cd x; git push"), ACTION_deny);
	assert_int_equal(shell(r, "git status"), ACTION_allow);
	assert_string_equal(judged(r, NULL, "execute_shell", "command",
	    "git push").rule, "rule 1");
	rules_drop(r);
}

static void
test_decide_deny_beats_ask_beats_allow_between_lists(void **state)
{
	static const enum action all[] = { ACTION_deny, ACTION_ask,
	    ACTION_allow };

	(void)state;
	for (size_t a = 0; a < 3; a++) {
		for (size_t b = 0; b < 3; b++) {
			struct rules *r = rules_new(), *s = rules_new();

			add(r, "save_file", all[a]);
			add(s, "save_*", all[b]);
			assert_int_equal(judged(r, s, "save_file", "path",
			    "x").action, all[a] < all[b] ? all[a] : all[b]);
			/* `denied` wins over every rule. */
			add(r, "load_file", all[a]);
			assert_int_equal(judged(r, s, "load_file", "path",
			    "x").action, ACTION_deny);
			rules_drop(r);
			rules_drop(s);
		}
	}
}

static void
test_decide_allow_adds_and_ask_only_narrows(void **state)
{
	struct rules *r = rules_new();

	(void)state;
	where(add(r, "delete_file", ACTION_allow), "path", "tmp/*");
	where(add(r, "delete_file", ACTION_ask), "path", "*");
	assert_int_equal(judged(r, NULL, "delete_file", "path",
	    "tmp/a").action, ACTION_allow);
	/* The tool is not in `allowed`: to ask is not to allow. */
	assert_int_equal(judged(r, NULL, "delete_file", "path", "a").action,
	    ACTION_deny);
	assert_int_equal(judged(r, NULL, "no_such_tool", "path", "a").action,
	    ACTION_deny);
	rules_drop(r);
}

/* What is too long to be searched is not let through. */
static void
test_decide_denies_what_it_cannot_search(void **state)
{
	enum { LEN = 800000 };
	autofree char *text = xcalloc(1, LEN + 1);
	struct rules *r = rules_new(), *first = rules_new();
	struct verdict v;

	(void)state;
	add(first, "save_file", ACTION_ask);
	for (int i = 0; i < 100; i++)
		where(add(r, "save_file", ACTION_ask), "path", "*secret*");
	memset(text, 'a', LEN);
	v = judged(r, NULL, "save_file", "path", text);
	assert_int_equal(v.action, ACTION_deny);
	assert_non_null(strstr(v.reason, "too long"));
	assert_int_equal(judged(first, r, "save_file", "path", text).action,
	    ACTION_deny);
	text[LEN / 10] = '\0';
	assert_int_equal(judged(r, NULL, "save_file", "path", text).action,
	    ACTION_allow);
	rules_drop(r);
	rules_drop(first);
}

static void
test_rule_try_looks_into_lists_and_maps(void **state)
{
	static const char *const items[] = { "a", "b.sh" };
	struct rules *r = rules_new();
	struct rule *deny = add(r, "*", ACTION_deny), *allow;
	size_t steps = 10000;
	struct value *v;
	const char *broken;
	struct pack p;

	(void)state;
	where(deny, "x", "*.sh");
	pack_init(&p, 1024);
	pack_map(&p, 1);
	pack_text(&p, "x");
	pack_map(&p, 1);
	pack_text(&p, "k.sh");
	pack_list(&p, 2);
	for (int i = 0; i < 2; i++)
		pack_text(&p, items[i]);
	v = value_decode(p.data, p.len, &broken);
	assert_int_equal(rule_try(deny, "t", v, &steps), RULE_matches);
	allow = add(r, "*", ACTION_allow);
	where(allow, "x", "*.sh");
	/* One of them is not: that is not allowed. */
	assert_int_equal(rule_try(allow, "t", v, &steps),
	    RULE_other_arguments);
	value_free(v);
	pack_clear(&p);
	/* A parameter that is absent matches nothing, not even '*'. */
	v = argument("y", "b.sh");
	assert_int_equal(rule_try(&r->list[0], "t", v, &steps),
	    RULE_other_arguments);
	assert_int_equal(rule_try(&r->list[0], "t", NULL, &steps),
	    RULE_may_match);
	value_free(v);
	rules_drop(r);
}

static int
check(const char *tool, enum action action, const char *param,
    const char *pattern)
{
	struct rules *r = rules_new();
	struct rule *rule = add(r, tool, action);
	int status;

	if (param != NULL)
		where(rule, param, pattern);
	status = rule_check(rule, why, sizeof(why));
	rules_drop(r);
	return status;
}

static void
test_rule_check_never_allows_code_by_a_pattern(void **state)
{
	(void)state;
	assert_int_equal(check("execute_shell", ACTION_allow, "command",
	    "git *"), -1);
	assert_non_null(strstr(why, "never allow"));
	assert_int_equal(check("execute_shell", ACTION_allow, "command",
	    "git statu?"), -1);
	assert_int_equal(check("execute_python", ACTION_allow, "code", "*"),
	    -1);
	assert_int_equal(check("execute_shell", ACTION_allow, NULL, NULL),
	    -1);
	assert_int_equal(check("*", ACTION_allow, NULL, NULL), -1);
	assert_int_equal(check("execute_*", ACTION_allow, "command", "ls"),
	    -1);
	assert_int_equal(check("execute_shell", ACTION_allow, "working_dir",
	    "x"), -1);
	assert_int_equal(check("execute_shell", ACTION_allow, "command",
	    "ls \\*"), 0);
	assert_int_equal(check("execute_python", ACTION_allow, "code",
	    "print(1)"), 0);
	assert_int_equal(check("execute_shell", ACTION_ask, "command", "*"),
	    0);
	assert_int_equal(check("execute_*", ACTION_deny, NULL, NULL), 0);
	assert_int_equal(check("save_file", ACTION_allow, "path", "a*"), 0);
	assert_int_equal(check("no_such*", ACTION_deny, NULL, NULL), -1);
	assert_int_equal(check("save_file", ACTION_deny, "pfad", "a"), -1);
}

static bool
offered(struct rules *r, const char *tool)
{
	struct rules *const lists[] = { r };
	struct decide_request q = {
		.tool = tool, .allowed = allowed, .nallowed = 2,
		.denied = denied, .ndenied = 1, .rules = lists, .nrules = 1,
		.sandbox = true,
	};

	return decide_offers(&q);
}

static void
test_decide_offers_what_some_call_could_do(void **state)
{
	struct rules *r = rules_new();

	(void)state;
	assert_true(offered(r, "save_file"));
	assert_false(offered(r, "delete_file"));
	where(add(r, "delete_file", ACTION_allow), "path", "tmp/*");
	assert_true(offered(r, "delete_file"));
	add(r, "delete_file", ACTION_deny);
	assert_true(offered(r, "delete_file"));
	add(r, "save_file", ACTION_deny);
	assert_false(offered(r, "save_file"));
	where(add(r, "execute_shell", ACTION_deny), "command", "*");
	assert_true(offered(r, "execute_shell"));
	add(r, "load_file", ACTION_allow);
	assert_false(offered(r, "load_file"));
	rules_drop(r);
}

static void
test_rules_cover_names_what_never_matches(void **state)
{
	struct rules *r = rules_new();

	(void)state;
	where(add(r, "execute_shell", ACTION_ask), "command", "git*");
	where(add(r, "execute_shell", ACTION_deny), "command", "git push*");
	where(add(r, "execute_*", ACTION_deny), "command", "git push*");
	add(r, "save_*", ACTION_deny);
	where(add(r, "save_file", ACTION_ask), "path", "*");
	where(add(r, "execute_shell", ACTION_deny), "working_dir", "git");
	rules_cover(r);
	assert_null(r->list[0].covered);
	assert_ptr_equal(r->list[1].covered, &r->list[0]);
	assert_null(r->list[2].covered);
	assert_null(r->list[3].covered);
	assert_ptr_equal(r->list[4].covered, &r->list[3]);
	assert_null(r->list[5].covered);
	rules_drop(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide_takes_the_first_rule_that_matches),
		cmocka_unit_test(
		    test_decide_deny_beats_ask_beats_allow_between_lists),
		cmocka_unit_test(test_decide_allow_adds_and_ask_only_narrows),
		cmocka_unit_test(test_decide_denies_what_it_cannot_search),
		cmocka_unit_test(test_rule_try_looks_into_lists_and_maps),
		cmocka_unit_test(
		    test_rule_check_never_allows_code_by_a_pattern),
		cmocka_unit_test(test_decide_offers_what_some_call_could_do),
		cmocka_unit_test(test_rules_cover_names_what_never_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
