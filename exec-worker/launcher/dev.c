/*
 * dev.c: the sandbox's /dev and /proc.
 * Runs in: PID 1 of the sandbox, root of its user namespace, in the new root.
 * Input: none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec-worker/launcher/launcher.h"
#include "ipc/util.h"

/* A user namespace cannot make nodes: each is the host's, attached. */
static const char *const nodes[] = {
	"null", "zero", "full", "random", "urandom", "tty"
};

static const struct link {
	const char *name;
	const char *target;
} links[] = {
	{ "dev/fd",	"/proc/self/fd" },
	{ "dev/stdin",	"/proc/self/fd/0" },
	{ "dev/stdout",	"/proc/self/fd/1" },
	{ "dev/stderr",	"/proc/self/fd/2" },
	{ "dev/ptmx",	"pts/ptmx" },
};

static int
file_make(const char *path)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0644);

	return fd == -1 ? -1 : 0;
}

int
dev_build(struct launch *l)
{
	char from[32];

	if (mkdir("dev", 0755) == -1)
		return launch_failed(l, "make /dev");
	for (size_t i = 0; i < nitems(nodes); i++) {
		snprintf(from, sizeof(from), "/dev/%s", nodes[i]);
		if (file_make(from + 1) == -1)
			return launch_failed(l, "make %s", from);
		if (bind_at(l, AT_FDCWD, from, from + 1, MOUNT_ATTR_NOSUID |
		    MOUNT_ATTR_NOEXEC) == -1)
			return -1;
	}
	for (size_t i = 0; i < nitems(links); i++) {
		if (symlink(links[i].target, links[i].name) == -1)
			return launch_failed(l, "make /%s", links[i].name);
	}
	if (mkdir("dev/pts", 0755) == -1 || mount("devpts", "dev/pts",
	    "devpts", MS_NOSUID | MS_NOEXEC,
	    "newinstance,ptmxmode=0666,mode=0620") == -1)
		return launch_failed(l, "make /dev/pts");
	return 0;
}

/*
 * All of these belong to the host's root, so nothing in here may write them
 * anyway; what is not there cannot become reachable by a mistake.
 */
static const char *const hidden[] = {
	"proc/kcore", "proc/keys", "proc/sysrq-trigger", "proc/timer_list"
};

int
proc_build(struct launch *l)
{
	if (mkdir("proc", 0755) == -1)
		return launch_failed(l, "make /proc");
	if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	    NULL) == -1)
		return launch_failed(l,
		    "mount /proc (does something cover parts of the host's?)");
	for (size_t i = 0; i < nitems(hidden); i++) {
		if (access(hidden[i], F_OK) == 0 && bind_at(l, AT_FDCWD,
		    "/dev/null", hidden[i], MOUNT_ATTR_RDONLY |
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC) == -1)
			return -1;
	}
	return bind_at(l, AT_FDCWD, "proc/sys", "proc/sys", MOUNT_ATTR_RDONLY |
	    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}
