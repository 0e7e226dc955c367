/*
 * cgroup.c: making, joining, reading and removing a sandbox's control group.
 * Runs in: supervisor; cgroup_join also in its forked children.
 * Input: the kernel's files.  Sources: cgroups(7), Documentation/admin-guide/
 * cgroup-v1 and cgroup-v2.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipc/util.h"
#include "supervisor/cgroup.h"

#define PERIOD		100000u	/* microseconds in which CPU time is counted */
#define NO_MATTER	true	/* a file that not every kernel has */

struct group_path {
	char	text[PATH_MAX + 32];
};

static struct group_path
group_path(const struct cgroups *c, int controller, uint32_t number)
{
	struct group_path p;

	snprintf(p.text, sizeof(p.text), "%s/%u", c->base[controller], number);
	return p;
}

static int
group_count(const struct cgroups *c)
{
	return c->version == 0 ? 0 : c->version == 2 ? 1 : CGROUP_CONTROLLERS;
}

static int
write_number(const char *dir, const char *file, const char *before,
    uint64_t number, bool optional)
{
	char path[PATH_MAX + 96], text[64];
	autoclose int fd = -1;
	int n = snprintf(text, sizeof(text), "%s%llu", before,
	    (unsigned long long)number);

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return optional && errno == ENOENT ? 0 : -1;
	return write(fd, text, n) == n ? 0 : -1;
}

static int
limit_v1(const struct cgroups *c, uint32_t number,
    const struct cgroup_limits *l)
{
	struct group_path m = group_path(c, CGROUP_MEMORY, number);
	struct group_path p = group_path(c, CGROUP_PIDS, number);
	struct group_path t = group_path(c, CGROUP_CPU, number);

	if (write_number(m.text, "memory.limit_in_bytes", "", l->memory,
	    false) == -1 || write_number(m.text,
	    "memory.memsw.limit_in_bytes", "", l->memory, NO_MATTER) == -1)
		return -1;
	if (write_number(p.text, "pids.max", "", l->processes, false) == -1)
		return -1;
	return write_number(t.text, "cpu.cfs_quota_us", "",
	    (uint64_t)l->cpu * (PERIOD / 1000), false);
}

static int
limit_v2(const struct cgroups *c, uint32_t number,
    const struct cgroup_limits *l)
{
	struct group_path g = group_path(c, 0, number);
	char quota[32];

	snprintf(quota, sizeof(quota), "%llu ",
	    (unsigned long long)l->cpu * (PERIOD / 1000));
	if (write_number(g.text, "memory.max", "", l->memory, false) == -1 ||
	    write_number(g.text, "memory.swap.max", "", 0, NO_MATTER) == -1)
		return -1;
	if (write_number(g.text, "pids.max", "", l->processes, false) == -1)
		return -1;
	return write_number(g.text, "cpu.max", quota, PERIOD, false);
}

int
cgroup_limit(const struct cgroups *c, uint32_t number,
    const struct cgroup_limits *l, const char **step)
{
	*step = "limit a cgroup";
	if (c->version == 0)
		return 0;
	return c->version == 1 ? limit_v1(c, number, l) :
	    limit_v2(c, number, l);
}

int
cgroup_make(const struct cgroups *c, uint32_t number,
    const struct cgroup_limits *l, const char **step)
{
	int saved;

	for (int i = 0; i < group_count(c); i++) {
		*step = "make a cgroup";
		if (mkdir(group_path(c, i, number).text, 0755) == -1)
			return -1;
	}
	if (l == NULL || cgroup_limit(c, number, l, step) == 0)
		return 0;
	saved = errno;
	cgroup_remove(c, number);
	errno = saved;
	return -1;
}

/*
 * Moving a whole process takes a lock of the whole machine, for which version
 * 1 waits some 10 ms.  Moving the calling thread alone does not, and a process
 * that was just forked has no other.
 */
int
cgroup_join(const struct cgroups *c, uint32_t number)
{
	const char *file = c->version == 1 ? "tasks" : "cgroup.procs";

	for (int i = 0; i < group_count(c); i++) {
		if (write_number(group_path(c, i, number).text, file, "", 0,
		    false) == -1)
			return -1;
	}
	return 0;
}

bool
cgroup_out_of_memory(const struct cgroups *c, uint32_t number)
{
	static const char word[] = "oom_kill ";
	char path[PATH_MAX + 96], text[1024], *at;
	autoclose int fd = -1;
	ssize_t n;

	if (c->version == 0)
		return false;
	snprintf(path, sizeof(path), "%s/%s", group_path(c, CGROUP_MEMORY,
	    number).text, c->version == 1 ? "memory.oom_control" :
	    "memory.events");
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    (n = read(fd, text, sizeof(text) - 1)) <= 0)
		return false;
	text[n] = '\0';
	at = strstr(text, word);
	return at != NULL && strtoul(at + sizeof(word) - 1, NULL, 10) > 0;
}

int
cgroup_remove(const struct cgroups *c, uint32_t number)
{
	int left = 0;

	if (c->version == 2)
		write_number(group_path(c, 0, number).text, "cgroup.kill", "",
		    1, NO_MATTER);
	for (int i = 0; i < group_count(c); i++) {
		if (rmdir(group_path(c, i, number).text) == -1 &&
		    errno != ENOENT)
			left = -1;
	}
	return left;
}
