/*
 * paths.c: from a literal path to a descriptor, with openat2(2) alone.
 * Runs in: the guest.
 * Input: paths chosen by the model; directories that hostile processes change
 * at any moment: nothing is checked by name and then used by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

#define RETRIES	64			/* of EAGAIN: something was renamed */

int
path_copy(char out[PATH_MAX + 1], const struct bytes *path)
{
	if (path->len == 0 || path->len > PATH_MAX ||
	    memchr(path->data, '\0', path->len) != NULL) {
		errno = path->len > PATH_MAX ? ENAMETOOLONG : EINVAL;
		return -1;
	}
	memcpy(out, path->data, path->len);
	out[path->len] = '\0';
	return 0;
}

/*
 * A relative path cannot leave the work directory, whatever its symbolic links
 * say; an absolute one names the sandbox's own files.  Neither passes a link
 * of /proc that leads to somebody's descriptor.
 */
int
path_open(struct guest *g, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_NO_MAGICLINKS |
		    (path[0] == '/' ? 0 : RESOLVE_BENEATH)
	};
	long fd = -1;

	for (unsigned i = 0; i < RETRIES; i++) {
		fd = syscall(SYS_openat2, g->work, path, &how, sizeof(how));
		if (fd != -1 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd;
}

bool
path_on_kernel_files(int fd)
{
	static const unsigned long magic[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC,
	    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
	    TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC, SELINUX_MAGIC,
	    EFIVARFS_MAGIC, PSTOREFS_MAGIC, DEVPTS_SUPER_MAGIC,
	    BINFMTFS_MAGIC, NSFS_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return true;
	for (size_t i = 0; i < nitems(magic); i++) {
		if ((uint32_t)fs.f_type == (uint32_t)magic[i])
			return true;
	}
	return false;
}

/* Split at the last slash: the length of the part before the last name. */
static int
path_split(const char *path, size_t *head, char name[NAME_MAX + 1],
    bool *slash)
{
	size_t end = strlen(path), at;

	*slash = end > 0 && path[end - 1] == '/';
	while (end > 0 && path[end - 1] == '/')
		end--;
	for (at = end; at > 0 && path[at - 1] != '/'; at--)
		;
	if (end == at || end - at > NAME_MAX) {
		errno = end == at ? EINVAL : ENAMETOOLONG;
		return -1;
	}
	memcpy(name, path + at, end - at);
	name[end - at] = '\0';
	*head = at;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

int
path_parent(struct guest *g, const char *path, bool make,
    char name[NAME_MAX + 1], bool *slash)
{
	char head[PATH_MAX + 1];
	size_t len;
	int fd;

	if (path_split(path, &len, name, slash) == -1)
		return -1;
	memcpy(head, path, len);
	head[len] = '\0';
	if (len == 0)
		strcpy(head, ".");
	fd = path_open(g, head, O_PATH | O_DIRECTORY, 0);
	if (fd == -1 && errno == ENOENT && make && path_make(g, head) == 0)
		fd = path_open(g, head, O_PATH | O_DIRECTORY, 0);
	return fd;
}

/*
 * Make the directory at the end of path, whose parent was opened before; it
 * is opened again by its whole path, so that the kernel sees every step.
 */
static int
path_make_one(struct guest *g, const char *path, int parent)
{
	char name[NAME_MAX + 1];
	size_t len;
	bool slash;

	if (path_split(path, &len, name, &slash) == -1)
		return -1;
	if (path_on_kernel_files(parent)) {
		errno = EPERM;
		return -1;
	}
	if (mkdirat(parent, name, 0777) == -1 && errno != EEXIST)
		return -1;
	return path_open(g, path, O_PATH | O_DIRECTORY, 0);
}

/* As mkdir -p: each prefix of the path, from the left. */
int
path_make(struct guest *g, const char *path)
{
	autoclose int parent = path_open(g, path[0] == '/' ? "/" : ".",
	    O_PATH | O_DIRECTORY, 0);
	char prefix[PATH_MAX + 1];
	const char *at = path;
	size_t len;
	int fd;

	while (parent != -1 && *at != '\0') {
		at += strspn(at, "/");
		at += strcspn(at, "/");
		len = (size_t)(at - path);
		memcpy(prefix, path, len);
		prefix[len] = '\0';
		fd = path_open(g, prefix, O_PATH | O_DIRECTORY, 0);
		if (fd == -1 && errno == ENOENT)
			fd = path_make_one(g, prefix, parent);
		close(parent);
		parent = fd;
	}
	return parent == -1 ? -1 : 0;
}
