/*
 * sandbox.c: native sandboxes: a cgroup, a launcher, and the guest it leaves.
 * Runs in: supervisor.
 * Input: numbers from the judge; the launcher's one report of fixed size,
 * whose descriptor must be a child of ours.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ipc/launch.h"
#include "ipc/util.h"
#include "supervisor/close.h"
#include "supervisor/supervisor.h"
#include "supervisor/verify.h"

struct sandbox {
	struct sandbox	*next;
	uint32_t	 cgroup;	/* number of its group, unique */
	uint32_t	 guest;		/* the judge's number for the guest */
	uid_t		 uid;
	int		 report;	/* the launcher's, owned; -1: it came */
	bool		 launched;	/* the launcher is gone */
	bool		 ended;		/* there is no guest, or no more */
};

struct numbers {
	char	text[LAUNCH_ROOT][24];
};

static void
arguments_make(const struct supervisor *s, const struct sandbox_request *m,
    struct numbers *n, char **argv)
{
	const uint64_t values[LAUNCH_ROOT] = {
		[LAUNCH_DISK] = m->disk,
		[LAUNCH_INODES] = m->inodes,
		[LAUNCH_PROCESSES] = m->processes,
		[LAUNCH_OPEN_FILES] = m->open_files,
		[LAUNCH_FILE_SIZE] = m->file_size,
		[LAUNCH_DATA] = s->cgroups.version == 0 ? m->memory : 0
	};

	for (int i = 0; i < LAUNCH_ROOT; i++) {
		snprintf(n->text[i], sizeof(n->text[i]), "%llu",
		    (unsigned long long)values[i]);
		argv[1 + i] = n->text[i];
	}
}

static int
launcher_start(struct supervisor *s, struct sandbox *box,
    const struct sandbox_request *m, int stream, const char **step)
{
	char name[] = "sandbox-launcher", root[PATH_MAX];
	char *argv[2 + LAUNCH_ARGUMENTS] = { name };
	struct numbers numbers;
	autoclose int theirs = -1;
	int ends[2], fds[3];
	struct spawn sp = { .program = PROGRAM_LAUNCHER, .uid = box->uid,
	    .fds = fds, .nfds = 3, .dir = -1, .argv = argv,
	    .cgroup = box->cgroup };

	*step = "make a report socket";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	box->report = ends[0];
	theirs = ends[1];
	fds[LAUNCH_STREAM - 3] = stream;
	fds[LAUNCH_REPORT - 3] = theirs;
	fds[LAUNCH_GUEST - 3] = s->programs[PROGRAM_GUEST];
	arguments_make(s, m, &numbers, argv);
	snprintf(root, sizeof(root), "%s", s->options.sandbox_root);
	argv[1 + LAUNCH_ROOT] = root;
	return spawn(s, &sp, step) == NULL ? -1 : 0;
}

/* The group, the launcher, the stream role; what fails is undone later. */
static int
sandbox_fill(struct supervisor *s, struct sandbox *box,
    const struct sandbox_request *m, const char **step)
{
	const struct cgroup_limits limits = { .memory = m->memory,
	    .processes = m->processes, .cpu = m->cpu };
	struct worker role = { PROGRAM_STREAM, m->process, m->tenant, -1 };
	autoclose int inside = -1, outside = -1;
	int ends[2];

	if (cgroup_make(&s->cgroups, box->cgroup, &limits, step) == -1)
		return -1;
	*step = "make a stream";
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	inside = ends[0];
	outside = ends[1];
	if (launcher_start(s, box, m, inside, step) == -1) {
		close_now(&box->report);
		return -1;
	}
	box->launched = false;
	role.stream = outside;
	return worker_start(s, &role, step);
}

int
sandbox_start(struct supervisor *s, const struct sandbox_request *m,
    const char **step)
{
	struct sandbox *box = xcalloc(1, sizeof(*box));
	int saved;

	box->cgroup = ++s->cgroup_last;
	box->guest = m->guest;
	box->uid = uid_for(s, PROGRAM_LAUNCHER, m->tenant);
	box->report = -1;
	box->launched = true;
	box->next = s->sandboxes;
	s->sandboxes = box;
	if (sandbox_fill(s, box, m, step) == 0)
		return 0;
	saved = errno;
	/* A launcher that runs already gives up without its report socket. */
	close_now(&box->report);
	box->ended = true;
	for (struct child *c = s->children; c != NULL; c = c->next) {
		if (c->cgroup == box->cgroup)
			child_kill(c);
	}
	errno = saved;
	return -1;
}

size_t
sandbox_reports(const struct supervisor *s, int *fds, size_t most)
{
	size_t n = 0;

	for (const struct sandbox *b = s->sandboxes; b != NULL; b = b->next) {
		if (b->report != -1 && n < most)
			fds[n++] = b->report;
	}
	return n;
}

bool
sandbox_pending(const struct supervisor *s)
{
	int fd;

	return sandbox_reports(s, &fd, 1) != 0;
}

bool
sandbox_uid_used(const struct supervisor *s, uid_t uid)
{
	const struct sandbox *b = s->sandboxes;

	while (b != NULL && b->uid != uid)
		b = b->next;
	return b != NULL;
}

/* One datagram of exactly that size, with a pidfd if it succeeded. */
static int
report_receive(int fd, struct launch_report *r)
{
	union {
		char		buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	align;
	} control;
	struct iovec iov = { r, sizeof(*r) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.buf, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int pidfd = -1;

	if (head != NULL && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&pidfd, CMSG_DATA(head), sizeof(pidfd));
	if (n != (ssize_t)sizeof(*r) || (r->error == 0) != (pidfd != -1)) {
		*r = (struct launch_report){ .error = EIO,
		    .step = "hear from the sandbox-launcher" };
		close_now(&pidfd);
	}
	r->step[sizeof(r->step) - 1] = '\0';
	return pidfd;
}

/* The pid behind a pidfd, if it is a child of ours; else -1. */
static pid_t
pidfd_child(int pidfd)
{
	char path[48], line[64];
	siginfo_t info;
	FILE *f;
	int pid = -1;

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG |
	    WNOWAIT) == -1)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL &&
	    sscanf(line, "Pid: %d", &pid) != 1)
		continue;
	fclose(f);
	return pid > 0 ? pid : -1;
}

static void
guest_failed(struct supervisor *s, struct sandbox *box, int error,
    const char *what)
{
	struct spawn_failed m = { .process = box->guest,
	    .error = (uint32_t)error };

	box->ended = true;
	snprintf(m.what, sizeof(m.what), "%s", what);
	log_line(LOG_WARNING, "build a sandbox: %s: %s", what,
	    strerror(error));
	send_spawn_failed(&s->judge, &m);
}

/* Look at it as at any other process before the judge hears of it. */
static void
guest_arrived(struct supervisor *s, struct sandbox *box, int pidfd)
{
	struct guest_spawned m = { .process = box->guest, .uid = box->uid };
	pid_t pid = pidfd_child(pidfd);
	char reason[REASON_SIZE];
	struct child *c;

	if (pid == -1) {
		close(pidfd);
		guest_failed(s, box, ESRCH, "find the sandbox's first process");
		return;
	}
	c = child_add(&s->children, pid, pidfd);
	c->program = PROGRAM_GUEST;
	c->uid = box->uid;
	c->cgroup = box->cgroup;
	c->number = box->guest;
	if (!child_verify(s, c, reason)) {
		child_kill(c);
		c->number = 0;		/* the judge never knew it */
		guest_failed(s, box, EPERM, reason);
		return;
	}
	m.pid = (uint32_t)pid;
	snprintf(m.cgroup, sizeof(m.cgroup), "%s", s->cgroups.said);
	send_guest_spawned(&s->judge, &m);
}

void
sandbox_report(struct supervisor *s, int fd)
{
	struct sandbox *box = s->sandboxes;
	struct launch_report r = { .error = EIO };
	int pidfd;

	while (box != NULL && box->report != fd)
		box = box->next;
	if (box == NULL)
		return;
	pidfd = report_receive(fd, &r);
	close_now(&box->report);
	if (pidfd == -1)
		guest_failed(s, box, r.error, r.step);
	else
		guest_arrived(s, box, pidfd);
}

bool
sandbox_ended(struct supervisor *s, const struct child *c)
{
	struct sandbox *box = s->sandboxes;

	while (box != NULL && box->cgroup != c->cgroup)
		box = box->next;
	if (box == NULL)
		return false;
	if (c->program == PROGRAM_LAUNCHER)
		box->launched = true;
	else
		box->ended = true;
	return c->program == PROGRAM_GUEST &&
	    cgroup_out_of_memory(&s->cgroups, box->cgroup);
}

void
sandbox_clean(struct supervisor *s)
{
	struct sandbox **at = &s->sandboxes, *box;

	while ((box = *at) != NULL) {
		if (!box->launched || !box->ended ||
		    cgroup_remove(&s->cgroups, box->cgroup) == -1) {
			at = &box->next;
			continue;
		}
		*at = box->next;
		close_now(&box->report);
		free(box);
	}
}
