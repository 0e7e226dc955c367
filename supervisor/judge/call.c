/*
 * call.c: one tool call from its request to its outcome.  It is decided and
 * the decision is on the disk before anything is executed; one call of a run
 * is under way at a time, the others wait in a bounded queue.
 * Runs in: judge.
 * Input: the call comes from a model, its outcome from a sandbox: hostile.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/limits.h"
#include "supervisor/judge/process.h"

#define ANSWER_MS	15000	/* that an executor may need over a deadline */

void
call_free(struct call *c)
{
	blob_free(&c->arguments);
	blob_free(&c->input);
	free(c);
}

/* Exactly one msgpack map within bounds; the bytes are mapped. */
static bool
is_map(struct blob *b)
{
	struct unpack u;
	const char *why;
	uint32_t count;

	if (b->len == 0 || blob_map(b) == -1)
		return false;
	unpack_init(&u, b->data, b->len);
	return unpack_map(&u, &count) == 0 &&
	    msgpack_bounds(b->data, b->len, VALUE_DEPTH, VALUE_ITEMS,
	    &why) == 0;
}

int
call_add(struct run *r, struct call *c, const char **why)
{
	size_t size = c->arguments.len + c->input.len;

	*why = NULL;
	if (r->ncalls >= CALLS_MAX)
		*why = "more tool calls wait than may";
	else if (size > CALLS_BYTES || r->calls_bytes > CALLS_BYTES - size)
		*why = "the waiting tool calls are too large";
	else if (!is_map(&c->arguments))
		*why = "arguments are not a msgpack map within bounds";
	if (*why != NULL) {
		call_free(c);
		return -1;
	}
	c->run = r;
	c->id = ++r->judge->next_id;
	c->tool = tool_find(c->name);
	TAILQ_INSERT_TAIL(&r->calls, c, next);
	r->ncalls++;
	r->calls_bytes += size;
	event_requested(r, c);
	call_next(r);
	return 0;
}

/* Out of its run, and freed. */
static void
call_remove(struct call *c)
{
	struct run *r = c->run;

	TAILQ_REMOVE(&r->calls, c, next);
	r->ncalls--;
	r->calls_bytes -= c->arguments.len + c->input.len;
	if (r->current == c) {
		r->current = NULL;
		evtimer_del(r->call_timer);
	}
	call_free(c);
}

void
call_ask(struct decide_request *q, const struct config *c)
{
	q->access = ACCESS_restricted;
	q->allowed = config_list(c, KEY_agents_sandbox_tools_allowed,
	    &q->nallowed);
	q->denied = config_list(c, KEY_agents_sandbox_tools_denied,
	    &q->ndenied);
	q->rules = config_rules(c, &q->nrules);
}

bool
call_offered(const struct run *r, const struct tool *tool)
{
	struct decide_request q = {
		.tool = tool->name, .sandbox = r->mode != SANDBOX_none,
	};

	call_ask(&q, r->config);
	return tool->offered && decide_offers(&q);
}

/* Nobody can be asked in this version: what needs that is not done. */
static void
refuse_ask(struct verdict *v)
{
	char reason[sizeof(v->reason)];

	memcpy(reason, v->reason, sizeof(reason));
	snprintf(v->reason, sizeof(v->reason), "needs approval, which is not "
	    "available in this version: %.170s", reason);
}

static void
judge_call(struct call *c)
{
	const struct run *r = c->run;
	struct decide_request q = {
		.tool = c->name, .sandbox = r->mode != SANDBOX_none,
		.person = c->person,
	};
	autovalue struct value *arguments = NULL;
	const char *why;

	call_ask(&q, r->config);
	q.arguments = arguments = value_decode(c->arguments.data,
	    c->arguments.len, &why);
	if (arguments == NULL)
		c->verdict = (struct verdict){ .action = ACTION_deny,
		    .rule = "policy/tools.def",
		    .reason = "its arguments name a parameter twice" };
	else
		c->verdict = decide(&q);
	if (c->verdict.action == ACTION_ask)
		refuse_ask(&c->verdict);
	if (c->verdict.action == ACTION_allow)
		limits_judge(c);
}

void
call_offer(const struct run *r, struct pack *p)
{
	size_t count = 0;

	for (size_t i = 0; i < tools_count; i++)
		count += call_offered(r, &tools[i]);
	pack_list(p, count);
	for (size_t i = 0; i < tools_count; i++)
		if (call_offered(r, &tools[i]))
			pack_text(p, tools[i].name);
}

void
call_next(struct run *r)
{
	struct call *c;

	while (r->current == NULL && r->state == RUN_running &&
	    (c = TAILQ_FIRST(&r->calls)) != NULL) {
		r->current = c;
		judge_call(c);
		c->token = event_decided(r, c);
		log_line(LOG_INFO, "run=%s tenant=%s call=%llu verdict=%s "
		    "tool=%s", r->name, r->tenant->name,
		    (unsigned long long)c->number,
		    action_name(c->verdict.action),
		    c->tool != NULL ? c->tool->name : "unknown");
		if (c->verdict.action == ACTION_allow) {
			c->state = CALL_recording;
			r->tool_calls++;
			return;
		}
		call_fail(c, OUTCOME_denied, c->tool != NULL ?
		    ERROR_SandboxAccessDenied : ERROR_SchemaValidationError,
		    c->verdict.reason);
	}
}

/* --- executing --- */

static uint32_t
call_timeout(const struct call *c)
{
	uint32_t most = (uint32_t)config_int(c->run->config,
	    KEY_agents_sandbox_native_timeout_seconds) * 1000;

	if (c->timeout == 0)
		return most;
	if (c->run->judge->user_mode)
		return c->timeout < 86400000 ? c->timeout : 86400000;
	return c->timeout < most ? c->timeout : most;
}

static int
execute_stream(struct call *c)
{
	struct tool_execute m = {
		.call = c->id,
		.arguments = c->arguments,
		.input = c->input,
		.timeout = limits_timeout(c, call_timeout(c)),
		.credit = c->credit,
	};

	if (!process_usable(c->run->stream))
		return -1;
	snprintf(m.tool, sizeof(m.tool), "%s", c->name);
	timer_start(c->run->call_timer, (unsigned)m.timeout + ANSWER_MS);
	return send_tool_execute(&c->run->stream->channel, &m);
}

static int
execute_tracker(struct call *c)
{
	struct state_execute m = { .call = c->id, .arguments = c->arguments };
	struct process *tracker = c->run->tenant->tracker;

	if (!process_usable(tracker))
		return -1;
	memcpy(m.run, c->run->id, sizeof(m.run));
	snprintf(m.tool, sizeof(m.tool), "%s", c->name);
	timer_start(c->run->call_timer, RECORD_MS);
	return send_state_execute(&tracker->channel, &m);
}

/* The judge's own tool is finish: cognition ends the run by itself. */
static void
execute_judge(struct call *c)
{
	static const uint8_t empty_map[] = { 0x80 };
	struct tool_done m = {
		.call = c->id, .outcome = OUTCOME_ok, .exit_code = -1,
		.result = BLOB(empty_map, sizeof(empty_map)),
	};
	const char *why;

	(void)call_done(c, &m, &why);
}

void
call_recorded(struct call *c)
{
	int status = 0;

	if (c->cancelled || c->run->state != RUN_running) {
		call_fail(c, OUTCOME_cancelled, ERROR_none,
		    "it was cancelled before it began");
		return;
	}
	c->state = CALL_executing;
	c->began = now_mono_ms();
	switch ((unsigned)c->tool->executor) {
	case STREAM:
		status = execute_stream(c);
		break;
	case TRACKER:
		status = execute_tracker(c);
		break;
	default:
		execute_judge(c);
		return;
	}
	if (status == -1)
		call_fail(c, OUTCOME_not_run, ERROR_SandboxConnectionError,
		    "its executor is gone");
}

void
call_grant(struct call *c, uint64_t credit)
{
	struct output_credit m = { .call = c->id };

	if (credit > CLIENT_CREDIT - c->credit)
		credit = CLIENT_CREDIT - c->credit;
	m.credit = credit;
	c->credit += credit;
	if (credit > 0 && c->state == CALL_executing &&
	    process_usable(c->run->stream))
		(void)send_output_credit(&c->run->stream->channel, &m);
}

int
call_output(struct call *c, struct tool_output *m, const char **why)
{
	if (m->data.len > c->credit || (m->source != 1 && m->source != 2)) {
		*why = "tool_output without credit or of no stream";
		return -1;
	}
	c->credit -= m->data.len;
	event_output(c->run, c, m);
	limits_output(c, m->data.len);
	if (limits_over(c->run))
		limits_stop(c->run);
	if (c->client != NULL) {
		struct exec_output out = {
			.request = c->request,
			.source = m->source,
			.data = m->data,
		};

		(void)send_exec_output(&c->client->channel, &out);
		return 0;	/* the client grants what it has taken */
	}
	c->consumed += m->data.len;
	if (c->consumed >= OUTPUT_CREDIT / 4) {
		call_grant(c, c->consumed);
		c->consumed = 0;
	}
	return 0;
}

/* --- outcomes --- */

static void
answer(struct call *c, const struct tool_done *m)
{
	struct run *r = c->run;

	if (!c->person) {
		struct tool_result result = {
			.call = c->number,
			.outcome = m->outcome,
			.result = m->result,
		};

		if (process_usable(r->cognition))
			(void)send_tool_result(&r->cognition->channel,
			    &result);
	} else if (c->client != NULL) {
		struct exec_done done = {
			.request = c->request,
			.outcome = m->outcome,
			.error = m->error,
			.exit_code = m->exit_code,
			.signal = m->signal,
			.timed_out = m->timed_out,
			.wall = m->wall,
			.cpu = m->cpu,
			.peak = m->peak,
			.result = m->result,
		};

		(void)send_exec_done(&c->client->channel, &done);
	}
}

/* A call is out of the way. */
static void
go_on(struct run *r)
{
	if (r->state == RUN_stopping)
		run_settle(r);
	else if (limits_over(r))
		limits_stop(r);
	else
		call_next(r);
}

int
call_done(struct call *c, struct tool_done *m, const char **why)
{
	struct run *r = c->run;

	if (m->outcome >= OUTCOME_COUNT || m->error >= ERROR_COUNT ||
	    m->exit_code < -1 || m->exit_code > 255 || m->signal > 64) {
		*why = "tool_done with a number that does not exist";
		return -1;
	}
	if (!is_map(&m->result)) {
		*why = "tool_done without a map";
		return -1;
	}
	if (c->state != CALL_queued && c->verdict.action == ACTION_allow)
		event_completed(r, c, m);
	log_line(LOG_INFO, "run=%s tenant=%s call=%llu outcome=%s wall_ms=%llu",
	    r->name, r->tenant->name, (unsigned long long)c->number,
	    outcome_name(m->outcome), (unsigned long long)(m->wall / 1000));
	answer(c, m);
	limits_done(c, m);
	call_remove(c);
	go_on(r);
	return 0;
}

/* Recorded and answered like an executor's word, but it is ours. */
static void
finish_call(struct call *c, enum outcome outcome, enum error error,
    const char *message)
{
	struct tool_done m = {
		.call = c->id, .outcome = outcome, .error = error,
		.exit_code = -1,
	};
	struct pack p;

	pack_init(&p, 16 * KiB);
	pack_map(&p, 3);
	pack_key_text(&p, "error", error_name(error));
	pack_key_text(&p, "message", message);
	pack_key_text(&p, "hint", error_hint(error));
	m.result = BLOB(p.data, p.len);
	if (c->state != CALL_queued && c->verdict.action == ACTION_allow)
		event_completed(c->run, c, &m);
	answer(c, &m);
	limits_done(c, &m);
	pack_clear(&p);
	call_remove(c);
}

void
call_fail(struct call *c, enum outcome outcome, enum error error,
    const char *message)
{
	struct run *r = c->run;

	finish_call(c, outcome, error, message);
	/* After a denied one call_next goes on by itself. */
	if (outcome != OUTCOME_denied || r->state != RUN_running ||
	    limits_over(r))
		go_on(r);
}

void
call_cancel(struct call *c)
{
	struct tool_cancel m = { .call = c->id };

	c->cancelled = true;
	if (c->state == CALL_executing && c->tool->executor == STREAM &&
	    process_usable(c->run->stream))
		(void)send_tool_cancel(&c->run->stream->channel, &m);
}

void
call_end_all(struct run *r, const char *why)
{
	struct call *c;

	while ((c = TAILQ_FIRST(&r->calls)) != NULL) {
		if (c->state != CALL_executing)
			finish_call(c, OUTCOME_not_run,
			    ERROR_SandboxConnectionError, why);
		else
			finish_call(c, c->tool->effect == EFFECT_read ?
			    OUTCOME_failed : OUTCOME_outcome_unknown,
			    ERROR_SandboxConnectionError, why);
	}
}

void
call_drop_client(struct judge *j, const struct client *client)
{
	struct run *r;
	struct call *c;

	LIST_FOREACH(r, &j->runs, next) {
		TAILQ_FOREACH(c, &r->calls, next) {
			if (c->client != client)
				continue;
			c->client = NULL;
			call_cancel(c);
			call_grant(c, OUTPUT_CREDIT);
		}
	}
}

struct call *
call_find(struct judge *j, uint64_t id)
{
	struct run *r;

	LIST_FOREACH(r, &j->runs, next) {
		struct call *c = r->current;

		if (c != NULL && c->id == id &&
		    c->state == CALL_executing && c->tool->executor == TRACKER)
			return c;
	}
	return NULL;
}
