/*
 * logs.c: the events of a run, from the record or as they happen.
 * Runs in: sallyport.
 * Input: events of the record, hostile texts.
 */
#include <string.h>

#include "client/cli/cli.h"

struct logs {
	char	run[37];	/* full id, for JSON */
};

static int
find_run(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	autofree char *run = value_get_text(e->body, "run");
	struct logs *l = arg;

	(void)cli;
	if (run != NULL)
		snprintf(l->run, sizeof(l->run), "%s", run);
	return 0;
}

/* A row {seq, ts, type, body} as stream-json prints an event. */
static void
print_event_json(const struct value *row, const char *run, const char *ts)
{
	static const char *const envelope[] = {
		"seq", "ts", "run", "type", NULL
	};
	autojson struct json j = { 0 };

	json_open(&j, '{');
	json_key(&j, "seq");
	json_int(&j, value_get_int(row, "seq", 0));
	json_key(&j, "ts");
	json_text(&j, ts);
	json_key(&j, "run");
	json_text(&j, run);
	json_key(&j, "type");
	json_value(&j, value_get(row, "type"));
	json_members(&j, value_get(row, "body"), envelope);
	json_close(&j, '}');
	print_json(&j);
}

static int
log_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	autofree char *type = value_get_text(e->body, "type");
	struct logs *l = arg;
	char room[32];
	const char *ts = row_time(room, e->body, "ts");

	if (cli->json)
		print_event_json(e->body, l->run, ts);
	else
		show_line(stdout, (uint64_t)value_get_int(e->body, "seq", 0),
		    ts, type != NULL ? type : "?", value_get(e->body,
		    "body"));
	return 0;
}

static void
print_live(struct cli *cli, const struct sallyport_event *e)
{
	autofree char *json = NULL;
	char ts[32];

	if (cli->json) {
		json = sallyport_event_json(e);
		puts(json);
	} else {
		show_line(stdout, e->seq, time_text(ts, e->at), e->type,
		    e->body);
	}
	fflush(stdout);
}

static int
follow(struct cli *cli, const char *run, uint64_t since)
{
	const struct sallyport_event *e;
	uint64_t request = sallyport_watch(cli->h, run, since, false);
	int n;

	if (request == 0)
		return fail_error(cli, sallyport_last_error(cli->h));
	for (;;) {
		n = event_wait(cli, -1, &e);
		if (n == 2)		/* the run goes on without us */
			return stop_status(STOP_cancelled);
		if (n < 0)
			return fail_error(cli, sallyport_last_error(cli->h));
		if (n == 0)
			continue;
		if (e->kind == SALLYPORT_REFUSED)
			return fail_event(cli, e);
		if (e->kind == SALLYPORT_EVENT)
			print_live(cli, e);
		if (e->kind == SALLYPORT_ENDED)
			return 0;
		if (ferror(stdout))
			return output_end(cli, 0);
	}
}

static int
logs(struct cli *cli)
{
	struct sallyport_question q = { .kind = SALLYPORT_EVENTS,
	    .run = cli->args.operands[0],
	    .since = arg_number(&cli->args, "since", 0) };
	struct sallyport_question which = { .kind = SALLYPORT_SHOW,
	    .run = q.run };
	struct logs l = { "" };
	int status;

	if (!run_name_ok(q.run))
		return fail_usage(cli, "a run is named by its UUID or at "
		    "least 4 characters of its beginning");
	status = cli_connect(cli);
	if (status != 0)
		return status;
	if (arg_flag(&cli->args, "follow"))
		return follow(cli, q.run, q.since);
	status = rows(cli, &which, find_run, &l);
	if (status != 0)
		return status;
	if (l.run[0] != '\0')
		q.run = l.run;
	return rows(cli, &q, log_row, &l);
}

static const struct option_row options[] = {
	{ "follow", 'f', OPT_flag, NULL, 0,
	    "go on until the run has ended" },
	{ "since", 0, OPT_number, "SEQ", INT64_MAX,
	    "only what came after this sequence number" },
};

const struct verb verb_logs = {
	.noun = "logs", .operands = "RUN", .least = 1, .most = 1,
	.summary = "print the events of a run",
	.example = "sallyport logs 01935f2c --follow\n"
	    "sallyport logs 01935f2c --since 12 --json",
	.options = options, .noptions = nitems(options), .run = logs
};
