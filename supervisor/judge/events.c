/*
 * events.c: what happens in a run, as events: chained, sent to the tracker,
 * and shown to those who watch.
 * Runs in: judge.
 * Input: bodies quote models, tools and clients; sizes were bounded before.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "ipc/version.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/tracker.h"
#include "supervisor/judge/watch.h"

#define UNSAVED_ASK	(1u * MiB)	/* then ask whether it is kept */
#define UNSAVED_EVENTS	64u
#define UNSAVED_PAUSE	(48u * MiB)	/* then cognition has to wait */

static uint64_t
send_append(struct run *r, enum event_type type, const struct pack *bytes,
    struct append_request *m)
{
	struct tenant *t = r->tenant;
	uint64_t token;

	if (!tracker_there(t))
		return 0;
	m->token = t->next_token;
	memcpy(m->run, r->id, sizeof(m->run));
	m->seq = r->journal.seq + 1;
	m->type = type;
	if (r->journal.unsaved > UNSAVED_ASK ||
	    r->journal.waiting > UNSAVED_EVENTS)
		m->durable = true;
	m->body = BLOB(bytes->data, bytes->len);
	if (send_append_request(&t->tracker->channel, m) == -1)
		return 0;
	token = tracker_token(t, r, bytes->len);
	tracker_event(t, m->digest);
	return token;
}

static void
show(struct run *r, enum event_type type, uint64_t seq, uint64_t at,
    const struct pack *body)
{
	struct run_event m = {
		.seq = seq, .type = type, .at = at,
		.body = BLOB(body->data, body->len),
	};

	memcpy(m.run, r->id, sizeof(m.run));
	watch_event(r, &m);
}

uint64_t
record_event(struct run *r, enum event_type type, struct pack *body,
    bool durable)
{
	struct append_request m = { .durable = durable };
	struct entry e = {
		.tenant = r->tenant->name, .run = r->id, .type = type,
		.at = now_wall_ms(), .body = body,
	};
	struct pack bytes;
	uint64_t token = 0;

	if (r->unrecordable) {
		pack_clear(body);
		return 0;
	}
	pack_init(&bytes, EVENT_MAX);
	if (journal_build(&r->journal, &e, &bytes, m.digest) == 0)
		token = send_append(r, type, &bytes, &m);
	if (token != 0) {
		journal_moved(&r->journal, m.digest);
		show(r, type, r->journal.seq, e.at, body);
		if (r->journal.unsaved > UNSAVED_PAUSE &&
		    process_usable(r->cognition))
			loop_pause(&r->cognition->channel);
	}
	pack_clear(&bytes);
	pack_clear(body);
	if (token == 0)
		run_unrecorded(r, "an event could not be handed to the "
		    "record keeper");
	return token;
}

/* A live event: shown to those who watch, never kept. */
static void
live(struct run *r, enum event_type type, struct pack *body)
{
	if (!body->failed)
		show(r, type, 0, now_wall_ms(), body);
	pack_clear(body);
}

void
event_run_started(struct run *r)
{
	char digest[65];
	struct pack p;

	sodium_bin2hex(digest, sizeof(digest), r->task_digest, 32);
	pack_init(&p, EVENT_MAX);
	pack_map(&p, 9);
	pack_key_text(&p, "goal", r->goal);
	pack_key_text(&p, "provider", r->model ? r->provider.name : "");
	pack_key_text(&p, "model", r->model ? r->provider.model : "");
	pack_key_text(&p, "sandbox",
	    r->mode == SANDBOX_native ? "native" : "none");
	pack_key_text(&p, "tenant", r->tenant->name);
	pack_key_uint(&p, "max_iterations", r->max_iterations);
	pack_key_uint(&p, "timeout", r->timeout);
	pack_key_text(&p, "task_sha256", r->model ? digest : "");
	pack_key_text(&p, "version", SALLYPORT_VERSION);
	r->started = true;
	record_event(r, EVENT_run_started, &p, false);
}

void
event_phase_started(struct run *r)
{
	struct pack p;

	pack_init(&p, EVENT_MAX);
	pack_map(&p, 2);
	pack_key_text(&p, "phase", step_name(r->step));
	pack_key_uint(&p, "iteration", r->iteration);
	record_event(r, EVENT_phase_started, &p, false);
}

void
event_phase_completed(struct run *r, const struct blob *summary)
{
	struct pack p;

	pack_init(&p, EVENT_MAX);
	pack_map(&p, 4);
	pack_key_text(&p, "phase", step_name(r->step));
	pack_key_uint(&p, "iteration", r->iteration);
	pack_text(&p, "summary");
	pack_textn(&p, summary->data, summary->len);
	pack_key_uint(&p, "duration_ms", now_mono_ms() - r->step_at);
	record_event(r, EVENT_phase_completed, &p, false);
}

void
event_model_completed(struct run *r, const struct model_completed *m)
{
	struct pack p;

	pack_init(&p, EVENT_MAX);
	pack_map(&p, 6);
	pack_key_text(&p, "phase", step_name(m->step));
	pack_key_uint(&p, "iteration", m->iteration);
	pack_text(&p, "reply");
	pack_raw(&p, m->reply.data, m->reply.len);
	pack_key_uint(&p, "input_tokens", m->input_tokens);
	pack_key_uint(&p, "output_tokens", m->output_tokens);
	pack_key_uint(&p, "duration_ms", m->duration);
	record_event(r, EVENT_model_completed, &p, false);
}

void
event_delta(struct run *r, const struct model_delta *m)
{
	struct pack p;

	pack_init(&p, MESSAGE_MAX);
	pack_map(&p, 2);
	pack_key_text(&p, "kind", delta_name(m->kind));
	pack_text(&p, "text");
	pack_either(&p, m->text.data, m->text.len);
	live(r, EVENT_model_delta, &p);
}

void
event_output(struct run *r, const struct call *c, const struct tool_output *m)
{
	struct pack p;

	if (!watch_live(r))
		return;
	pack_init(&p, MESSAGE_MAX);
	pack_map(&p, 3);
	pack_key_uint(&p, "call", c->number);
	pack_key_text(&p, "source", m->source == 1 ? "stdout" : "stderr");
	pack_text(&p, "text");
	pack_either(&p, m->data.data, m->data.len);
	live(r, EVENT_tool_output, &p);
}

void
event_requested(struct run *r, const struct call *c)
{
	struct pack p;

	pack_init(&p, EVENT_MAX);
	pack_map(&p, 4);
	pack_key_uint(&p, "call", c->number);
	pack_key_text(&p, "tool", c->name);
	pack_text(&p, "arguments");
	pack_raw(&p, c->arguments.data, c->arguments.len);
	pack_key_uint(&p, "iteration", r->iteration);
	live(r, EVENT_tool_requested, &p);
}

uint64_t
event_decided(struct run *r, const struct call *c)
{
	struct pack p;

	pack_init(&p, EVENT_MAX);
	pack_map(&p, 7);
	pack_key_uint(&p, "call", c->number);
	pack_key_text(&p, "tool", c->name);
	pack_text(&p, "arguments");
	pack_raw(&p, c->arguments.data, c->arguments.len);
	pack_key_text(&p, "verdict", action_name(c->verdict.action));
	pack_key_text(&p, "rule", c->verdict.rule);
	pack_key_text(&p, "reason", c->verdict.reason);
	pack_key_uint(&p, "iteration", r->iteration);
	return record_event(r, EVENT_tool_decided, &p,
	    c->verdict.action == ACTION_allow);
}

/* What the executor measured; exit_code and signal only where there is one. */
void
event_completed(struct run *r, const struct call *c, const struct tool_done *m)
{
	struct pack p;

	pack_init(&p, EVENT_MAX);
	pack_map(&p, 10);
	pack_key_uint(&p, "call", c->number);
	pack_key_text(&p, "tool", c->name);
	pack_key_text(&p, "outcome", outcome_name(m->outcome));
	pack_text(&p, "exit_code");
	if (m->exit_code >= 0)
		pack_int(&p, m->exit_code);
	else
		pack_nil(&p);
	pack_text(&p, "signal");
	if (m->signal != 0)
		pack_uint(&p, m->signal);
	else
		pack_nil(&p);
	pack_key_bool(&p, "timed_out", m->timed_out);
	pack_key_uint(&p, "wall_ms", m->wall / 1000);
	pack_key_uint(&p, "cpu_ms", m->cpu / 1000);
	pack_key_uint(&p, "peak_kib", m->peak / 1024);
	pack_text(&p, "result");
	pack_raw(&p, m->result.data, m->result.len);
	record_event(r, EVENT_tool_completed, &p, false);
}
