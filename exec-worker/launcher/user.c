/*
 * user.c: a user namespace in which we own everything that is ours, and
 * nothing of the host.
 * Runs in: sandbox-launcher.
 * Input: none.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exec-worker/launcher/launcher.h"
#include "ipc/util.h"

static int
file_write(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd != -1 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text) ? 0 : -1;
}

/*
 * Our ids on the host are those of this run alone (or the user's own, without
 * root), so being root of this namespace gives no right over a file or a
 * sysctl of the host: those belong to ids that have no name in here.
 */
int
user_enter(struct launch *l)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[32];

	/* If memory runs out, a sandbox ends before anything of the host. */
	file_write("/proc/self/oom_score_adj", "500");
	if (unshare(CLONE_NEWUSER) == -1)
		return launch_failed(l, "make a user namespace");
	snprintf(map, sizeof(map), "%u %u 1", INSIDE_ID, uid);
	if (file_write("/proc/self/uid_map", map) == -1)
		return launch_failed(l, "map the user %u", uid);
	if (file_write("/proc/self/setgroups", "deny") == -1)
		return launch_failed(l, "deny setgroups");
	snprintf(map, sizeof(map), "%u %u 1", INSIDE_ID, gid);
	if (file_write("/proc/self/gid_map", map) == -1)
		return launch_failed(l, "map the group %u", gid);
	return 0;
}
