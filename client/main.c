/*
 * main.c: sallyport, the command line on top of libsallyport.
 * Runs in: sallyport, with the user's rights.
 * Input: arguments of our own user.
 *
 * Reading order: sallyport.h is the door.  lib/: connect (paths, socket,
 * start), request, receive, event, json_write.  cli/: args and verbs (the
 * tables), then one file per verb: run (run_options, show, run_end), runs,
 * logs, files, sandbox, exec, tools, policy (policy_rules, policy_test),
 * config, doctor, help.
 */
#include <signal.h>
#include <string.h>

#include "client/cli/cli.h"

/* Does the caller want JSON?  Known even if the line is wrong elsewhere. */
static bool
wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static int
refuse(struct cli *cli)
{
	struct sallyport_error e = { .status = EXIT_usage };

	snprintf(e.message, sizeof(e.message), "%s", cli->args.why);
	snprintf(e.hint, sizeof(e.hint), "%s", cli->args.hint);
	return fail_error(cli, &e);
}

/* sallyport --help and --version, as everywhere else. */
static const char *
alias(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return "help";
	return strcmp(word, "--version") == 0 ? "version" : word;
}

int
main(int argc, char **argv)
{
	struct cli cli = { .json = wants_json(argc, argv) };
	int status;

	log_init("sallyport", LOG_WARNING);
	signal(SIGPIPE, SIG_IGN);	/* output_end() tells it from errors */
	if (argc == 1) {
		help_overview(stderr);
		return EXIT_usage;
	}
	argv[1] = (char *)alias(argv[1]);
	if (args_parse(&cli.args, argc, argv) == -1) {
		status = refuse(&cli);
	} else if (cli.args.help) {
		help_print(stdout, cli.args.verb);
		status = 0;
	} else {
		cli.json = arg_flag(&cli.args, "json");
		status = cli.args.verb->run(&cli);
	}
	status = output_end(&cli, status);
	sallyport_free(cli.h);
	args_clear(&cli.args);
	return status;
}
