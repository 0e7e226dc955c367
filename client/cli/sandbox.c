/*
 * sandbox.c: sandboxes without a model: open and close.
 * Runs in: sallyport.
 * Input: options of our own user; what a sandbox says of itself is hostile.
 */
#include <string.h>

#include "client/cli/sandbox.h"

extern char **environ;

int
sandbox_answer(struct cli *cli, uint64_t request,
    const struct sallyport_event **e)
{
	int n;

	if (request == 0)
		return fail_error(cli, sallyport_last_error(cli->h));
	for (;;) {
		n = event_wait(cli, -1, e);
		if (n == 2)
			return stop_status(STOP_cancelled);
		if (n == -1)
			return fail_error(cli, sallyport_last_error(cli->h));
		if (n == 0 || (*e)->request != request)
			continue;
		return (*e)->kind == SALLYPORT_REFUSED ?
		    fail_event(cli, *e) : -1;
	}
}

int
sandbox_new(struct cli *cli, bool keep, const struct sallyport_event **e)
{
	struct sallyport_sandbox s = { .keep = keep,
	    .sandbox = arg_text(&cli->args, "sandbox") };
	struct settings settings = { 0 };
	char why[256];
	int status;

	if (settings_collect(&cli->args, environ, &settings, why,
	    sizeof(why)) == -1)
		status = fail_usage(cli, "%s", why);
	else
		status = cli_connect(cli);
	if (status == 0) {
		s.settings = settings.list;
		s.nsettings = settings.count;
		status = sandbox_answer(cli, sallyport_sandbox_open(cli->h,
		    &s), e);
	}
	settings_clear(&settings);
	return status;
}

static int
sandbox_open(struct cli *cli)
{
	static const char *const ours[] = { "sandbox", NULL };
	const struct sallyport_event *e;
	autojson struct json j = { 0 };
	int status;

	signals_catch();
	status = sandbox_new(cli, true, &e);
	if (status != -1)
		return status;
	if (cli->json) {
		json_open(&j, '{');
		json_key(&j, "sandbox");
		json_text(&j, e->run);
		json_members(&j, e->body, ours);
		json_close(&j, '}');
		print_json(&j);
		return 0;
	}
	puts(e->run);
	fflush(stdout);
	if (isatty(STDOUT_FILENO))	/* id=$(sallyport sandbox open) */
		fprintf(stderr, "use it:   sallyport sandbox exec --in %s "
		    "-- COMMAND\nclose it: sallyport sandbox close %s\n",
		    e->run, e->run);
	return 0;
}

static int
sandbox_close(struct cli *cli)
{
	const struct sallyport_event *e;
	const char *id;
	int status = 0;

	for (int i = 0; i < cli->args.noperands; i++)
		if (!run_name_ok(cli->args.operands[i]))
			return fail_usage(cli, "a sandbox is named by the id "
			    "that 'sandbox open' printed, or at least 4 "
			    "characters of its beginning");
	status = cli_connect(cli);
	for (int i = 0; status == 0 && i < cli->args.noperands; i++) {
		id = cli->args.operands[i];
		status = sandbox_answer(cli, sallyport_sandbox_close(cli->h,
		    id), &e);
		if (status != -1)
			return status;
		status = 0;
		if (cli->json) {
			autojson struct json j = { 0 };

			json_open(&j, '{');
			json_key(&j, "sandbox");
			json_text(&j, id);
			json_key(&j, "closed");
			json_bool(&j, true);
			json_close(&j, '}');
			print_json(&j);
		}
	}
	return status;
}

static const struct option_row open_options[] = {
	{ "sandbox", 0, OPT_choice, "auto|native", 0,
	    "what kind; the configured one if absent" },
	{ "set", 'c', OPT_text, "KEY=VALUE", 0,
	    "a configuration value for this sandbox" },
};

const struct verb verb_sandbox_open = {
	.noun = "sandbox", .name = "open", .operands = "",
	.summary = "open a sandbox and print its id; it stays until closed",
	.example = "id=$(sallyport sandbox open)\n"
	    "sallyport sandbox open -c agents.sandbox.native.memory_limit=256m",
	.options = open_options, .noptions = nitems(open_options),
	.run = sandbox_open
};

const struct verb verb_sandbox_close = {
	.noun = "sandbox", .name = "close", .operands = "ID...",
	.least = 1, .most = -1, .summary = "end a sandbox and all in it",
	.example = "sallyport sandbox close \"$id\"", .run = sandbox_close
};
