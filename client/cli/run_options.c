/*
 * run_options.c: what `run` is asked to do: options, files, environment.
 * Runs in: sallyport.
 * Input: arguments, files and environment of our own user.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "client/cli/run.h"

extern char **environ;

#define GOAL_MAX	(1u << 20)	/* bytes */
#define FILE_MAX	(64u << 20)

static const struct option_row options[] = {
	{ "goal-file", 0, OPT_text, "FILE", 0,
	    "read the goal from a file; - is standard input" },
	{ "constraint", 0, OPT_text, "TEXT", 0,
	    "a rule for the model to keep; may be repeated" },
	{ "context", 0, OPT_text, "FILE", 0,
	    "a file that the model is shown; may be repeated" },
	{ "provider", 0, OPT_text, "NAME", 0,
	    "openai or replay; found by itself if absent" },
	{ "model", 0, OPT_text, "NAME", 0,
	    "the model; else providers.NAME.default_model" },
	{ "max-iterations", 0, OPT_number, "N", 10000,
	    "turns of think, act, observe and reflect" },
	{ "timeout", 0, OPT_number, "SECONDS", 604800,
	    "end the run after that time" },
	{ "sandbox", 0, OPT_choice, "auto|native|docker|vm|hybrid|none", 0,
	    "where tools run (docker, vm and hybrid: not in this version)" },
	{ "detach", 0, OPT_flag, NULL, 0,
	    "start it, print its id, and leave it running" },
	{ "output-format", 0, OPT_choice, "text|json|stream-json", 0,
	    "what goes to standard output; --json is json" },
	{ "show", 0, OPT_choice, "tools|text|thinking", 0,
	    "how much progress to print: calls, also text, also thinking" },
	{ "record", 0, OPT_text, "FILE", 0,
	    "write the model's turns there, for --replay" },
	{ "force", 0, OPT_flag, NULL, 0, "let --record replace a file" },
	{ "replay", 0, OPT_text, "FILE", 0,
	    "play the model's turns from there; tools run for real" },
	{ "set", 'c', OPT_text, "KEY=VALUE", 0,
	    "a configuration value for this run; may be repeated" },
	{ "task", 0, OPT_later, "FILE", 0, NULL },
	{ "tasks", 0, OPT_later, "FILE", 0, NULL },
	{ "parallel", 0, OPT_later, "N", 0, NULL },
	{ "session", 0, OPT_later, "ID", 0, NULL },
	{ "tenant", 0, OPT_later, "NAME", 0, NULL },
	{ "image", 0, OPT_later, "IMAGE", 0, NULL },
	{ "host", 0, OPT_later, "HOST", 0, NULL },
	{ "toolkit", 0, OPT_later, "NAME", 0, NULL },
	{ "output-schema", 0, OPT_later, "FILE", 0, NULL },
};


/* The goal without white space at its ends. */
static void
trim(char *text)
{
	size_t len = strlen(text), start = strspn(text, " \t\r\n");

	while (len > start && isspace((unsigned char)text[len - 1]))
		len--;
	memmove(text, text + start, len - start);
	text[len - start] = '\0';
}

static int
read_goal(struct cli *cli, struct plan *p)
{
	const char *file = arg_text(&cli->args, "goal-file");
	const char *goal = cli->args.noperands > 0 ? cli->args.operands[0] :
	    NULL;
	char why[512];

	if (file != NULL && goal != NULL)
		return fail_usage(cli, "give GOAL or --goal-file, not both");
	if (goal != NULL && strcmp(goal, "-") == 0)
		file = "-";
	else if (goal != NULL)
		p->goal.data = xstrdup(goal);
	if (file != NULL &&
	    content_read(file, GOAL_MAX, &p->goal, why, sizeof(why)) == -1)
		return fail_with(cli, EXIT_data, ERROR_none, "%s", why);
	if (p->goal.data == NULL)
		return fail_usage(cli, "what shall the agent do? Give GOAL "
		    "or --goal-file");
	if (file != NULL && strlen(p->goal.data) != p->goal.len)
		return fail_with(cli, EXIT_data, ERROR_none,
		    "the goal holds a NUL byte");
	trim(p->goal.data);
	if (p->goal.data[0] == '\0')
		return fail_usage(cli, "the goal is empty");
	return 0;
}

static int
read_context(struct cli *cli, struct plan *p)
{
	const char *path, *slash;
	char why[512];
	size_t n;

	for (n = 0; (path = arg_nth(&cli->args, "context", n)) != NULL; n++) {
		p->files = xrealloc(p->files, (n + 1) * sizeof(*p->files));
		p->context = xrealloc(p->context,
		    (n + 1) * sizeof(*p->context));
		if (content_read(path, FILE_MAX, &p->files[n], why,
		    sizeof(why)) == -1)
			return fail_with(cli, EXIT_data, ERROR_none, "%s",
			    why);
		p->run.ncontext = n + 1;
		slash = strrchr(path, '/');
		p->context[n] = (struct sallyport_context){
			slash != NULL ? slash + 1 : path, p->files[n].data,
			p->files[n].len
		};
	}
	p->run.context = p->context;
	for (n = 0; (path = arg_nth(&cli->args, "constraint", n)) != NULL;
	    n++) {
		p->constraints = xrealloc(p->constraints,
		    (n + 1) * sizeof(*p->constraints));
		p->constraints[n] = path;
		p->run.nconstraints = n + 1;
	}
	p->run.constraints = p->constraints;
	return 0;
}

static int
read_blobs(struct cli *cli, struct plan *p)
{
	const char *replay = arg_text(&cli->args, "replay");
	const char *bundle = getenv("SSL_CERT_FILE");
	char why[512];

	if (replay != NULL) {
		if (content_read(replay, FILE_MAX, &p->replay, why,
		    sizeof(why)) == -1)
			return fail_with(cli, EXIT_data, ERROR_none, "%s",
			    why);
		if (p->replay.len == 0)
			return fail_with(cli, EXIT_data, ERROR_none,
			    "%s is empty: there are no turns to replay",
			    replay);
		p->run.replay = p->replay.data;
		p->run.replay_len = p->replay.len;
	}
	if (bundle != NULL && bundle[0] != '\0') {
		if (content_read(bundle, 4u << 20, &p->bundle, why,
		    sizeof(why)) == -1)
			return fail_with(cli, EXIT_config, ERROR_ConfigError,
			    "SSL_CERT_FILE: %s", why);
		p->run.ca_bundle = p->bundle.data;
		p->run.ca_bundle_len = p->bundle.len;
	}
	return 0;
}

/* Made before the run starts, so that no turn is lost for want of a file. */
static int
open_record(struct cli *cli, struct plan *p)
{
	const char *path = arg_text(&cli->args, "record");
	bool force = arg_flag(&cli->args, "force");
	int fd;

	if (path == NULL)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    (force ? O_TRUNC : O_EXCL), 0600);
	if (fd == -1 && errno == EEXIST)
		return fail_usage(cli, "%s exists: --force replaces it", path);
	p->record = fd != -1 ? fdopen(fd, "w") : NULL;
	if (p->record == NULL)
		return fail_with(cli, EXIT_record, ERROR_none,
		    "create %s: %s", path, strerror(errno));
	p->run.record = true;
	return 0;
}

/* A model key is one printable word: anything else is a mistake. */
static int
take_key(struct cli *cli, struct plan *p)
{
	const char *key = getenv("OPENAI_API_KEY");

	if (key == NULL || key[0] == '\0')
		return 0;
	for (const char *s = key; *s != '\0'; s++)
		if (*s <= 0x20 || *s >= 0x7f)
			return fail_with(cli, EXIT_config, ERROR_ConfigError,
			    "OPENAI_API_KEY holds white space or characters "
			    "that a key cannot have");
	p->run.credential = key;
	return 0;
}

static enum output_format
format_of(struct cli *cli)
{
	const char *format = arg_text(&cli->args, "output-format");

	if (format == NULL)
		return cli->json ? FORMAT_json : FORMAT_text;
	return strcmp(format, "json") == 0 ? FORMAT_json :
	    strcmp(format, "text") == 0 ? FORMAT_text : FORMAT_stream;
}

static bool
sandbox_later(const char *name)
{
	return strcmp(name, "docker") == 0 || strcmp(name, "vm") == 0 ||
	    strcmp(name, "hybrid") == 0;
}

int
plan_make(struct cli *cli, struct plan *p)
{
	const struct args *a = &cli->args;
	const char *show = arg_text(a, "show");
	char why[256];
	int status;

	*p = (struct plan){ .format = format_of(cli) };
	cli->json = p->format != FORMAT_text;
	p->level = show == NULL || strcmp(show, "tools") == 0 ? SHOW_tools :
	    strcmp(show, "text") == 0 ? SHOW_text : SHOW_thinking;
	p->run.provider = arg_text(a, "provider");
	p->run.model = arg_text(a, "model");
	p->run.sandbox = arg_text(a, "sandbox");
	p->run.max_iterations = (uint32_t)arg_number(a, "max-iterations", 0);
	p->run.timeout = (uint32_t)arg_number(a, "timeout", 0);
	p->run.detach = arg_flag(a, "detach");
	p->run.deltas = p->format == FORMAT_stream || p->level != SHOW_tools;
	if (p->run.sandbox != NULL && sandbox_later(p->run.sandbox))
		return fail_usage(cli, "--sandbox %s is not available in "
		    "this version", p->run.sandbox);
	if (p->run.detach && arg_text(a, "record") != NULL)
		return fail_usage(cli, "--record needs to see the run: leave "
		    "out --detach");
	if (arg_text(a, "replay") != NULL && p->run.provider == NULL)
		p->run.provider = "replay";
	if (settings_collect(a, environ, &p->settings, why, sizeof(why)) ==
	    -1)
		return fail_usage(cli, "%s", why);
	p->run.settings = p->settings.list;
	p->run.nsettings = p->settings.count;
	status = read_goal(cli, p);
	if (status == 0)
		status = read_context(cli, p);
	if (status == 0)
		status = read_blobs(cli, p);
	if (status == 0)
		status = take_key(cli, p);
	if (status == 0)
		status = open_record(cli, p);
	p->run.goal = p->goal.data;
	return status;
}

void
plan_clear(struct plan *p)
{
	for (size_t i = 0; i < p->run.ncontext; i++)
		content_clear(&p->files[i]);
	free(p->files);
	free(p->context);
	free(p->constraints);
	content_clear(&p->goal);
	content_clear(&p->replay);
	content_clear(&p->bundle);
	settings_clear(&p->settings);
	if (p->record != NULL)
		fclose(p->record);
}

const struct verb verb_run = {
	.noun = "run", .operands = "[GOAL]", .least = 0, .most = 1,
	.summary = "let an agent reach a goal in a sandbox",
	.example = "sallyport run 'Count the words in notes.txt' "
	    "--context notes.txt\n"
	    "sallyport run --goal-file goal.txt --constraint 'Use only the "
	    "standard library'\n"
	    "echo 'What is 2**64?' | sallyport run - --output-format json",
	.options = options, .noptions = nitems(options), .run = run_verb
};
