/*
 * loop.c: the one place where the guest waits, and how it leaves.
 * Runs in: the guest.
 * Input: the stream, signals (those of the sandbox's processes are hostile).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

#define MESSAGES_AT_ONCE	64

static volatile sig_atomic_t told_to_leave;

uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/*
 * SIGTERM counts only from outside: the kernel gives such a sender the pid 0.
 * A process in here cannot claim that: only the kernel sets SI_USER.
 */
static void
on_terminate(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (getpid() == 1 && info->si_code == SI_USER && info->si_pid != 0)
		return;
	if (getpid() == 1 && info->si_code < 0)
		return;
	told_to_leave = 1;
}

static void
on_child(int number)
{
	(void)number;		/* its only use is to interrupt ppoll */
}

/* Signals arrive only while it waits, so no handler ever meets a call. */
void
guest_signals(struct guest *g)
{
	struct sigaction term = { .sa_sigaction = on_terminate,
	    .sa_flags = SA_SIGINFO };
	struct sigaction child = { .sa_handler = on_child,
	    .sa_flags = SA_NOCLDSTOP };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t blocked;

	sigemptyset(&g->waiting);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGCHLD, &child, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
}

/* As PID 1 its end is everybody's; else it must end them itself. */
void
guest_leave(struct guest *g, int status)
{
	uint64_t end = now_us() + KILL_PATIENCE;
	struct timespec pause = { .tv_nsec = 1000000 };

	if (g->init)
		_exit(status);
	writing_abandon(g);
	g->nelders = 0;
	for (;;) {
		processes_reap(g);
		if (!g->children || now_us() > end)
			_exit(status);
		processes_kill(g);
		nanosleep(&pause, NULL);
	}
}

void
guest_sent(struct guest *g, int status)
{
	if (status == -1)
		guest_leave(g, errno == EPIPE ? 0 : 70);
}

void
guest_failure(struct guest *g, uint64_t call, int error, const char *what)
{
	struct guest_failed m = { .call = call, .error = (uint32_t)error };

	snprintf(m.what, sizeof(m.what), "%s", what);
	guest_sent(g, send_guest_failed(&g->channel, &m));
}

/* Wait for events; a signal ends the wait.  True if there are events. */
static bool
guest_wait(struct guest *g, struct pollfd *fds, size_t n, int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
	    .tv_nsec = (long)(ms % 1000) * 1000000 };
	int ready = ppoll(fds, n, ms < 0 ? NULL : &ts, &g->waiting);

	if (told_to_leave)
		guest_leave(g, 0);
	return ready > 0;
}

/*
 * Replies to file requests have no credit of their own: the next one waits
 * until the peer has read most of those before.
 */
void
guest_room(struct guest *g)
{
	struct pollfd fd = { .fd = g->channel.fd, .events = POLLOUT };

	while (g->channel.queued > QUEUE_HIGH) {
		guest_wait(g, &fd, 1, -1);
		if (channel_flush(&g->channel) == -1)
			guest_leave(g, 0);
	}
}

/* A bounded number of messages, so that signals and deadlines are seen. */
static void
guest_receive(struct guest *g)
{
	g->more = false;
	for (unsigned n = 0; n < MESSAGES_AT_ONCE; n++) {
		switch (channel_receive(&g->channel)) {
		case RECEIVED:
			break;
		case RECEIVE_AGAIN:
			return;
		case RECEIVE_CLOSED:
			guest_leave(g, 0);
		case RECEIVE_FAULT:
			guest_leave(g, 76);
		}
	}
	/* What is buffered in the channel already is not seen by poll. */
	g->more = true;
}

void
guest_step(struct guest *g)
{
	struct pollfd fds[1 + STREAMS_POLLED];
	size_t n;
	bool ready;

	fds[0] = (struct pollfd){ .fd = g->channel.fd, .events = POLLIN |
	    (g->channel.queued > 0 ? POLLOUT : 0) };
	n = 1 + streams_poll(g, fds + 1);
	ready = guest_wait(g, fds, n, g->more ? 0 : call_wait(g));
	if (g->children)
		processes_reap(g);
	if (ready && channel_flush(&g->channel) == -1)
		guest_leave(g, 0);
	/* Pipes first: a message may close what was polled. */
	if (ready && n > 1)
		streams_serve(g, fds + 1, n - 1);
	if (g->more || (ready && fds[0].revents & (POLLIN | POLLHUP | POLLERR)))
		guest_receive(g);
	/* Last: what came may be the credit that it waits for. */
	call_step(g);
}

int
on_guest_ping(struct channel *c, struct guest_ping *m)
{
	struct guest_pong pong = { .nonce = m->nonce };

	guest_sent(c->owner, send_guest_pong(c, &pong));
	return 0;
}
