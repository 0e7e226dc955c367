/*
 * launch.c: starts the real sandbox-launcher as the supervisor does, with the
 * guest's player in it, and runs the commands from standard input there.
 * usage: launch LIBEXEC UID ROOT DISK INODES: uid 0 keeps our own; prints
 * what the commands print, ends with their status.
 * Runs in: tests, as root or as an ordinary user.  Input: the test's.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ipc/launch.h"
#include "ipc/util.h"
#include "policy/confine.h"

static void
launcher_execute(char **argv, int stream, int report)
{
	char name[] = "sandbox-launcher", *envp[] = { NULL }, path[4096];
	char *args[] = { name, argv[3], NULL };
	uid_t uid = (uid_t)strtoul(argv[2], NULL, 10);
	const char *step = "";
	int binary, guest;

	snprintf(path, sizeof(path), "%s/sandbox-launcher", argv[1]);
	binary = open(path, O_PATH | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/guest", argv[1]);
	guest = open(path, O_PATH);
	if (binary == -1 || guest == -1)
		fatal("open %s", path);
	binary = fcntl(binary, F_DUPFD_CLOEXEC, 50);
	if (dup2(fcntl(stream, F_DUPFD, 40), LAUNCH_STREAM) == -1 ||
	    dup2(fcntl(report, F_DUPFD, 41), LAUNCH_REPORT) == -1 ||
	    dup2(fcntl(guest, F_DUPFD, 42), LAUNCH_GUEST) == -1)
		fatal("place descriptors");
	close_range(LAUNCH_GUEST + 1, 49, 0);
	if (uid != 0 && (setgroups(0, NULL) == -1 || setresgid(uid, uid,
	    uid) == -1 || setresuid(uid, uid, uid) == -1))
		fatal("become %u", uid);
	if (confine_before_exec(&page_sandbox_launcher, binary, -1,
	    &step) == -1)
		fatal("confine the launcher: %s", step);
	execveat(binary, "", args, envp, AT_EMPTY_PATH);
	fatal("execute the launcher");
}

static void
order_send(int fd, char **argv)
{
	struct launch_order order = { .number = {
		[LAUNCH_DISK] = strtoull(argv[4], NULL, 10),
		[LAUNCH_INODES] = strtoull(argv[5], NULL, 10),
		[LAUNCH_PROCESSES] = 64,
		[LAUNCH_OPEN_FILES] = 64,
		[LAUNCH_FILE_SIZE] = 4194304
	} };

	if (send(fd, &order, sizeof(order), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(order))
		fatal("tell the launcher");
}

static int
report_await(int fd)
{
	struct launch_report r = { .error = EIO };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	/* The pidfd beside it is dropped: we wait for our children anyway. */
	poll(&p, 1, 10000);
	if (recv(fd, &r, sizeof(r), MSG_DONTWAIT) != (ssize_t)sizeof(r))
		r.error = EIO;
	if (r.error != 0)
		printf("launcher: %s: %s\n", r.step, strerror(r.error));
	return r.error;
}

static void
stream_copy(int stream)
{
	char buffer[65536];
	ssize_t n;

	while ((n = read(0, buffer, sizeof(buffer))) > 0) {
		if (write(stream, buffer, n) != n)
			break;
	}
	shutdown(stream, SHUT_WR);
	while ((n = read(stream, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, n, stdout);
}

int
main(int argc, char **argv)
{
	int stream[2], report[2], status, last = 0;
	pid_t launcher, pid;

	if (argc != 6)
		fatalx("usage: launch LIBEXEC UID ROOT DISK INODES");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    report) == -1)
		fatal("make sockets");
	if ((launcher = fork()) == 0)
		launcher_execute(argv, stream[1], report[1]);
	close(stream[1]);
	close(report[1]);
	order_send(report[0], argv);
	if (report_await(report[0]) != 0)
		return 69;
	stream_copy(stream[0]);
	while ((pid = wait(&status)) != -1) {
		if (pid != launcher)
			last = status;
	}
	return WIFEXITED(last) ? WEXITSTATUS(last) : 128 + WTERMSIG(last);
}
