/*
 * run_end.c: the last word of a run: answer, usage, where the record is.
 * Runs in: sallyport.
 * Input: the final object of the judge; answer and errors are hostile text.
 */
#include <string.h>

#include "client/cli/run.h"

/* The object of the manual, its members in the manual's order. */
static void
print_object(const struct sallyport_event *e)
{
	static const char *const members[] = {
		"run", "status", "stop_reason", "result", "iterations",
		"usage", "tool_calls", "duration_ms", "error", NULL
	};
	const struct value *v;
	autojson struct json j = { 0 };

	json_open(&j, '{');
	for (size_t i = 0; members[i] != NULL; i++) {
		v = value_get(e->body, members[i]);
		json_key(&j, members[i]);
		if (v == NULL && i == 0)
			json_text(&j, e->run);
		else if (v == NULL && i == 2)
			json_text(&j, e->stop);
		else
			json_value(&j, v);
	}
	json_members(&j, e->body, members);
	json_close(&j, '}');
	print_json(&j);
}

static void
print_usage(const struct value *body)
{
	const struct value *usage = value_get(body, "usage");

	fprintf(stderr, "%lld iterations, %lld tool calls, %.1f s, "
	    "%lld input and %lld output tokens\n",
	    (long long)value_get_int(body, "iterations", 0),
	    (long long)value_get_int(body, "tool_calls", 0),
	    (double)value_get_int(body, "duration_ms", 0) / 1000,
	    (long long)value_get_int(usage, "input_tokens", 0),
	    (long long)value_get_int(usage, "output_tokens", 0));
}

/* Which options lead a later command to the same record. */
static void
print_record(struct cli *cli, const char *run)
{
	const char *dir = arg_text(&cli->args, "state-dir");

	fprintf(stderr, "record: sallyport runs show %s%s%s\n"
	    "files:  sallyport files list %s%s%s\n", run,
	    dir != NULL ? " --state-dir " : "", dir != NULL ? dir : "", run,
	    dir != NULL ? " --state-dir " : "", dir != NULL ? dir : "");
}

static void
print_error(const struct value *error, const struct sallyport_event *e)
{
	static const char *const shown[] = { "message", "hint" };
	const struct value *v;

	fprintf(stderr, "%ssallyport:%s ", style(stderr, RED),
	    style(stderr, PLAIN));
	v = value_get(error, "error");
	if (v != NULL && v->type == VALUE_TEXT) {
		print_value(stderr, v, false);
		fputs(": ", stderr);
	}
	for (size_t i = 0; i < nitems(shown); i++) {
		v = value_get(error, shown[i]);
		if (v == NULL || v->type != VALUE_TEXT || v->text.len == 0)
			continue;
		fputs(i == 0 ? "" : "hint: ", stderr);
		print_value(stderr, v, i == 0);
		fputc('\n', stderr);
	}
	v = value_get(error, "message");
	if (v == NULL || v->type != VALUE_TEXT || v->text.len == 0)
		fprintf(stderr, "the run ended as %s\n", e->stop);
}

int
run_end(struct cli *cli, const struct plan *p, const char *provider,
    const struct sallyport_event *e)
{
	const struct value *result = value_get(e->body, "result");

	if (p->format == FORMAT_text && result != NULL &&
	    result->type != VALUE_NIL) {
		print_value(stdout, result, true);
		putchar('\n');
		fflush(stdout);
	}
	if (p->format == FORMAT_json)
		print_object(e);
	fprintf(stderr, "%s%s%s: ", style(stderr, e->status == 0 ? GREEN :
	    YELLOW), e->stop, style(stderr, PLAIN));
	print_usage(e->body);
	if (e->status != 0)
		print_error(value_get(e->body, "error"), e);
	print_record(cli, e->run);
	if (strcmp(provider, "replay") == 0)
		fputs("These were recorded turns. For a real model set "
		    "OPENAI_API_KEY, and OPENAI_BASE_URL for a server other "
		    "than OpenAI's.\n", stderr);
	return e->status < 256 ? e->status : EXIT_internal;
}
