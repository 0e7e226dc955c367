/*
 * policy_rules.c: policy check and explain: the judge's own answers.
 * Runs in: sallyport.
 * Input: rows of the judge; texts of rules are an operator's, arguments ours.
 */
#include <string.h>

#include "client/cli/policy_rules.h"

extern char **environ;

int
policy_ask(struct cli *cli, uint64_t request,
    int (*each)(struct cli *, const struct value *, void *), void *arg)
{
	const struct sallyport_event *e;
	int n, status = 0;

	if (request == 0)
		return fail_error(cli, sallyport_last_error(cli->h));
	while (status == 0) {
		n = event_wait(cli, -1, &e);
		if (n == 2)
			return stop_status(STOP_cancelled);
		if (n < 0)
			return fail_error(cli, sallyport_last_error(cli->h));
		if (n == 0 || e->request != request)
			continue;
		if (e->kind == SALLYPORT_REFUSED)
			return fail_event(cli, e);
		if (e->kind == SALLYPORT_DONE)
			return 0;
		if (e->kind == SALLYPORT_ROW && e->body != NULL)
			status = each(cli, e->body, arg);
	}
	return status;
}

static void
field(const struct value *row, const char *key)
{
	print_value(stdout, value_get(row, key), false);
}

/* --- check --- */

struct checked {
	size_t	 rules, covered;
	int64_t	 tests;
};

static void
print_rule(const struct value *row)
{
	const struct value *where = value_get(row, "where");
	const struct value *covered = value_get(row, "covered_by");

	field(row, "origin");
	fputs(": ", stdout);
	field(row, "action");
	putchar(' ');
	field(row, "tool");
	for (size_t i = 0; where != NULL && where->type == VALUE_MAP &&
	    i < where->map.count; i++) {
		autojson struct json j = { 0 };

		json_value(&j, &where->map.pairs[i].value);
		fputs(i == 0 ? " where " : ", ", stdout);
		print_value(stdout, &where->map.pairs[i].key, false);
		printf(" = %s", j.text);
	}
	printf(" (tests: %lld)\n", (long long)value_get_int(row, "tests", 0));
	if (covered != NULL && covered->type == VALUE_TEXT) {
		fputs("  can never match: every call it speaks of is taken by ",
		    stdout);
		field(row, "covered_by");
		putchar('\n');
	}
}

static int
check_row(struct cli *cli, const struct value *row, void *arg)
{
	struct checked *c = arg;
	const struct value *covered = value_get(row, "covered_by");

	c->rules++;
	c->tests += value_get_int(row, "tests", 0);
	c->covered += covered != NULL && covered->type == VALUE_TEXT;
	if (cli->json)
		row_json(cli, row);
	else
		print_rule(row);
	return 0;
}

static int
policy_check(struct cli *cli)
{
	const char *file = cli->args.noperands > 0 ? cli->args.operands[0] :
	    arg_text(&cli->args, "config");
	struct checked c = { 0 };
	struct private_server p;
	int status = private_begin(cli, file, &p);

	if (status == 0)
		status = policy_ask(cli, sallyport_rules(cli->h), check_row,
		    &c);
	if (status == 0 && !cli->json)
		printf("%zu rules, %lld tests passed, %zu can never match\n",
		    c.rules, (long long)c.tests, c.covered);
	private_end(cli, &p);
	if (status == 0 && c.covered > 0)
		status = stop_status(STOP_failed);
	return status;
}

const struct verb verb_policy_check = {
	.noun = "policy", .name = "check", .operands = "[FILE]",
	.least = 0, .most = 1,
	.summary = "load the rules of a configuration, run their tests, name "
	    "what never matches",
	.example = "sallyport policy check /etc/sallyport/sallyport.toml",
	.run = policy_check
};

/* --- explain --- */

static int
explain_row(struct cli *cli, const struct value *row, void *arg)
{
	static const char *const last[] = { "verdict", "rule", "origin",
	    "reason" };
	const struct value *problem = value_get(row, "problem");

	(void)arg;
	if (cli->json) {
		row_json(cli, row);
		return 0;
	}
	if (value_get(row, "step") != NULL) {
		field(row, "step");
		fputs(" [", stdout);
		field(row, "origin");
		fputs("]: ", stdout);
		field(row, "result");
		putchar('\n');
		return 0;
	}
	for (size_t i = 0; i < nitems(last); i++) {
		printf("%s: ", last[i]);
		field(row, last[i]);
		putchar('\n');
	}
	if (problem != NULL && problem->type == VALUE_TEXT) {
		fputs("note: the tool would refuse these arguments: ", stdout);
		print_value(stdout, problem, true);
		putchar('\n');
	}
	return 0;
}

static int
explain(struct cli *cli, struct sallyport_call *call)
{
	struct settings s = { 0 };
	struct private_server p = { .pidfd = -1 };
	char why[256];
	int status;

	if (settings_collect(&cli->args, environ, &s, why, sizeof(why)) == -1)
		status = fail_usage(cli, "%s", why);
	else
		status = private_begin(cli, arg_text(&cli->args, "config"),
		    &p);
	call->settings = s.list;
	call->nsettings = s.count;
	if (status == 0)
		status = policy_ask(cli, sallyport_explain(cli->h, call),
		    explain_row, NULL);
	private_end(cli, &p);
	settings_clear(&s);
	return status;
}

static int
policy_explain(struct cli *cli)
{
	const char *text = cli->args.noperands > 1 ? cli->args.operands[1] :
	    "{}";
	struct sallyport_call call = { .tool = cli->args.operands[0] };
	struct pack arguments;
	char why[256];
	int status;

	if (policy_json_pack(text, strlen(text), &arguments, why,
	    sizeof(why)) == -1) {
		status = fail_with(cli, EXIT_data, ERROR_none,
		    "ARGUMENTS: %s", why);
	} else {
		call.arguments = arguments.data;
		call.len = arguments.len;
		status = explain(cli, &call);
	}
	pack_clear(&arguments);
	return status;
}

static const struct option_row options[] = {
	{ "set", 'c', OPT_text, "KEY=VALUE", 0,
	    "explain it as it would be with this value" },
};

const struct verb verb_policy_explain = {
	.noun = "policy", .name = "explain", .operands = "TOOL [ARGUMENTS]",
	.least = 1, .most = 2,
	.summary = "what would be decided about a call, by which rule, and "
	    "what was tried before it",
	.example = "sallyport policy explain execute_shell "
	    "'{\"command\": \"git push\"}'",
	.options = options, .noptions = nitems(options),
	.run = policy_explain
};
