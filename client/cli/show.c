/*
 * show.c: a run's progress on standard error, and one line per event.
 * Runs in: sallyport.
 * Input: bodies of events: texts of models and sandboxes, hostile.
 */
#include <string.h>

#include "client/cli/cli.h"

#define ARGUMENTS_WIDTH	120	/* columns of a call's arguments */
#define RESULT_WIDTH	160
#define RESULT_LINES	6	/* of a command's output */
#define SUMMARY_LINES	4

void
show_init(struct show *s, FILE *out, enum show_level level)
{
	const char *term = getenv("TERM");

	*s = (struct show){ .out = out, .level = level };
	s->terminal = isatty(fileno(out)) &&
	    (term == NULL || strcmp(term, "dumb") != 0);
	s->since = now_mono_ms();
	snprintf(s->step, sizeof(s->step), "starting");
}

void
show_clear(struct show *s)
{
	if (s->waiting)
		fputs("\r\033[K", s->out);
	s->waiting = false;
	if (s->in_text) {
		foreign_end(&s->text, s->out);
		fputc('\n', s->out);
	}
	s->in_text = false;
	fflush(s->out);
}

void
show_waiting(struct show *s)
{
	uint64_t ms = now_mono_ms() - s->since;

	if (!s->terminal || s->in_text || ms < 700)
		return;
	fprintf(s->out, "\r\033[K%s  ... %s, %llu s%s", style(s->out, DIM),
	    s->step, (unsigned long long)(ms / 1000), style(s->out, PLAIN));
	fflush(s->out);
	s->waiting = true;
}

static void
doing(struct show *s, const char *prefix, const struct value *what)
{
	autofree char *text = NULL;

	if (what != NULL && what->type == VALUE_TEXT)
		text = sallyport_escape(what->text.data, what->text.len,
		    false);
	snprintf(s->step, sizeof(s->step), "%s%.40s", prefix,
	    text != NULL ? text : "");
	s->since = now_mono_ms();
}

/* The first lines of a text, indented. */
static void
print_lines(FILE *out, const struct value *v, unsigned most)
{
	const char *at, *end, *stop;

	if (v == NULL || (v->type != VALUE_TEXT && v->type != VALUE_BYTES))
		return;
	at = v->text.data;
	end = at + v->text.len;
	while (at < end && most-- > 0) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		fprintf(out, "      %s", style(out, DIM));
		print_short(out, at, (size_t)(stop - at), RESULT_WIDTH);
		fprintf(out, "%s\n", style(out, PLAIN));
		at = stop < end ? stop + 1 : end;
	}
	if (at < end)
		fprintf(out, "      %s[%zu more bytes]%s\n", style(out, DIM),
		    (size_t)(end - at), style(out, PLAIN));
}

static void
print_map(FILE *out, const struct value *v, size_t width)
{
	autojson struct json j = { 0 };

	json_value(&j, v);
	print_short(out, j.text, j.len, width);
}

/* --- one function per kind of event --- */

static void
show_phase(struct show *s, const struct value *body)
{
	const struct value *phase = value_get(body, "phase");
	int64_t iteration = value_get_int(body, "iteration", 0);

	doing(s, "", phase);
	fprintf(s->out, "%s", style(s->out, BOLD));
	print_value(s->out, phase, false);
	if (iteration > 0)
		fprintf(s->out, " %lld", (long long)iteration);
	fprintf(s->out, "%s\n", style(s->out, PLAIN));
}

static void
show_decided(struct show *s, const struct value *body)
{
	bool allowed = entry_is(body, "verdict", "allow");

	fputs("    ", s->out);
	print_value(s->out, value_get(body, "tool"), false);
	fputc(' ', s->out);
	print_map(s->out, value_get(body, "arguments"), ARGUMENTS_WIDTH);
	fprintf(s->out, "  %s", style(s->out, allowed ? GREEN : RED));
	print_value(s->out, value_get(body, "verdict"), false);
	fputs(style(s->out, PLAIN), s->out);
	if (!allowed) {
		fputs(": ", s->out);
		print_value(s->out, value_get(body, "reason"), false);
	}
	fputc('\n', s->out);
	doing(s, "", value_get(body, "tool"));
}

static void
show_completed(struct show *s, const struct value *body)
{
	const struct value *result = value_get(body, "result");
	bool ok = entry_is(body, "outcome", "ok");
	int64_t code = value_get_int(body, "exit_code", -1);

	fprintf(s->out, "    -> %s", style(s->out, ok ? GREEN : YELLOW));
	print_value(s->out, value_get(body, "outcome"), false);
	fputs(style(s->out, PLAIN), s->out);
	if (code >= 0)
		fprintf(s->out, ", exit %lld", (long long)code);
	fprintf(s->out, ", %lld ms\n",
	    (long long)value_get_int(body, "wall_ms", 0));
	if (value_get(result, "stdout") != NULL ||
	    value_get(result, "stderr") != NULL) {
		print_lines(s->out, value_get(result, "stdout"),
		    RESULT_LINES);
		print_lines(s->out, value_get(result, "stderr"),
		    RESULT_LINES);
	} else if (value_get(result, "message") != NULL) {
		print_lines(s->out, value_get(result, "message"),
		    SUMMARY_LINES);
	} else if (result != NULL && result->type == VALUE_MAP &&
	    result->map.count > 0) {
		fprintf(s->out, "      %s", style(s->out, DIM));
		print_map(s->out, result, RESULT_WIDTH);
		fprintf(s->out, "%s\n", style(s->out, PLAIN));
	}
	doing(s, "waiting", NULL);
}

static void
show_delta(struct show *s, const struct value *body)
{
	const struct value *text = value_get(body, "text");
	bool thinking = entry_is(body, "kind", "thinking");

	if (text == NULL)
		text = value_get(body, "bytes");
	if (s->level == SHOW_tools || entry_is(body, "kind", "tool") ||
	    (thinking && s->level != SHOW_thinking) || text == NULL ||
	    (text->type != VALUE_TEXT && text->type != VALUE_BYTES))
		return;
	if (s->waiting)
		show_clear(s);
	foreign_print(&s->text, s->out, text->text.data, text->text.len);
	fflush(s->out);
	s->in_text = true;
}

static void
show_started(struct show *s, const struct value *body)
{
	fputs("provider ", s->out);
	print_value(s->out, value_get(body, "provider"), false);
	fputs(", model ", s->out);
	print_value(s->out, value_get(body, "model"), false);
	fputs(", sandbox ", s->out);
	print_value(s->out, value_get(body, "sandbox"), false);
	fputc('\n', s->out);
}

static void
show_file(struct show *s, const struct value *body)
{
	fputs("kept ", s->out);
	print_value(s->out, value_get(body, "path"), false);
	fprintf(s->out, ", %lld bytes\n",
	    (long long)value_get_int(body, "size", 0));
}

void
show_event(struct show *s, const struct sallyport_event *e)
{
	if (e->code == EVENT_model_delta) {
		show_delta(s, e->body);
		return;
	}
	if (e->code == EVENT_tool_output || e->code == EVENT_tool_requested)
		return;
	show_clear(s);
	if (e->code == EVENT_run_started)
		show_started(s, e->body);
	else if (e->code == EVENT_phase_started)
		show_phase(s, e->body);
	else if (e->code == EVENT_phase_completed &&
	    !entry_is(e->body, "phase", "act"))
		print_lines(s->out, value_get(e->body, "summary"),
		    SUMMARY_LINES);
	else if (e->code == EVENT_tool_decided)
		show_decided(s, e->body);
	else if (e->code == EVENT_tool_completed)
		show_completed(s, e->body);
	else if (e->code == EVENT_file_recorded)
		show_file(s, e->body);
	fflush(s->out);
}

void
show_line(FILE *out, uint64_t seq, const char *ts, const char *type,
    const struct value *body)
{
	autojson struct json j = { 0 };

	fprintf(out, "%4llu %s %s", (unsigned long long)seq, ts,
	    style(out, BOLD));
	print_foreign(out, type, strlen(type), false);
	fprintf(out, "%s ", style(out, PLAIN));
	json_value(&j, body);
	fprintf(out, "%s\n", j.text);
}
