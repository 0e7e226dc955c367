/*
 * help.c: --help of every verb, from the tables; version; help exit.
 * Runs in: sallyport.  Input: none that is foreign.
 */
#include <string.h>

#include "client/cli/cli.h"

static void
print_option(FILE *out, const struct option_row *row)
{
	char left[96];

	if (row->type == OPT_later)
		return;
	snprintf(left, sizeof(left), "%s%s--%s%s%s",
	    row->letter != 0 ? (char[]){ '-', row->letter, '\0' } : "",
	    row->letter != 0 ? ", " : "", row->name,
	    row->value != NULL ? " " : "",
	    row->value != NULL ? row->value : "");
	if (strlen(left) > 26)
		fprintf(out, "  %s\n  %-26s %s\n", left, "", row->help);
	else
		fprintf(out, "  %-26s %s\n", left, row->help);
}

void
help_print(FILE *out, const struct verb *v)
{
	const char *at, *end;

	fprintf(out, "usage: sallyport %s%s%s [OPTION]...%s%s\n\n%s\n\n"
	    "options:\n", v->noun, v->name != NULL ? " " : "",
	    v->name != NULL ? v->name : "", v->operands[0] != '\0' ? " " : "",
	    v->operands, v->summary);
	for (size_t i = 0; i < v->noptions; i++)
		print_option(out, &v->options[i]);
	for (size_t i = 0; i < common_options_count; i++)
		print_option(out, &common_options[i]);
	fputs("\nexample:\n", out);
	for (at = v->example; *at != '\0'; at = *end != '\0' ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		fprintf(out, "  %.*s\n", (int)(end - at), at);
	}
	for (size_t i = 0; v->name != NULL && i < verbs_count; i++)
		if (verbs[i] != v && strcmp(verbs[i]->noun, v->noun) == 0)
			fprintf(out, "see also: sallyport %s %s --help\n",
			    v->noun, verbs[i]->name);
}

void
help_overview(FILE *out)
{
	char name[64];

	fputs("usage: sallyport COMMAND [OPTION]...\n\nAgents in confined "
	    "processes: the model never touches the machine.\n\n", out);
	for (size_t i = 0; i < verbs_count; i++) {
		snprintf(name, sizeof(name), "%s%s%s", verbs[i]->noun,
		    verbs[i]->name != NULL ? " " : "",
		    verbs[i]->name != NULL ? verbs[i]->name : "");
		fprintf(out, "  %-16s %s\n", name, verbs[i]->summary);
	}
	fputs("\nEach takes --help, --json, --state-dir DIR and --config "
	    "FILE.\nsallyport run 'List the primes up to 100' is a "
	    "beginning.\n", out);
}

/* --- sallyport help exit --- */

struct status_row {
	int		 status;
	const char	*meaning;
};

static const struct status_row others[] = {
	{ EXIT_usage, "the command line is wrong" },
	{ EXIT_data, "bad input data: a file, a goal, arguments" },
	{ EXIT_unavailable, "no supervisor, provider or sandbox" },
	{ EXIT_internal, "an error of our own" },
	{ EXIT_record, "cannot record, or cannot write the output" },
	{ EXIT_later, "a person has to answer first, or the queue is full" },
	{ EXIT_denied, "denied by policy" },
	{ EXIT_config, "bad configuration" },
	{ EXIT_ours, "sandbox exec: a failure of ours, named on stderr" },
};

static void
status_print(struct cli *cli, int status, const char *name,
    const char *meaning)
{
	autojson struct json j = { 0 };

	if (!cli->json) {
		printf("%4d  %-18s %s\n", status, name, meaning);
		return;
	}
	json_open(&j, '{');
	json_key(&j, "status");
	json_int(&j, status);
	json_key(&j, "name");
	json_text(&j, name[0] != '\0' ? name : NULL);
	json_key(&j, "meaning");
	json_text(&j, meaning);
	json_close(&j, '}');
	print_json(&j);
}

static int
help_exit(struct cli *cli)
{
	if (!cli->json)
		puts("how a run ended (stop reason):");
	for (unsigned i = STOP_none + 1; i < STOP_COUNT; i++)
		status_print(cli, stop_status(i), stop_name(i),
		    stop_meaning(i));
	if (!cli->json)
		puts("\nany command:");
	for (size_t i = 0; i < nitems(others); i++)
		status_print(cli, others[i].status, "", others[i].meaning);
	if (!cli->json)
		puts("\nnamed errors:");
	for (unsigned i = ERROR_none + 1; i < ERROR_COUNT; i++)
		status_print(cli, error_status(i), error_name(i),
		    error_hint(i));
	if (!cli->json)
		puts("\nsandbox exec passes on the command's own status: "
		    "128+N if signal N ended it,\n124 if it took too long.");
	return 0;
}

static int
help(struct cli *cli)
{
	const char *noun = cli->args.noperands > 0 ? cli->args.operands[0] :
	    NULL;
	const char *name = cli->args.noperands > 1 ? cli->args.operands[1] :
	    NULL;
	bool found = false;

	if (noun == NULL) {
		help_overview(stdout);
		return 0;
	}
	for (size_t i = 0; i < verbs_count; i++) {
		if (strcmp(verbs[i]->noun, noun) != 0 || (name != NULL &&
		    (verbs[i]->name == NULL ||
		    strcmp(verbs[i]->name, name) != 0)))
			continue;
		if (found)
			putchar('\n');
		help_print(stdout, verbs[i]);
		found = true;
	}
	return found ? 0 : fail_usage(cli, "there is no help about '%s'",
	    noun);
}

static int
version(struct cli *cli)
{
	autojson struct json j = { 0 };

	if (!cli->json) {
		printf("sallyport %s\n", sallyport_version());
		return 0;
	}
	json_open(&j, '{');
	json_key(&j, "version");
	json_text(&j, sallyport_version());
	json_close(&j, '}');
	print_json(&j);
	return 0;
}

const struct verb verb_help = {
	.noun = "help", .operands = "[COMMAND]", .least = 0, .most = 2,
	.summary = "print this list, or the help of a command",
	.example = "sallyport help sandbox exec", .run = help
};

const struct verb verb_help_exit = {
	.noun = "help", .name = "exit", .operands = "",
	.summary = "list the exit statuses and the named errors",
	.example = "sallyport help exit", .run = help_exit
};

const struct verb verb_version = {
	.noun = "version", .operands = "", .summary = "print the version",
	.example = "sallyport version --json", .run = version
};
