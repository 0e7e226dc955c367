/*
 * serve.c: the supervisor's loop: signals, the judge, launchers, deaths.
 * Runs in: supervisor.
 * Input: signals; the judge's messages, see from_judge.c; wait statuses.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/supervisor.h"

#define REPORTS		64	/* launchers that are heard in one turn */
#define MESSAGES	512	/* of the judge that are handled in one turn */

void
supervisor_leave(struct supervisor *s, int status)
{
	if (!s->leaving)
		s->status = status;
	s->leaving = true;
}

/* --- signals --- */

static void
stop_ask(struct supervisor *s)
{
	struct stop_request m = { .now = ++s->signals > 1 };

	notify_stopping();
	s->stop_by = now_mono_ms() + (m.now ? LEAVE_TIME : STOP_TIME);
	/* A judge that cannot be asked yet has nothing to end. */
	if (s->judge.phase == STARTING || s->signals > 2 ||
	    send_stop_request(&s->judge, &m) == -1)
		supervisor_leave(s, 0);
}

static void
reload(struct supervisor *s)
{
	struct reload_request m;

	if (s->judge.phase == STARTING)
		return;
	if (config_files_read(&s->config, &s->options) == -1) {
		log_line(LOG_ERROR, "reload: the old configuration stays");
		return;
	}
	m.config_files = s->config.count;
	if (send_reload_request(&s->judge, &m) == 0)
		config_files_send(s);
}

static void
signals_read(struct supervisor *s, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			stop_ask(s);
		else if (info.ssi_signo == SIGHUP)
			reload(s);
	}
}

static int
signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 ||
	    (fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		fatal("take signals");
	return fd;
}

/* --- deaths --- */

static void
judge_gone(struct supervisor *s, int status)
{
	if (s->leaving)
		return;
	if (WIFSIGNALED(status))
		log_line(LOG_ERROR, "the judge was ended by signal %d (%s): "
		    "ending everything", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		log_line(LOG_ERROR, "the judge ended with status %d: ending "
		    "everything", WEXITSTATUS(status));
	supervisor_leave(s, EXIT_internal);
}

static void
child_gone(struct supervisor *s, struct child *c, int status)
{
	struct exited m = { .process = c->number,
	    .status = (uint32_t)status };

	log_line(LOG_DEBUG, "ended %s number=%u pid=%d status=%#x",
	    program_name(c->program), c->number, c->pid, status);
	if (c->cgroup != 0)
		m.out_of_memory = sandbox_ended(s, c);
	if (c->program == PROGRAM_JUDGE)
		judge_gone(s, status);
	else if (c->number != 0 && !s->leaving)
		send_exited(&s->judge, &m);
	child_remove(&s->children, c);
}

/*
 * The first process of a sandbox is our child before its launcher has told us
 * so.  While a report is due, only those are waited for that we know.
 */
void
children_reap(struct supervisor *s)
{
	struct child *c, *next;
	int status;
	pid_t pid;

	for (c = s->children; c != NULL; c = next) {
		next = c->next;
		if (waitpid(c->pid, &status, WNOHANG) == c->pid)
			child_gone(s, c, status);
	}
	while (!sandbox_pending(s) &&
	    (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if ((c = child_find_pid(s->children, pid)) != NULL)
			child_gone(s, c, status);
	}
}

static void
children_hurry(struct supervisor *s)
{
	struct child *c;
	struct spawn_failed m;

	while ((c = child_due(s->children)) != NULL &&
	    c->deadline <= now_mono_ms()) {
		c->deadline = 0;
		log_line(LOG_ERROR, "%s pid=%d is not ready after %u s",
		    program_name(c->program), c->pid, START_TIME / 1000);
		child_kill(c);
		if (c->program == PROGRAM_JUDGE)
			supervisor_leave(s, EXIT_internal);
		m = (struct spawn_failed){ .process = c->number,
		    .error = ETIMEDOUT };
		snprintf(m.what, sizeof(m.what), "%s: wait until it is ready",
		    program_name(c->program));
		if (c->number != 0)
			send_spawn_failed(&s->judge, &m);
	}
}

void
children_end(struct supervisor *s)
{
	uint64_t end = now_mono_ms() + LEAVE_TIME;
	const struct timespec pause = { .tv_nsec = 2000000 };
	int status;
	pid_t pid;

	s->leaving = true;
	sandbox_drop(s);
	for (struct child *c = s->children; c != NULL; c = c->next)
		child_kill(c);
	/* As subreaper we inherit all that is below us: none may be left. */
	while ((pid = waitpid(-1, &status, WNOHANG)) != -1 &&
	    now_mono_ms() < end) {
		struct child *c = child_find_pid(s->children, pid);

		if (pid == 0)
			nanosleep(&pause, NULL);
		else if (c != NULL)
			child_gone(s, c, status);
	}
	if (pid != -1)
		log_line(LOG_WARNING, "some processes did not end in %u s",
		    LEAVE_TIME / 1000);
}

/* --- the loop --- */

/* Its channel closes a moment before its status is there: say which it was. */
static void
judge_await(struct supervisor *s)
{
	struct child *judge = child_find_program(s->children, PROGRAM_JUDGE);
	struct pollfd p = { .events = POLLIN };

	if (judge != NULL) {
		p.fd = judge->pidfd;
		poll(&p, 1, 1000);
	}
	children_reap(s);
}

static void
judge_read(struct supervisor *s)
{
	enum received got = RECEIVED;

	for (int i = 0; i < MESSAGES && got == RECEIVED && !s->leaving; i++)
		got = channel_receive(&s->judge);
	if (got == RECEIVE_FAULT) {
		log_line(LOG_ERROR, "the judge broke its contract: %s",
		    s->judge.why);
		supervisor_leave(s, EXIT_integrity);
	} else if (got == RECEIVE_CLOSED) {
		judge_await(s);
		if (!s->leaving)
			log_line(LOG_ERROR, "the judge hung up");
		supervisor_leave(s, EXIT_internal);
	}
}

static int
time_left(const struct supervisor *s)
{
	const struct child *due = child_due(s->children);
	uint64_t until = s->stop_by, now = now_mono_ms();

	if (due != NULL && (until == 0 || due->deadline < until))
		until = due->deadline;
	if (s->spare_at != 0 && (until == 0 || s->spare_at < until))
		until = s->spare_at;
	if (s->spare_until != 0 && (until == 0 || s->spare_until < until))
		until = s->spare_until;
	if (until == 0)
		return -1;
	return until <= now ? 0 : (int)(until - now) + 1;
}

static void
turn(struct supervisor *s, int signals)
{
	struct pollfd polled[2 + REPORTS] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = s->judge.fd, .events = POLLIN }
	};
	int reports[REPORTS];
	size_t n = sandbox_reports(s, reports, REPORTS);

	if (s->judge.head != NULL)
		polled[1].events |= POLLOUT;
	for (size_t i = 0; i < n; i++)
		polled[2 + i] = (struct pollfd){ reports[i], POLLIN, 0 };
	if (poll(polled, 2 + n, time_left(s)) == -1 && errno != EINTR)
		fatal("wait for something to do");
	if (polled[0].revents != 0)
		signals_read(s, signals);
	if (polled[1].revents & POLLOUT)
		channel_flush(&s->judge);
	if (polled[1].revents & ~POLLOUT)
		judge_read(s);
	for (size_t i = 0; i < n; i++) {
		if (polled[2 + i].revents != 0)
			sandbox_report(s, reports[i]);
	}
	children_reap(s);
	children_hurry(s);
	sandbox_ahead(s);
	sandbox_clean(s);
}

void
serve(struct supervisor *s)
{
	autoclose int signals = signals_open();

	if (judge_start(s) == -1)
		supervisor_leave(s, EXIT_internal);
	while (!s->leaving) {
		turn(s, signals);
		if (s->judge.broken && !s->leaving) {
			log_line(LOG_ERROR, "the judge does not listen");
			supervisor_leave(s, EXIT_internal);
		}
		if (s->stop_by != 0 && now_mono_ms() >= s->stop_by) {
			log_line(LOG_WARNING, "the judge did not end the "
			    "runs in time");
			supervisor_leave(s, EXIT_internal);
		}
	}
}
