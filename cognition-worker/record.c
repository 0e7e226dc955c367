/*
 * record.c: writes a turn of the model down as a line that replay can play.
 * Runs in: cognition-worker.
 * Input: a turn, bounded and clean.
 */
#include <sodium.h>
#include <string.h>

#include "cognition-worker/replay.h"
#include "ipc/util.h"

static json_t *
hex(const uint8_t digest[32])
{
	char text[65];

	sodium_bin2hex(text, sizeof(text), digest, 32);
	return json_string(text);
}

static json_t *
past_json(const struct history *h)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < h->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:o, s:b}",
		    "tool", h->calls[i].tool,
		    "arguments", hex(h->calls[i].arguments),
		    "ok", h->calls[i].ok));
	return list;
}

static json_t *
reply_json(const struct turn *turn)
{
	json_t *calls = json_array();
	const struct call *c;
	size_t i;

	for (i = 0; i < turn->ncalls; i++) {
		c = &turn->calls[i];
		json_array_append_new(calls, json_pack("{s:s, s:s, s:s}",
		    "id", c->id, "name", c->name,
		    "arguments", c->raw ? c->raw : c->arguments));
	}
	return json_pack("{s:s, s:o, s:s, s:b, s:I, s:I}",
	    "text", turn->text, "calls", calls,
	    "finish", finish_name(turn->finish), "refused", turn->refused,
	    "input_tokens", (json_int_t)turn->input_tokens,
	    "output_tokens", (json_int_t)turn->output_tokens);
}

char *
record_line(const uint8_t task[32], enum step step,
    const struct history *history, const struct turn *turn)
{
	json_t *o = json_pack("{s:o, s:s, s:o, s:o}", "task", hex(task),
	    "step", step_name(step), "after", past_json(history),
	    "reply", reply_json(turn));
	char *line = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	if (line == NULL)
		fatalx("record a turn: text that is not UTF-8");
	return line;
}
