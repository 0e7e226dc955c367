/*
 * as_judge.h: the test plays the judge to a real worker, confined as always.
 * Runs in: unit tests of workers.  Include once, after defining
 * driver_seen(), which gets every message that the worker sends.
 * Input: messages of the worker under test.
 */
#ifndef SALLYPORT_AS_JUDGE_H
#define SALLYPORT_AS_JUDGE_H

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/util.h"
#include "policy/confine.h"

#define SELF	JUDGE
#include "ipc/dispatch.h"

static int	 driver_seen(struct channel *, enum message, void *);
static void	(*worker_prepare)(void);	/* in the child, first */

#define MESSAGE(name, from, to, when)					\
int									\
on_##name(struct channel *c, struct name *m)				\
{									\
	return driver_seen(c, MSG_##name, m);				\
}
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

struct worker {
	pid_t		 pid;
	struct channel	 c;
};

/* In the child: what the supervisor does, as far as the worker can tell. */
static void
worker_become(const char *path, const struct page *page, int channel,
    const char *directory)
{
	char *argv[] = { (char *)path, NULL }, *envp[] = { NULL };
	const char *step = "open";
	int null, binary, dir;

	if (worker_prepare != NULL)
		worker_prepare();
	null = open("/dev/null", O_RDWR);
	binary = open(path, O_RDONLY | O_CLOEXEC);
	if (null == -1 || binary == -1 || chdir(directory) == -1 ||
	    (dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		_exit(111);
	dup2(null, 0);
	dup2(null, 1);
	dup2(channel, 3);
	if (confine_before_exec(page, binary, dir, &step) == -1) {
		dprintf(2, "confine: %s: %s\n", step, strerror(errno));
		_exit(112);
	}
	execveat(binary, "", argv, envp, AT_EMPTY_PATH);
	_exit(113);
}

static void
worker_start(struct worker *w, enum party peer, const char *name,
    const struct page *page, const char *directory)
{
	char self[PATH_MAX / 2], path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int ends[2], high;

	assert_true(n > 0);
	self[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(self, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	snprintf(path, sizeof(path), "%s/libexec/sallyport/%s", self, name);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    ends), 0);
	/* Out of the way of the descriptors that the worker is given. */
	high = fcntl(ends[1], F_DUPFD_CLOEXEC, 100);
	assert_true(high >= 100);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0)
		worker_become(path, page, high, directory);
	close(high);
	close(ends[1]);
	channel_init(&w->c, ends[0], JUDGE, peer, dispatch_table);
	assert_int_equal(channel_receive(&w->c), RECEIVED);	/* ready */
	w->c.phase = RUNNING;
}

/* Handle what comes until *flag is set; false after ms milliseconds. */
static bool
worker_until(struct worker *w, const bool *flag, int ms)
{
	struct pollfd p = { .fd = w->c.fd, .events = POLLIN };
	uint64_t end = now_mono_ms() + (uint64_t)ms, now;

	while (!*flag) {
		now = now_mono_ms();
		if (now >= end || poll(&p, 1, (int)(end - now)) <= 0)
			return false;
		if (channel_receive(&w->c) != RECEIVED)
			return false;
	}
	return true;
}

/* Close the channel; the worker's wait status. */
static int
worker_end(struct worker *w)
{
	int status;

	channel_clear(&w->c);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	return status;
}

#endif
