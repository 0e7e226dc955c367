/*
 * cgroups.c: where on this machine control groups can be made, if anywhere.
 * Runs in: supervisor, at its start and its end.
 * Input: /proc/self/mountinfo and /proc/self/cgroup, the kernel's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipc/util.h"
#include "supervisor/cgroup.h"

#define PREFIX	"sallyport-"	/* then the supervisor's process id */

static const char *const names[CGROUP_CONTROLLERS] = {
	"memory", "pids", "cpu"
};

/* True if one of the words between separators is the given one. */
static bool
has_word(const char *list, const char *word, const char *separators)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || strchr(separators, at[-1]) != NULL) &&
		    (at[len] == '\0' || strchr(separators, at[len]) != NULL))
			return true;
	return false;
}

/* Where a hierarchy is mounted: v1 by its controller, v2 with NULL. */
static int
mount_find(const char *controller, char dir[PATH_MAX])
{
	char line[8192], point[PATH_MAX], *tail;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int found = -1;

	while (f != NULL && found == -1 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1 ||
		    (tail = strstr(line, " - ")) == NULL)
			continue;
		tail += 3;
		if (controller == NULL ? strncmp(tail, "cgroup2 ", 8) == 0 :
		    strncmp(tail, "cgroup ", 7) == 0 && has_word(
		    strrchr(tail, ' ') + 1, controller, ",\n")) {
			snprintf(dir, PATH_MAX, "%s", point);
			found = 0;
		}
	}
	if (f != NULL)
		fclose(f);
	return found;
}

/* Our own group in that hierarchy, as a path below its mount point. */
static int
own_find(const char *controller, char dir[PATH_MAX])
{
	char line[PATH_MAX + 256], *list, *path;
	FILE *f = fopen("/proc/self/cgroup", "re");
	struct stat st;
	size_t len;
	int found = -1;

	while (f != NULL && found == -1 && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if ((list = strchr(line, ':')) == NULL ||
		    (path = strchr(++list, ':')) == NULL)
			continue;
		*path++ = '\0';
		if (controller == NULL ? list[0] != '\0' :
		    !has_word(list, controller, ","))
			continue;
		len = strlen(dir);
		if (strcmp(path, "/") != 0 && len + strlen(path) < PATH_MAX)
			strcpy(dir + len, path);
		/* In a container the path may be the host's: use the top. */
		if (stat(dir, &st) == -1)
			dir[len] = '\0';
		found = 0;
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static void
entries_remove(const char *base)
{
	struct dirent *entry;
	DIR *d = opendir(base);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			unlinkat(dirfd(d), entry->d_name, AT_REMOVEDIR);
	}
	if (d != NULL)
		closedir(d);
	rmdir(base);
}

/* A supervisor that was killed left its groups: they are empty by now. */
static void
leftovers_remove(const char *dir)
{
	char path[PATH_MAX + NAME_MAX];
	struct dirent *entry;
	DIR *d = opendir(dir);
	long pid;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		pid = strtol(entry->d_name + sizeof(PREFIX) - 1, NULL, 10);
		if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		entries_remove(path);
	}
	if (d != NULL)
		closedir(d);
}

static int
file_write(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX + NAME_MAX];
	autoclose int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd != -1 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text) ? 0 : -1;
}

static int
base_make(char base[PATH_MAX], const char *dir)
{
	int n;

	leftovers_remove(dir);
	n = snprintf(base, PATH_MAX, "%s/" PREFIX "%d", dir, getpid());
	if (n < 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mkdir(base, 0755) == -1 && errno != EEXIST ? -1 : 0;
}

static int
try_v1(struct cgroups *c)
{
	char dir[PATH_MAX];

	for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (mount_find(names[i], dir) == -1) {
			errno = ENOENT;
			return -1;
		}
		if (own_find(names[i], dir) == -1 ||
		    base_make(c->base[i], dir) == -1)
			return -1;
	}
	c->version = 1;
	return 0;
}

/*
 * A v2 group with processes in it cannot hand controllers to groups below it
 * (but for the top one): we move into a group of our own beside the base.
 */
static int
room_make(struct cgroups *c, const char *dir)
{
	static const char wanted[] = "+memory +pids +cpu";
	char leaf[PATH_MAX + 32];

	if (file_write(dir, "cgroup.subtree_control", wanted) == 0)
		return 0;
	if (errno != EBUSY)
		return -1;
	snprintf(leaf, sizeof(leaf), "%s/supervisor-%d", dir, getpid());
	if (mkdir(leaf, 0755) == -1)
		return -1;
	snprintf(c->own, sizeof(c->own), "%s", dir);
	if (file_write(leaf, "cgroup.procs", "0") == -1)
		return -1;
	return file_write(dir, "cgroup.subtree_control", wanted);
}

static void
room_leave(struct cgroups *c)
{
	char leaf[PATH_MAX + 32];

	if (c->own[0] == '\0')
		return;
	snprintf(leaf, sizeof(leaf), "%s/supervisor-%d", c->own, getpid());
	file_write(c->own, "cgroup.subtree_control", "-memory -pids -cpu");
	file_write(c->own, "cgroup.procs", "0");
	rmdir(leaf);
	c->own[0] = '\0';
}

static int
v2_below(struct cgroups *c, const char *dir)
{
	int saved;

	if (room_make(c, dir) == 0 && base_make(c->base[0], dir) == 0 &&
	    file_write(c->base[0], "cgroup.subtree_control",
	    "+memory +pids +cpu") == 0) {
		c->version = 2;
		return 0;
	}
	saved = errno;
	if (c->base[0][0] != '\0')
		rmdir(c->base[0]);
	c->base[0][0] = '\0';
	room_leave(c);
	errno = saved;
	return -1;
}

static int
try_v2(struct cgroups *c)
{
	char top[PATH_MAX], dir[PATH_MAX];

	if (mount_find(NULL, top) == -1) {
		errno = ENOENT;
		return -1;
	}
	memcpy(dir, top, sizeof(dir));
	if (own_find(NULL, dir) == -1)
		return -1;
	if (v2_below(c, dir) == 0)
		return 0;
	/* Root beside other processes: a branch of its own at the top. */
	return geteuid() == 0 && strcmp(top, dir) != 0 ? v2_below(c, top) : -1;
}

void
cgroups_init(struct cgroups *c)
{
	*c = (struct cgroups){ .version = 0 };
	if (try_v1(c) == 0 || (cgroups_clear(c), try_v2(c) == 0)) {
		snprintf(c->said, sizeof(c->said), "v%d", c->version);
		return;
	}
	snprintf(c->said, sizeof(c->said), errno == EACCES || errno == EPERM ?
	    "none: no group is delegated to this user" : errno == EBUSY ?
	    "none: other processes are in our group" :
	    "none: no memory, pids and cpu controllers here");
}

void
cgroups_clear(struct cgroups *c)
{
	for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (c->base[i][0] != '\0')
			entries_remove(c->base[i]);
		c->base[i][0] = '\0';
	}
	room_leave(c);
	c->version = 0;
}
