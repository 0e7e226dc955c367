/*
 * replay.c: the provider that plays recorded turns; it needs no network.
 * Runs in: cognition-worker.
 * Input: a replay file that a client sent: hostile.
 */
#include "cognition-worker/replay.h"

#include <stdio.h>
#include <string.h>

#include "cognition-worker/cognition.h"
#include "cognition-worker/json.h"
#include "ipc/util.h"

struct line {
	const char	*text;		/* borrowed from the file */
	size_t		 len;
	size_t		 number;	/* from 1 */
	bool		 played;
};

struct replay {
	struct provider	 provider;
	struct line	*lines;		/* owned */
	size_t		 count;
	bool		 built_in;	/* nothing was given to play */
};

/* The file is mapped for as long as the run lasts; lines point into it. */
static void
split_lines(struct replay *r, const char *data, size_t len)
{
	const char *end;
	size_t number = 0, cap = 0, n;

	while (len > 0) {
		end = memchr(data, '\n', len);
		n = end == NULL ? len : (size_t)(end - data);
		number++;
		if (n > 0 && data[0] != '\r') {
			if (r->count == cap) {
				cap = cap > 0 ? 2 * cap : 64;
				r->lines = xrealloc(r->lines,
				    cap * sizeof(*r->lines));
			}
			r->lines[r->count++] = (struct line){ data, n, number,
			    false };
		}
		n += end != NULL;
		data += n;
		len -= n;
	}
}

static void
replay_free(struct provider *p)
{
	struct replay *r = (struct replay *)p;

	free(r->lines);
	free(r);
}

/* Nothing fits: say what came nearest. */
static enum turned
no_fit(const struct replay *r, const struct wish *wish, struct turn *turn,
    const char *nearest)
{
	snprintf(turn->why, sizeof(turn->why), "no recorded turn fits the "
	    "step %s of iteration %u: %.700s", step_name(wish->step),
	    wish->iteration, nearest);
	snprintf(turn->hint, sizeof(turn->hint), "%s", r->built_in ?
	    "the built-in recording knows one task only; set OPENAI_API_KEY "
	    "(and OPENAI_BASE_URL) for a real model, or use --replay FILE" :
	    "record this task again with --record FILE and a real model");
	return TURN_FAILED;
}

static enum turned
broken_line(const struct line *line, struct turn *turn, const char *why)
{
	char text[600];

	text_escape(text, sizeof(text), why, strlen(why));
	turn_clear(turn);
	snprintf(turn->why, sizeof(turn->why), "line %zu of the replay file "
	    "is broken: %s", line->number, text);
	snprintf(turn->hint, sizeof(turn->hint),
	    "write it again with --record FILE");
	return TURN_FAILED;
}

/* TURN_OK if it was played, TURN_FAILED if broken; else *fit says why not. */
static enum turned
try_line(struct replay *r, struct line *line, const struct wish *wish,
    struct turn *turn, enum fit *fit, char why[512])
{
	struct run *run = r->provider.run;
	json_t *j = json_parse(line->text, line->len, false, why, 512);
	enum turned status = TURN_FAILED;

	*fit = j == NULL ? FIT_BROKEN : replay_fit(j, run->task.digest,
	    wish->step, &run->history, why);
	if (*fit == FIT && replay_reply(j, turn) == 0) {
		line->played = true;
		status = TURN_OK;
	} else if (*fit == FIT) {
		*fit = FIT_BROKEN;
		snprintf(why, 512, "%.500s", turn->why);
	}
	json_decref(j);
	return status;
}

static enum turned
replay_turn(struct provider *p, const struct conversation *c,
    const struct wish *wish, struct turn *turn)
{
	struct replay *r = (struct replay *)p;
	char why[512], nearest[512];
	enum fit fit, best = FIT_BROKEN;
	size_t i;

	(void)c;
	snprintf(nearest, sizeof(nearest), "%s", r->count == 0 ?
	    "the recording is empty" : "the recording has no further turn");
	for (i = 0; i < r->count; i++) {
		if (r->lines[i].played)
			continue;
		if (try_line(r, &r->lines[i], wish, turn, &fit, why) ==
		    TURN_OK)
			return TURN_OK;
		if (fit == FIT_BROKEN)
			return broken_line(&r->lines[i], turn, why);
		/* The first line of the nearest kind explains it best. */
		if (best == FIT_BROKEN || fit > best) {
			best = fit;
			snprintf(nearest, sizeof(nearest), "line %zu: %.480s",
			    r->lines[i].number, why);
		}
	}
	return no_fit(r, wish, turn, nearest);
}

struct provider *
replay_new(struct run *run, struct turn *why)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	struct blob *file = &run->start.replay;

	r->provider = (struct provider){ "replay", replay_turn, replay_free,
	    run };
	if (file->len == 0) {
		r->built_in = true;
		split_lines(r, (const char *)replay_primes,
		    replay_primes_len);
	} else if (blob_map(file) == -1) {
		snprintf(why->why, sizeof(why->why),
		    "the replay file cannot be read");
		free(r);
		return NULL;
	} else
		split_lines(r, (const char *)file->data, file->len);
	return &r->provider;
}
