/*
 * run.c: the life of a run: starting -> opening -> running (start.c) ->
 * stopping -> collecting -> recording -> over (finish.c).
 * Runs in: judge.
 * Input: its workers may die, hang or lie at every step.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/tracker.h"
#include "supervisor/judge/watch.h"

#define RESTART_MS	5000	/* for a new tracker to note a run's end */

static void	on_timer(evutil_socket_t, short, void *);
static void	on_deadline(evutil_socket_t, short, void *);
static void	on_call_timer(evutil_socket_t, short, void *);

/* "auto" is native here; what this version lacks is refused by name. */
static int
mode_of(const struct run_order *o, enum sandbox_mode *mode, struct refusal *no)
{
	const char *name = o->sandbox[0] != '\0' ? o->sandbox :
	    config_text(o->config, KEY_agents_sandbox_mode);
	char clean[40];

	if (strcmp(name, "native") == 0 || strcmp(name, "auto") == 0) {
		*mode = SANDBOX_native;
		return 0;
	}
	if (strcmp(name, "none") == 0) {
		if (o->model) {
			*mode = SANDBOX_none;
			return 0;
		}
		return refusal_set(no, EXIT_unavailable,
		    ERROR_SandboxInitializationError,
		    "sandbox mode 'none' opens no sandbox");
	}
	text_escape(clean, sizeof(clean), name, strlen(name));
	snprintf(no->hint, sizeof(no->hint),
	    "use --sandbox native, or none for no sandbox at all");
	return refusal_set(no, EXIT_unavailable,
	    ERROR_SandboxInitializationError,
	    "sandbox '%s' is not available in this version", clean);
}

struct run *
run_new(struct judge *j, const struct run_order *o, struct refusal *no)
{
	enum sandbox_mode mode = SANDBOX_none;
	struct run *r;

	if (j->stopping) {
		refusal_set(no, EXIT_unavailable, ERROR_none,
		    "the supervisor is about to leave");
		return NULL;
	}
	if (j->nruns >= RUNS_MAX) {
		snprintf(no->hint, sizeof(no->hint),
		    "wait for one of them, or end one with 'sallyport runs "
		    "cancel' or 'sallyport sandbox close'");
		refusal_set(no, EXIT_later, ERROR_none,
		    "%u runs and sandboxes are open already", j->nruns);
		return NULL;
	}
	if (mode_of(o, &mode, no) == -1)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->judge = j;
	r->tenant = &j->tenant;
	r->client = o->client;
	r->owner = o->client->uid;
	r->request = o->request;
	r->model = o->model;
	r->keep = o->keep;
	r->mode = mode;
	r->config = o->config;
	r->task = r->replay = r->ca_bundle = r->credential = BLOB_NONE;
	r->answer = BLOB_NONE;
	r->began_mono = now_mono_ms();
	r->began_wall = now_wall_ms();
	uuid_new(r->id, r->began_wall);
	uuid_text(r->name, r->id);
	TAILQ_INIT(&r->calls);
	r->timer = timer_new(j, on_timer, r);
	r->deadline = timer_new(j, on_deadline, r);
	r->call_timer = timer_new(j, on_call_timer, r);
	LIST_INSERT_HEAD(&j->runs, r, next);
	j->nruns++;
	return r;
}

void
run_discard(struct run *r)
{
	r->state = RUN_over;
	judge_sweep_soon(r->judge);
}

struct run *
run_find(struct judge *j, const char *id, bool *ambiguous)
{
	struct run *r, *found = NULL;
	size_t len = strlen(id);

	*ambiguous = false;
	if (len < 4)
		return NULL;
	LIST_FOREACH(r, &j->runs, next) {
		if (strncmp(r->name, id, len) != 0 || r->state == RUN_over)
			continue;
		if (found != NULL)
			*ambiguous = true;
		found = r;
	}
	return *ambiguous ? NULL : found;
}

/* --- ending --- */

static void
set_reason(struct run *r, const struct ending *e)
{
	if (r->stop != STOP_none)
		return;
	r->stop = e->stop;
	r->error = e->error;
	snprintf(r->message, sizeof(r->message), "%s",
	    e->message != NULL ? e->message : "");
	snprintf(r->hint, sizeof(r->hint), "%s",
	    e->hint != NULL ? e->hint : error_hint(e->error));
}

void
run_stop(struct run *r, const struct ending *e)
{
	struct run_cancel m = { .stop = e->stop };

	if (r->state >= RUN_recording)
		return;
	set_reason(r, e);
	if (e->now)
		r->hurry = true;
	if (r->state == RUN_collecting) {
		if (e->now)
			run_complete(r);
		return;
	}
	if (e->now || r->state < RUN_running) {
		run_finish(r);
		return;
	}
	if (r->state == RUN_stopping)
		return;
	r->state = RUN_stopping;
	timer_start(r->timer, GRACE_MS);
	if (!r->done && process_usable(r->cognition))
		(void)send_run_cancel(&r->cognition->channel, &m);
	if (r->current != NULL)
		call_cancel(r->current);
	run_settle(r);
}

/* All that was asked to end has ended, or only waits in the queue. */
void
run_settle(struct run *r)
{
	bool busy = r->current != NULL && r->current->state == CALL_executing;

	if (r->state == RUN_stopping && !busy &&
	    (r->done || !process_usable(r->cognition)))
		run_finish(r);
}

/* How a run ends whose process is gone. */
static void
lost_ending(const struct run *r, const struct process *p, bool fault,
    struct ending *e)
{
	bool early = r->state < RUN_running;

	if (fault) {
		e->stop = STOP_integrity;
		e->error = ERROR_IntegrityError;
	} else if (p == r->cognition) {
		e->stop = STOP_failed;
		e->error = ERROR_ProviderError;
	} else {
		e->stop = STOP_sandbox_error;
		e->error = early ? ERROR_SandboxInitializationError :
		    p->out_of_memory ? ERROR_SandboxResourceError :
		    ERROR_SandboxConnectionError;
	}
}

void
run_lost(struct run *r, struct process *p, const char *why, bool fault)
{
	char text[512];
	struct ending e = { .message = text, .now = true };

	lost_ending(r, p, fault, &e);
	snprintf(text, sizeof(text), "%s: %s", role_name(p->role), why);
	if (p == r->cognition) {
		r->cognition = NULL;
		if (r->done && !fault)
			return;		/* it had its last word */
		e.now = fault;
		r->done = true;
	} else if (p == r->stream) {
		r->stream = NULL;
	} else {
		r->guest = NULL;
	}
	run_stop(r, &e);
}

/* --- timers --- */

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;
	struct ending late = {
		.stop = STOP_sandbox_error, .now = true,
		.error = ERROR_SandboxInitializationError,
		.message = "the processes of the run were not ready in time",
	};

	(void)fd;
	(void)what;
	switch (r->state) {
	case RUN_starting:
	case RUN_opening:
		run_stop(r, &late);
		break;
	case RUN_stopping:
		run_finish(r);
		break;
	case RUN_collecting:
		log_line(LOG_WARNING, "run=%s tenant=%s collected=part "
		    "reason=\"copying files out took too long\"",
		    r->name, r->tenant->name);
		run_complete(r);
		break;
	case RUN_recording:
		r->unrecordable = true;
		run_over(r);
		break;
	case RUN_running:
	case RUN_over:
		break;
	}
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;
	char text[96], said[sizeof(r->message)];
	struct ending late = {
		.stop = STOP_timeout, .message = text,
		.error = ERROR_none,
		.hint = "raise --timeout or agents.default_timeout",
	};
	struct ending broken = {
		.stop = STOP_record_error, .message = said, .now = true,
		.hint = "what was recorded before can be read; make room "
		    "below the state directory, then start the run again",
	};

	(void)fd;
	(void)what;
	if (r->interrupted)
		r->unrecordable = true;		/* no new tracker came */
	memcpy(said, r->message, sizeof(said));
	snprintf(text, sizeof(text), "the run took longer than %u s",
	    r->timeout);
	run_stop(r, r->unrecordable ? &broken : &late);
}

static void
on_call_timer(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;
	struct ending silent = {
		.stop = STOP_sandbox_error, .now = true,
		.error = ERROR_SandboxConnectionError,
		.message = "the sandbox did not answer after the time limit "
		    "of a tool call",
	};

	(void)fd;
	(void)what;
	if (r->current == NULL)
		return;
	if (r->current->tool->executor == TRACKER)
		run_unrecorded(r, "the record keeper did not answer");
	else
		run_stop(r, &silent);
}

/* --- the record --- */

void
run_recorded(struct run *r, uint64_t token)
{
	/* An event of it is missing: later ones do not make up for that. */
	if (r->state == RUN_over || r->unrecordable)
		return;
	if (r->state == RUN_recording) {
		if (r->end_token != 0 && r->end_token <= token)
			run_over(r);
		return;
	}
	if (process_usable(r->cognition) && !watch_turn_blocked(r))
		loop_resume(&r->cognition->channel);
	if (r->store_token != 0 && r->store_token <= token)
		run_file_stored(r);
	if (r->current != NULL && r->current->state == CALL_recording &&
	    r->current->token <= token)
		call_recorded(r->current);
}

/* Ends the run from the loop: whoever calls may hold parts of it. */
void
run_unrecorded(struct run *r, const char *why)
{
	if (r->unrecordable || r->state == RUN_over)
		return;
	r->unrecordable = true;
	if (r->stop == STOP_none || r->state == RUN_recording)
		snprintf(r->message, sizeof(r->message), "%s", why);
	if (r->state == RUN_recording)
		timer_start(r->timer, 0);
	else
		timer_start(r->deadline, 0);
}

/* IntegrityError: the run ends without a word in that record. */
void
run_damaged(struct run *r, const char *why)
{
	struct ending e = {
		.stop = STOP_integrity, .error = ERROR_IntegrityError,
		.message = why, .now = true,
		.hint = "keep the state directory as it is; 'sallyport audit "
		    "verify --live' names the first record that is not what "
		    "it was",
	};

	r->unrecordable = true;
	run_stop(r, &e);
}

/*
 * What was sent is on the disk, so the chain can go on once a new tracker is
 * there; until then none of its processes may add to it.
 */
void
run_interrupted(struct run *r, const char *why)
{
	struct ending e = {
		.stop = STOP_record_error, .error = ERROR_none,
		.message = why, .hint = "what was recorded before can be "
		    "read; start the run again",
	};

	if (!r->started || r->unrecordable || r->journal.waiting > 0 ||
	    r->state >= RUN_recording) {
		run_unrecorded(r, why);
		return;
	}
	set_reason(r, &e);
	r->interrupted = true;
	run_release(r);
	timer_start(r->deadline, RESTART_MS);
	tracker_want(r->judge, r->tenant);
}
