/*
 * process.c: asking for processes, and using none that was not verified:
 * asked -> starting -> (ready) verifying -> (verified) usable -> gone.
 * Runs in: judge.
 * Input: the supervisor's answers; the channels that it brings are hostile.
 */
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/run.h"
#include "supervisor/judge/tracker.h"

#define TASKS_MOST	32768u	/* the kernel's usual pid_max */
#define DRAIN_MS	500	/* from `exited` to the end of the channel */

const char *
role_name(enum party role)
{
	switch ((unsigned)role) {
	case COGNITION:
		return "cognition-worker";
	case STREAM:
		return "exec-stream";
	case TRACKER:
		return "tracker-record";
	case DIALER:
		return "dialer";
	case CONFIG:
		return "config-reader";
	case GUEST:
		return "guest";
	}
	return "?";
}

/* Tell whoever the process is for that it is usable. */
static void
tell_usable(struct process *p)
{
	struct judge *j = p->judge;

	if (p->run != NULL)
		run_advance(p->run);
	else if (p == j->tenant.tracker)
		tracker_usable(j, &j->tenant);
	else if (p == j->dialer)
		dialer_usable(j);
	else if (p == j->loading.reader)
		load_usable(j);
}

static void
tell_lost(struct process *p, const char *why, bool fault)
{
	struct judge *j = p->judge;

	if (p->run != NULL)
		run_lost(p->run, p, why, fault);
	else if (p == j->tenant.tracker)
		tracker_lost(j, &j->tenant, why);
	else if (p == j->dialer)
		dialer_lost(j, why, fault);
	else if (p == j->loading.reader)
		load_failed(j, fault ? EXIT_integrity : EXIT_internal, why);
}

static void
end(struct process *p)
{
	struct kill_request m = { .process = p->number };

	if (!p->exited)
		(void)send_kill_request(&p->judge->supervisor, &m);
	p->state = PROCESS_gone;
	timer_free(&p->timer);
	judge_sweep_soon(p->judge);
}

void
process_kill(struct process *p)
{
	if (p->state == PROCESS_gone)
		return;
	end(p);
	p->run = NULL;
}

void
process_lost(struct process *p, const char *why, bool fault)
{
	if (p->state == PROCESS_gone)
		return;
	log_line(fault ? LOG_ERROR : LOG_WARNING,
	    "%s%s%sended=%s pid=%u fault=%d reason=\"%s\"",
	    p->run != NULL ? "run=" : "",
	    p->run != NULL ? p->run->name : "", p->run != NULL ? " " : "",
	    role_name(p->role), (unsigned)p->pid, fault, why);
	end(p);
	tell_lost(p, why, fault);
	p->run = NULL;
}

/* How it ended, for a person; a killed system call is a breach. */
static void
lost_by_exit(struct process *p)
{
	char why[96];
	bool fault = false;

	if (!p->exited) {
		snprintf(why, sizeof(why), "it closed its channel");
	} else if (WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGSYS) {
		fault = true;
		snprintf(why, sizeof(why),
		    "it tried a system call that its page does not allow");
	} else if (p->out_of_memory) {
		snprintf(why, sizeof(why), "it ran out of memory");
	} else if (WIFSIGNALED(p->status)) {
		snprintf(why, sizeof(why), "it was killed by signal %d",
		    WTERMSIG(p->status));
	} else {
		snprintf(why, sizeof(why), "it ended with status %d",
		    WEXITSTATUS(p->status));
	}
	process_lost(p, why, fault);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct process *p = arg;

	(void)fd;
	(void)what;
	if (p->state == PROCESS_usable || p->closed || p->exited)
		lost_by_exit(p);
	else
		process_lost(p, "it was not ready in time", false);
}

static struct process *
process_new(struct judge *j, enum party role, struct run *run)
{
	struct process *p = xcalloc(1, sizeof(*p));

	p->judge = j;
	p->run = run;
	p->role = role;
	p->number = ++j->next_process;
	p->timer = timer_new(j, on_timer, p);
	timer_start(p->timer, START_MS);
	LIST_INSERT_HEAD(&j->processes, p, next);
	return p;
}

struct process *
process_ask(struct judge *j, enum party role, struct run *run)
{
	struct process *p = process_new(j, role, run);
	struct spawn_request m = {
		.process = p->number,
		.role = role,
		.tenant = j->tenant.index,
	};

	if (send_spawn_request(&j->supervisor, &m) == 0)
		return p;
	log_line(LOG_ERROR, "cannot ask for a process: role=%s",
	    role_name(role));
	process_kill(p);
	return NULL;
}

int
process_ask_sandbox(struct run *r)
{
	struct judge *j = r->judge;
	const struct config *c = r->config;
	struct sandbox_request m = {
		.tenant = j->tenant.index,
		.memory = (uint64_t)config_int(c,
		    KEY_agents_sandbox_native_memory_limit),
		.disk = (uint64_t)config_int(c,
		    KEY_agents_sandbox_native_disk_limit),
		.inodes = (uint32_t)config_int(c,
		    KEY_agents_sandbox_native_files_limit),
		.processes = (uint32_t)config_int(c,
		    KEY_agents_sandbox_native_processes_limit),
		.cpu = (uint32_t)(1000 * config_real(c,
		    KEY_agents_sandbox_native_cpu_limit)),
		.open_files = (uint32_t)config_int(c,
		    KEY_agents_sandbox_native_open_files_limit),
		.file_size = (uint64_t)config_int(c,
		    KEY_agents_sandbox_native_file_size_limit),
	};

	if (m.processes > TASKS_MOST)
		m.processes = TASKS_MOST;
	r->stream = process_new(j, STREAM, r);
	r->guest = process_new(j, GUEST, r);
	m.process = r->stream->number;
	m.guest = r->guest->number;
	return send_sandbox_request(&j->supervisor, &m);
}

struct process *
process_find(struct judge *j, uint32_t number)
{
	struct process *p;

	LIST_FOREACH(p, &j->processes, next)
		if (p->number == number && p->state != PROCESS_gone)
			return p;
	return NULL;
}

bool
process_usable(const struct process *p)
{
	return p != NULL && p->state == PROCESS_usable && !p->closed;
}

/* The channel is at its end (why is NULL), or the peer broke the contract. */
static void
on_closed(struct channel *c, const char *why)
{
	struct process *p = c->owner;

	if (p->state == PROCESS_gone)
		return;
	/* A channel that only broke while we sent is a death, not a breach. */
	if (why != NULL && !c->broken) {
		process_lost(p, why, true);
		return;
	}
	p->closed = true;
	if (p->exited)
		lost_by_exit(p);
	else
		timer_start(p->timer, DRAIN_MS);
}

void
process_spawned(struct process *p, struct spawned *m)
{
	p->pid = m->pid;
	p->uid = m->uid;
	p->state = PROCESS_starting;
	channel_init(&p->channel, steal_fd(&m->channel), JUDGE, p->role,
	    p->judge->table);
	p->channel.owner = p;
	p->channel.phase = STARTING;
	if (p->role == TRACKER)		/* serves every run of its tenant */
		p->channel.queue_max = 64 * MiB;
	p->has_channel = true;
	loop_add(p->judge->base, &p->channel, on_closed);
}

void
process_verified(struct process *p, const struct verified *m)
{
	char why[320], reason[257];

	if (!m->confined) {
		text_escape(reason, sizeof(reason), m->reason,
		    strlen(m->reason));
		snprintf(why, sizeof(why), "not confined as its page says: %s",
		    reason);
		process_lost(p, why, !p->exited);
		return;
	}
	p->state = PROCESS_usable;
	p->channel.phase = RUNNING;
	timer_free(&p->timer);
	p->timer = timer_new(p->judge, on_timer, p);
	log_line(LOG_DEBUG, "verified=%s pid=%u uid=%u", role_name(p->role),
	    (unsigned)p->pid, (unsigned)p->uid);
	tell_usable(p);
}

/* What it still said is read first: the channel's end completes its end. */
void
process_exited(struct process *p, const struct exited *m)
{
	p->exited = true;
	p->status = m->status;
	p->out_of_memory = m->out_of_memory;
	if (p->state == PROCESS_gone)
		return;
	/* A guest leaves in peace when its stream ends: ask that role first. */
	if (p->closed || (!p->has_channel && m->status != 0))
		lost_by_exit(p);
	else
		timer_start(p->timer, DRAIN_MS);
}

void
process_sweep(struct judge *j)
{
	struct process *p, *next;

	for (p = LIST_FIRST(&j->processes); p != NULL; p = next) {
		next = LIST_NEXT(p, next);
		if (p->state != PROCESS_gone)
			continue;
		LIST_REMOVE(p, next);
		if (p->has_channel) {
			loop_remove(&p->channel);
			channel_clear(&p->channel);
		}
		timer_free(&p->timer);
		free(p);
	}
}
