/*
 * from_cognition.c: everything that a cognition-worker can make the judge do.
 * Runs in: judge.
 * Input: hostile: the worker has read what a model wrote.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/watch.h"

/* Messages that the phases and calls of so many iterations need, at most. */
#define MESSAGES_FREE	200u
#define MESSAGES_EACH	400u

/*
 * The run of a worker that may speak, or NULL: its run is ending, and what
 * was on the way is dropped.  Everything but deltas counts.
 */
static struct run *
run_of(struct channel *c)
{
	struct process *p = c->owner;
	struct run *r = p->run;

	if (p->state == PROCESS_gone || r == NULL || r->done ||
	    (r->state != RUN_running && r->state != RUN_stopping))
		return NULL;
	return r;
}

static int
count(struct channel *c, struct run *r)
{
	uint64_t most = MESSAGES_FREE +
	    MESSAGES_EACH * (uint64_t)r->max_iterations;

	if (++r->messages > most)
		return channel_fault(c, "more messages than a run may send");
	return 0;
}

/* Steps come in order, and iterations one after the other. */
static bool
step_fits(const struct run *r, const struct phase_started *m)
{
	if (r->in_step || m->step >= STEP_COUNT)
		return false;
	if (m->step == STEP_plan)
		return m->iteration == 0 && r->iteration == 0;
	if (m->step == STEP_think)
		return m->iteration == r->iteration + 1;
	return m->iteration == r->iteration && r->iteration > 0;
}

int
on_phase_started(struct channel *c, struct phase_started *m)
{
	struct run *r = run_of(c);

	if (r == NULL)
		return 0;
	if (count(c, r) == -1)
		return -1;
	if (!step_fits(r, m))
		return channel_fault(c, "phase %u of iteration %u is out of "
		    "order", m->step, m->iteration);
	if (m->iteration > r->max_iterations)
		return channel_fault(c, "iteration %u of at most %u",
		    m->iteration, r->max_iterations);
	r->step = m->step;
	r->iteration = m->iteration;
	r->in_step = true;
	r->step_at = now_mono_ms();
	event_phase_started(r);
	return 0;
}

int
on_phase_completed(struct channel *c, struct phase_completed *m)
{
	struct run *r = run_of(c);

	if (r == NULL)
		return 0;
	if (count(c, r) == -1)
		return -1;
	if (!r->in_step || m->step != r->step || m->iteration != r->iteration)
		return channel_fault(c, "a phase that did not start completed");
	if (blob_map(&m->summary) == -1 ||
	    !utf8_valid(m->summary.data, m->summary.len))
		return channel_fault(c, "a phase's summary is not UTF-8");
	r->in_step = false;
	event_phase_completed(r, &m->summary);
	return 0;
}

int
on_model_delta(struct channel *c, struct model_delta *m)
{
	struct run *r = run_of(c);

	if (r == NULL)
		return 0;
	if (m->kind >= DELTA_COUNT)
		return channel_fault(c, "a delta of no kind");
	event_delta(r, m);
	return 0;
}

int
on_model_completed(struct channel *c, struct model_completed *m)
{
	struct run *r = run_of(c);
	const char *why = "it is missing";
	struct unpack u;
	uint32_t entries;

	if (r == NULL)
		return 0;
	if (count(c, r) == -1)
		return -1;
	if (m->step >= STEP_COUNT || m->iteration > r->max_iterations ||
	    m->input_tokens > UINT32_MAX || m->output_tokens > UINT32_MAX)
		return channel_fault(c, "a model reply with an absurd number");
	if (m->reply.len == 0 || blob_map(&m->reply) == -1 ||
	    msgpack_bounds(m->reply.data, m->reply.len, VALUE_DEPTH - 8,
	    VALUE_ITEMS / 2, &why) == -1)
		return channel_fault(c, "a model reply: %s", why);
	unpack_init(&u, m->reply.data, m->reply.len);
	if (unpack_map(&u, &entries) == -1)
		return channel_fault(c, "a model reply is not a map");
	r->input_tokens += m->input_tokens;
	r->output_tokens += m->output_tokens;
	event_model_completed(r, m);
	limits_model(r, m);
	if (limits_over(r))
		limits_stop(r);
	return 0;
}

int
on_turn_recorded(struct channel *c, struct turn_recorded *m)
{
	struct run *r = run_of(c);

	if (r == NULL)
		return 0;
	if (count(c, r) == -1)
		return -1;
	if (!r->record)
		return channel_fault(c, "turns were not asked for");
	watch_turn(r, m);
	if (watch_turn_blocked(r)) {
		loop_pause(c);
		watch_tick_soon(r->judge);
	}
	return 0;
}

int
on_dial_model_request(struct channel *c, struct dial_model_request *m)
{
	struct run *r = run_of(c);
	struct model_refused no;
	char host[300];

	if (r == NULL)
		return 0;
	if (count(c, r) == -1)
		return -1;
	if (r->dials >= DIALS_MAX)
		return channel_fault(c, "too many connections asked for");
	if (provider_may_dial(&r->provider, m->host, m->port)) {
		dial_begin(r, m->host, (uint16_t)m->port);
		return 0;
	}
	text_escape(host, sizeof(host), m->host, strlen(m->host));
	log_line(LOG_WARNING, "run=%s tenant=%s dial=denied host=\"%s\" "
	    "port=%u", r->name, r->tenant->name, host, (unsigned)m->port);
	snprintf(no.reason, sizeof(no.reason),
	    "policy: a run may only reach its provider's own address");
	(void)send_model_refused(c, &no);
	return 0;
}

int
on_tool_request(struct channel *c, struct tool_request *m)
{
	struct run *r = run_of(c);
	const char *why;
	struct call *call;

	if (r == NULL || r->state != RUN_running)
		return 0;
	if (count(c, r) == -1)
		return -1;
	if (m->call == 0 || m->call <= r->last_call)
		return channel_fault(c, "a call's number was used before");
	r->last_call = m->call;
	call = xcalloc(1, sizeof(*call));
	call->number = m->call;
	call->arguments = blob_take(&m->arguments);
	call->input = BLOB_NONE;
	call->credit = OUTPUT_CREDIT;
	snprintf(call->name, sizeof(call->name), "%s", m->tool);
	if (call_add(r, call, &why) == -1)
		return channel_fault(c, "%s", why);
	return 0;
}

/* What a cognition-worker may claim; the rest is for the judge to say. */
static bool
may_claim(const struct run_done *m)
{
	switch (m->stop) {
	case STOP_finished:
		return m->error == ERROR_none && m->answer.len > 0;
	case STOP_max_iterations:
	case STOP_timeout:
	case STOP_budget:
	case STOP_denied:
	case STOP_cancelled:
	case STOP_provider_error:
	case STOP_sandbox_error:
	case STOP_no_progress:
	case STOP_integrity:
	case STOP_failed:
		return m->error < ERROR_COUNT;
	default:
		return false;
	}
}

int
on_run_done(struct channel *c, struct run_done *m)
{
	struct run *r = run_of(c);
	struct ending e = {
		.stop = m->stop, .error = m->error, .message = m->message,
		.hint = m->hint[0] != '\0' ? m->hint : NULL,
	};

	if (r == NULL)
		return 0;
	if (!may_claim(m))
		return channel_fault(c, "run_done with stop %u and error %u",
		    m->stop, m->error);
	if (blob_map(&m->answer) == -1 ||
	    !utf8_valid(m->answer.data, m->answer.len))
		return channel_fault(c, "the answer is not UTF-8");
	r->done = true;
	c->phase = ENDING;
	if (r->stop == STOP_none)
		r->answer = blob_take(&m->answer);
	run_stop(r, &e);
	run_settle(r);
	return 0;
}
