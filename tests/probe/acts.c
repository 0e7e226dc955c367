/*
 * acts.c: the forbidden acts, one function each.
 * Runs in: a probe build of a worker, confined exactly as the worker is, or in
 * the driver's unconfined child, where the act must work or at least reach
 * the kernel.
 * Input: none.
 */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/probe/acts.h"

#define TARGET	"/etc/passwd"
#define PROGRAM	"/usr/bin/true"

static pid_t parent;		/* the driver */
static char *low;		/* memory that a 32-bit call can name */
static void *page;		/* one page, readable */

void
acts_prepare(void)
{
	parent = getppid();
#ifdef MAP_32BIT
	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		_exit(98);
	strcpy(low, TARGET);
#endif
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		_exit(98);
}

/* What a raw call said: 0 for success. */
static int
result(long rc)
{
	return rc == -1 ? errno : 0;
}

#define ACT(id, expression)			\
	static int				\
	try_##id(void)				\
	{					\
		return result((long)(expression)); \
	}

/* A new process says nothing and ends; the old one goes on. */
static int
born(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return result(pid);
}

/* Files */
ACT(openat, syscall(SYS_openat, AT_FDCWD, TARGET, O_RDONLY, 0))
#ifdef SYS_open
ACT(open, syscall(SYS_open, TARGET, O_RDONLY, 0))
ACT(creat, syscall(SYS_creat, "/tmp/.sallyport-probe", 0600))
#endif

static int
try_openat2(void)
{
	uint64_t how[3] = { O_RDONLY, 0, 0 };

	return result(syscall(SYS_openat2, AT_FDCWD, TARGET, how, sizeof(how)));
}

ACT(create, syscall(SYS_openat, AT_FDCWD, "/tmp/.sallyport-probe",
    O_CREAT | O_WRONLY, 0600))
ACT(unlink, syscall(SYS_unlinkat, AT_FDCWD, "/tmp/.sallyport-probe", 0))
ACT(rename, syscall(SYS_renameat, AT_FDCWD, "/tmp/.sallyport-probe", AT_FDCWD,
    "/tmp/.sallyport-other"))
ACT(symlink, syscall(SYS_symlinkat, TARGET, AT_FDCWD, "/tmp/.sallyport-link"))
ACT(chdir, syscall(SYS_chdir, "/usr"))
ACT(chmod, syscall(SYS_fchmodat, AT_FDCWD, "/tmp/.sallyport-probe", 0700))

/* The network and other processes' sockets */
ACT(socket_unix, syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0))
ACT(socket_inet, syscall(SYS_socket, AF_INET, SOCK_STREAM, 0))
ACT(socket_inet6, syscall(SYS_socket, AF_INET6, SOCK_STREAM, 0))
ACT(socket_raw, syscall(SYS_socket, AF_INET, SOCK_RAW, 1))
ACT(socket_netlink, syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0))
ACT(socket_packet, syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0))
ACT(socket_vsock, syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0))
ACT(socket_alg, syscall(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0))
ACT(bind, syscall(SYS_bind, -1, page, 16))
ACT(listen, syscall(SYS_listen, -1, 1))
ACT(accept, syscall(SYS_accept4, -1, NULL, NULL, 0))

/* No such descriptor: EBADF would say that the kernel looked for it. */
static int
try_connect(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	strcpy(to.sun_path, "/run/dbus/system_bus_socket");
	return result(syscall(SYS_connect, -1, &to, sizeof(to)));
}

static int
try_socketpair(void)
{
	int fds[2];

	return result(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds));
}

/* Processes */
#ifdef SYS_fork
static int
try_fork(void)
{
	return born(syscall(SYS_fork));
}

static int
try_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}
#endif

static int
try_clone(void)
{
	return born(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int
try_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	return born(syscall(SYS_clone3, &args, sizeof(args)));
}

/* A thread is a process, too; its stack is the page. */
static int
try_thread(void)
{
	return result(syscall(SYS_clone, CLONE_VM | CLONE_THREAD, NULL, NULL,
	    NULL, NULL));
}

static int
try_execve(void)
{
	char name[] = PROGRAM, *argv[] = { name, NULL }, *envp[] = { NULL };

	return result(syscall(SYS_execve, name, argv, envp));
}

static int
try_execveat(void)
{
	char name[] = PROGRAM, *argv[] = { name, NULL }, *envp[] = { NULL };

	return result(syscall(SYS_execveat, AT_FDCWD, name, argv, envp, 0));
}

ACT(ptrace, syscall(SYS_ptrace, PTRACE_SEIZE, parent, NULL, NULL))

static int
try_process_vm(void)
{
	struct iovec here = { page, 8 }, there = { page, 8 };

	return result(syscall(SYS_process_vm_readv, parent, &here, 1, &there,
	    1, 0));
}

ACT(pidfd_open, syscall(SYS_pidfd_open, parent, 0))
ACT(kill, syscall(SYS_kill, parent, SIGURG))
ACT(tgkill, syscall(SYS_tgkill, parent, parent, SIGURG))
ACT(sigqueue, syscall(SYS_rt_sigqueueinfo, parent, SIGURG, page))
ACT(setuid, syscall(SYS_setuid, 0))
ACT(prctl, syscall(SYS_prctl, PR_SET_NAME, "probe", 0, 0, 0))
ACT(seccomp, syscall(SYS_seccomp, 2, 0, page))
ACT(prlimit, syscall(SYS_prlimit64, 0, 7, NULL, page))

/* Memory that can be executed */
ACT(mmap_exec, syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC,
    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ACT(mmap_wx, syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
ACT(mprotect_exec, syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC))
ACT(pkey_mprotect_exec, syscall(SYS_pkey_mprotect, page, 4096,
    PROT_READ | PROT_EXEC, -1))
ACT(shmat_exec, syscall(SYS_shmat, -1, NULL, 0100000))

/* The kernel's large surfaces */
ACT(io_uring, syscall(SYS_io_uring_setup, 8, page))
ACT(bpf, syscall(SYS_bpf, 0, page, 8))
ACT(keyctl, syscall(SYS_keyctl, 0, -3, 0, 0, 0))
ACT(perf, syscall(SYS_perf_event_open, page, 0, -1, -1, 0))
ACT(userfaultfd, syscall(SYS_userfaultfd, 0))
ACT(unshare, syscall(SYS_unshare, CLONE_NEWUSER))
ACT(setns, syscall(SYS_setns, -1, 0))
ACT(mount, syscall(SYS_mount, "none", "/nonexistent", "tmpfs", 0, NULL))
ACT(chroot, syscall(SYS_chroot, "/nonexistent"))
ACT(module, syscall(SYS_finit_module, -1, "", 0))
ACT(kexec, syscall(SYS_kexec_load, 0, 0, NULL, ~0ul))
ACT(handle, syscall(SYS_open_by_handle_at, -1, page, 0))

#ifdef __x86_64__
#define X32	0x40000000

/* The i386 entry; its arguments are 32 bits. */
static int
i386(long nr, uint32_t a, uint32_t b, uint32_t c)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) :
	    "a"(nr), "b"(a), "c"(b), "d"(c) :
	    "memory", "r8", "r9", "r10", "r11");
	return (int)rc < 0 ? -(int)rc : 0;
}

#define ACT32(id, nr, a, b, c)						\
	static int							\
	try_i386_##id(void)						\
	{								\
		return i386(nr, (uint32_t)(a), (uint32_t)(b),		\
		    (uint32_t)(c));					\
	}

ACT32(getpid, 20, 0, 0, 0)
ACT32(write, 4, 3, 0, 0)
ACT32(open, 5, (uintptr_t)low, 0, 0)
ACT32(socket, 359, AF_INET, SOCK_STREAM, 0)
ACT32(socketcall, 102, 1, (uintptr_t)low, 0)
ACT32(connect, 362, -1, (uintptr_t)low, 16)
ACT32(execve, 11, (uintptr_t)low, 0, 0)
ACT32(ptrace, 26, 16902, parent, 0)
ACT32(mprotect, 125, 0x1000, 0x1000, 5)
ACT32(kill, 37, parent, SIGURG, 0)
ACT32(io_uring, 425, 8, (uintptr_t)low, 0)
ACT32(bpf, 357, 0, (uintptr_t)low, 8)
ACT32(keyctl, 288, 0, -3, 0)
ACT32(modify_ldt, 123, 0, (uintptr_t)low, 0)

static int
try_i386_fork(void)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(2L) :
	    "memory", "r8", "r9", "r10", "r11");
	if ((int)rc == 0)
		_exit(0);
	return (int)rc < 0 ? -(int)rc : 0;
}

ACT(x32_openat, syscall(X32 | SYS_openat, AT_FDCWD, TARGET, O_RDONLY, 0))
ACT(x32_socket, syscall(X32 | SYS_socket, AF_INET, SOCK_STREAM, 0))
ACT(x32_getpid, syscall(X32 | SYS_getpid))
#endif

const struct act acts[] = {
	{ "openat /etc/passwd",		try_openat },
	{ "openat2 /etc/passwd",	try_openat2 },
#ifdef SYS_open
	{ "open /etc/passwd",		try_open },
	{ "creat in /tmp",		try_creat },
#endif
	{ "openat O_CREAT in /tmp",	try_create },
	{ "renameat in /tmp",		try_rename },
	{ "unlinkat in /tmp",		try_unlink },
	{ "symlinkat in /tmp",		try_symlink },
	{ "fchmodat in /tmp",		try_chmod },
	{ "chdir /usr",			try_chdir },
	{ "socket AF_UNIX",		try_socket_unix },
	{ "socket AF_INET",		try_socket_inet },
	{ "socket AF_INET6",		try_socket_inet6 },
	{ "socket AF_INET raw",		try_socket_raw },
	{ "socket AF_NETLINK",		try_socket_netlink },
	{ "socket AF_PACKET",		try_socket_packet },
	{ "socket AF_VSOCK",		try_socket_vsock },
	{ "socket AF_ALG",		try_socket_alg },
	{ "socketpair",			try_socketpair },
	{ "connect",			try_connect },
	{ "bind",			try_bind },
	{ "listen",			try_listen },
	{ "accept4",			try_accept },
#ifdef SYS_fork
	{ "fork",			try_fork },
	{ "vfork",			try_vfork },
#endif
	{ "clone",			try_clone },
	{ "clone of a thread",		try_thread },
	{ "clone3",			try_clone3 },
	{ "execve",			try_execve },
	{ "execveat",			try_execveat },
	{ "ptrace of the parent",	try_ptrace },
	{ "process_vm_readv of the parent", try_process_vm },
	{ "pidfd_open of the parent",	try_pidfd_open },
	{ "kill of the parent",		try_kill },
	{ "tgkill of the parent",	try_tgkill },
	{ "rt_sigqueueinfo to the parent", try_sigqueue },
	{ "setuid",			try_setuid },
	{ "prctl",			try_prctl },
	{ "seccomp",			try_seccomp },
	{ "prlimit64",			try_prlimit },
	{ "mmap PROT_EXEC",		try_mmap_exec },
	{ "mmap PROT_WRITE PROT_EXEC",	try_mmap_wx },
	{ "mprotect to PROT_EXEC",	try_mprotect_exec },
	{ "pkey_mprotect to PROT_EXEC",	try_pkey_mprotect_exec },
	{ "shmat SHM_EXEC",		try_shmat_exec },
	{ "io_uring_setup",		try_io_uring },
	{ "bpf",			try_bpf },
	{ "keyctl",			try_keyctl },
	{ "perf_event_open",		try_perf },
	{ "userfaultfd",		try_userfaultfd },
	{ "unshare CLONE_NEWUSER",	try_unshare },
	{ "setns",			try_setns },
	{ "mount",			try_mount },
	{ "chroot",			try_chroot },
	{ "finit_module",		try_module },
	{ "kexec_load",			try_kexec },
	{ "open_by_handle_at",		try_handle },
#ifdef __x86_64__
	{ "i386: getpid",		try_i386_getpid },
	{ "i386: write",		try_i386_write },
	{ "i386: open /etc/passwd",	try_i386_open },
	{ "i386: socket AF_INET",	try_i386_socket },
	{ "i386: socketcall",		try_i386_socketcall },
	{ "i386: connect",		try_i386_connect },
	{ "i386: fork",			try_i386_fork },
	{ "i386: execve",		try_i386_execve },
	{ "i386: ptrace",		try_i386_ptrace },
	{ "i386: mprotect",		try_i386_mprotect },
	{ "i386: kill of the parent",	try_i386_kill },
	{ "i386: io_uring_setup",	try_i386_io_uring },
	{ "i386: bpf",			try_i386_bpf },
	{ "i386: keyctl",		try_i386_keyctl },
	{ "i386: modify_ldt",		try_i386_modify_ldt },
	{ "x32: openat /etc/passwd",	try_x32_openat },
	{ "x32: socket AF_INET",	try_x32_socket },
	{ "x32: getpid",		try_x32_getpid },
#endif
};

const size_t nacts = sizeof(acts) / sizeof(acts[0]);
