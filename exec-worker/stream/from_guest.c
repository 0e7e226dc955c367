/*
 * from_guest.c: everything that a guest can make the stream role do.
 * Runs in: exec-worker, stream role, confined.
 * Input: hostile.  The guest may only answer the operation in flight, in the
 * way that it was asked, and within what was granted; all else is its fault.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "exec-worker/stream/stream.h"

int	on_guest_ready(struct channel *, struct guest_ready *);
int	on_guest_output(struct channel *, struct guest_output *);
int	on_guest_input_credit(struct channel *, struct guest_input_credit *);
int	on_guest_exited(struct channel *, struct guest_exited *);
int	on_guest_failed(struct channel *, struct guest_failed *);
int	on_guest_data(struct channel *, struct guest_data *);
int	on_guest_entry(struct channel *, struct guest_entry *);
int	on_guest_done(struct channel *, struct guest_done *);
int	on_guest_pong(struct channel *, struct guest_pong *);

int
on_guest_ready(struct channel *c, struct guest_ready *m)
{
	struct stream *s = c->owner;
	struct sandbox_ready ready;
	struct pack info;

	if (m->protocol != message_protocol())
		return channel_fault(c, "speaks another protocol");
	if ((m->shell[0] != '\0' && m->shell[0] != '/') ||
	    (m->python[0] != '\0' && m->python[0] != '/') ||
	    m->work[0] != '/')
		return channel_fault(c, "names a path that is not absolute");
	s->facts = *m;
	s->state = GUEST_up;
	c->phase = RUNNING;
	event_del(s->deadline);
	info_pack(s, &info);
	ready.info = BLOB(info.data, info.len);
	if (send_sandbox_ready(&s->judge, &ready) == -1)
		fatal("send sandbox_ready");
	pack_clear(&info);
	call_next(s);
	return 0;
}

/* The job that this answers, or NULL after a fault. */
static struct job *
answered(struct channel *c, uint64_t call, enum expect expect)
{
	struct stream *s = c->owner;

	if (s->now == NULL || s->now->exchange == 0 ||
	    s->now->exchange != call) {
		channel_fault(c, "answers a call that is not in flight");
		return NULL;
	}
	if (expect != EXPECT_nothing && s->now->expect != expect) {
		channel_fault(c, "answers what was not asked");
		return NULL;
	}
	return s->now;
}

/* The operation is over; what comes after it may begin another. */
static void
after(struct stream *s, const struct guest_failed *failed)
{
	struct job *j = s->now;

	j->exchange = 0;
	j->expect = EXPECT_nothing;
	j->sending.stage = SEND_nothing;
	j->after(s, failed);
}

int
on_guest_output(struct channel *c, struct guest_output *m)
{
	struct stream *s = c->owner;
	struct job *j = answered(c, m->call, EXPECT_exit);

	if (j == NULL)
		return -1;
	if (m->source != 1 && m->source != 2)
		return channel_fault(c, "source is neither 1 nor 2");
	if (m->data.len == 0 || m->data.len > j->live.guest_credit)
		return channel_fault(c, "sends beyond its credit");
	output_add(&j->out[m->source - 1], m->data.data, m->data.len);
	live_pass(s, m->source, &m->data);
	return 0;
}

int
on_guest_input_credit(struct channel *c, struct guest_input_credit *m)
{
	struct job *j = answered(c, m->call, EXPECT_exit);

	if (j == NULL)
		return -1;
	if (!j->sending.has_input)
		return channel_fault(c, "grants what has no input");
	if (m->credit == 0 || m->credit > SIZE_LIKELY ||
	    j->sending.credit > SIZE_LIKELY)
		return channel_fault(c, "grants an unlikely credit");
	j->sending.credit += m->credit;
	guest_pump(c->owner);
	return 0;
}

int
on_guest_exited(struct channel *c, struct guest_exited *m)
{
	int status = (int)m->status;

	if (answered(c, m->call, EXPECT_exit) == NULL)
		return -1;
	if (m->status > 0xffff || (!WIFEXITED(status) &&
	    (!WIFSIGNALED(status) || WTERMSIG(status) > 64)))
		return channel_fault(c, "status %u is none", m->status);
	if (m->wall > SIZE_LIKELY || m->cpu > SIZE_LIKELY ||
	    m->peak > SIZE_LIKELY)
		return channel_fault(c, "reports unlikely numbers");
	command_exited(c->owner, m);
	return 0;
}

int
on_guest_failed(struct channel *c, struct guest_failed *m)
{
	struct job *j = answered(c, m->call, EXPECT_nothing);

	if (j == NULL)
		return -1;
	if (m->error == 0 || m->error > 4095)
		return channel_fault(c, "error %u is none", m->error);
	after(c->owner, m);
	return 0;
}

int
on_guest_data(struct channel *c, struct guest_data *m)
{
	struct job *j = answered(c, m->call, EXPECT_data);

	if (j == NULL)
		return -1;
	if (m->data.len > j->most)
		return channel_fault(c, "sends more than was asked for");
	if (m->data.len == 0 && !m->last)
		return channel_fault(c, "is empty and not the last");
	if (m->size > INT64_MAX)
		return channel_fault(c, "is of an impossible size");
	j->most -= m->data.len;
	content_add(&j->content, m->data.data, m->data.len);
	j->content.size = m->size;
	if (m->last)
		after(c->owner, NULL);
	return 0;
}

static bool
entry_is_possible(const struct guest_entry *m)
{
	switch (m->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return m->mode <= 0177777 && m->size <= INT64_MAX &&
		    memchr(m->path.data, '\0', m->path.len) == NULL;
	default:
		return false;
	}
}

int
on_guest_entry(struct channel *c, struct guest_entry *m)
{
	struct job *j = answered(c, m->call, EXPECT_nothing);

	if (j == NULL)
		return -1;
	if (j->expect != EXPECT_entries && j->expect != EXPECT_entry)
		return channel_fault(c, "answers what was not asked");
	if (j->most == 0)
		return channel_fault(c, "sends more than was asked for");
	if (!entry_is_possible(m) ||
	    (j->expect == EXPECT_entries && m->path.len == 0))
		return channel_fault(c, "is of an impossible kind");
	j->most--;
	listing_add(&j->listing, m);
	return 0;
}

int
on_guest_done(struct channel *c, struct guest_done *m)
{
	struct job *j = answered(c, m->call, EXPECT_nothing);

	if (j == NULL)
		return -1;
	if (j->expect != EXPECT_done && j->expect != EXPECT_entries &&
	    !(j->expect == EXPECT_entry && j->most == 0))
		return channel_fault(c, "answers what was not asked");
	if (j->sending.stage != SEND_nothing)
		return channel_fault(c, "comes before everything was sent");
	after(c->owner, NULL);
	return 0;
}

/* We have sent no ping. */
int
on_guest_pong(struct channel *c, struct guest_pong *m)
{
	(void)m;
	return channel_fault(c, "was not asked for");
}
