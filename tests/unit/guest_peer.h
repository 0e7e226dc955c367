/*
 * guest_peer.h: the other end of a guest, for tests: starts the real binary
 * as a plain process or as PID 1, asks, and keeps what it answers.
 * Runs in: tests.  Input: the guest's answers.
 */
#ifndef SALLYPORT_GUEST_PEER_H
#define SALLYPORT_GUEST_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "ipc/decode.h"
#include "ipc/util.h"

#define KEPT	(4 * MiB)		/* bytes of each stream kept */

struct listed {
	size_t		 len;
	uint8_t		 path[4096];
	uint32_t	 mode;
	uint64_t	 size;
	int64_t		 modified;
};

struct peer {
	struct channel	 channel;
	pid_t		 pid;
	char		 work[64];	/* the work directory, seen from here */
	struct guest_ready ready;
	bool		 is_ready;
	uint64_t	 call;		/* the newest */
	uint64_t	 window;	/* credit granted; 0: by hand */
	bool		 ended;		/* exited, failed or done came */
	bool		 is_exited, is_failed, is_done;
	struct guest_exited exited;
	struct guest_failed failed;
	uint8_t		*out[2];	/* owned */
	uint64_t	 total[2];
	uint8_t		*data;		/* of guest_data, owned */
	size_t		 data_len;
	uint64_t	 data_size;
	struct listed	*entries;	/* owned */
	size_t		 nentries;
	uint64_t	 input_credit;
	uint64_t	 pong;
};

/* --- what it says --- */

#define ON(name) \
	static int on_##name(struct channel *c, struct name *m)

ON(guest_ready)
{
	struct peer *p = c->owner;

	p->ready = *m;
	p->is_ready = true;
	c->phase = RUNNING;
	return 0;
}

ON(guest_input_credit)
{
	struct peer *p = c->owner;

	if (m->call == p->call)
		p->input_credit += m->credit;
	return 0;
}

ON(guest_output)
{
	struct peer *p = c->owner;
	int i = m->source - 1;
	struct guest_output_credit credit = { .call = p->call,
	    .credit = m->data.len };
	size_t room;

	if (i < 0 || i > 1 || m->call != p->call || p->ended)
		return channel_fault(c, "output of no call");
	room = p->total[i] < KEPT ? KEPT - p->total[i] : 0;
	memcpy(p->out[i] + (KEPT - room), m->data.data,
	    m->data.len < room ? m->data.len : room);
	p->total[i] += m->data.len;
	if (p->window > 0)
		send_guest_output_credit(c, &credit);
	return 0;
}

ON(guest_exited)
{
	struct peer *p = c->owner;

	if (m->call != p->call || p->ended)
		return channel_fault(c, "ends no call");
	p->exited = *m;
	p->ended = p->is_exited = true;
	return 0;
}

ON(guest_failed)
{
	struct peer *p = c->owner;

	if (m->call != p->call || p->ended)
		return channel_fault(c, "fails no call");
	p->failed = *m;
	p->ended = p->is_failed = true;
	return 0;
}

ON(guest_data)
{
	struct peer *p = c->owner;

	p->data = xrealloc(p->data, p->data_len + m->data.len);
	memcpy(p->data + p->data_len, m->data.data, m->data.len);
	p->data_len += m->data.len;
	p->data_size = m->size;
	p->ended = m->last;
	return 0;
}

ON(guest_entry)
{
	struct peer *p = c->owner;
	struct listed *l;

	p->entries = xrealloc(p->entries, (p->nentries + 1) *
	    sizeof(*p->entries));
	l = &p->entries[p->nentries++];
	memcpy(l->path, m->path.data, m->path.len);
	l->len = m->path.len;
	l->mode = m->mode;
	l->size = m->size;
	l->modified = m->modified;
	return 0;
}

ON(guest_done)
{
	struct peer *p = c->owner;

	if (m->call != p->call || p->ended)
		return channel_fault(c, "ends no call");
	p->ended = p->is_done = true;
	return 0;
}

ON(guest_pong)
{
	struct peer *p = c->owner;

	p->pong = m->nonce;
	return 0;
}

#define DISPATCH(name)							\
static int								\
dispatch_##name(struct channel *c, struct unpack *u, int *fds, size_t n) \
{									\
	struct name m;							\
	int status = -1;						\
									\
	if (decode_##name(c, u, fds, n, &m) == 0)			\
		status = on_##name(c, &m);				\
	clear_##name(&m);						\
	return status;							\
}
DISPATCH(guest_ready)
DISPATCH(guest_input_credit)
DISPATCH(guest_output)
DISPATCH(guest_exited)
DISPATCH(guest_failed)
DISPATCH(guest_data)
DISPATCH(guest_entry)
DISPATCH(guest_done)
DISPATCH(guest_pong)

static message_dispatch *const peer_table[MSG_COUNT] = {
	[MSG_guest_ready] = dispatch_guest_ready,
	[MSG_guest_input_credit] = dispatch_guest_input_credit,
	[MSG_guest_output] = dispatch_guest_output,
	[MSG_guest_exited] = dispatch_guest_exited,
	[MSG_guest_failed] = dispatch_guest_failed,
	[MSG_guest_data] = dispatch_guest_data,
	[MSG_guest_entry] = dispatch_guest_entry,
	[MSG_guest_done] = dispatch_guest_done,
	[MSG_guest_pong] = dispatch_guest_pong
};

/* --- starting and ending it --- */

/* build/tests/test_NAME -> build/libexec/sallyport/guest */
static void
guest_binary(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 64);

	assert_true(n > 0);
	out[n] = '\0';
	*strrchr(out, '/') = '\0';
	*strrchr(out, '/') = '\0';
	strcat(out, "/libexec/sallyport/guest");
}

static void
guest_child(int fd, const char *work, bool namespaced)
{
	char guest[PATH_MAX];
	char *in[] = { "unshare", "-Urpfm", "--mount-proc", "--kill-child",
	    guest, (char *)work, NULL };

	guest_binary(guest);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fd, 3) == -1 || chdir("/") == -1)
		_exit(1);
	if (namespaced)
		execvp("unshare", in);
	else
		execv(guest, in + 4);
	_exit(1);
}

/* Handle one message, or stop after ms without one: 1, 0, or -1 at the end. */
static int
peer_receive(struct peer *p, int ms)
{
	struct pollfd fd = { .fd = p->channel.fd, .events = POLLIN };
	enum received r;

	/* The channel may hold a whole frame already. */
	fcntl(p->channel.fd, F_SETFL, O_NONBLOCK);
	r = channel_receive(&p->channel);
	if (p->channel.queued > 0)
		fd.events |= POLLOUT;
	if (r == RECEIVE_AGAIN && poll(&fd, 1, ms) > 0) {
		channel_flush(&p->channel);
		r = channel_receive(&p->channel);
	}
	fcntl(p->channel.fd, F_SETFL, 0);
	if (r == RECEIVE_FAULT)
		fail_msg("the guest %s", p->channel.why);
	return r == RECEIVED ? 1 : r == RECEIVE_AGAIN ? 0 : -1;
}

static void
peer_wait(struct peer *p, bool *flag)
{
	uint64_t end = now_mono_ms() + 60000;

	while (!*flag) {
		if (peer_receive(p, 1000) == -1)
			fail_msg("the guest left: %s", p->channel.why);
		if (now_mono_ms() > end)
			fail_msg("the guest says nothing");
	}
}

static struct peer *
peer_start(bool namespaced)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	strcpy(p->work, "/tmp/guest.XXXXXX");
	assert_non_null(mkdtemp(p->work));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0)
		guest_child(fds[1], p->work, namespaced);
	close(fds[1]);
	channel_init(&p->channel, fds[0], STREAM, GUEST, peer_table);
	p->channel.framed = true;
	p->channel.owner = p;
	p->window = 256 * KiB;
	p->out[0] = xcalloc(1, KEPT + 1);
	p->out[1] = xcalloc(1, KEPT + 1);
	peer_wait(p, &p->is_ready);
	return p;
}

/* Close the stream, and see the guest leave: its exit status. */
static int
peer_end(struct peer *p)
{
	char command[256];
	int status;

	channel_clear(&p->channel);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s",
	    p->work, p->work);
	assert_int_equal(system(command), 0);
	free(p->out[0]);
	free(p->out[1]);
	free(p->data);
	free(p->entries);
	free(p);
	return status;
}

/* --- asking --- */

static void
peer_next(struct peer *p)
{
	p->call++;
	p->ended = p->is_exited = p->is_failed = p->is_done = false;
	for (int i = 0; i < 2; i++) {
		memset(p->out[i], 0, p->total[i] < KEPT ? p->total[i] : KEPT);
		p->total[i] = 0;
	}
	p->data_len = p->nentries = 0;
	p->data_size = p->input_credit = 0;
}

static void
peer_argument(struct peer *p, const void *data, size_t len)
{
	struct guest_argument m = { .call = p->call };
	const uint8_t *at = data;
	size_t n;

	do {
		n = len < 32 * KiB ? len : 32 * KiB;
		m.piece = (struct bytes){ at, n };
		m.last = n == len;
		assert_int_equal(send_guest_argument(&p->channel, &m), 0);
		at += n;
		len -= n;
	} while (!m.last);
}

/* Start a command; ms is its time limit. */
static void
peer_begin(struct peer *p, const char *cwd, uint64_t ms, bool input,
    const char *const *argv)
{
	struct guest_exec m = { .call = p->call + 1, .timeout = ms,
	    .has_input = input, .credit = p->window,
	    .cwd = { (const uint8_t *)cwd, strlen(cwd) } };

	peer_next(p);
	for (; *argv != NULL; argv++)
		peer_argument(p, *argv, strlen(*argv));
	assert_int_equal(send_guest_exec(&p->channel, &m), 0);
}

static void
peer_finish(struct peer *p)
{
	peer_wait(p, &p->ended);
}

/* Run a shell command to its end, from the work directory. */
static void
peer_shell(struct peer *p, uint64_t ms, const char *command)
{
	const char *argv[] = { "/bin/sh", "-c", command, NULL };

	peer_begin(p, "", ms, false, argv);
	peer_finish(p);
	assert_true(p->is_exited);
}

static inline void
peer_python(struct peer *p, uint64_t ms, const char *program)
{
	const char *argv[] = { "/usr/bin/python3", "-I", "-S", "-c", program,
	    NULL };

	peer_begin(p, "", ms, false, argv);
	peer_finish(p);
	assert_true(p->is_exited);
}

#define PATH(text)	{ (const uint8_t *)(text), strlen(text) }

#define peer_ask(p, name, ...) do {					\
	struct name ask = { .call = (p)->call + 1, __VA_ARGS__ };	\
	peer_next(p);							\
	assert_int_equal(send_##name(&(p)->channel, &ask), 0);		\
	peer_finish(p);							\
} while (0)

static inline void
peer_write(struct peer *p, const char *path, const void *data, size_t len,
    bool append)
{
	struct guest_write m = { .call = p->call + 1, .path = PATH(path),
	    .append = append };
	const uint8_t *at = data;
	size_t n;

	peer_next(p);
	do {
		n = len < 32 * KiB ? len : 32 * KiB;
		m.data = (struct bytes){ at, n };
		m.last = n == len;
		assert_int_equal(send_guest_write(&p->channel, &m), 0);
		at += n;
		len -= n;
	} while (!m.last);
	peer_finish(p);
}

#define assert_out(p, text)	assert_string_equal((char *)(p)->out[0], text)
#define assert_exit(p, code) do {					\
	assert_false((p)->exited.timed_out);				\
	assert_int_equal((p)->exited.status, (code) << 8);		\
} while (0)
#define assert_errno(p, number) do {					\
	assert_true((p)->is_failed);					\
	assert_int_equal((p)->failed.error, number);			\
} while (0)

#endif
