/*
 * to_guest.c: what goes to the guest, piece by piece.
 * Runs in: exec-worker, stream role, confined.
 * Input: none; how fast the guest reads is its own choice, so never more than
 * QUEUE_SOFT bytes wait for it, and standard input goes only on its credit.
 */
#include <errno.h>
#include <string.h>

#include "exec-worker/stream/stream.h"

uint64_t
exchange_begin(struct stream *s, enum expect expect, uint64_t most,
    void (*after)(struct stream *, const struct guest_failed *))
{
	s->now->exchange = ++s->exchanges;
	s->now->expect = expect;
	s->now->most = most;
	s->now->after = after;
	return s->now->exchange;
}

struct bytes
job_path(const struct job *j)
{
	const char *path = j->path != NULL ? j->path : "";

	return (struct bytes){ (const uint8_t *)path, strlen(path) };
}

/* One piece of one argument; an empty argument is one empty piece. */
static int
send_argument_piece(struct stream *s, struct sending *out)
{
	struct bytes item = out->items[out->item];
	size_t len = item.len - (size_t)out->at;
	struct guest_argument m = { .call = s->now->exchange };

	if (len > PIECE)
		len = PIECE;
	m.piece = (struct bytes){ item.data + out->at, len };
	m.last = out->at + len == item.len;
	if (send_guest_argument(&s->guest, &m) == -1)
		return -1;
	out->at += len;
	if (!m.last)
		return 1;
	out->at = 0;
	if (++out->item == out->count)
		out->stage = SEND_exec;
	return 1;
}

static int
send_exec(struct stream *s, struct sending *out)
{
	struct job *j = s->now;
	struct guest_exec m = {
		.call = j->exchange,
		.cwd = job_path(j),
		.timeout = j->timeout,
		.has_input = out->has_input
	};
	struct guest_kill kill = { .call = j->exchange };

	live_begin(s, j);
	m.credit = j->live.guest_credit;
	if (send_guest_exec(&s->guest, &m) == -1)
		return -1;
	j->expect = EXPECT_exit;
	out->stage = out->has_input ? SEND_input : SEND_nothing;
	if (j->cancelled)
		return send_guest_kill(&s->guest, &kill) == -1 ? -1 : 0;
	call_deadline(s, j->timeout + GRACE_MS);
	return 1;
}

/* The next bytes of data or of the blob behind fd; 0, or -1 with errno. */
static int
next_piece(const struct sending *out, uint8_t room[PIECE], uint64_t most,
    struct bytes *piece)
{
	uint64_t len = out->len - out->at;
	ssize_t n;

	if (len > PIECE)
		len = PIECE;
	if (len > most)
		len = most;
	*piece = (struct bytes){ out->data.data + out->at, (size_t)len };
	if (out->fd == -1 || len == 0)
		return 0;
	do {
		n = pread(out->fd, room, (size_t)len, (off_t)out->at);
	} while (n == -1 && errno == EINTR);
	if (n <= 0)
		return -1;
	*piece = (struct bytes){ room, (size_t)n };
	return 0;
}

static int
send_input_piece(struct stream *s, struct sending *out)
{
	uint8_t room[PIECE];
	struct guest_input m = { .call = s->now->exchange };

	if (out->credit == 0 && out->at < out->len)
		return 0;
	if (next_piece(out, room, out->credit, &m.data) == -1)
		fatal("read the input of a call");
	m.last = out->at + m.data.len == out->len;
	if (send_guest_input(&s->guest, &m) == -1)
		return -1;
	out->at += m.data.len;
	out->credit -= m.data.len;
	if (m.last)
		out->stage = SEND_nothing;
	return 1;
}

static int
send_write_piece(struct stream *s, struct sending *out)
{
	struct guest_write m = {
		.call = s->now->exchange,
		.path = job_path(s->now),
		.append = out->append
	};

	if (next_piece(out, NULL, UINT64_MAX, &m.data) == -1)
		return -1;
	m.last = out->at + m.data.len == out->len;
	if (send_guest_write(&s->guest, &m) == -1)
		return -1;
	out->at += m.data.len;
	if (m.last)
		out->stage = SEND_nothing;
	return 1;
}

static int
send_next(struct stream *s)
{
	struct sending *out = &s->now->sending;

	switch (out->stage) {
	case SEND_arguments:
		return send_argument_piece(s, out);
	case SEND_exec:
		return send_exec(s, out);
	case SEND_input:
		return send_input_piece(s, out);
	case SEND_write:
		return send_write_piece(s, out);
	case SEND_nothing:
		break;
	}
	return 0;
}

/* A broken channel is noticed by the loop, which calls guest_lost(). */
void
guest_pump(struct stream *s)
{
	if (s->now == NULL || s->now->exchange == 0 || s->state != GUEST_up)
		return;
	while (s->guest.queued < QUEUE_SOFT) {
		if (send_next(s) != 1)
			return;
	}
	event_add(s->guest_writable, NULL);
}

void
guest_write_begin(struct stream *s, struct bytes data, bool append,
    void (*after)(struct stream *, const struct guest_failed *))
{
	exchange_begin(s, EXPECT_done, 0, after);
	s->now->sending = (struct sending){
		.data = data,
		.fd = -1,
		.len = data.len,
		.stage = SEND_write,
		.append = append
	};
	guest_pump(s);
}

void
guest_read_begin(struct stream *s, uint64_t offset, uint64_t most,
    void (*after)(struct stream *, const struct guest_failed *))
{
	struct guest_read m = {
		.call = exchange_begin(s, EXPECT_data, most, after),
		.path = job_path(s->now),
		.offset = offset,
		.most = most
	};

	send_guest_read(&s->guest, &m);
}
