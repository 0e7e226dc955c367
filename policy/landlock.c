/*
 * landlock.c: Landlock by system call: all that the kernel here can restrict.
 * Runs in: children of the supervisor, workers, the launcher.
 * Input: none that is foreign.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <unistd.h>

#include "policy/landlock.h"

/* struct landlock_ruleset_attr as of ABI 6; older kernels take a prefix. */
struct ruleset {
	uint64_t	 fs;
	uint64_t	 net;
	uint64_t	 scope;
};

/* struct landlock_path_beneath_attr; the kernel's is packed, too. */
struct beneath {
	uint64_t	 access;
	int32_t		 fd;
} __attribute__((packed));

#define CREATE_VERSION	1u	/* LANDLOCK_CREATE_RULESET_VERSION */
#define RULE_BENEATH	1	/* LANDLOCK_RULE_PATH_BENEATH */

/* What a rule about something that is not a directory may speak of. */
#define OF_FILES	(LANDLOCK_FS_EXECUTE | LANDLOCK_FS_WRITE_FILE | \
			    LANDLOCK_FS_READ_FILE | LANDLOCK_FS_TRUNCATE | \
			    LANDLOCK_FS_IOCTL_DEV)

int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    CREATE_VERSION);
}

static uint64_t
known_fs(int abi)
{
	uint64_t fs = (LANDLOCK_FS_REFER << 1) - 1;

	if (abi >= 3)
		fs |= LANDLOCK_FS_TRUNCATE;
	if (abi >= 5)
		fs |= LANDLOCK_FS_IOCTL_DEV;
	return fs;
}

int
landlock_new(uint64_t net, uint64_t scope)
{
	const uint64_t tcp = LANDLOCK_NET_BIND_TCP | LANDLOCK_NET_CONNECT_TCP;
	struct ruleset set = { 0 };
	int abi = landlock_abi();
	size_t size = 8;

	if (abi < 0)
		return -1;
	if (abi < LANDLOCK_FLOOR) {
		errno = ENOTSUP;
		return -1;
	}
	set.fs = known_fs(abi);
	if (abi >= 4) {
		set.net = tcp & ~net;
		size = 16;
	}
	if (abi >= 6) {
		set.scope = scope;
		size = 24;
	}
	return (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
}

int
landlock_allow(int rules, int fd, uint64_t access)
{
	struct beneath rule = { .fd = fd };
	struct stat st;
	int abi = landlock_abi();

	if (abi < 0 || fstat(fd, &st) == -1)
		return -1;
	rule.access = access & known_fs(abi);
	if (!S_ISDIR(st.st_mode))
		rule.access &= OF_FILES;
	if (rule.access == 0)
		return 0;
	return (int)syscall(SYS_landlock_add_rule, rules, RULE_BENEATH, &rule,
	    0);
}

int
landlock_enforce(int rules)
{
	return (int)syscall(SYS_landlock_restrict_self, rules, 0);
}
