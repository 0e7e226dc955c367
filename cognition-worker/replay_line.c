/*
 * replay_line.c: reads one line of a replay file and says whether it fits.
 * Runs in: cognition-worker.
 * Input: a replay file that a client sent: hostile.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cognition-worker/json.h"
#include "cognition-worker/replay.h"
#include "cognition-worker/task.h"
#include "ipc/util.h"
#include "ipc/value.h"

static int
from_hex(const json_t *j, uint8_t digest[32])
{
	size_t len;

	if (!json_is_string(j) || json_string_length(j) != 64 ||
	    sodium_hex2bin(digest, 32, json_string_value(j), 64, NULL, &len,
	    NULL) == -1 || len != 32)
		return -1;
	return 0;
}

static int
read_task(const json_t *task, uint8_t digest[32])
{
	autovalue struct value *map = NULL;
	const char *why;
	struct pack p;

	if (!json_is_object(task))
		return from_hex(task, digest);
	pack_init(&p, JSON_BYTES);
	json_pack_value(&p, task);
	map = value_decode(p.data, p.len, &why);
	pack_clear(&p);
	if (map == NULL)
		return -1;
	task_digest(map, digest);
	return 0;
}

static int
read_arguments(const json_t *arguments, uint8_t digest[32])
{
	struct pack p;

	if (!json_is_object(arguments))
		return from_hex(arguments, digest);
	pack_init(&p, JSON_BYTES);
	json_pack_value(&p, arguments);
	crypto_hash_sha256(digest, p.data, p.len);
	pack_clear(&p);
	return 0;
}

/* One call before the turn: does it match what was really called? */
static enum fit
fit_call(const json_t *j, const struct past *past, size_t number,
    char why[512])
{
	const char *tool = json_string_value(json_object_get(j, "tool"));
	const json_t *ok = json_object_get(j, "ok");
	uint8_t digest[32];

	if (tool == NULL || !json_is_boolean(ok) ||
	    read_arguments(json_object_get(j, "arguments"), digest) == -1) {
		snprintf(why, 512, "call %zu in `after` is not {tool, "
		    "arguments, ok}", number);
		return FIT_BROKEN;
	}
	if (strcmp(tool, past->tool) != 0)
		snprintf(why, 512, "call %zu was %s, but %.64s when the turn "
		    "was recorded", number, past->tool, tool);
	else if (memcmp(digest, past->arguments, 32) != 0)
		snprintf(why, 512, "call %zu (%s) had other arguments when "
		    "the turn was recorded", number, past->tool);
	else if (json_is_true(ok) != past->ok)
		snprintf(why, 512, "call %zu (%s) %s now, but %s when the "
		    "turn was recorded", number, past->tool,
		    past->ok ? "succeeded" : "failed",
		    past->ok ? "failed" : "succeeded");
	else
		return FIT;
	return FIT_OTHER_CALLS;
}

static enum fit
fit_calls(const json_t *after, const struct history *h, char why[512])
{
	enum fit fit = FIT;
	size_t i, n = json_array_size(after);

	if (after != NULL && !json_is_array(after)) {
		snprintf(why, 512, "`after` is not a list");
		return FIT_BROKEN;
	}
	for (i = 0; i < n && i < h->count && fit == FIT; i++)
		fit = fit_call(json_array_get(after, i), &h->calls[i], i + 1,
		    why);
	if (fit == FIT && n != h->count) {
		snprintf(why, 512, "%zu calls were made before it, but %zu "
		    "when the turn was recorded", h->count, n);
		fit = FIT_OTHER_CALLS;
	}
	return fit;
}

enum fit
replay_fit(const json_t *line, const uint8_t task[32], enum step step,
    const struct history *history, char why[512])
{
	const char *name = json_string_value(json_object_get(line, "step"));
	uint8_t digest[32];

	if (read_task(json_object_get(line, "task"), digest) == -1 ||
	    name == NULL || !json_is_object(json_object_get(line, "reply"))) {
		snprintf(why, 512, "it is not an object {task, step, after, "
		    "reply}");
		return FIT_BROKEN;
	}
	if (memcmp(digest, task, 32) != 0) {
		snprintf(why, 512, "it was recorded for another task");
		return FIT_OTHER_TASK;
	}
	if (strcmp(name, step_name(step)) != 0) {
		snprintf(why, 512, "it was recorded for the step %.16s, not "
		    "%s", name, step_name(step));
		return FIT_OTHER_STEP;
	}
	return fit_calls(json_object_get(line, "after"), history, why);
}

static int
reply_call(const json_t *j, struct call *call, size_t number)
{
	const json_t *arguments = json_object_get(j, "arguments");
	autofree char *text = NULL;

	if (!json_is_object(j) || !json_is_string(json_object_get(j, "name")))
		return -1;
	if (json_is_object(arguments))
		text = json_dumps(arguments, JSON_COMPACT |
		    JSON_REAL_PRECISION(17));
	else
		text = json_text(arguments);
	if (text == NULL)
		return -1;
	call_read(call, json_string_value(json_object_get(j, "id")),
	    json_string_value(json_object_get(j, "name")), text, number);
	return 0;
}

int
replay_reply(const json_t *line, struct turn *turn)
{
	const json_t *reply = json_object_get(line, "reply");
	const json_t *calls = json_object_get(reply, "calls"), *call;
	const char *end = json_string_value(json_object_get(reply, "finish"));
	size_t i;

	if (json_array_size(calls) > CALLS_MAX)
		return snprintf(turn->why, sizeof(turn->why),
		    "it has more than %d calls", CALLS_MAX), -1;
	turn->calls = xcalloc(json_array_size(calls) + 1,
	    sizeof(*turn->calls));
	json_array_foreach(calls, i, call) {
		if (reply_call(call, &turn->calls[i], i + 1) == -1)
			return snprintf(turn->why, sizeof(turn->why),
			    "call %zu of its reply is not {id, name, "
			    "arguments}", i + 1), -1;
		turn->ncalls++;
	}
	turn->text = json_text(json_object_get(reply, "text"));
	turn->refused = json_is_true(json_object_get(reply, "refused"));
	turn->finish = end != NULL ? finish_find(end) :
	    turn->ncalls > 0 ? FINISH_calls : FINISH_stop;
	turn->input_tokens = json_tokens(reply, "input_tokens");
	turn->output_tokens = json_tokens(reply, "output_tokens");
	return 0;
}
