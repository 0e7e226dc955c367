/*
 * etc.c: the sandbox's /etc: who it is, and what programs cannot do without.
 * Runs in: PID 1 of the sandbox, in the new root.
 * Input: none; of the host's /etc only the two entries named below.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec-worker/launcher/launcher.h"
#include "ipc/util.h"

static const struct file {
	const char *path;
	const char *text;
} files[] = {
	{ "etc/passwd",
	    "root:x:0:0:root:/root:/usr/sbin/nologin\n"
	    "sandbox:x:1000:1000:sandbox:/work:/bin/sh\n"
	    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
	{ "etc/group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n" },
	{ "etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n" },
	{ "etc/hostname", "sandbox\n" },
	{ "etc/nsswitch.conf",
	    "passwd: files\ngroup: files\nhosts: files\n" },
	{ "etc/resolv.conf", "" },
	{ "etc/ld.so.cache", "" },
};

static int
file_fill(const struct file *f)
{
	size_t len = strlen(f->text);
	autoclose int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0644);

	return fd != -1 && write(fd, f->text, len) == (ssize_t)len ? 0 : -1;
}

int
etc_build(struct launch *l)
{
	const uint64_t fixed = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
	    MOUNT_ATTR_NODEV;

	if (mkdir("etc", 0755) == -1)
		return launch_failed(l, "make /etc");
	for (size_t i = 0; i < nitems(files); i++) {
		if (file_fill(&files[i]) == -1)
			return launch_failed(l, "make /%s", files[i].path);
	}
	if (access("/etc/ld.so.cache", R_OK) == 0 &&
	    bind_at(l, AT_FDCWD, "/etc/ld.so.cache", "etc/ld.so.cache",
	    fixed) == -1)
		return -1;
	if (access("/etc/alternatives", X_OK) == -1)
		return 0;
	if (mkdir("etc/alternatives", 0755) == -1)
		return launch_failed(l, "make /etc/alternatives");
	return bind_at(l, AT_FDCWD, "/etc/alternatives", "etc/alternatives",
	    fixed);
}
