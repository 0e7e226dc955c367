/*
 * doctor_kernel.c: what the kernel offers; what can be tried is tried, in a
 * child that has nothing else to do.
 * Runs in: sallyport and its child.
 * Input: the kernel's answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "client/cli/doctor.h"

#define NOBODY	65534u		/* an identity that owns nothing */

void
check_kernel(struct cli *cli, struct finding *f)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	(void)cli;
	if (uname(&u) == -1 ||
	    sscanf(u.release, "%u.%u", &major, &minor) != 2)
		found(f, CHECK_missing, "cannot tell which kernel this is");
	else
		found(f, major > 6 || (major == 6 && minor >= 1) ? CHECK_ok :
		    CHECK_missing, "Linux %s, 6.1 or newer is needed",
		    u.release);
}

void
check_landlock(struct cli *cli, struct finding *f)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	(void)cli;
	if (abi == -1)
		found(f, CHECK_missing, "no Landlock: %s", strerror(errno));
	else
		found(f, abi >= 2 ? CHECK_ok : CHECK_missing,
		    "ABI %ld, 2 or newer is needed", abi);
}

void
check_seccomp(struct cli *cli, struct finding *f)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	(void)cli;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1)
		found(f, CHECK_missing, "no filters that kill a process: %s",
		    strerror(errno));
	else
		found(f, CHECK_ok, "filters, killing the whole process");
}

/* --- namespaces, in a child --- */

struct attempt {		/* the child's report */
	int		 error;		/* errno, 0: it worked */
	char		 step[60];
};

static int
attempt_failed(struct attempt *a, const char *step)
{
	a->error = errno;
	snprintf(a->step, sizeof(a->step), "%s", step);
	return -1;
}

static int
write_file(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = (ssize_t)strlen(text);

	return fd == -1 || write(fd, text, (size_t)n) != n ? -1 : 0;
}

/* As the launcher does it: first an identity that owns nothing. */
static int
enter_user(struct attempt *a)
{
	uid_t uid;
	gid_t gid;
	char map[64];

	if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
	    setresuid(NOBODY, NOBODY, NOBODY) == -1))
		return attempt_failed(a, "give up root");
	/* Whoever gives up root loses its own /proc entries until this. */
	if (prctl(PR_SET_DUMPABLE, 1) == -1)
		return attempt_failed(a, "become dumpable again");
	uid = geteuid();
	gid = getegid();
	if (unshare(CLONE_NEWUSER) == -1)
		return attempt_failed(a, "unshare the user namespace");
	snprintf(map, sizeof(map), "1000 %u 1\n", uid);
	if (write_file("/proc/self/setgroups", "deny") == -1 ||
	    write_file("/proc/self/uid_map", map) == -1)
		return attempt_failed(a, "write uid_map");
	snprintf(map, sizeof(map), "1000 %u 1\n", gid);
	if (write_file("/proc/self/gid_map", map) == -1)
		return attempt_failed(a, "write gid_map");
	return 0;
}

static int
try_user(struct attempt *a)
{
	(void)a;
	return 0;
}

static int
try_pid(struct attempt *a)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID) == -1)
		return attempt_failed(a, "unshare the pid namespace");
	pid = fork();
	if (pid == 0)
		_exit(getpid() == 1 ? 0 : 1);
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return attempt_failed(a, "fork its first process");
	errno = EINVAL;
	return status == 0 ? 0 : attempt_failed(a, "be process 1 of it");
}

static int
try_net(struct attempt *a)
{
	autoclose int fd = -1;

	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == -1)
		return attempt_failed(a, "unshare the net namespace");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd == -1 ? attempt_failed(a, "make a socket in it") : 0;
}

static int
try_mount(struct attempt *a)
{
	if (unshare(CLONE_NEWNS) == -1)
		return attempt_failed(a, "unshare the mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return attempt_failed(a, "make / private in it");
	if (mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV,
	    "size=64k") == -1)
		return attempt_failed(a, "mount a tmpfs in it");
	return 0;
}

static void
in_child(int (*try)(struct attempt *), struct finding *f, const char *works)
{
	struct attempt a = { 0 };
	autoclose int reading = -1;
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1) {
		found(f, CHECK_missing, "pipe: %s", strerror(errno));
		return;
	}
	fflush(stdout);
	reading = ends[0];
	pid = fork();
	if (pid == 0) {
		if (enter_user(&a) == 0)
			try(&a);
		n = write(ends[1], &a, sizeof(a));
		_exit(n == sizeof(a) ? 0 : 1);
	}
	close(ends[1]);
	n = pid == -1 ? -1 : read(reading, &a, sizeof(a));
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (n != sizeof(a))
		found(f, CHECK_missing, "the attempt was killed or could not "
		    "be made (wait status %d)", status);
	else if (a.error != 0)
		found(f, CHECK_missing, "%s: %s", a.step, strerror(a.error));
	else
		found(f, CHECK_ok, "%s", works);
}

void
check_user_namespace(struct cli *cli, struct finding *f)
{
	(void)cli;
	in_child(try_user, f, geteuid() == 0 ?
	    "made by an identity that owns nothing" : "made without root");
}

void
check_pid_namespace(struct cli *cli, struct finding *f)
{
	(void)cli;
	in_child(try_pid, f, "a process 1 of our own ran");
}

void
check_net_namespace(struct cli *cli, struct finding *f)
{
	(void)cli;
	in_child(try_net, f, "a network with nothing in it");
}

void
check_mount_namespace(struct cli *cli, struct finding *f)
{
	(void)cli;
	in_child(try_mount, f, "a tmpfs was mounted");
}
