/*
 * streams.c: the pipes of the running command, and of survivors.
 * Runs in: the guest.
 * Input: bytes that hostile processes write; they are passed on, never read.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

#define PIECES_AT_ONCE	8		/* of one pipe, before the others */

static void
close_once(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A pipe: our end does not block, theirs does. */
static int
pipe_open(int *ours, int *theirs, bool we_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	*ours = fds[we_write];
	*theirs = fds[!we_write];
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

int
streams_open(struct guest *g, bool input, int theirs[3])
{
	struct call *call = &g->call;

	theirs[0] = theirs[1] = theirs[2] = -1;
	if (pipe_open(&call->out[0], &theirs[1], false) == -1 ||
	    pipe_open(&call->out[1], &theirs[2], false) == -1)
		return -1;
	if (!input && g->null >= 0) {
		theirs[0] = g->null;
		return 0;
	}
	if (pipe_open(&call->in, &theirs[0], true) == -1)
		return -1;
	if (!input)
		close_once(&call->in);	/* no /dev/null: an empty pipe */
	return 0;
}

/* --- standard input --- */

static void
input_grant(struct guest *g, size_t n)
{
	struct guest_input_credit m = { .call = g->call.id, .credit = n };

	g->call.in_credit += n;
	guest_sent(g, send_guest_input_credit(&g->channel, &m));
}

void
streams_welcome(struct guest *g)
{
	if (g->call.in >= 0)
		input_grant(g, INPUT_ROOM);
}

static void
input_flush(struct guest *g)
{
	struct call *call = &g->call;
	ssize_t n = 0;

	if (call->in_len > 0) {
		n = write(call->in, g->input + call->in_at, call->in_len);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1) {		/* it reads no more: EPIPE */
			n = (ssize_t)call->in_len;
			close_once(&call->in);
		}
		call->in_at += (size_t)n;
		call->in_len -= (size_t)n;
	}
	if (call->in_last && call->in_len == 0)
		close_once(&call->in);
	else if (n > 0 && !call->in_last)
		input_grant(g, (size_t)n);
}

int
on_guest_input(struct channel *c, struct guest_input *m)
{
	struct guest *g = c->owner;
	struct call *call = &g->call;

	if (m->call != call->id)
		return channel_fault(c, "is for no call");
	if (call->state != COMMAND)
		return 0;		/* crossed the end of the call */
	if (m->data.len > call->in_credit || call->in_last)
		return channel_fault(c, "is more than was granted");
	call->in_credit -= m->data.len;
	call->in_last = m->last;
	if (call->in < 0) {
		if (!m->last && m->data.len > 0)
			input_grant(g, m->data.len);
		return 0;
	}
	memmove(g->input, g->input + call->in_at, call->in_len);
	call->in_at = 0;
	if (m->data.len > 0)
		memcpy(g->input + call->in_len, m->data.data, m->data.len);
	call->in_len += m->data.len;
	input_flush(g);
	return 0;
}

/* --- standard output and standard error --- */

static bool
may_send(const struct guest *g)
{
	return g->call.credit > 0 && g->channel.queued <= QUEUE_HIGH;
}

/* Read one piece and pass it on: bytes, 0 if there is nothing (now). */
static size_t
output_piece(struct guest *g, int i, size_t most)
{
	struct call *call = &g->call;
	struct guest_output m = { .call = call->id, .source = i + 1 };
	ssize_t n;

	if (most > PIECE)
		most = PIECE;
	if (most > call->credit)
		most = call->credit;
	n = read(call->out[i], g->piece, most);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close_once(&call->out[i]);
		return 0;
	}
	call->credit -= (size_t)n;
	m.data = (struct bytes){ g->piece, (size_t)n };
	guest_sent(g, send_guest_output(&g->channel, &m));
	return (size_t)n;
}

int
on_guest_output_credit(struct channel *c, struct guest_output_credit *m)
{
	struct guest *g = c->owner;
	struct call *call = &g->call;

	if (m->call != call->id || call->state == IDLE)
		return 0;		/* crossed the end of the call */
	if (m->credit > UINT64_MAX - call->credit)
		return channel_fault(c, "grants too much");
	call->credit += m->credit;
	return 0;
}

void
streams_settle(struct guest *g)
{
	struct call *call = &g->call;
	int n;

	close_once(&call->in);
	call->in_len = 0;
	/* Survivors go on writing: only what is there now belongs to it. */
	for (int i = 0; i < 2; i++) {
		n = 0;
		if (call->out[i] >= 0 &&
		    ioctl(call->out[i], FIONREAD, &n) == -1)
			n = 0;
		call->rest[i] = (size_t)n;
	}
}

void
streams_pump(struct guest *g)
{
	struct call *call = &g->call;
	size_t n;

	for (int i = 0; i < 2; i++) {
		while (call->rest[i] > 0 && may_send(g)) {
			n = output_piece(g, i, call->rest[i]);
			call->rest[i] = n > 0 ? call->rest[i] - n : 0;
		}
	}
}

bool
streams_drained(const struct guest *g)
{
	return g->call.rest[0] == 0 && g->call.rest[1] == 0;
}

/* --- waiting for them --- */

/* A survivor must not block or die for what it prints after its call. */
static void
drain_add(struct guest *g, int *fd)
{
	int *slot = &g->drains[g->next_drain];

	if (*fd < 0)
		return;
	close_once(slot);
	*slot = steal_fd(fd);
	if (g->next_drain >= g->ndrains)
		g->ndrains = g->next_drain + 1;
	g->next_drain = (g->next_drain + 1) % DRAINS;
}

static void
drain_serve(struct guest *g, int *fd)
{
	ssize_t n = read(*fd, g->piece, PIECE);

	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		close_once(fd);
}

void
streams_release(struct guest *g, bool survivors)
{
	for (int i = 0; i < 2; i++) {
		if (survivors)
			drain_add(g, &g->call.out[i]);
		close_once(&g->call.out[i]);
	}
	close_once(&g->call.in);
}

size_t
streams_poll(struct guest *g, struct pollfd *fds)
{
	const struct call *call = &g->call;
	bool read_out = call->state == COMMAND && may_send(g);

	/* What is not wanted is left out: POLLHUP cannot be masked. */
	fds[0] = (struct pollfd){ .events = POLLOUT,
	    .fd = call->in_len > 0 ? call->in : -1 };
	for (int i = 0; i < 2; i++)
		fds[1 + i] = (struct pollfd){ .events = POLLIN,
		    .fd = read_out ? call->out[i] : -1 };
	while (g->ndrains > 0 && g->drains[g->ndrains - 1] == -1)
		g->ndrains--;
	for (size_t i = 0; i < g->ndrains; i++)
		fds[3 + i] = (struct pollfd){ .events = POLLIN,
		    .fd = g->drains[i] };
	return 3 + g->ndrains;
}

void
streams_serve(struct guest *g, const struct pollfd *fds, size_t n)
{
	struct call *call = &g->call;

	if (fds[0].revents != 0 && call->in >= 0)
		input_flush(g);
	for (int i = 0; i < 2; i++) {
		if (fds[1 + i].revents == 0 || call->state != COMMAND)
			continue;
		for (int k = 0; k < PIECES_AT_ONCE && may_send(g) &&
		    call->out[i] >= 0; k++) {
			if (output_piece(g, i, PIECE) < PIECE)
				break;
		}
	}
	for (size_t i = 3; i < n; i++) {
		if (fds[i].revents != 0 && g->drains[i - 3] == fds[i].fd)
			drain_serve(g, &g->drains[i - 3]);
	}
}
