/*
 * main.c: sandbox-launcher: builds one native sandbox, then its PID 1 becomes
 * the guest.  Reading order: main.c user.c start.c root.c dev.c etc.c rights.c.
 * Runs in: sandbox-launcher, with a host uid of the run's own (root) or the
 * user's; it works some two milliseconds and waits between for its order.
 * Input: descriptors and arguments from the supervisor, see ipc/launch.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec-worker/launcher/launcher.h"

int
launch_failed(struct launch *l, const char *fmt, ...)
{
	va_list ap;

	if (l->error != 0)
		return -1;
	l->error = errno != 0 ? errno : EINVAL;
	va_start(ap, fmt);
	vsnprintf(l->step, sizeof(l->step), fmt, ap);
	va_end(ap);
	return -1;
}

static int
arguments_read(struct launch *l, int argc, char **argv)
{
	if (argc != 2) {
		errno = EINVAL;
		return launch_failed(l, "read %d arguments", argc - 1);
	}
	l->root = argv[1];
	return 0;
}

/* What runs inside expects the signals as a login gives them. */
static void
signals_reset(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
report(const struct launch *l, int pidfd)
{
	struct launch_report r = { .error = l->error };
	union {
		char		buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	align;
	} control = { .buf = { 0 } };
	struct iovec iov = { &r, sizeof(r) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *head;

	memcpy(r.step, l->step, sizeof(r.step));
	if (l->error == 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &pidfd, sizeof(int));
	}
	return sendmsg(LAUNCH_REPORT, &msg, MSG_NOSIGNAL) ==
	    (ssize_t)sizeof(r) ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct launch l = { .error = 0 };
	int pidfd = -1;

	signals_reset();
	if (fcntl(LAUNCH_GUEST, F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(LAUNCH_REPORT, F_SETFD, FD_CLOEXEC) == -1)
		launch_failed(&l, "find the descriptors of a launcher");
	else if (arguments_read(&l, argc, argv) == 0 && user_enter(&l) == 0)
		pidfd = sandbox_start(&l);
	return report(&l, pidfd) == 0 && l.error == 0 ? 0 : 70;
}
