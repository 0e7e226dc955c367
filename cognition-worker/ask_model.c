/*
 * ask_model.c: one call of the model, as the judge and the record see it.
 * Runs in: cognition-worker.
 * Input: turns of a model, bounded and clean by then.
 */
#include <stdio.h>
#include <string.h>

#include "cognition-worker/cycle.h"
#include "cognition-worker/replay.h"
#include "ipc/util.h"

#define CONVERSATION_MAX	(2u * MiB)	/* bytes sent to a model */

static void
pack_reply(struct pack *p, const struct turn *turn)
{
	const struct call *c;
	size_t i;

	pack_init(p, 16 * MiB);
	pack_map(p, 3);
	pack_key_text(p, "text", turn->text);
	pack_text(p, "calls");
	pack_list(p, turn->ncalls);
	for (i = 0; i < turn->ncalls; i++) {
		c = &turn->calls[i];
		pack_map(p, 3);
		pack_key_text(p, "id", c->id);
		pack_key_text(p, "name", c->name);
		pack_key_text(p, "arguments", c->raw ? c->raw : c->arguments);
	}
	pack_key_text(p, "finish", finish_name(turn->finish));
	if (p->failed)
		fatalx("report a turn: larger than 16 MiB");
}

static void
tell_completed(struct cycle *c, enum step step, const struct turn *turn,
    uint64_t duration)
{
	struct pack p;

	pack_reply(&p, turn);
	run_sent(send_model_completed(&c->run->channel,
	    &(struct model_completed){
		.step = (uint8_t)step,
		.iteration = c->iteration,
		.reply = BLOB(p.data, p.len),
		.input_tokens = turn->input_tokens,
		.output_tokens = turn->output_tokens,
		.duration = duration }));
	pack_clear(&p);
}

static void
tell_recorded(struct cycle *c, enum step step, const struct turn *turn)
{
	struct run *run = c->run;
	autofree char *line = NULL;

	if (!run->start.record)
		return;
	line = record_line(run->task.digest, step, &run->history, turn);
	run_sent(send_turn_recorded(&run->channel, &(struct turn_recorded){
		.line = BLOB(line, strlen(line)) }));
}

int
ask_model(struct cycle *c, enum step step, bool may_call, struct turn *turn)
{
	struct wish wish = { step, c->iteration, may_call };
	struct run *run = c->run;
	uint64_t begun = now_mono_ms();
	enum turned status;

	conversation_shrink(&run->conversation, CONVERSATION_MAX);
	status = provider_turn(run->provider, &run->conversation, &wish, turn);
	if (run->cancelled != STOP_none || status == TURN_CANCELLED) {
		cycle_end(c, run->cancelled, ERROR_none, "", NULL);
		return -1;
	}
	if (status == TURN_FAILED) {
		cycle_end(c, STOP_provider_error, ERROR_ProviderError,
		    turn->why, turn->hint);
		return -1;
	}
	if (!turn->shown)
		run_delta(run, DELTA_text, turn->text, strlen(turn->text));
	tell_completed(c, step, turn, now_mono_ms() - begun);
	tell_recorded(c, step, turn);
	return 0;
}
