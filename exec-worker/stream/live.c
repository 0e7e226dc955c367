/*
 * live.c: pass output on while the judge takes it, and pace the guest.
 * Runs in: exec-worker, stream role, confined.
 * Input: lengths are the guest's, credits the judge's.  The guest holds credit
 * for no more than the judge would take, so nothing is kept here; who stops
 * taking loses the live view, never the digest, and never blocks the call.
 */
#include "exec-worker/stream/stream.h"

#define WINDOW		(256 * KiB)	/* bytes the guest may be ahead */
#define SMALL		(16 * KiB)	/* not worth a message of its own */
#define LIVE_MODEL	(1 * MiB)	/* live bytes of a model's call */
#define PATIENCE_MODEL	1000		/* ms */
#define PATIENCE_CLIENT	60000		/* ms: somebody reads through a pager */

/* A client streams everything; what a model runs is only watched. */
void
live_begin(struct stream *s, struct job *j)
{
	struct live *l = &j->live;
	uint64_t credit = l->credit;

	(void)s;
	*l = (struct live){
		.on = credit > 0,
		.credit = credit,
		.most = j->tool->offered ? LIVE_MODEL : UINT64_MAX,
		.patience = j->tool->offered ? PATIENCE_MODEL :
		    PATIENCE_CLIENT
	};
	l->guest_credit = l->on && credit < WINDOW ? credit : WINDOW;
}

static uint64_t
live_room(const struct live *l)
{
	uint64_t room = WINDOW;

	if (!l->on)
		return room;
	if (l->credit < room)
		room = l->credit;
	if (l->most - l->sent < room)
		room = l->most - l->sent;
	return room;
}

static void
wait_for_credit(struct stream *s, const struct live *l)
{
	struct timeval t = { l->patience / 1000, l->patience % 1000 * 1000 };

	if (!event_pending(s->stall, EV_TIMEOUT, NULL))
		event_add(s->stall, &t);
}

void
live_grant(struct stream *s)
{
	struct live *l = &s->now->live;
	struct guest_output_credit m = { .call = s->now->exchange };
	uint64_t room;

	if (s->judge.queued > QUEUE_SOFT) {
		event_add(s->judge_writable, NULL);
		return;
	}
	if (l->on && l->sent >= l->most)
		l->on = false;
	room = live_room(l);
	if (room == 0 && l->guest_credit == 0)
		wait_for_credit(s, l);
	if (room <= l->guest_credit ||
	    (room - l->guest_credit < SMALL && l->guest_credit >= SMALL))
		return;
	m.credit = room - l->guest_credit;
	l->guest_credit = room;
	send_guest_output_credit(&s->guest, &m);
}

/* The guest's credit was checked; it never exceeds the judge's while on. */
void
live_pass(struct stream *s, unsigned source, const struct bytes *data)
{
	struct live *l = &s->now->live;
	struct tool_output m = { .call = s->now->call,
	    .source = (uint8_t)source, .data = *data };

	l->guest_credit -= data->len;
	if (l->on) {
		/* Only what was granted before a stall can be too much. */
		if (m.data.len > l->credit)
			m.data.len = (size_t)l->credit;
		l->credit -= m.data.len;
		l->sent += m.data.len;
		if (m.data.len > 0)
			send_tool_output(&s->judge, &m);
	}
	live_grant(s);
}

void
live_credit(struct stream *s, uint64_t credit)
{
	struct live *l = &s->now->live;

	if (__builtin_add_overflow(l->credit, credit, &l->credit))
		l->credit = UINT64_MAX;
	if (s->now->expect != EXPECT_exit)
		return;
	if (l->credit > 0)
		event_del(s->stall);
	live_grant(s);
}

/* Nobody takes it: from here on the output is only counted and digested. */
void
live_stalled(struct stream *s)
{
	if (s->now == NULL || s->now->expect != EXPECT_exit)
		return;
	s->now->live.on = false;
	live_grant(s);
}
