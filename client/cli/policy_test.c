/*
 * policy_test.c: policy test: a table of calls and what must be decided.
 * Runs in: sallyport.
 * Input: a file of our own user, a JSON object on each line.
 */
#include <string.h>

#include "client/cli/policy_rules.h"

extern char **environ;

struct expectation {
	const struct policy_line *line;
	const char	*file;
	size_t		 number;	/* of the line, from 1 */
	bool		 met;
	size_t		*differ;
};

static bool
text_begins(const struct value *v, const char *with)
{
	return with == NULL || (v != NULL && v->type == VALUE_TEXT &&
	    v->text.len >= strlen(with) &&
	    memcmp(v->text.data, with, strlen(with)) == 0);
}

static void
print_result(struct cli *cli, const struct expectation *x,
    const struct value *row)
{
	autojson struct json j = { 0 };

	if (!cli->json) {
		if (x->met)
			return;
		printf("%s:%zu: ", x->file, x->number);
		print_short(stdout, x->line->tool, strlen(x->line->tool), 64);
		printf(": expected %s%s%s, got ", x->line->verdict,
		    x->line->rule != NULL ? " by " : "",
		    x->line->rule != NULL ? x->line->rule : "");
		print_value(stdout, value_get(row, "verdict"), false);
		fputs(" by ", stdout);
		print_value(stdout, value_get(row, "rule"), false);
		putchar('\n');
		return;
	}
	json_open(&j, '{');
	json_key(&j, "line");
	json_uint(&j, x->number);
	json_key(&j, "ok");
	json_bool(&j, x->met);
	json_key(&j, "tool");
	json_text(&j, x->line->tool);
	json_key(&j, "expected");
	json_text(&j, x->line->verdict);
	json_members(&j, row, NULL);
	json_close(&j, '}');
	print_json(&j);
}

static int
test_row(struct cli *cli, const struct value *row, void *arg)
{
	struct expectation *x = arg;

	if (value_get(row, "verdict") == NULL)
		return 0;
	x->met = entry_is(row, "verdict", x->line->verdict) &&
	    text_begins(value_get(row, "rule"), x->line->rule);
	*x->differ += !x->met;
	print_result(cli, x, row);
	return 0;
}

static int
test_line(struct cli *cli, const char *text, size_t len,
    const struct settings *s, struct expectation *x)
{
	struct sallyport_call call = {
		.settings = s->list, .nsettings = s->count,
	};
	struct policy_line line;
	char why[256];
	int status;

	if (policy_line_parse(text, len, &line, why, sizeof(why)) == -1) {
		status = fail_with(cli, EXIT_data, ERROR_none, "%s:%zu: %s",
		    x->file, x->number, why);
	} else {
		x->line = &line;
		call.tool = line.tool;
		call.arguments = line.arguments.data;
		call.len = line.arguments.len;
		status = policy_ask(cli, sallyport_explain(cli->h, &call),
		    test_row, x);
	}
	policy_line_clear(&line);
	return status;
}

static int
test_lines(struct cli *cli, const struct content *c, const struct settings *s)
{
	const char *at = c->data, *end = c->data + c->len, *newline;
	size_t differ = 0, calls = 0;
	struct expectation x = { .file = cli->args.operands[0],
	    .differ = &differ };
	int status = 0;

	for (; at < end && status == 0; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (newline == NULL)
			newline = end;
		x.number++;
		at += strspn(at, " \t\r");
		if (at >= newline || *at == '#')
			continue;
		calls++;
		status = test_line(cli, at, (size_t)(newline - at), s, &x);
	}
	if (status != 0)
		return status;
	if (calls == 0)
		return fail_with(cli, EXIT_data, ERROR_none, "%s holds no "
		    "call", x.file);
	if (!cli->json)
		printf("%zu calls, %zu differ\n", calls, differ);
	return differ > 0 ? stop_status(STOP_failed) : 0;
}

static int
policy_test(struct cli *cli)
{
	struct settings s = { 0 };
	struct private_server p = { .pidfd = -1 };
	struct content c = { 0 };
	char why[512];
	int status = 0;

	if (content_read(cli->args.operands[0], 16u << 20, &c, why,
	    sizeof(why)) == -1)
		return fail_with(cli, EXIT_data, ERROR_none, "%s", why);
	if (settings_collect(&cli->args, environ, &s, why, sizeof(why)) == -1)
		status = fail_usage(cli, "%s", why);
	if (status == 0)
		status = private_begin(cli, arg_text(&cli->args, "config"),
		    &p);
	if (status == 0)
		status = test_lines(cli, &c, &s);
	private_end(cli, &p);
	settings_clear(&s);
	content_clear(&c);
	return status;
}

static const struct option_row options[] = {
	{ "set", 'c', OPT_text, "KEY=VALUE", 0,
	    "test it as it would be with this value" },
};

const struct verb verb_policy_test = {
	.noun = "policy", .name = "test", .operands = "FILE",
	.least = 1, .most = 1,
	.summary = "compare a table of calls with what would be decided",
	.example = "sallyport policy test calls.jsonl\n"
	    "sallyport policy test calls.jsonl --config sallyport.toml",
	.options = options, .noptions = nitems(options),
	.run = policy_test
};
