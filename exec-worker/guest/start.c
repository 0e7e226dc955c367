/*
 * start.c: harden the process before it reads anything, then look around.
 * Runs in: the guest, before the first byte of the stream.
 * Input: what the image holds (hostile): it is only looked at, never run.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

/*
 * What it runs has the same uid.  Not dumpable, the guest's memory,
 * descriptors and /proc files are closed to everybody without CAP_SYS_PTRACE;
 * so nobody in here may have that, not even uid 0 of a user namespace.
 */
void
start_hardened(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("harden the process");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) == -1)
		fatal("drop capabilities");
	umask(022);
}

/* Descriptors 0 to 2 stay occupied, so that no other gets their number. */
static void
occupy_standard(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd == -1)
		fd = open("/", O_PATH | O_DIRECTORY);
	while (fd >= 0 && fd < 2)
		fd = dup(fd);
	if (fd > 2)
		close(fd);
}

int
start_stream(int fd)
{
	struct rlimit limit;
	int high = 1000, stream;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur <= (rlim_t)high + 64)
		high = limit.rlim_cur > 128 ? (int)limit.rlim_cur - 64 : 64;
	stream = fcntl(fd, F_DUPFD_CLOEXEC, high);
	if (stream == -1)
		fatal("move the stream");
	if (syscall(SYS_close_range, 0, stream - 1, 0) == -1 ||
	    syscall(SYS_close_range, stream + 1, ~0U, 0) == -1)
		fatal("close what is not ours");
	occupy_standard();
	if (fcntl(stream, F_SETFL, O_NONBLOCK) == -1)
		fatal("set up the stream");
	return stream;
}

/* Only a /proc that shows this very process is of use. */
static int
open_proc(void)
{
	autoclose int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char self[32] = "", pid[32];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (fd == -1 || readlinkat(fd, "self", self, sizeof(self) - 1) == -1 ||
	    strcmp(self, pid) != 0)
		return -1;
	return steal_fd(&fd);
}

static void
find_work(struct guest *g, const char *given)
{
	struct stat st;

	if (given != NULL)
		snprintf(g->work_path, sizeof(g->work_path), "%s", given);
	else if (stat("/work", &st) == 0 && S_ISDIR(st.st_mode) &&
	    access("/work", W_OK | X_OK) == 0)
		snprintf(g->work_path, sizeof(g->work_path), "/work");
	else if (getcwd(g->work_path, sizeof(g->work_path)) == NULL)
		fatal("find a work directory");
	g->work = open(g->work_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->work == -1)
		fatal("open the work directory");
	snprintf(g->home, sizeof(g->home), "HOME=%s", g->work_path);
}

void
start_guest(struct guest *g, int stream, const char *work)
{
	/* All of it is zero from the start; writing that would cost memory. */
	g->init = getpid() == 1;
	if (!g->init && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		fatal("become a reaper");
	g->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	g->proc = open_proc();
	find_work(g, work);
	g->call.in = g->call.out[0] = g->call.out[1] = -1;
	g->writing.fd = g->writing.dir = -1;
	for (size_t i = 0; i < DRAINS; i++)
		g->drains[i] = -1;
	g->channel.fd = stream;
}

/* Is it a program, rather than a version manager's script? */
static bool
is_program(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[4] = "";

	return fd != -1 && access(path, X_OK) == 0 &&
	    read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	    memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

static void
find_program(char *out, size_t size, const char *const *paths)
{
	for (out[0] = '\0'; *paths != NULL; paths++) {
		if (is_program(*paths)) {
			snprintf(out, size, "%s", *paths);
			return;
		}
	}
}

void
start_report(struct guest *g)
{
	static const char *const pythons[] = { "/usr/local/bin/python3",
	    "/usr/bin/python3", "/bin/python3", NULL };
	static const char *const shells[] = { "/bin/sh", "/usr/bin/sh",
	    "/bin/bash", "/usr/bin/bash", NULL };
	struct guest_ready ready = { .protocol = message_protocol() };
	struct utsname name;

	find_program(ready.python, sizeof(ready.python), pythons);
	find_program(ready.shell, sizeof(ready.shell), shells);
	snprintf(ready.work, sizeof(ready.work), "%s", g->work_path);
	if (uname(&name) == 0)
		snprintf(ready.system, sizeof(ready.system), "%.80s %.80s %.80s",
		    name.sysname, name.release, name.machine);
	guest_sent(g, send_guest_ready(&g->channel, &ready));
	g->channel.phase = RUNNING;
}
