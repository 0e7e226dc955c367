/*
 * rights.c: what PID 1 gives up before it becomes the guest: everything that
 * made building the sandbox possible.
 * Runs in: PID 1 of the sandbox.
 * Input: the limits of this sandbox, from the supervisor.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec-worker/launcher/launcher.h"
#include "ipc/util.h"
#include "policy/confine.h"

#define SECUREBITS	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | \
			SECBIT_NO_SETUID_FIXUP | \
			SECBIT_NO_SETUID_FIXUP_LOCKED | \
			SECBIT_KEEP_CAPS_LOCKED | \
			SECBIT_NO_CAP_AMBIENT_RAISE | \
			SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* Never above what we were started with: root may be short of it, too. */
static int
limit_set(struct launch *l, int resource, uint64_t value, const char *name)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == -1)
		return launch_failed(l, "read the limit on %s", name);
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(resource, &limit) == -1)
		return launch_failed(l, "limit %s", name);
	return 0;
}

static int
limits_set(struct launch *l)
{
	const uint64_t *n = l->number;

	if (limit_set(l, RLIMIT_NPROC, n[LAUNCH_PROCESSES],
	    "processes") == -1 ||
	    limit_set(l, RLIMIT_NOFILE, n[LAUNCH_OPEN_FILES],
	    "open files") == -1 ||
	    limit_set(l, RLIMIT_FSIZE, n[LAUNCH_FILE_SIZE],
	    "file sizes") == -1 ||
	    limit_set(l, RLIMIT_MEMLOCK, 64 * 1024, "locked memory") == -1 ||
	    limit_set(l, RLIMIT_MSGQUEUE, 64 * 1024, "message queues") == -1)
		return -1;
	/* Where no cgroup counts memory, this bounds each process at least. */
	return n[LAUNCH_DATA] == 0 ? 0 :
	    limit_set(l, RLIMIT_DATA, n[LAUNCH_DATA], "data");
}

/* The last capability drops the others; after it nothing comes back. */
static int
capabilities_drop(struct launch *l)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	if (prctl(PR_SET_SECUREBITS, SECUREBITS) == -1)
		return launch_failed(l, "set the secure bits");
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL && cap > CAP_AUDIT_READ)
			break;
		return launch_failed(l, "drop capability %lu", cap);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
	    syscall(SYS_capset, &head, none) == -1)
		return launch_failed(l, "drop all capabilities");
	return 0;
}

int
rights_drop(struct launch *l)
{
	const char *step = "";

	if (limits_set(l) == -1 || capabilities_drop(l) == -1)
		return -1;
	/* Landlock and filters come last: nothing is mounted after this. */
	if (confine_guest(LAUNCH_GUEST, &step) == -1)
		return launch_failed(l, "confine the guest: %s", step);
	return 0;
}
