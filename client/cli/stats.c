/*
 * stats.c: runs stats: how many, how they ended, what they took.
 * Runs in: sallyport.
 * Input: rows of the record and its events, hostile texts; numbers are added
 * up, so memory does not grow with the record.
 */
#include <inttypes.h>
#include <string.h>

#include "client/cli/audit.h"
#include "client/cli/cli.h"

#define TOOLS_MOST	256	/* names that are told apart */

struct spread {
	uint64_t	 count, sum, most;
};

struct tool_stats {
	char		 name[65];
	uint64_t	 calls, not_ok;
	struct spread	 wall;		/* ms */
};

struct stats {
	struct period	 period;
	uint64_t	 runs, running, finished, sandboxes;
	uint64_t	 stops[STOP_COUNT];
	struct spread	 duration, iterations, calls;
	uint64_t	 input_tokens, output_tokens;
	struct tool_stats tools[TOOLS_MOST];
	size_t		 ntools;
};

static void
spread_add(struct spread *s, int64_t n)
{
	if (n < 0)
		return;
	s->count++;
	s->sum += (uint64_t)n;
	if ((uint64_t)n > s->most)
		s->most = (uint64_t)n;
}

static double
mean(const struct spread *s)
{
	return s->count == 0 ? 0 : (double)s->sum / (double)s->count;
}

static bool
inside(const struct stats *s, uint64_t at)
{
	return at >= s->period.since && at < s->period.until;
}

/* --- runs --- */

static void
count_end(struct stats *s, const struct value *row)
{
	const struct value *reason = value_get(row, "stop_reason");
	int64_t ended = value_get_int(row, "ended", -1);

	if (value_is_text(value_get(row, "status"), "running")) {
		s->running++;
		return;
	}
	for (enum stop stop = 0; stop < STOP_COUNT; stop++)
		if (value_is_text(reason, stop_name(stop)))
			s->stops[stop]++;
	s->finished += value_is_text(reason, stop_name(STOP_finished));
	spread_add(&s->iterations, value_get_int(row, "iterations", -1));
	spread_add(&s->calls, value_get_int(row, "tool_calls", -1));
	if (ended >= 0)
		spread_add(&s->duration, ended -
		    value_get_int(row, "started", ended));
}

static int
stats_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	struct stats *s = arg;

	(void)cli;
	if (!inside(s, (uint64_t)value_get_int(e->body, "started", 0)))
		return 0;
	/* A sandbox without a model is kept as a run, too. */
	if (value_is_text(value_get(e->body, "provider"), "")) {
		s->sandboxes++;
		return 0;
	}
	s->runs++;
	count_end(s, e->body);
	return 0;
}

/* --- events --- */

static void
count_call(struct stats *s, const struct value *body)
{
	autofree char *name = value_get_text(body, "tool");
	struct tool_stats *t = s->tools;

	if (name == NULL)
		return;
	while (t < s->tools + s->ntools && strncmp(t->name, name, 64) != 0)
		t++;
	if (t == s->tools + s->ntools) {
		if (s->ntools == TOOLS_MOST)
			return;
		s->ntools++;
		snprintf(t->name, sizeof(t->name), "%.64s", name);
	}
	t->calls++;
	t->not_ok += !value_is_text(value_get(body, "outcome"), "ok");
	spread_add(&t->wall, value_get_int(body, "wall_ms", 0));
}

static int
stats_event(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	const struct value *bytes = value_get(e->body, "event"), *usage;
	autovalue struct value *body = NULL;
	struct stats *s = arg;
	struct audit_event event;
	const char *why;

	(void)cli;
	if (bytes == NULL || bytes->type != VALUE_BYTES ||
	    audit_event_read(&event, (const uint8_t *)bytes->text.data,
	    bytes->text.len) == -1 || !inside(s, event.at) ||
	    (event.type != EVENT_tool_completed &&
	    event.type != EVENT_run_completed))
		return 0;
	body = value_decode(event.body, event.body_len, &why);
	if (event.type == EVENT_tool_completed) {
		count_call(s, body);
		return 0;
	}
	usage = value_get(body, "usage");
	s->input_tokens += (uint64_t)value_get_int(usage, "input_tokens", 0);
	s->output_tokens += (uint64_t)value_get_int(usage, "output_tokens", 0);
	return 0;
}

/* --- telling --- */

static void
json_ratio(struct json *j, double n)
{
	const struct value v = { .type = VALUE_REAL, .real = n };

	json_value(j, &v);
}

static void
json_spread(struct json *j, const char *key, const struct spread *s)
{
	json_key(j, key);
	json_open(j, '{');
	json_key(j, "mean");
	json_ratio(j, mean(s));
	json_key(j, "max");
	json_uint(j, s->most);
	json_close(j, '}');
}

static void
json_count(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_uint(j, n);
}

static double
rate(const struct stats *s)
{
	uint64_t ended = s->runs - s->running;

	return ended == 0 ? 0 : (double)s->finished / (double)ended;
}

static void
tell_json(const struct stats *s)
{
	autojson struct json j = { 0 };

	json_open(&j, '{');
	json_count(&j, "runs", s->runs);
	json_count(&j, "running", s->running);
	json_count(&j, "sandboxes", s->sandboxes);
	json_key(&j, "success_rate");
	json_ratio(&j, rate(s));
	json_key(&j, "stop_reasons");
	json_open(&j, '{');
	for (enum stop stop = 0; stop < STOP_COUNT; stop++)
		if (s->stops[stop] > 0)
			json_count(&j, stop_name(stop), s->stops[stop]);
	json_close(&j, '}');
	json_spread(&j, "duration_ms", &s->duration);
	json_spread(&j, "iterations", &s->iterations);
	json_spread(&j, "tool_calls", &s->calls);
	json_count(&j, "input_tokens", s->input_tokens);
	json_count(&j, "output_tokens", s->output_tokens);
	json_key(&j, "tools");
	json_open(&j, '[');
	for (size_t i = 0; i < s->ntools; i++) {
		json_open(&j, '{');
		json_key(&j, "tool");
		json_text(&j, s->tools[i].name);
		json_count(&j, "calls", s->tools[i].calls);
		json_count(&j, "not_ok", s->tools[i].not_ok);
		json_spread(&j, "wall_ms", &s->tools[i].wall);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	print_json(&j);
}

static void
tell(const struct stats *s)
{
	printf("runs        %" PRIu64 " (%" PRIu64 " running), and %" PRIu64
	    " sandboxes without a model\n", s->runs, s->running, s->sandboxes);
	printf("success     %.0f %%\n", 100 * rate(s));
	for (enum stop stop = 0; stop < STOP_COUNT; stop++)
		if (s->stops[stop] > 0)
			printf("  %-18s %" PRIu64 "\n", stop_name(stop),
			    s->stops[stop]);
	printf("duration    mean %.1f s, longest %.1f s\n",
	    mean(&s->duration) / 1e3, (double)s->duration.most / 1e3);
	printf("iterations  mean %.1f, most %" PRIu64 "\n",
	    mean(&s->iterations), s->iterations.most);
	printf("tool calls  mean %.1f, most %" PRIu64 "\n", mean(&s->calls),
	    s->calls.most);
	printf("tokens      %" PRIu64 " in, %" PRIu64 " out\n",
	    s->input_tokens, s->output_tokens);
	for (size_t i = 0; i < s->ntools; i++) {
		printf("  ");
		print_short(stdout, s->tools[i].name,
		    strlen(s->tools[i].name), 24);
		printf("  %" PRIu64 " calls, %" PRIu64 " not ok, mean %.1f ms, "
		    "longest %" PRIu64 " ms\n", s->tools[i].calls,
		    s->tools[i].not_ok, mean(&s->tools[i].wall),
		    s->tools[i].wall.most);
	}
}

static int
runs_stats(struct cli *cli)
{
	struct sallyport_question runs = { .kind = SALLYPORT_RUNS };
	struct sallyport_question events = { .kind = SALLYPORT_AUDIT };
	static struct stats s;
	int status = period_read(cli, &s.period);

	if (status == 0)
		status = cli_connect(cli);
	if (status == 0)
		status = rows(cli, &runs, stats_row, &s);
	if (status == 0)
		status = rows(cli, &events, stats_event, &s);
	if (status == 0 && cli->json)
		tell_json(&s);
	else if (status == 0)
		tell(&s);
	return output_end(cli, status);
}

static const struct option_row stats_options[] = {
	{ "since", 0, OPT_text, "TIME", 0,
	    "from then on: 2026-01-31, 2026-01-31T12:00:00Z, 7d" },
	{ "until", 0, OPT_text, "TIME", 0, "before then" },
};

const struct verb verb_runs_stats = {
	.noun = "runs", .name = "stats", .operands = "",
	.summary = "how many runs, how they ended, what they and their tools "
	    "took",
	.example = "sallyport runs stats --since 30d\n"
	    "sallyport runs stats --json | jq .success_rate",
	.options = stats_options, .noptions = nitems(stats_options),
	.run = runs_stats
};
