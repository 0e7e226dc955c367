/*
 * channel.c: one end of a socketpair: datagrams, descriptors, frames, queue.
 * Runs in: every process and the guest.
 * Input: hostile; whatever breaks its row is a fault of the peer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ipc/send.h"
#include "ipc/util.h"

#define FRAME_HEAD	4u		/* bytes: length, little-endian */
#define FRAME_ROOM	(2 * (MESSAGE_MAX + FRAME_HEAD))
#define QUEUE_MAX	(4 * MiB)	/* bytes; rooms may set another */
#define FDS_ROOM	16		/* more than may come can arrive */
#define OUT_LEAST	(4 * KiB)	/* a message below it is a small one */

/* A message that did not fit into the socket yet. */
struct outgoing {
	struct outgoing	*next;
	size_t		 at;		/* bytes that are gone (framed) */
	size_t		 len;
	int		 fds[MESSAGE_FDS];	/* duplicates, owned */
	size_t		 nfds;
	uint8_t		 data[];
};

void
channel_init(struct channel *c, int fd, enum party self, enum party peer,
    message_dispatch *const *table)
{
	*c = (struct channel){
		.fd = fd,
		.self = self,
		.peer = peer,
		.phase = STARTING,
		.table = table,
		.queue_max = QUEUE_MAX
	};
	c->tail = &c->head;
}

static void
outgoing_free(struct outgoing *o)
{
	for (size_t i = 0; i < o->nfds; i++)
		close(o->fds[i]);
	free(o);
}

void
channel_clear(struct channel *c)
{
	struct outgoing *o;

	if (c->gone != NULL)
		*c->gone = true;
	while ((o = c->head) != NULL) {
		c->head = o->next;
		outgoing_free(o);
	}
	c->tail = &c->head;
	c->queued = 0;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->broken = true;
	free(c->in);
	free(c->out);
	c->in = c->out = NULL;
}

int
channel_fault(struct channel *c, const char *fmt, ...)
{
	va_list ap;

	if (c->why[0] == '\0') {
		va_start(ap, fmt);
		vsnprintf(c->why, sizeof(c->why), fmt, ap);
		va_end(ap);
	}
	return -1;
}

/* --- sending --- */

static ssize_t
send_datagram(int fd, const void *data, size_t len, const int *fds,
    size_t nfds)
{
	union {
		char		buf[CMSG_SPACE(sizeof(int) * MESSAGE_FDS)];
		struct cmsghdr	align;
	} control;
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *head;
	ssize_t n;

	if (nfds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * nfds);
	}
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	return n;
}

static int
channel_break(struct channel *c, int error)
{
	c->broken = true;
	if (c->changed != NULL)
		c->changed(c);
	errno = error;
	return -1;
}

/* Keep a message, or the rest of a frame, until the peer reads. */
static int
channel_queue(struct channel *c, const uint8_t *data, size_t len, size_t at,
    const int *fds, size_t nfds)
{
	struct outgoing *o;

	if (len > c->queue_max || c->queued > c->queue_max - len)
		return channel_break(c, ENOBUFS);
	o = xcalloc(1, sizeof(*o) + len);
	o->at = at;
	o->len = len;
	memcpy(o->data, data, len);
	for (; o->nfds < nfds; o->nfds++) {
		o->fds[o->nfds] = fcntl(fds[o->nfds], F_DUPFD_CLOEXEC, 3);
		if (o->fds[o->nfds] == -1) {
			outgoing_free(o);
			return channel_break(c, EMFILE);
		}
	}
	*c->tail = o;
	c->tail = &o->next;
	c->queued += len;
	if (c->changed != NULL)
		c->changed(c);
	return 0;
}

/* Write what the socket takes: bytes gone, or -1 with errno. */
static ssize_t
channel_write(struct channel *c, const uint8_t *data, size_t len,
    const int *fds, size_t nfds)
{
	size_t at = 0;
	ssize_t n;

	if (!c->framed)
		return send_datagram(c->fd, data, len, fds, nfds);
	while (at < len) {
		n = send(c->fd, data + at, len - at, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return at > 0 && errno == EAGAIN ? (ssize_t)at : -1;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

int
channel_flush(struct channel *c)
{
	struct outgoing *o;
	ssize_t n;

	while ((o = c->head) != NULL && !c->broken) {
		n = channel_write(c, o->data + o->at, o->len - o->at, o->fds,
		    o->nfds);
		if (n == -1 && errno == EAGAIN)
			return 1;
		if (n == -1)
			return channel_break(c, errno);
		o->at += (size_t)n;
		if (o->at < o->len)
			return 1;
		c->head = o->next;
		if (c->head == NULL)
			c->tail = &c->head;
		c->queued -= o->len;
		outgoing_free(o);
	}
	return c->broken ? -1 : 0;
}

int
outgoing_begin(struct outgoing_message *o, struct channel *c, enum message m)
{
	const struct message_rule *rule = &message_rules[m];

	if (c->broken || c->fd < 0) {
		errno = EPIPE;
		return -1;
	}
	if (!(rule->from & c->self) || !(rule->to & c->peer) ||
	    !(rule->when & c->phase)) {
		errno = EPERM;
		return -1;
	}
	*o = (struct outgoing_message){ .error = 0 };
	pack_init(&o->pack, MESSAGE_MAX + FRAME_HEAD);
	o->pack.data = c->out;
	o->pack.cap = c->out_cap;
	c->out = NULL;
	c->out_cap = 0;
	if (c->framed)
		pack_raw(&o->pack, "\0\0\0\0", FRAME_HEAD);
	pack_list(&o->pack, 1 + rule->arity);
	pack_uint(&o->pack, m);
	return 0;
}

/* Where one large message went, more will go; after a small one none did. */
static void
outgoing_release(struct outgoing_message *o, struct channel *c)
{
	int saved = errno;

	for (size_t i = 0; i < o->nfds; i++) {
		if (o->owned[i])
			close(o->fds[i]);
	}
	if (o->pack.len >= OUT_LEAST && c->out == NULL && c->fd >= 0) {
		c->out = o->pack.data;
		c->out_cap = o->pack.cap;
		o->pack.data = NULL;
	}
	pack_clear(&o->pack);
	errno = saved;
}

static int
outgoing_transmit(struct outgoing_message *o, struct channel *c)
{
	size_t len = o->pack.len;
	uint32_t body;
	ssize_t n = 0;

	if (o->error == 0 && (o->pack.failed ||
	    len > MESSAGE_MAX + (c->framed ? FRAME_HEAD : 0) ||
	    (c->framed && o->nfds > 0)))
		o->error = EMSGSIZE;
	if (o->error != 0) {
		errno = o->error;
		return -1;
	}
	if (c->framed) {
		body = (uint32_t)(len - FRAME_HEAD);
		for (size_t i = 0; i < FRAME_HEAD; i++)
			o->pack.data[i] = (uint8_t)(body >> (8 * i));
	}
	if (c->head == NULL) {
		n = channel_write(c, o->pack.data, len, o->fds, o->nfds);
		if (n == -1 && errno != EAGAIN)
			return channel_break(c, errno == ECONNRESET ? EPIPE :
			    errno);
		if (n == (ssize_t)len)
			return 0;
	}
	return channel_queue(c, o->pack.data, len, n > 0 ? (size_t)n : 0,
	    o->fds, o->nfds);
}

int
outgoing_end(struct outgoing_message *o, struct channel *c)
{
	int status = outgoing_transmit(o, c);

	outgoing_release(o, c);
	return status;
}

/* --- receiving --- */

static const char *
row_name(uint64_t number)
{
	return number < MSG_COUNT ? message_rules[number].name : "message";
}

/* Check number, sender, phase and arity, then let the row's decoder go on. */
static int
channel_dispatch(struct channel *c, const uint8_t *data, size_t len, int *fds,
    size_t nfds)
{
	const struct message_rule *rule;
	char why[sizeof(c->why)];
	struct unpack u;
	uint32_t count;
	uint64_t number;
	bool gone = false, *outer = c->gone;
	int status;

	c->why[0] = '\0';
	unpack_init(&u, data, len);
	if (unpack_list(&u, &count) == -1 || count == 0 ||
	    unpack_uint(&u, &number) == -1 || number >= MSG_COUNT)
		return channel_fault(c, "sent what is no message");
	rule = &message_rules[number];
	if (!(rule->from & c->peer) || !(rule->to & c->self) ||
	    c->table[number] == NULL)
		return channel_fault(c, "%s is not its to send", rule->name);
	if (!(rule->when & c->phase))
		return channel_fault(c, "%s does not fit the phase",
		    rule->name);
	if (count != 1 + rule->arity)
		return channel_fault(c, "%s has %u fields, not %u",
		    rule->name, count - 1, rule->arity);
	c->gone = &gone;
	status = c->table[number](c, &u, fds, nfds);
	if (gone) {
		if (outer != NULL)
			*outer = true;
		return 0;
	}
	c->gone = outer;
	if (status == -1) {
		memcpy(why, c->why, sizeof(why));
		snprintf(c->why, sizeof(c->why), "%.40s: %.110s",
		    row_name(number), why[0] != '\0' ? why : "refused");
	}
	return status;
}

static size_t
collect_fds(struct msghdr *msg, int *fds)
{
	struct cmsghdr *head;
	size_t nfds = 0, n;

	for (head = CMSG_FIRSTHDR(msg); head != NULL;
	    head = CMSG_NXTHDR(msg, head)) {
		if (head->cmsg_level != SOL_SOCKET ||
		    head->cmsg_type != SCM_RIGHTS)
			continue;
		n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && nfds < FDS_ROOM; i++)
			memcpy(&fds[nfds++], CMSG_DATA(head) + i * sizeof(int),
			    sizeof(int));
	}
	return nfds;
}

static enum received
receive_datagram(struct channel *c)
{
	union {
		char		buf[CMSG_SPACE(sizeof(int) * FDS_ROOM)];
		struct cmsghdr	align;
	} control;
	struct iovec iov;
	struct msghdr msg;
	int fds[FDS_ROOM], status;
	size_t nfds;
	ssize_t n;

	/* Not cleared: only what messages fill costs memory. */
	if (c->in == NULL)
		c->in = xrealloc(NULL, MESSAGE_MAX + 1);
	do {
		iov = (struct iovec){ c->in, MESSAGE_MAX + 1 };
		msg = (struct msghdr){
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.buf,
			.msg_controllen = sizeof(control.buf)
		};
		/* A reset is reported once; what was sent before follows. */
		n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n == -1 && (errno == EINTR || errno == ECONNRESET));
	if (n == -1 && errno == EAGAIN)
		return RECEIVE_AGAIN;
	if (n == -1 || n == 0) {
		snprintf(c->why, sizeof(c->why), "%s",
		    n == 0 ? "closed" : strerror(errno));
		return RECEIVE_CLOSED;
	}
	nfds = collect_fds(&msg, fds);
	c->why[0] = '\0';
	if (n > (ssize_t)MESSAGE_MAX || (msg.msg_flags & (MSG_TRUNC |
	    MSG_CTRUNC)) || nfds > MESSAGE_FDS)
		status = channel_fault(c, "sent a message that is too large");
	else
		status = channel_dispatch(c, c->in, (size_t)n, fds, nfds);
	for (size_t i = 0; i < nfds; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	return status == -1 ? RECEIVE_FAULT : RECEIVED;
}

static uint32_t
frame_length(const struct channel *c)
{
	uint32_t len = 0;

	for (size_t i = 0; i < FRAME_HEAD; i++)
		len |= (uint32_t)c->in[c->in_at + i] << (8 * i);
	return len;
}

/* Is a whole frame there?  1 yes, 0 no, -1 its length is a lie. */
static int
frame_whole(struct channel *c, uint32_t *len)
{
	size_t left = c->in_len - c->in_at;

	if (left < FRAME_HEAD)
		return 0;
	*len = frame_length(c);
	if (*len == 0 || *len > MESSAGE_MAX)
		return channel_fault(c, "sent a frame of %u bytes", *len);
	return left >= FRAME_HEAD + *len;
}

static enum received
receive_frame(struct channel *c)
{
	uint32_t len = 0;
	ssize_t n;
	int whole, status;
	bool gone = false, *outer;

	if (c->in == NULL)
		c->in = xrealloc(NULL, FRAME_ROOM);
	while ((whole = frame_whole(c, &len)) == 0) {
		memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
		c->in_len -= c->in_at;
		c->in_at = 0;
		n = read(c->fd, c->in + c->in_len, FRAME_ROOM - c->in_len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return RECEIVE_AGAIN;
		if (n <= 0) {
			snprintf(c->why, sizeof(c->why), "%s", n == -1 ?
			    strerror(errno) : c->in_len > 0 ?
			    "closed in the middle of a frame" : "closed");
			return RECEIVE_CLOSED;
		}
		c->in_len += (size_t)n;
	}
	if (whole == -1)
		return RECEIVE_FAULT;
	outer = c->gone;
	c->gone = &gone;
	status = channel_dispatch(c, c->in + c->in_at + FRAME_HEAD, len, NULL,
	    0);
	if (gone) {
		if (outer != NULL)
			*outer = true;
		return RECEIVED;
	}
	c->gone = outer;
	c->in_at += FRAME_HEAD + len;
	return status == -1 ? RECEIVE_FAULT : RECEIVED;
}

enum received
channel_receive(struct channel *c)
{
	if (c->fd < 0)
		return RECEIVE_CLOSED;
	return c->framed ? receive_frame(c) : receive_datagram(c);
}
