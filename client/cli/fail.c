/*
 * fail.c: saying what went wrong, to people and as JSON.
 * Runs in: sallyport.
 * Input: messages may quote hostile text: they are escaped here.
 */
#include <poll.h>
#include <stdarg.h>
#include <string.h>

#include "client/cli/cli.h"

/* The object of the manual: all seven members, in this order. */
static void
error_json(const struct sallyport_error *e)
{
	autojson struct json j = { 0 };

	json_open(&j, '{');
	json_key(&j, "error");
	json_text(&j, e->name[0] != '\0' ? e->name : NULL);
	json_key(&j, "message");
	json_text(&j, e->message);
	json_key(&j, "exit_code");
	json_int(&j, e->status);
	json_key(&j, "stderr");
	json_nil(&j);
	json_key(&j, "sandbox_id");
	json_nil(&j);
	json_key(&j, "details");
	json_nil(&j);
	json_key(&j, "hint");
	json_text(&j, e->hint[0] != '\0' ? e->hint : NULL);
	json_close(&j, '}');
	print_json(&j);
}

int
fail_error(struct cli *cli, const struct sallyport_error *e)
{
	fflush(stdout);
	fprintf(stderr, "%ssallyport:%s %s%s", style(stderr, RED),
	    style(stderr, PLAIN), e->name, e->name[0] != '\0' ? ": " : "");
	print_foreign(stderr, e->message, strlen(e->message), true);
	fputc('\n', stderr);
	if (e->hint[0] != '\0') {
		fputs("hint: ", stderr);
		print_foreign(stderr, e->hint, strlen(e->hint), false);
		fputc('\n', stderr);
	}
	if (cli->json)
		error_json(e);
	fflush(stdout);
	return e->status > 0 && e->status < 256 ? e->status : EXIT_internal;
}

int
fail_event(struct cli *cli, const struct sallyport_event *event)
{
	struct sallyport_error e = { .status = event->status };

	snprintf(e.name, sizeof(e.name), "%s", event->error);
	snprintf(e.message, sizeof(e.message), "%s", event->message);
	snprintf(e.hint, sizeof(e.hint), "%s", event->hint);
	return fail_error(cli, &e);
}

static void
fill(struct sallyport_error *e, enum error error, const char *fmt, va_list ap)
{
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	if (error == ERROR_none)
		return;
	snprintf(e->name, sizeof(e->name), "%s", error_name(error));
	snprintf(e->hint, sizeof(e->hint), "%s", error_hint(error));
}

static void
hint_at_help(const struct cli *cli, struct sallyport_error *e)
{
	snprintf(e->hint, sizeof(e->hint), "'sallyport %s%s%s --help' shows "
	    "what it takes", cli->args.verb->noun,
	    cli->args.verb->name != NULL ? " " : "",
	    cli->args.verb->name != NULL ? cli->args.verb->name : "");
}

int
fail_usage(struct cli *cli, const char *fmt, ...)
{
	struct sallyport_error e = { .status = EXIT_usage };
	va_list ap;

	va_start(ap, fmt);
	fill(&e, ERROR_none, fmt, ap);
	va_end(ap);
	hint_at_help(cli, &e);
	return fail_error(cli, &e);
}

int
fail_with(struct cli *cli, int status, enum error error, const char *fmt, ...)
{
	struct sallyport_error e = { .status = status };
	va_list ap;

	va_start(ap, fmt);
	fill(&e, error, fmt, ap);
	va_end(ap);
	if (status == EXIT_data && error == ERROR_none)
		hint_at_help(cli, &e);
	return fail_error(cli, &e);
}

int
output_end(struct cli *cli, int status)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	/* Whoever read has had enough: 'sallyport logs RUN | head'. */
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLERR))
		return status;
	clearerr(stdout);	/* said once is enough */
	return status != 0 ? status : fail_with(cli, EXIT_record, ERROR_none,
	    "standard output could not be written");
}

bool
run_name_ok(const char *name)
{
	size_t len = strlen(name);

	return len >= 4 && len <= 36 &&
	    strspn(name, "0123456789abcdefABCDEF-") == len;
}

int
cli_connect(struct cli *cli)
{
	struct sallyport_options o = {
		.state_dir = arg_text(&cli->args, "state-dir"),
		.config = arg_text(&cli->args, "config")
	};
	const struct sallyport_server *s;
	struct sallyport_error e;

	cli->h = sallyport_connect(&o, &e);
	if (cli->h == NULL)
		return fail_error(cli, &e);
	s = sallyport_server(cli->h);
	if (o.config != NULL && !s->started)
		fprintf(stderr, "sallyport: a supervisor already runs with "
		    "the configuration it was started with; -c KEY=VALUE "
		    "applies to this command\n");
	if (s->started && s->notice[0] != '\0') {
		fputs("sallyport: ", stderr);
		print_foreign(stderr, s->notice, strlen(s->notice), false);
		fputc('\n', stderr);
	}
	return 0;
}
