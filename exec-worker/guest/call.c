/*
 * call.c: one command at a time: from guest_exec to guest_exited.
 * Runs in: the guest.
 * Input: requests of the stream role; the command's behaviour is hostile.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

#define KILL_AGAIN	10000u		/* us between two rounds of killing */
#define TIMEOUT_MOST	(1ull << 40)	/* ms; more is cut to that */
#define ARGUMENTS_KEPT	(64 * KiB)	/* of buffer, between two calls */

/* --- the argument vector --- */

static void
arguments_reset(struct arguments *a)
{
	if (a->cap > ARGUMENTS_KEPT) {
		free(a->text);
		a->text = NULL;
		a->cap = 0;
	}
	a->call = 0;
	a->len = a->count = 0;
	a->open = a->broken = false;
}

static void
arguments_append(struct arguments *a, const void *data, size_t len)
{
	size_t cap = a->cap > 0 ? a->cap : 4096;

	if (a->broken || len > ARGUMENT_BYTES - a->len) {
		a->broken = true;
		return;
	}
	while (cap < a->len + len)
		cap *= 2;
	if (cap != a->cap) {
		a->text = xrealloc(a->text, cap);
		a->cap = cap;
	}
	memcpy(a->text + a->len, data, len);
	a->len += len;
}

int
on_guest_argument(struct channel *c, struct guest_argument *m)
{
	struct guest *g = c->owner;
	struct arguments *a = &g->arguments;

	if (a->call != m->call) {
		arguments_reset(a);
		a->call = m->call;
	}
	if (m->piece.len > 0) {
		if (memchr(m->piece.data, '\0', m->piece.len) != NULL)
			a->broken = true;
		arguments_append(a, m->piece.data, m->piece.len);
	}
	a->open = !m->last;
	if (m->last) {
		arguments_append(a, "", 1);
		if (++a->count > ARGUMENT_COUNT)
			a->broken = true;
	}
	return 0;
}

static char **
arguments_vector(const struct arguments *a)
{
	char **argv = xcalloc(a->count + 1, sizeof(*argv)), *at = a->text;

	for (size_t i = 0; i < a->count; i++) {
		argv[i] = at;
		at += strlen(at) + 1;
	}
	return argv;
}

/* --- beginning --- */

static int
open_cwd(struct guest *g, const struct bytes *path)
{
	char name[PATH_MAX + 1];

	if (path->len == 0)
		return fcntl(g->work, F_DUPFD_CLOEXEC, 3);
	if (path_copy(name, path) == -1)
		return -1;
	return path_open(g, name, O_PATH | O_DIRECTORY, 0);
}

static void
close_theirs(struct guest *g, const int theirs[3])
{
	for (size_t i = 0; i < 3; i++) {
		if (theirs[i] >= 0 && theirs[i] != g->null)
			close(theirs[i]);
	}
}

/* 0, or -1 with errno and the step that failed. */
static int
call_start(struct guest *g, const struct guest_exec *m, const char **step)
{
	struct call *call = &g->call;
	autofree char **argv = arguments_vector(&g->arguments);
	autoclose int cwd = -1;
	struct order order = { .argv = argv };
	int saved;

	*step = "open the working directory";
	cwd = open_cwd(g, &m->cwd);
	if (cwd == -1)
		return -1;
	order.cwd = cwd;
	if (g->children)
		processes_note_elders(g);
	else
		g->nelders = 0;
	*step = "make pipes";
	if (streams_open(g, m->has_input, order.fds) == 0) {
		call->started = now_us();
		call->pid = spawn(g, &order, step);
	}
	saved = errno;
	close_theirs(g, order.fds);
	if (call->pid > 0)
		return 0;
	streams_release(g, false);
	errno = saved;
	return -1;
}

int
on_guest_exec(struct channel *c, struct guest_exec *m)
{
	struct guest *g = c->owner;
	struct arguments *a = &g->arguments;
	struct call *call = &g->call;
	uint64_t timeout = m->timeout < TIMEOUT_MOST ? m->timeout :
	    TIMEOUT_MOST;
	const char *step;

	if (a->call != m->call || a->open || a->count == 0)
		return channel_fault(c, "has no whole argument vector");
	if (call->state != IDLE || a->broken || timeout == 0) {
		guest_failure(g, m->call, call->state != IDLE ? EBUSY :
		    a->broken ? E2BIG : EINVAL, call->state != IDLE ?
		    "start a command while another one runs" : a->broken ?
		    "take the arguments" : "take the time limit");
		arguments_reset(a);
		return 0;
	}
	*call = (struct call){ .id = m->call, .credit = m->credit,
	    .in = -1, .out = { -1, -1 } };
	if (call_start(g, m, &step) == -1) {
		guest_failure(g, m->call, errno, step);
	} else {
		call->state = COMMAND;
		call->deadline = call->started + timeout * 1000;
		streams_welcome(g);
	}
	arguments_reset(a);
	return 0;
}

/* --- ending --- */

static void
call_finish(struct guest *g)
{
	struct call *call = &g->call;
	struct guest_exited m = {
		.call = call->id,
		.status = (uint32_t)call->status,
		.timed_out = call->timed_out,
		.wall = call->wall,
		.cpu = call->cpu,
		.peak = call->peak
	};

	m.left = g->children ? processes_left(g) : 0;
	call->state = IDLE;
	guest_sent(g, send_guest_exited(&g->channel, &m));
	streams_release(g, m.left > 0);
}

/* Its process is gone, or does not die: what it wrote is still to be sent. */
static void
call_settle(struct guest *g, uint64_t now)
{
	struct call *call = &g->call;

	if (call->pid != 0) {
		call->status = SIGKILL;
		call->wall = now - call->started;
	}
	call->state = DRAINING;
	call->give_up = now + DRAIN_PATIENCE;
	streams_settle(g);
}

static void
call_kill(struct guest *g, bool timed_out, uint64_t now)
{
	struct call *call = &g->call;

	call->killed = true;
	call->timed_out = timed_out;
	call->state = KILLING;
	call->give_up = now + KILL_PATIENCE;
	call->kill_next = now;
}

static void
call_kill_step(struct guest *g, uint64_t now)
{
	struct call *call = &g->call;

	if (now >= call->kill_next) {
		processes_kill(g);
		processes_reap(g);
		call->kill_next = now + KILL_AGAIN;
	}
	if ((call->pid == 0 && (!g->children || processes_left(g) == 0)) ||
	    now >= call->give_up)
		call_settle(g, now);
}

void
call_step(struct guest *g)
{
	struct call *call = &g->call;
	uint64_t now;

	if (call->state == IDLE)
		return;
	now = now_us();
	if (!call->killed && now >= call->deadline)
		call_kill(g, true, now);
	if (call->state == KILLING)
		call_kill_step(g, now);
	if (call->state != DRAINING)
		return;
	streams_pump(g);
	if (streams_drained(g) || (call->killed && now >= call->give_up))
		call_finish(g);
}

void
call_reaped(struct guest *g, pid_t pid, int status, uint64_t cpu,
    uint64_t peak)
{
	struct call *call = &g->call;

	if (call->state == IDLE)
		return;
	call->cpu += cpu;
	if (peak > call->peak)
		call->peak = peak;
	if (pid != call->pid)
		return;
	call->pid = 0;
	call->status = status;
	call->wall = now_us() - call->started;
	if (call->state == COMMAND)
		call_settle(g, call->started + call->wall);
}

int
call_wait(const struct guest *g)
{
	const struct call *call = &g->call;
	uint64_t next = call->deadline, now;

	if (call->state == IDLE)
		return -1;
	if (call->state == KILLING && call->kill_next < call->give_up)
		next = call->kill_next;
	else if (call->killed)
		next = call->give_up;
	now = now_us();
	if (next <= now)
		return 0;
	next = (next - now + 999) / 1000;
	return next < 60000 ? (int)next : 60000;
}

int
on_guest_kill(struct channel *c, struct guest_kill *m)
{
	struct guest *g = c->owner;

	/* It may cross the end of that call: then it says nothing. */
	if (g->call.state == IDLE || g->call.id != m->call || g->call.killed)
		return 0;
	call_kill(g, false, now_us());
	call_step(g);
	return 0;
}
