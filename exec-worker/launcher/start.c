/*
 * start.c: PID 1 of the sandbox, from its first instruction to the guest.
 * Runs in: sandbox-launcher and its child, in a user namespace of their own.
 * Input: none that is foreign.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec-worker/launcher/launcher.h"
#include "ipc/util.h"

#define EXECUTED	(LAUNCH_GUEST + 1)	/* closes at the guest's exec */
#define STACK_SIZE	(256 * 1024)	/* bytes, for PID 1 until its exec */

/* Programs that listen on localhost work; there is no other interface. */
static int
loopback_up(struct launch *l)
{
	struct ifreq request = { .ifr_name = "lo" };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd == -1 || ioctl(fd, SIOCSIFFLAGS, &request) == -1)
		return launch_failed(l, "bring the loopback interface up");
	return 0;
}

/*
 * Nothing survives a killed supervisor.  The order matters: a supervisor that
 * died before the prctl() has hung up its end of the report.
 */
static int
die_with_supervisor(struct launch *l)
{
	struct pollfd report = { .fd = LAUNCH_REPORT };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return launch_failed(l, "tie the sandbox to its supervisor");
	if (poll(&report, 1, 0) != 0) {
		errno = EPIPE;
		return launch_failed(l, "find the supervisor");
	}
	return 0;
}

static int
guest_execute(struct launch *l)
{
	char name[] = "guest", *argv[] = { name, NULL }, *envp[] = { NULL };

	/* In this order: the guest's binary may go, its stream stays. */
	if ((l->executed != EXECUTED &&
	    dup3(l->executed, EXECUTED, O_CLOEXEC) == -1) ||
	    close_range(EXECUTED + 1, ~0u, 0) == -1)
		return launch_failed(l, "close what the guest may not have");
	execveat(LAUNCH_GUEST, "", argv, envp, AT_EMPTY_PATH);
	return launch_failed(l, "execute the guest");
}

/* PID 1.  It shares our memory until it executes, so failures are seen. */
static int
first_process(void *data)
{
	struct launch *l = data;

	if (setsid() == -1 || sethostname("sandbox", 7) == -1)
		launch_failed(l, "name the sandbox");
	else if (loopback_up(l) == 0 && root_build(l) == 0 &&
	    rights_drop(l) == 0 && die_with_supervisor(l) == 0)
		guest_execute(l);
	_exit(70);
}

int
sandbox_start(struct launch *l)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PIDFD |
	    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
	    CLONE_NEWUTS | CLONE_NEWCGROUP;
	autoclose int heard = -1;
	int pidfd = -1, ends[2];
	char none;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return launch_failed(l, "make a pipe");
	heard = ends[0];
	l->executed = ends[1];
	/*
	 * As with posix_spawn(3): our memory, another stack, and we sleep
	 * until it has executed the guest or is gone.  What it set in *l is
	 * then there to be reported.
	 */
	if (clone(first_process, stack + sizeof(stack), flags, l,
	    &pidfd) == -1)
		return launch_failed(l, "make the namespaces of a sandbox");
	/*
	 * The kernel wakes us a moment before the new program is in place;
	 * its pipe closes after that, so whoever hears of it sees the guest.
	 */
	close(l->executed);
	while (read(heard, &none, 1) == -1 && errno == EINTR)
		;
	return l->error == 0 ? pidfd : -1;
}
