/*
 * runs.c: runs list, show and cancel.
 * Runs in: sallyport.
 * Input: rows of the record, hostile texts.
 */
#include <string.h>

#include "client/cli/cli.h"

void
runs_print(struct cli *cli, const struct value *row)
{
	const struct value *goal = value_get(row, "goal");
	char time[32];

	if (cli->json) {
		row_json(cli, row);
		return;
	}
	print_value(stdout, value_get(row, "run"), false);
	printf("  %-24s  ", row_time(time, row, "started"));
	print_value(stdout, value_get(row, "stop_reason") != NULL &&
	    !entry_is(row, "status", "running") ?
	    value_get(row, "stop_reason") : value_get(row, "status"), false);
	fputs("  ", stdout);
	if (goal != NULL && goal->type == VALUE_TEXT)
		print_short(stdout, goal->text.data, goal->text.len, 70);
	putchar('\n');
}

static int
list_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	(void)arg;
	runs_print(cli, e->body);
	return 0;
}

static int
runs_list(struct cli *cli)
{
	struct sallyport_question q = { .kind = SALLYPORT_RUNS,
	    .limit = (uint32_t)arg_number(&cli->args, "limit", 20) };
	int status = cli_connect(cli);

	return status != 0 ? status : rows(cli, &q, list_row, NULL);
}

static void
show_field(const struct value_pair *p, const struct value *row)
{
	autofree char *key = sallyport_escape(p->key.text.data,
	    p->key.text.len, false);
	char time[32];

	if (p->value.type == VALUE_NIL)
		return;
	printf("%-14s ", key);
	if (strcmp(key, "started") == 0 || strcmp(key, "ended") == 0)
		fputs(row_time(time, row, key), stdout);
	else
		print_value(stdout, &p->value, true);
	putchar('\n');
}

static int
show_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	const struct value *result;
	char *id = arg;

	autofree char *run = value_get_text(e->body, "run");
	if (run != NULL)
		snprintf(id, 37, "%s", run);
	if (cli->json) {
		row_json(cli, e->body);
		return 0;
	}
	for (size_t i = 0; e->body != NULL && i < e->body->map.count; i++)
		if (!value_is_text(&e->body->map.pairs[i].key, "summary"))
			show_field(&e->body->map.pairs[i], e->body);
	result = value_get(value_get(e->body, "summary"), "result");
	if (result != NULL && result->type != VALUE_NIL) {
		puts("result");
		print_value(stdout, result, true);
		putchar('\n');
	}
	return 0;
}

static int
run_name(struct cli *cli, const char **run)
{
	*run = cli->args.operands[0];
	if (run_name_ok(*run))
		return 0;
	return fail_usage(cli, "a run is named by its UUID or at least 4 "
	    "characters of its beginning");
}

static int
runs_show(struct cli *cli)
{
	struct sallyport_question q = { .kind = SALLYPORT_SHOW };
	char id[37] = "";
	int status = run_name(cli, &q.run);

	if (status == 0)
		status = cli_connect(cli);
	if (status == 0)
		status = rows(cli, &q, show_row, id);
	if (status == 0 && !cli->json && run_name_ok(id))
		printf("\nevents: sallyport logs %s\n"
		    "files:  sallyport files list %s\n", id, id);
	return status;
}

static int
runs_cancel(struct cli *cli)
{
	const struct sallyport_event *e;
	const char *run;
	uint64_t request;
	int status = run_name(cli, &run);

	if (status == 0)
		status = cli_connect(cli);
	if (status != 0)
		return status;
	request = sallyport_cancel(cli->h, run, arg_flag(&cli->args, "now"));
	if (request == 0 || sallyport_wait(cli->h, request, &e) == -1)
		return fail_error(cli, sallyport_last_error(cli->h));
	if (e->kind == SALLYPORT_REFUSED)
		return fail_event(cli, e);
	if (cli->json) {
		autojson struct json j = { 0 };

		json_open(&j, '{');
		json_key(&j, "run");
		json_text(&j, run);
		json_key(&j, "cancelled");
		json_bool(&j, true);
		json_close(&j, '}');
		print_json(&j);
	} else {
		printf("cancelled %s\n", run);
	}
	return 0;
}

static const struct option_row list_options[] = {
	{ "limit", 'n', OPT_number, "N", 1000000,
	    "the newest N runs; 0 is all, 20 if absent" },
};

const struct verb verb_runs_list = {
	.noun = "runs", .name = "list", .standard = true,
	.operands = "", .summary = "list the runs of the record, newest first",
	.example = "sallyport runs list --limit 5\n"
	    "sallyport runs --json | jq .run",
	.options = list_options, .noptions = nitems(list_options),
	.run = runs_list
};

const struct verb verb_runs_show = {
	.noun = "runs", .name = "show", .operands = "RUN",
	.least = 1, .most = 1,
	.summary = "show one run: its goal, how it ended, its answer",
	.example = "sallyport runs show 0193",
	.run = runs_show
};

static const struct option_row cancel_options[] = {
	{ "now", 0, OPT_flag, NULL, 0,
	    "kill its processes, do not wait for its tools" },
};

const struct verb verb_runs_cancel = {
	.noun = "runs", .name = "cancel", .operands = "RUN",
	.least = 1, .most = 1, .summary = "end a run that is under way",
	.example = "sallyport runs cancel 01935f2c",
	.options = cancel_options, .noptions = nitems(cancel_options),
	.run = runs_cancel
};
