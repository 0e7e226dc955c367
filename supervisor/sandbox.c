/*
 * sandbox.c: native sandboxes: a cgroup, a launcher, and the guest it leaves.
 * One is built ahead, up to where its limits are needed: it has run nothing
 * and seen nothing of anybody, and is of the tenant that had the last one.
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
#include "supervisor/supervisor.h"
#include "supervisor/verify.h"

struct sandbox {
	struct sandbox	*next;
	uint32_t	 cgroup;	/* number of its group, unique */
	uint32_t	 guest;		/* the judge's number for the guest */
	uint32_t	 tenant;
	uid_t		 uid;
	pid_t		 role;		/* its stream role, until it is given */
	int		 channel;	/* our end of that one's, owned */
	int		 report;	/* the launcher's, owned; -1: it came */
	bool		 ahead;		/* built ahead: not given to anybody */
	bool		 launched;	/* the launcher is gone */
	bool		 ended;		/* there is no guest, or no more */
};

/* --- building: all that does not depend on who will use it --- */

static int
launcher_start(struct supervisor *s, struct sandbox *box, int stream,
    const char **step)
{
	char name[] = "sandbox-launcher", root[PATH_MAX];
	char *argv[] = { name, root, NULL };
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
	snprintf(root, sizeof(root), "%s", s->options.sandbox_root);
	return spawn(s, &sp, step) == NULL ? -1 : 0;
}

/* The group, the launcher, the stream role; what fails is undone later. */
static int
sandbox_fill(struct supervisor *s, struct sandbox *box, const char **step)
{
	struct worker role = { PROGRAM_STREAM, 0, box->tenant, -1 };
	autoclose int inside = -1, outside = -1;
	struct child *c;
	int ends[2];

	if (cgroup_make(&s->cgroups, box->cgroup, NULL, step) == -1)
		return -1;
	*step = "make a stream";
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	inside = ends[0];
	outside = ends[1];
	if (launcher_start(s, box, inside, step) == -1) {
		close_fd(&box->report);
		return -1;
	}
	box->launched = false;
	role.stream = outside;
	if ((c = worker_spawn(s, &role, &box->channel, step)) == NULL)
		return -1;
	box->role = c->pid;
	return 0;
}

/* A launcher without its report socket gives up; so does its first process. */
static void
sandbox_abandon(struct supervisor *s, struct sandbox *box)
{
	close_fd(&box->report);
	close_fd(&box->channel);
	box->ahead = false;
	box->ended = true;
	for (struct child *c = s->children; c != NULL; c = c->next) {
		if (c->cgroup == box->cgroup || c->pid == box->role)
			child_kill(c);
	}
	box->role = 0;
}

static struct sandbox *
sandbox_build(struct supervisor *s, uint32_t tenant, const char **step)
{
	struct sandbox *box = xcalloc(1, sizeof(*box));
	int saved;

	box->cgroup = ++s->cgroup_last;
	box->tenant = tenant;
	box->uid = uid_for(s, PROGRAM_LAUNCHER, tenant);
	box->channel = box->report = -1;
	box->ahead = box->launched = true;
	box->next = s->sandboxes;
	s->sandboxes = box;
	if (sandbox_fill(s, box, step) == 0)
		return box;
	saved = errno;
	sandbox_abandon(s, box);
	errno = saved;
	return NULL;
}

/* --- giving it to a run --- */

static int
order_send(const struct supervisor *s, const struct sandbox *box,
    const struct sandbox_request *m)
{
	const struct launch_order order = { .number = {
		[LAUNCH_DISK] = m->disk,
		[LAUNCH_INODES] = m->inodes,
		[LAUNCH_PROCESSES] = m->processes,
		[LAUNCH_OPEN_FILES] = m->open_files,
		[LAUNCH_FILE_SIZE] = m->file_size,
		[LAUNCH_DATA] = s->cgroups.version == 0 ? m->memory : 0
	} };

	if (send(box->report, &order, sizeof(order), MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(order))
		return 0;
	/* A launcher that gave up has said why: its report is still to come. */
	return errno == EPIPE ? 0 : -1;
}

/* Its limits first, then it may go on, then the judge may talk to its role. */
static int
sandbox_give(struct supervisor *s, struct sandbox *box,
    const struct sandbox_request *m, const char **step)
{
	const struct cgroup_limits limits = { .memory = m->memory,
	    .processes = m->processes, .cpu = m->cpu };
	struct child *role = child_find_pid(s->children, box->role);

	if (cgroup_limit(&s->cgroups, box->cgroup, &limits, step) == -1)
		return -1;
	*step = "order a sandbox";
	errno = ESRCH;
	if (role == NULL || order_send(s, box, m) == -1)
		return -1;
	for (struct child *c = s->children; c != NULL; c = c->next) {
		if (c == role || c->cgroup == box->cgroup)
			c->deadline = now_mono_ms() + START_TIME;
	}
	box->guest = m->guest;
	box->ahead = false;
	role->number = m->process;
	*step = "tell the judge";
	if (worker_announce(s, role, box->channel) == -1)
		return -1;
	close_fd(&box->channel);
	box->role = 0;
	return 0;
}

static struct sandbox *
sandbox_find_ahead(const struct supervisor *s)
{
	struct sandbox *box = s->sandboxes;

	while (box != NULL && !box->ahead)
		box = box->next;
	return box;
}

int
sandbox_start(struct supervisor *s, const struct sandbox_request *m,
    const char **step)
{
	struct sandbox *box = sandbox_find_ahead(s);
	int saved;

	s->spare_until = 0;
	s->spare_tenant = m->tenant;
	if (box != NULL && (box->tenant != m->tenant ||
	    sandbox_give(s, box, m, step) == -1)) {
		sandbox_abandon(s, box);
		box = NULL;
	}
	if (box == NULL) {
		if ((box = sandbox_build(s, m->tenant, step)) == NULL)
			return -1;
		if (sandbox_give(s, box, m, step) == -1) {
			saved = errno;
			sandbox_abandon(s, box);
			errno = saved;
			return -1;
		}
	}
	s->spare_at = now_mono_ms() + SPARE_AFTER;
	return 0;
}

void
sandbox_drop(struct supervisor *s)
{
	struct sandbox *box = sandbox_find_ahead(s);

	s->spare_at = s->spare_until = 0;
	if (box != NULL)
		sandbox_abandon(s, box);
}

void
sandbox_ahead(struct supervisor *s)
{
	uint64_t now = now_mono_ms();
	const char *step;
	struct sandbox *box;

	if (s->spare_until != 0 && s->spare_until <= now)
		sandbox_drop(s);
	if (s->spare_at == 0 || s->spare_at > now || s->leaving)
		return;
	s->spare_at = 0;
	if (sandbox_find_ahead(s) != NULL)
		return;
	/* What fails here fails again, and is told, when it is wanted. */
	if ((box = sandbox_build(s, s->spare_tenant, &step)) == NULL)
		return;
	for (struct child *c = s->children; c != NULL; c = c->next) {
		if (c->pid == box->role || c->cgroup == box->cgroup)
			c->deadline = 0;
	}
	s->spare_until = now + SPARE_TIME;
}

/* --- what becomes of it --- */

size_t
sandbox_reports(const struct supervisor *s, int *fds, size_t most)
{
	size_t n = 0;

	for (const struct sandbox *b = s->sandboxes; b != NULL; b = b->next) {
		if (b->report != -1 && !b->ahead && n < most)
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
		close_fd(&pidfd);
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
	close_fd(&box->report);
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
	/* Nobody has told it to go on, so it has failed. */
	if (box->ahead)
		sandbox_drop(s);
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
		close_fd(&box->report);
		close_fd(&box->channel);
		free(box);
	}
}
