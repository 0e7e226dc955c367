/*
 * floor.c: the least that a sandbox can cost: namespaces, mounts, exec, wait.
 * Runs in: the benchmark, as the user who runs it.
 * Input: none.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench/bench.h"

#define SPACES	(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | \
		    CLONE_NEWUTS | CLONE_NEWCGROUP)

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		_exit(126);
	close(fd);
}

static void
must(int status)
{
	if (status == -1)
		_exit(126);
}

/* A read-only /usr on a tmpfs, /proc, a work directory; nothing else. */
static void
floor_root(void)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m"));
	must(chdir("/tmp"));
	must(mkdir("usr", 0755));
	must(mkdir("proc", 0755));
	must(mkdir("work", 0755));
	must(symlink("usr/bin", "bin"));
	must(symlink("usr/lib", "lib"));
	must(symlink("usr/lib64", "lib64"));
	must(mount("/usr", "usr", NULL, MS_BIND | MS_REC, NULL));
	must(mount(NULL, "usr", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY |
	    MS_NOSUID | MS_NODEV, NULL));
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	    NULL));
	must(mount("tmpfs", "work", "tmpfs", MS_NOSUID | MS_NODEV,
	    "size=512m"));
	must(syscall(SYS_pivot_root, ".", "."));
	must(umount2(".", MNT_DETACH));
}

static void
floor_child(void)
{
	static char *const argv[] = { "true", NULL }, *const env[] = { NULL };
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int status;
	pid_t pid;

	must(unshare(CLONE_NEWUSER));
	put("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "1000 %u 1", uid);
	put("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "1000 %u 1", gid);
	put("/proc/self/gid_map", map);
	pid = (pid_t)syscall(SYS_clone, SPACES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		floor_root();
		execve("/usr/bin/true", argv, env);
		_exit(126);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		_exit(126);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
}

int
floor_sandbox(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		floor_child();
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
