/*
 * exec.c: sandbox exec: one command in a sandbox, its output as it comes.
 * Runs in: sallyport.
 * Input: output of the command: escaped on a terminal, passed on elsewhere.
 */
#include <errno.h>
#include <string.h>

#include "client/cli/sandbox.h"

#define INPUT_MAX	(64u << 20)	/* bytes */
#define CLOSE_TIME	3000		/* ms that closing may take */

/* Both streams of a command, each with its terminal or without. */
struct outputs {
	FILE		*file[2];	/* stdout, stderr */
	bool		 terminal[2];
	struct foreign	 cut[2];
	bool		 quiet;		/* the whole result follows as JSON */
};

static void
outputs_init(struct outputs *o, bool quiet)
{
	*o = (struct outputs){ .file = { stdout, stderr }, .quiet = quiet };
	for (size_t i = 0; i < 2; i++)
		o->terminal[i] = isatty(fileno(o->file[i]));
}

/* 0, or -1 if the reader has gone. */
static int
outputs_write(struct outputs *o, const struct sallyport_event *e)
{
	size_t i = e->source == 2;
	const char *data = e->data;
	size_t left = e->len;
	ssize_t n;

	if (o->quiet)
		return 0;
	if (o->terminal[i]) {
		foreign_print(&o->cut[i], o->file[i], data, left);
		return fflush(o->file[i]) == 0 ? 0 : -1;
	}
	for (; left > 0; data += n, left -= (size_t)n) {
		n = write(fileno(o->file[i]), data, left);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == -1)
			return -1;
	}
	return 0;
}

static void
outputs_end(struct outputs *o)
{
	for (size_t i = 0; i < 2; i++)
		foreign_end(&o->cut[i], o->file[i]);
	fflush(stdout);
}

/* Failures of ours are told apart from the command's own status. */
static int
ours(int status)
{
	return status == EXIT_denied || status == EXIT_config ||
	    status == EXIT_usage || status == stop_status(STOP_cancelled) ?
	    status : EXIT_ours;
}

static void
print_result(const char *id, const struct sallyport_event *e)
{
	static const char *const written[] = {
		"sandbox", "outcome", "timed_out", NULL
	};
	autojson struct json j = { 0 };

	json_open(&j, '{');
	json_key(&j, "sandbox");
	json_text(&j, id);
	json_key(&j, "outcome");
	json_text(&j, e->outcome);
	json_key(&j, "timed_out");
	json_bool(&j, e->timed_out);
	json_members(&j, e->body, written);
	json_close(&j, '}');
	print_json(&j);
}

static void
print_failure(const struct sallyport_event *e)
{
	const struct value *message = value_get(e->body, "message");
	const struct value *hint = value_get(e->body, "hint");

	fprintf(stderr, "sallyport: %s: ", e->error);
	if (message != NULL && message->type == VALUE_TEXT)
		print_value(stderr, message, true);
	else
		fputs(e->outcome, stderr);
	fputs("\nhint: ", stderr);
	if (hint != NULL && hint->type == VALUE_TEXT)
		print_value(stderr, hint, false);
	else
		fputs(e->hint, stderr);
	fputc('\n', stderr);
}

/* The command's own status, or one of ours with its named error. */
static int
exited(struct cli *cli, const char *id, const struct sallyport_event *e)
{
	bool ran = e->exit_code >= 0 || e->signal > 0;

	if (cli->json)
		print_result(id, e);
	if (e->error[0] != '\0' && (!ran || e->timed_out ||
	    strcmp(e->error, error_name(ERROR_SandboxExecutionError)) != 0))
		print_failure(e);
	if (e->timed_out)
		return error_status(ERROR_SandboxTimeoutError);
	if (e->signal > 0 && e->signal < 128)
		return 128 + (int)e->signal;
	if (e->exit_code >= 0 && e->exit_code < 256)
		return (int)e->exit_code;
	return ours(e->status);
}

/* Follow the call to its end: the exit status. */
static int
follow(struct cli *cli, uint64_t request, const char *id)
{
	const struct sallyport_event *e;
	struct outputs o;
	int status = -1;

	outputs_init(&o, cli->json);
	while (status == -1) {
		status = sandbox_answer(cli, request, &e);
		if (status != -1)
			status = ours(status);
		else if (e->kind == SALLYPORT_EXITED) {
			outputs_end(&o);
			return exited(cli, id, e);
		} else if (e->kind == SALLYPORT_OUTPUT &&
		    outputs_write(&o, e) == -1)
			status = errno == EPIPE ? 128 + 13 : ours(fail_with(
			    cli, EXIT_record, ERROR_none, "write output: %s",
			    strerror(errno)));
	}
	outputs_end(&o);
	return status;
}

/* It ends with our connection anyway; waiting leaves nothing behind. */
static void
close_own(struct cli *cli, const char *id)
{
	const struct sallyport_event *e;
	uint64_t request = sallyport_sandbox_close(cli->h, id);
	uint64_t until = now_mono_ms() + CLOSE_TIME;
	unsigned before = signals_seen();

	while (request != 0 && now_mono_ms() < until &&
	    signals_seen() == before) {
		if (sallyport_next(cli->h, 100, &e) == -1)
			return;
		if (e != NULL && e->request == request)
			return;
	}
}

static int
execute(struct cli *cli, const char *id, const struct content *input)
{
	struct sallyport_exec x = {
		.sandbox = id,
		.argv = cli->args.operands,
		.argc = (size_t)cli->args.noperands,
		.working_dir = arg_text(&cli->args, "working-dir"),
		.timeout = (uint32_t)arg_number(&cli->args, "timeout", 0),
		.input = input->data,
		.input_len = input->len
	};
	uint64_t request = sallyport_exec(cli->h, &x);

	if (request == 0)
		return ours(fail_error(cli, sallyport_last_error(cli->h)));
	return follow(cli, request, id);
}

static int
exec_in(struct cli *cli, const struct content *input)
{
	const char *in = arg_text(&cli->args, "in");
	const struct sallyport_event *e;
	char id[37];
	int status;

	if (in != NULL) {
		if (!run_name_ok(in))
			return fail_usage(cli, "--in takes the id that "
			    "'sandbox open' printed");
		if (arg_text(&cli->args, "sandbox") != NULL ||
		    arg_text(&cli->args, "set") != NULL)
			return fail_usage(cli, "--sandbox and -c are for a "
			    "new sandbox, --in names an open one");
		status = cli_connect(cli);
		return status != 0 ? ours(status) : execute(cli, in, input);
	}
	status = sandbox_new(cli, false, &e);
	if (status != -1)
		return ours(status);
	snprintf(id, sizeof(id), "%s", e->run);
	status = execute(cli, id, input);
	close_own(cli, id);
	return status;
}

static int
sandbox_exec(struct cli *cli)
{
	struct content input = { 0 };
	char why[512];
	int status;

	signals_catch();
	if (arg_flag(&cli->args, "stdin") &&
	    content_read("-", INPUT_MAX, &input, why, sizeof(why)) == -1)
		return ours(fail_with(cli, EXIT_data, ERROR_none, "%s", why));
	status = exec_in(cli, &input);
	content_clear(&input);
	return status;
}

static const struct option_row options[] = {
	{ "in", 0, OPT_text, "ID", 0,
	    "use an open sandbox; else one is made for this command" },
	{ "timeout", 0, OPT_seconds, "SECONDS", 86400,
	    "kill the command and all it started after that time" },
	{ "stdin", 0, OPT_flag, NULL, 0,
	    "pass standard input on, read to its end first (64 MiB at most)" },
	{ "working-dir", 0, OPT_text, "DIR", 0,
	    "directory in the sandbox; the work directory if absent" },
	{ "sandbox", 0, OPT_choice, "auto|native", 0,
	    "what kind of sandbox to make" },
	{ "set", 'c', OPT_text, "KEY=VALUE", 0,
	    "a configuration value for the sandbox that is made" },
};

const struct verb verb_sandbox_exec = {
	.noun = "sandbox", .name = "exec", .command = true,
	.operands = "-- COMMAND [ARGUMENT]...", .least = 1, .most = -1,
	.summary = "run one command in a sandbox; ends with its exit status",
	.example = "sallyport sandbox exec -- python3 -c 'print(2**64)'\n"
	    "echo data | sallyport sandbox exec --stdin -- wc -c\n"
	    "sallyport sandbox exec --in \"$id\" --timeout 5 -- ls -l",
	.options = options, .noptions = nitems(options), .run = sandbox_exec
};
