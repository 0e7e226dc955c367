/*
 * names.c: the words that pages may use for numbers.
 * Runs in: the build.  A word that is not here is a build error, so this list
 * is also the list of what conditions can speak about.
 * Input: words of our own pages.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "policy/landlock.h"
#include "policy/policyc/policyc.h"

struct word {
	const char	*name;
	uint64_t	 value;
};

#define W(n)	{ #n, (uint64_t)(n) }

static const struct word values[] = {
	W(PROT_EXEC), W(PROT_WRITE), W(PROT_READ), W(PROT_NONE),
	W(MAP_SHARED), W(MAP_PRIVATE), W(MAP_ANONYMOUS), W(MAP_FIXED),
	W(MREMAP_MAYMOVE),
	W(F_GETFL), W(F_SETFL), W(F_GETFD), W(F_SETFD), W(F_ADD_SEALS),
	W(F_GET_SEALS), W(F_DUPFD), W(F_DUPFD_CLOEXEC), W(F_SETLK),
	W(F_SETLKW), W(F_GETLK),
	W(AF_UNIX), W(AF_INET), W(AF_INET6), W(AF_NETLINK), W(AF_PACKET),
	W(AF_VSOCK), W(AF_ALG), W(AF_BLUETOOTH), W(AF_CAN), W(AF_KEY),
	W(AF_TIPC), W(AF_XDP), W(AF_RDS), W(AF_QIPCRTR), W(AF_SMC), W(AF_PPPOX),
	W(AF_NFC), W(AF_MPLS), W(AF_KCM), W(AF_IB), W(AF_X25), W(AF_AX25),
	W(AF_APPLETALK), W(AF_NETROM), W(AF_ROSE), W(AF_LLC), W(AF_PHONET),
	W(AF_IEEE802154), W(AF_CAIF), W(AF_ATMPVC), W(AF_ATMSVC), W(AF_RXRPC),
	W(AF_ISDN), W(AF_IPX), W(AF_DECnet), W(AF_BRIDGE), W(AF_SECURITY),
	W(AF_ECONET), W(AF_IRDA), W(AF_WANPIPE), W(AF_ASH),
	W(SOCK_STREAM), W(SOCK_DGRAM), W(SOCK_RAW), W(SOCK_SEQPACKET),
	W(SOCK_CLOEXEC), W(SOCK_NONBLOCK),
	W(SOL_SOCKET), W(SO_ERROR), W(SO_TYPE), W(SO_PEERCRED), W(SO_DOMAIN),
	W(SO_SNDBUF), W(SO_RCVBUF), W(SO_KEEPALIVE),
	W(IPPROTO_TCP), W(TCP_NODELAY), W(IPPROTO_IP), W(IPPROTO_IPV6),
	W(CLONE_NEWNS), W(CLONE_NEWUSER), W(CLONE_NEWPID), W(CLONE_NEWNET),
	W(CLONE_NEWIPC), W(CLONE_NEWUTS), W(CLONE_NEWCGROUP), W(CLONE_NEWTIME),
	W(O_RDONLY), W(O_WRONLY), W(O_RDWR), W(O_CREAT), W(O_EXCL),
	W(O_ACCMODE), W(O_PATH), W(O_TMPFILE), W(O_NOFOLLOW), W(O_CLOEXEC),
	W(AT_FDCWD), W(AT_EMPTY_PATH), W(AT_SYMLINK_NOFOLLOW),
	W(SIGKILL), W(SIGTERM), W(SIGABRT),
	W(TIOCSTI), W(TIOCLINUX), W(TIOCSETD), W(FIONREAD), W(TCGETS),
	W(PR_SET_DUMPABLE), W(PR_GET_DUMPABLE), W(PR_SET_NAME), W(PR_SET_VMA),
	W(PR_SET_PDEATHSIG),
	W(MADV_DONTNEED), W(MADV_FREE), W(MADV_NOHUGEPAGE), W(MADV_DONTDUMP),
	W(S_ISUID), W(S_ISGID),
	W(MFD_CLOEXEC), W(MFD_ALLOW_SEALING),
};

/* SOCK_TYPE_MASK of the kernel: the rest of the word is flags. */
static const struct word extra[] = {
	{ "SOCK_TYPE", 0xf },
	{ "INT", 0xffffffff },		/* what the kernel takes of an int */
	{ "MFD_NOEXEC_SEAL", 8 },
};

static const struct word limits[] = {
	{ "address-space", RLIMIT_AS }, { "open-files", RLIMIT_NOFILE },
	{ "core", RLIMIT_CORE }, { "processes", RLIMIT_NPROC },
	{ "file-size", RLIMIT_FSIZE }, { "cpu", RLIMIT_CPU },
	{ "stack", RLIMIT_STACK }, { "data", RLIMIT_DATA },
	{ "locked", RLIMIT_MEMLOCK }, { "queues", RLIMIT_MSGQUEUE },
	{ "pending-signals", RLIMIT_SIGPENDING },
};

static const struct word accesses[] = {
	{ "execute", LANDLOCK_FS_EXECUTE },
	{ "read", LANDLOCK_FS_READ_FILE },
	{ "list", LANDLOCK_FS_READ_DIR },
	{ "write", LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_TRUNCATE },
	{ "create", LANDLOCK_FS_MAKE_REG | LANDLOCK_FS_MAKE_DIR |
	    LANDLOCK_FS_REMOVE_FILE | LANDLOCK_FS_REMOVE_DIR |
	    LANDLOCK_FS_REFER },
	{ "special", LANDLOCK_FS_MAKE_SYM | LANDLOCK_FS_MAKE_FIFO |
	    LANDLOCK_FS_MAKE_SOCK },
	{ "ioctl", LANDLOCK_FS_IOCTL_DEV },
};

static const struct word errors[] = {
	W(EPERM), W(ENOENT), W(EACCES), W(EINVAL), W(ENOSYS), W(EAFNOSUPPORT),
	W(EOPNOTSUPP), W(EPROTONOSUPPORT), W(ENODEV), W(ENOTTY), W(EBADF),
};

static bool
look_up(const struct word *table, size_t n, const char *name, uint64_t *value)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].name, name) == 0) {
			*value = table[i].value;
			return true;
		}
	return false;
}

#define LOOK_UP(table, name, value) \
	look_up(table, sizeof(table) / sizeof((table)[0]), name, value)

bool
name_value(const char *name, size_t len, uint64_t *value)
{
	char word[64], *end;

	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, name, len);
	word[len] = '\0';
	if (word[0] >= '0' && word[0] <= '9') {
		errno = 0;
		*value = strtoull(word, &end, 0);
		return *end == '\0' && errno == 0;
	}
	return LOOK_UP(values, word, value) || LOOK_UP(extra, word, value);
}

bool
name_limit(const char *name, int *resource)
{
	uint64_t value;

	if (!LOOK_UP(limits, name, &value))
		return false;
	*resource = (int)value;
	return true;
}

bool
name_access(const char *name, uint64_t *access)
{
	return LOOK_UP(accesses, name, access);
}

bool
name_errno(const char *name, unsigned *number)
{
	uint64_t value;

	if (strcmp(name, "0") == 0) {
		*number = 0;
		return true;
	}
	if (!LOOK_UP(errors, name, &value))
		return false;
	*number = (unsigned)value;
	return true;
}
