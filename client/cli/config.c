/*
 * config.c: config show: the configuration in force, and where it is from.
 * Runs in: sallyport.
 * Input: rows of the judge; values that an operator wrote.
 */
#include <string.h>

#include "client/cli/cli.h"

extern char **environ;

static void
config_row(struct cli *cli, const struct value *row)
{
	autojson struct json j = { 0 };

	if (!arg_flag(&cli->args, "effective") && entry_is(row, "origin",
	    "default"))
		return;
	if (cli->json) {
		row_json(cli, row);
		return;
	}
	print_value(stdout, value_get(row, "key"), false);
	json_value(&j, value_get(row, "value"));
	printf(" = %s", j.text);
	if (arg_flag(&cli->args, "origin")) {
		fputs("  # ", stdout);
		print_value(stdout, value_get(row, "origin"), false);
	}
	putchar('\n');
}

static int
config_show(struct cli *cli)
{
	const struct sallyport_event *e;
	struct settings s = { 0 };
	char why[256];
	uint64_t request;
	int n, status;

	if (settings_collect(&cli->args, environ, &s, why, sizeof(why)) == -1)
		status = fail_usage(cli, "%s", why);
	else
		status = cli_connect(cli);
	if (status != 0) {
		settings_clear(&s);
		return status;
	}
	request = sallyport_config(cli->h, s.list, s.count);
	settings_clear(&s);
	if (request == 0)
		return fail_error(cli, sallyport_last_error(cli->h));
	for (;;) {
		n = event_wait(cli, -1, &e);
		if (n == 2)
			return stop_status(STOP_cancelled);
		if (n < 0)
			return fail_error(cli, sallyport_last_error(cli->h));
		if (n == 0)
			continue;
		if (e->kind == SALLYPORT_REFUSED)
			return fail_event(cli, e);
		if (e->kind == SALLYPORT_DONE)
			return 0;
		if (e->kind == SALLYPORT_ROW && e->body != NULL)
			config_row(cli, e->body);
	}
}

static const struct option_row options[] = {
	{ "effective", 0, OPT_flag, NULL, 0,
	    "also the values that are defaults" },
	{ "origin", 0, OPT_flag, NULL, 0,
	    "where each value was set" },
	{ "set", 'c', OPT_text, "KEY=VALUE", 0,
	    "show it as it would be with this value" },
};

const struct verb verb_config_show = {
	.noun = "config", .name = "show", .standard = true, .operands = "",
	.summary = "print the configuration in force",
	.example = "sallyport config show --effective --origin\n"
	    "sallyport config show -c agents.max_iterations=5",
	.options = options, .noptions = nitems(options), .run = config_show
};
