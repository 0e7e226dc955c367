/*
 * spawn.c: from fork to exec: everything a child has, and nothing else.
 * Runs in: supervisor and, between fork and exec, its child.
 * Input: none; descriptors and binaries are ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ipc/util.h"
#include "supervisor/supervisor.h"
#include "supervisor/verify.h"

#define FIRST_FD	3	/* where a child's own descriptors begin */
#define ASIDE		64	/* above all that are placed */

/* What the child says if it does not get as far as its program. */
struct failure {
	int	error;
	char	step[60];
};

/* The child's own copies, close-on-exec, out of the way of the final places. */
struct placed {
	int	binary;
	int	report;
	int	dir;
};

static int
aside(int fd)
{
	return fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ASIDE);
}

/*
 * 0 and 1 are /dev/null, 2 too unless it logs for itself; 3 on are what it was
 * given.  All else is closed here and not at exec, so that a mistake above
 * cannot leak what no flag was set on.
 */
static int
descriptors_place(const struct supervisor *s, const struct spawn *sp,
    struct placed *p)
{
	bool logs = sp->program == PROGRAM_JUDGE || page_judge.sanitizer;
	int moved[MESSAGE_FDS + CONFIG_FILES], last = FIRST_FD - 1;

	p->binary = aside(s->programs[sp->program]);
	p->dir = aside(sp->dir);
	if (p->binary == -1 || (sp->dir != -1 && p->dir == -1) ||
	    sp->nfds > nitems(moved))
		return -1;
	for (size_t i = 0; i < sp->nfds; i++) {
		if ((moved[i] = aside(sp->fds[i])) == -1)
			return -1;
	}
	if (dup2(s->null, 0) == -1 || dup2(s->null, 1) == -1 ||
	    (!logs && dup2(s->null, 2) == -1))
		return -1;
	for (size_t i = 0; i < sp->nfds; i++) {
		if (dup2(moved[i], ++last) == -1)
			return -1;
	}
	/* Only what lies aside is left, and goes at exec. */
	return close_range((unsigned)last + 1, ASIDE - 1, 0) == -1 ||
	    close_range(ASIDE, ~0u, CLOSE_RANGE_CLOEXEC) == -1 ? -1 : 0;
}

static int
identity_take(const struct supervisor *s, const struct spawn *sp)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	if (s->root && (setgroups(0, NULL) == -1 ||
	    setresgid(sp->uid, sp->uid, sp->uid) == -1 ||
	    setresuid(sp->uid, sp->uid, sp->uid) == -1))
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return -1;
	return (int)syscall(SYS_capset, &head, none);
}

/* After the change of uid, which forgets it; then see that it was in time. */
static int
die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return -1;
	if (getppid() != parent) {
		errno = ESRCH;
		return -1;
	}
	return 0;
}

static const char *
child_prepare(const struct supervisor *s, const struct spawn *sp,
    struct placed *p, pid_t parent)
{
	const char *step = "confine it";
	sigset_t none;

	sigemptyset(&none);
	/* A session of its own: what is typed at our terminal is for us. */
	if (setsid() == -1 || sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		return "start a session";
	if (sp->cgroup != 0 && cgroup_join(&s->cgroups, sp->cgroup) == -1)
		return "join its cgroup";
	if (descriptors_place(s, sp, p) == -1)
		return "place its descriptors";
	if (p->dir != -1 ? fchdir(p->dir) == -1 : chdir("/") == -1)
		return "enter its directory";
	if (identity_take(s, sp) == -1)
		return "become its user";
	if (die_with_parent(parent) == -1)
		return "tie it to the supervisor";
	if (confine_before_exec(program_page(sp->program), p->binary, p->dir,
	    &step) == -1)
		return step;
	return NULL;
}

static void
child_main(const struct supervisor *s, const struct spawn *sp, int report,
    pid_t parent)
{
	struct placed p = { .report = aside(report) };
	const char *failed = child_prepare(s, sp, &p, parent);
	char *envp[] = { NULL };
	struct failure f;

	if (failed == NULL) {
		execveat(p.binary, "", sp->argv, envp, AT_EMPTY_PATH);
		failed = "execute it";
	}
	f = (struct failure){ .error = errno };
	snprintf(f.step, sizeof(f.step), "%s", failed);
	if (write(p.report, &f, sizeof(f)) != sizeof(f))
		_exit(71);
	_exit(70);
}

/* Nothing to read means that exec closed the pipe: the program runs. */
static int
child_await(int report, pid_t pid, const char **step)
{
	static char text[sizeof(((struct failure *)0)->step)];
	struct failure f;
	ssize_t n;

	do {
		n = read(report, &f, sizeof(f));
	} while (n == -1 && errno == EINTR);
	if (n == 0)
		return 0;
	waitpid(pid, NULL, 0);
	memcpy(text, f.step, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	*step = n == (ssize_t)sizeof(f) ? text : "hear from it";
	errno = n == (ssize_t)sizeof(f) ? f.error : EIO;
	return -1;
}

static struct child *
child_register(struct supervisor *s, const struct spawn *sp, pid_t pid,
    const char **step)
{
	int pidfd = pidfd_open(pid, 0);
	struct child *c;

	*step = "hold it";
	if (pidfd == -1) {
		kill(pid, SIGKILL);	/* unwaited for: the pid is still its */
		waitpid(pid, NULL, 0);
		return NULL;
	}
	c = child_add(&s->children, pid, pidfd);
	c->program = sp->program;
	c->uid = sp->uid;
	c->cgroup = sp->cgroup;
	c->deadline = now_mono_ms() + START_TIME;
	return c;
}

struct child *
spawn(struct supervisor *s, const struct spawn *sp, const char **step)
{
	autoclose int in = -1, out = -1;
	pid_t parent = getpid(), pid;
	int ends[2];

	*step = "make a pipe";
	if (child_count(s->children) >= CHILDREN_MOST) {
		errno = EAGAIN;
		return NULL;
	}
	if (pipe2(ends, O_CLOEXEC) == -1)
		return NULL;
	in = ends[0];
	out = ends[1];
	*step = "fork";
	if ((pid = fork()) == -1)
		return NULL;
	if (pid == 0)
		child_main(s, sp, out, parent);
	close_fd(&out);
	if (child_await(in, pid, step) == -1)
		return NULL;
	return child_register(s, sp, pid, step);
}
