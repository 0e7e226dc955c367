/*
 * own_mounts.h: a mount namespace of the test's own, for a small tmpfs or
 * another file in the place of one: nothing is left behind.
 * Runs in: unit tests, as root or, through a user namespace, as anybody.
 * Input: none.
 */
#ifndef SALLYPORT_OWN_MOUNTS_H
#define SALLYPORT_OWN_MOUNTS_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static inline bool
own_mounts_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd != -1 &&
	    write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd != -1)
		close(fd);
	return good;
}

/* False, with a line that says why, where there can be none. */
static inline bool
own_mounts(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "%u %u 1", (unsigned)uid, (unsigned)uid);
	snprintf(gids, sizeof(gids), "%u %u 1", (unsigned)gid, (unsigned)gid);
	if (unshare(CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER)) == 0 &&
	    (uid == 0 || (own_mounts_write("/proc/self/setgroups", "deny") &&
	    own_mounts_write("/proc/self/uid_map", uids) &&
	    own_mounts_write("/proc/self/gid_map", gids))) &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	printf("skipped: no mount namespace of our own can be made here\n");
	return false;
}

#endif
