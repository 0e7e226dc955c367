/*
 * search.c: runs search: which runs fit, by what they were for, how they
 * ended, what they called and what was said in them.
 * Runs in: sallyport.
 * Input: rows of the record, hostile texts; they are compared, then printed
 * as runs list does.
 *
 * --tool and --text need the events of each run that fits otherwise: those
 * rows are kept, and looked at one after the other.
 */
#include <fnmatch.h>
#include <string.h>

#include "client/cli/cli.h"

#define KEPT_MOST	100000u		/* rows that wait to be looked into */

struct search {
	struct period	 period;
	const char	*task, *status, *tool, *text;
	uint64_t	 limit, found;
	struct pack	*kept;		/* owned: [count], rows as msgpack */
	size_t		 count;
	bool		 fits;		/* the run that is looked into */
};

static bool
text_is(const struct value *row, const char *key, const char *wanted)
{
	return value_is_text(value_get(row, key), wanted);
}

static bool
row_fits(const struct search *s, const struct value *row)
{
	autofree char *goal = value_get_text(row, "goal");
	int64_t at = value_get_int(row, "started", 0);

	if ((uint64_t)at < s->period.since || (uint64_t)at >= s->period.until)
		return false;
	if (s->task != NULL && (goal == NULL ||
	    fnmatch(s->task, goal, 0) != 0))
		return false;
	return s->status == NULL || text_is(row, "status", s->status) ||
	    text_is(row, "stop_reason", s->status);
}

static int
found(struct cli *cli, struct search *s, const struct value *row)
{
	if (s->limit != 0 && s->found >= s->limit)
		return 0;
	s->found++;
	runs_print(cli, row);
	return 0;
}

static int
search_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	struct search *s = arg;

	if (!row_fits(s, e->body))
		return 0;
	if (s->tool == NULL && s->text == NULL)
		return found(cli, s, e->body);
	if (s->count == KEPT_MOST)
		return fail_with(cli, EXIT_data, ERROR_none, "more than %u "
		    "runs would have to be looked into: narrow the search "
		    "with --since, --until or --task", KEPT_MOST);
	s->kept = xrealloc(s->kept, (s->count + 1) * sizeof(*s->kept));
	pack_init(&s->kept[s->count], 64 * 1024);
	value_pack(&s->kept[s->count++], e->body);
	return 0;
}

/* Is the text anywhere in it? */
static bool
holds(const struct value *v, const char *text)
{
	if (v->type == VALUE_TEXT || v->type == VALUE_BYTES)
		return memmem(v->text.data, v->text.len, text,
		    strlen(text)) != NULL;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.count; i++)
		if (holds(&v->list.items[i], text))
			return true;
	for (size_t i = 0; v->type == VALUE_MAP && i < v->map.count; i++)
		if (holds(&v->map.pairs[i].value, text))
			return true;
	return false;
}

static int
search_event(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	const struct value *body = value_get(e->body, "body");
	struct search *s = arg;
	bool called = s->tool == NULL || (text_is(e->body, "type",
	    "tool.decided") && text_is(body, "tool", s->tool));

	(void)cli;
	if (called && body != NULL && (s->text == NULL ||
	    holds(body, s->text)))
		s->fits = true;
	return 0;
}

static int
look_into(struct cli *cli, struct search *s, const struct pack *kept)
{
	struct sallyport_question q = { .kind = SALLYPORT_EVENTS };
	autovalue struct value *row = NULL;
	autofree char *run = NULL;
	const char *why;
	int status;

	row = value_decode(kept->data, kept->len, &why);
	run = value_get_text(row, "run");
	if (run == NULL)
		return 0;
	q.run = run;
	s->fits = false;
	status = rows(cli, &q, search_event, s);
	return status == 0 && s->fits ? found(cli, s, row) : status;
}

static int
runs_search(struct cli *cli)
{
	struct sallyport_question q = { .kind = SALLYPORT_RUNS };
	struct search s = {
		.task = arg_text(&cli->args, "task"),
		.status = arg_text(&cli->args, "status"),
		.tool = arg_text(&cli->args, "tool"),
		.text = arg_text(&cli->args, "text"),
		.limit = arg_number(&cli->args, "limit", 0),
	};
	int status = period_read(cli, &s.period);

	if (status == 0)
		status = cli_connect(cli);
	if (status == 0)
		status = rows(cli, &q, search_row, &s);
	for (size_t i = 0; i < s.count; i++) {
		if (status == 0)
			status = look_into(cli, &s, &s.kept[i]);
		pack_clear(&s.kept[i]);
	}
	free(s.kept);
	return output_end(cli, status);
}

static const struct option_row search_options[] = {
	{ "task", 0, OPT_text, "GLOB", 0,
	    "runs whose goal fits, as in '*primes*'" },
	{ "since", 0, OPT_text, "TIME", 0,
	    "started from then on: 2026-01-31, 2026-01-31T12:00:00Z, 7d" },
	{ "until", 0, OPT_text, "TIME", 0, "started before then" },
	{ "status", 0, OPT_text, "WORD", 0,
	    "running, finished, failed, cancelled, or a stop reason" },
	{ "tool", 0, OPT_text, "NAME", 0, "runs that asked for this tool" },
	{ "text", 0, OPT_text, "TEXT", 0,
	    "runs with this text in an event (of that tool, with --tool)" },
	{ "limit", 'n', OPT_number, "N", 1000000,
	    "the newest N that fit; 0, or absent, is all" },
};

const struct verb verb_runs_search = {
	.noun = "runs", .name = "search", .operands = "",
	.summary = "list the runs that fit, newest first",
	.example = "sallyport runs search --task '*primes*' --since 7d\n"
	    "sallyport runs search --tool execute_shell --text 'rm -rf'",
	.options = search_options, .noptions = nitems(search_options),
	.run = runs_search
};
