/*
 * idle.c: when the judge leaves: in user mode some seconds after the last
 * client, run and open sandbox are gone; after SIGTERM when all has ended.
 * Runs in: judge.  Input: none.
 */
#include "ipc/util.h"
#include "supervisor/judge/judge.h"

bool
idle_reached(const struct judge *j)
{
	return j->user_mode && j->serving && !j->loading.busy &&
	    j->nclients == 0 && j->nruns == 0;
}

void
idle_look(struct judge *j)
{
	if (j->stopping) {
		if (j->nruns == 0)
			judge_leave(j, 0);
		return;
	}
	if (!idle_reached(j))
		evtimer_del(j->idle);
	else if (!evtimer_pending(j->idle, NULL))
		timer_start(j->idle, IDLE_MS);
}

void
idle_expired(evutil_socket_t fd, short what, void *arg)
{
	struct judge *j = arg;

	(void)fd;
	(void)what;
	if (j->stopping) {
		log_line(LOG_WARNING, "leaving with %u runs open: they did "
		    "not end in time", j->nruns);
		judge_leave(j, 0);
	} else if (idle_reached(j)) {
		log_line(LOG_INFO, "leaving: nothing is left to do");
		judge_leave(j, 0);
	}
}
