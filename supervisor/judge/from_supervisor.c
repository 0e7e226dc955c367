/*
 * from_supervisor.c: everything that the supervisor can make the judge do.
 * Runs in: judge.
 * Input: the supervisor is trusted more than we are; numbers of processes
 * that we gave up meanwhile are not a breach.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/run.h"

int
on_assume(struct channel *c, struct assume *m)
{
	struct judge *j = c->owner;

	if (j->assumed)
		return channel_fault(c, "assume twice");
	j->assumed = true;
	j->listener = steal_fd(&m->listener);
	j->user_mode = m->user_mode;
	j->owner = m->owner;
	j->separate_uids = m->separate_uids;
	j->cgroups = m->cgroups;
	snprintf(j->state_dir, sizeof(j->state_dir), "%s", m->state_dir);
	dialer_want(j);
	load_begin(j, m->config_files);
	return 0;
}

int
on_config_file(struct channel *c, struct config_file *m)
{
	struct judge *j = c->owner;
	char path[2048];

	text_escape(path, sizeof(path), m->path, strlen(m->path));
	if (load_file(j, m->index, path) == -1)
		return channel_fault(c, "a configuration file too many");
	return 0;
}

int
on_reload_request(struct channel *c, struct reload_request *m)
{
	struct judge *j = c->owner;

	if (j->config != NULL && !j->stopping)
		load_begin(j, m->config_files);
	return 0;
}

int
on_stop_request(struct channel *c, struct stop_request *m)
{
	judge_stop(c->owner, m->now);
	return 0;
}

int
on_spawned(struct channel *c, struct spawned *m)
{
	struct process *p = process_find(c->owner, m->process);

	if (p == NULL)
		return 0;	/* given up meanwhile: its channel is closed */
	if (p->state != PROCESS_asked || p->role == GUEST)
		return channel_fault(c, "process %u spawned twice",
		    (unsigned)m->process);
	process_spawned(p, m);
	return 0;
}

int
on_guest_spawned(struct channel *c, struct guest_spawned *m)
{
	struct process *p = process_find(c->owner, m->process);

	if (p == NULL)
		return 0;
	if (p->role != GUEST || p->run == NULL || p->run->guest_up)
		return channel_fault(c, "process %u is no new guest",
		    (unsigned)m->process);
	p->pid = m->pid;
	p->uid = m->uid;
	p->state = PROCESS_usable;
	evtimer_del(p->timer);
	text_escape(p->cgroup, sizeof(p->cgroup), m->cgroup,
	    strlen(m->cgroup));
	p->run->guest_up = true;
	run_advance(p->run);
	return 0;
}

int
on_spawn_failed(struct channel *c, struct spawn_failed *m)
{
	struct process *p = process_find(c->owner, m->process);
	char what[257], why[400];

	if (p == NULL)
		return 0;
	text_escape(what, sizeof(what), m->what, strlen(m->what));
	snprintf(why, sizeof(why), "it could not be started: %s: %s", what,
	    strerror((int)(m->error & 0xfff)));
	p->exited = true;	/* there is nothing to kill */
	process_lost(p, why, false);
	return 0;
}

int
on_verified(struct channel *c, struct verified *m)
{
	struct process *p = process_find(c->owner, m->process);

	if (p == NULL)
		return 0;
	if (p->state != PROCESS_verifying)
		return channel_fault(c, "process %u verified unasked",
		    (unsigned)m->process);
	process_verified(p, m);
	return 0;
}

int
on_exited(struct channel *c, struct exited *m)
{
	struct process *p = process_find(c->owner, m->process);

	if (p != NULL)
		process_exited(p, m);
	return 0;
}
