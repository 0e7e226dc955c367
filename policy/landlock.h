/*
 * landlock.h: Landlock without waiting for newer kernel headers.
 * Runs in: children of the supervisor, workers, the launcher, policyc.
 * Input: none that is foreign.  Numbers are those of Linux
 * include/uapi/linux/landlock.h, which Debian 12 has up to ABI 2 only.
 */
#ifndef SALLYPORT_LANDLOCK_H
#define SALLYPORT_LANDLOCK_H

#include <stdint.h>

#define LANDLOCK_FS_EXECUTE	(UINT64_C(1) << 0)
#define LANDLOCK_FS_WRITE_FILE	(UINT64_C(1) << 1)
#define LANDLOCK_FS_READ_FILE	(UINT64_C(1) << 2)
#define LANDLOCK_FS_READ_DIR	(UINT64_C(1) << 3)
#define LANDLOCK_FS_REMOVE_DIR	(UINT64_C(1) << 4)
#define LANDLOCK_FS_REMOVE_FILE	(UINT64_C(1) << 5)
#define LANDLOCK_FS_MAKE_CHAR	(UINT64_C(1) << 6)
#define LANDLOCK_FS_MAKE_DIR	(UINT64_C(1) << 7)
#define LANDLOCK_FS_MAKE_REG	(UINT64_C(1) << 8)
#define LANDLOCK_FS_MAKE_SOCK	(UINT64_C(1) << 9)
#define LANDLOCK_FS_MAKE_FIFO	(UINT64_C(1) << 10)
#define LANDLOCK_FS_MAKE_BLOCK	(UINT64_C(1) << 11)
#define LANDLOCK_FS_MAKE_SYM	(UINT64_C(1) << 12)
#define LANDLOCK_FS_REFER	(UINT64_C(1) << 13)	/* ABI 2 */
#define LANDLOCK_FS_TRUNCATE	(UINT64_C(1) << 14)	/* ABI 3 */
#define LANDLOCK_FS_IOCTL_DEV	(UINT64_C(1) << 15)	/* ABI 5 */

#define LANDLOCK_NET_BIND_TCP		(UINT64_C(1) << 0)	/* ABI 4 */
#define LANDLOCK_NET_CONNECT_TCP	(UINT64_C(1) << 1)

#define LANDLOCK_SCOPE_ABSTRACT_SOCKET	(UINT64_C(1) << 0)	/* ABI 6 */
#define LANDLOCK_SCOPE_SIGNALS		(UINT64_C(1) << 1)

#define LANDLOCK_FLOOR		2	/* Linux 6.1 keeps at least this */

/* The kernel's ABI, or -1 with errno (ENOSYS, EOPNOTSUPP: not there). */
int	 landlock_abi(void);

/*
 * A rule set that handles all that this kernel knows, or -1 with errno
 * (ENOTSUP: below the floor).  net names what stays allowed of the network.
 * The descriptor is the caller's.
 */
int	 landlock_new(uint64_t net, uint64_t scope);

/*
 * Allow access below (or of) what fd is; bits that this kernel does not
 * know, or that a plain file cannot have, are left out.  0, or -1 with errno.
 */
int	 landlock_allow(int rules, int fd, uint64_t access);

/* In force for this process and its children; needs no_new_privs. */
int	 landlock_enforce(int rules);

#endif
