/*
 * root.c: the sandbox's file system: a read-only system, /tmp and /work.
 * Runs in: PID 1 of the sandbox, root of its user namespace.
 * Input: the operator's root directory, checked by the supervisor; numbers
 * from the supervisor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec-worker/launcher/launcher.h"
#include "ipc/util.h"

#define TMP_MOST	(256u << 20)	/* bytes of /tmp, if disk is larger */
#define SHM_MOST	(64u << 20)	/* bytes of /dev/shm, likewise */
#define TMP_INODES	16384

/* Where the new root is assembled; a directory that every host has. */
#define STAGE		"/tmp"

int
bind_at(struct launch *l, int dir, const char *from, const char *to,
    uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes };
	autoclose int fd = open_tree(dir, from, OPEN_TREE_CLONE |
	    OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	/* Attributes first: it is never there with fewer. */
	if (fd == -1 || mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE,
	    &attr, sizeof(attr)) == -1 || move_mount(fd, "", AT_FDCWD, to,
	    MOVE_MOUNT_F_EMPTY_PATH) == -1)
		return launch_failed(l, "attach %s", from);
	return 0;
}

/* One entry of the root: a link stays a link, a directory is attached. */
static int
system_entry(struct launch *l, int system, const char *name)
{
	char target[256];
	struct stat st;
	ssize_t n;

	if (fstatat(system, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : launch_failed(l, "see /%s", name);
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(system, name, target, sizeof(target) - 1);
		if (n <= 0)
			return launch_failed(l, "read the link /%s", name);
		target[n] = '\0';
		if (symlink(target, name) == -1)
			return launch_failed(l, "make the link /%s", name);
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (mkdir(name, 0755) == -1)
		return launch_failed(l, "make /%s", name);
	return bind_at(l, system, name, name, MOUNT_ATTR_RDONLY |
	    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static int
system_build(struct launch *l, int system)
{
	static const char *const names[] = {
		"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"
	};

	for (size_t i = 0; i < nitems(names); i++) {
		if (system_entry(l, system, names[i]) == -1)
			return -1;
	}
	return strcmp(l->root, "/") == 0 ? etc_build(l) :
	    system_entry(l, system, "etc");
}

static int
tmpfs_at(struct launch *l, const char *where, unsigned mode, uint64_t size,
    uint64_t inodes)
{
	char options[96];

	snprintf(options, sizeof(options), "mode=%o,size=%llu,nr_inodes=%llu",
	    mode, (unsigned long long)size, (unsigned long long)inodes);
	if (mkdir(where, 0755) == -1 || mount("tmpfs", where, "tmpfs",
	    MS_NOSUID | MS_NODEV, options) == -1)
		return launch_failed(l, "make a tmpfs on /%s", where);
	return 0;
}

/* Each with a bound of its own: filling one harms nothing else. */
static int
writable_build(struct launch *l)
{
	uint64_t disk = l->number[LAUNCH_DISK];

	if (tmpfs_at(l, "work", 0755, disk, l->number[LAUNCH_INODES]) == -1 ||
	    tmpfs_at(l, "tmp", 01777, disk < TMP_MOST ? disk : TMP_MOST,
	    TMP_INODES) == -1)
		return -1;
	return tmpfs_at(l, "dev/shm", 01777, disk < SHM_MOST ? disk :
	    SHM_MOST, TMP_INODES);
}

/* The new root on top of the old, then the old one off. */
static int
root_change(struct launch *l)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (syscall(SYS_pivot_root, ".", ".") == -1)
		return launch_failed(l, "change the root");
	if (umount2(".", MNT_DETACH) == -1)
		return launch_failed(l, "leave the old root");
	if (chdir("/") == -1 || mount_setattr(AT_FDCWD, "/", 0, &attr,
	    sizeof(attr)) == -1)
		return launch_failed(l, "make the root read-only");
	if (chdir("/work") == -1)
		return launch_failed(l, "enter the work directory");
	return 0;
}

/*
 * Everything so far is the same for every sandbox; what this one may use is
 * not said before it is wanted.  A supervisor that is gone never says it.
 */
static int
order_await(struct launch *l)
{
	struct launch_order order;
	ssize_t n;

	do {
		n = recv(LAUNCH_REPORT, &order, sizeof(order), MSG_TRUNC);
	} while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(order)) {
		errno = n == -1 ? errno : n == 0 ? EPIPE : EPROTO;
		return launch_failed(l, "hear what the sandbox may use");
	}
	for (int i = 0; i < LAUNCH_NUMBERS; i++) {
		l->number[i] = order.number[i];
		/* To a tmpfs, 0 means no bound at all. */
		if (l->number[i] == 0 && i != LAUNCH_DATA) {
			errno = EINVAL;
			return launch_failed(l, "read number %d of the order",
			    i + 1);
		}
	}
	return 0;
}

int
root_build(struct launch *l)
{
	autoclose int system = -1;

	umask(022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return launch_failed(l, "make the mounts private");
	/* Before the stage covers what lies below it. */
	system = open(l->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (system == -1)
		return launch_failed(l, "open %s", l->root);
	if (mount("tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	    "mode=0755,size=1m,nr_inodes=256") == -1 || chdir(STAGE) == -1)
		return launch_failed(l, "make an empty root");
	/* /proc before the old root goes: the kernel wants to see another. */
	if (system_build(l, system) == -1 || proc_build(l) == -1 ||
	    dev_build(l) == -1 || order_await(l) == -1 ||
	    writable_build(l) == -1)
		return -1;
	return root_change(l);
}
