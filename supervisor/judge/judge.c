/*
 * judge.c: the judge as a whole: its timers, the sweep, serving and leaving.
 * Runs in: judge.  Input: none of its own.
 */
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/query.h"
#include "supervisor/judge/run.h"
#include "supervisor/judge/tracker.h"
#include "supervisor/judge/watch.h"

struct event *
timer_new(struct judge *j, event_callback_fn fn, void *arg)
{
	struct event *e = evtimer_new(j->base, fn, arg);

	if (e == NULL)
		fatalx("make a timer");
	return e;
}

void
timer_start(struct event *e, unsigned ms)
{
	struct timeval t = { ms / 1000, (ms % 1000) * 1000 };

	if (evtimer_add(e, &t) == -1)
		fatalx("start a timer");
}

void
timer_free(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

/* Runs from the loop only, when no handler holds what is freed here. */
static void
sweep(evutil_socket_t fd, short what, void *arg)
{
	struct judge *j = arg;

	(void)fd;
	(void)what;
	run_sweep(j);		/* gives up its processes */
	process_sweep(j);
	client_sweep(j);
	idle_look(j);
}

void
judge_sweep_soon(struct judge *j)
{
	event_active(j->sweep, EV_TIMEOUT, 0);
}

void
judge_init(struct judge *j, struct event_base *base,
    message_dispatch *const *table)
{
	*j = (struct judge){ .base = base, .table = table, .listener = -1 };
	LIST_INIT(&j->processes);
	LIST_INIT(&j->runs);
	LIST_INIT(&j->clients);
	LIST_INIT(&j->watches);
	LIST_INIT(&j->queries);
	LIST_INIT(&j->dials);
	j->log_level = LOG_INFO;
	j->sweep = timer_new(j, sweep, j);
	j->tick = timer_new(j, watch_tick, j);
	j->idle = timer_new(j, idle_expired, j);
	dialer_retry_init(j);
	tenant_init(j, &j->tenant, "default");
}

/* At the end of the process: nothing is left that a leak check could find. */
void
judge_clear(struct judge *j)
{
	struct process *p;
	struct client *c;
	struct dial *d;
	struct run *r;

	LIST_FOREACH(r, &j->runs, next)
		r->state = RUN_over;
	LIST_FOREACH(c, &j->clients, next)
		client_drop(c, NULL);
	while (!LIST_EMPTY(&j->queries))
		query_free(LIST_FIRST(&j->queries));
	LIST_FOREACH(p, &j->processes, next)
		process_kill(p);
	while ((d = LIST_FIRST(&j->dials)) != NULL) {
		LIST_REMOVE(d, next);
		free(d);
	}
	j->stopping = j->left = true;
	sweep(-1, 0, j);
	tenant_clear(&j->tenant);
	timer_free(&j->sweep);
	timer_free(&j->tick);
	timer_free(&j->idle);
	timer_free(&j->dialer_retry);
	timer_free(&j->accepting);
	config_free(j->loading.config);
	free(j->loading.paths);
	config_free(j->config);
	if (j->listener != -1)
		close(j->listener);
}

void
judge_serve(struct judge *j)
{
	struct serving m = { .processes = 0 };
	struct process *p;

	if (j->serving || j->stopping || j->config == NULL ||
	    !process_usable(j->dialer))
		return;
	j->accepting = event_new(j->base, j->listener, EV_READ | EV_PERSIST,
	    client_accept, j);
	if (j->accepting == NULL || event_add(j->accepting, NULL) == -1)
		fatalx("serve the control socket");
	j->serving = true;
	LIST_FOREACH(p, &j->processes, next)
		m.processes += p->state == PROCESS_usable;
	(void)send_serving(&j->supervisor, &m);
	log_line(LOG_INFO, "serving=1 user_mode=%d own_uids=%d", j->user_mode,
	    j->separate_uids);
	idle_look(j);
}

void
judge_leave(struct judge *j, unsigned status)
{
	struct leave_request m = { .status = status };

	if (j->left)
		return;
	j->left = j->stopping = true;
	timer_free(&j->accepting);
	(void)send_leave_request(&j->supervisor, &m);
}

void
judge_stop(struct judge *j, bool now)
{
	struct ending e = {
		.stop = STOP_cancelled, .now = now,
		.message = "the supervisor was told to end",
	};
	struct run *r;

	if (!j->stopping) {
		j->stopping = true;
		timer_free(&j->accepting);
		timer_start(j->idle, LEAVE_MS);
	}
	LIST_FOREACH(r, &j->runs, next) {
		if (!r->model)
			e.stop = STOP_finished;
		else
			e.stop = STOP_cancelled;
		run_stop(r, &e);
	}
	judge_sweep_soon(j);
}
