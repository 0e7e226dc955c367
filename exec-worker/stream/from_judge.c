/*
 * from_judge.c: everything that the judge can ask of the stream role.
 * Runs in: exec-worker, stream role, confined.
 * Input: the judge; arguments of calls are a model's, and hostile.
 */
#include <string.h>

#include "exec-worker/stream/stream.h"

int	on_stream_start(struct channel *, struct stream_start *);
int	on_tool_execute(struct channel *, struct tool_execute *);
int	on_output_credit(struct channel *, struct output_credit *);
int	on_tool_cancel(struct channel *, struct tool_cancel *);
int	on_collect_request(struct channel *, struct collect_request *);
int	on_collect_next(struct channel *, struct collect_next *);

static void
guest_closed(struct channel *c, const char *why)
{
	struct stream *s = c->owner;
	char text[160];

	if (why != NULL && !c->broken) {
		text_escape(text, sizeof(text), why, strlen(why));
		guest_lost(s, ERROR_IntegrityError,
		    "the sandbox broke the protocol: %s", text);
		return;
	}
	guest_lost(s, s->state == GUEST_awaited ?
	    ERROR_SandboxInitializationError : ERROR_SandboxConnectionError,
	    "the sandbox %s", c->broken ? "does not read" : "went away");
}

static void
guest_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	guest_pump(arg);
}

static void
await_guest(struct stream *s)
{
	channel_init(&s->guest, steal_fd(&s->guest_fd), STREAM, GUEST,
	    s->table);
	s->guest.framed = true;
	s->guest.owner = s;
	s->state = GUEST_awaited;
	s->guest_writable = event_new(s->base, s->guest.fd, EV_WRITE,
	    guest_writable, s);
	if (s->guest_writable == NULL)
		fatalx("make an event");
	loop_add(s->base, &s->guest, guest_closed);
	call_deadline(s, START_MS);
}

/* Without a guest we are ready at once: for the calculator and the like. */
int
on_stream_start(struct channel *c, struct stream_start *m)
{
	struct stream *s = c->owner;
	struct sandbox_ready ready;
	const char *why = "cannot be mapped";
	struct pack info;

	if (s->started)
		return channel_fault(c, "started twice");
	if (m->guest && s->guest_fd < 0)
		return channel_fault(c, "there is no stream to a guest");
	if (m->info.len > 0 && (blob_map(&m->info) == -1 || (s->info =
	    value_decode(m->info.data, m->info.len, &why)) == NULL))
		return channel_fault(c, "info: %s", why);
	if (s->info != NULL && s->info->type != VALUE_MAP)
		return channel_fault(c, "info is no map");
	s->started = true;
	s->output_kept = m->output_kept;
	if (m->guest) {
		await_guest(s);
		return 0;
	}
	info_pack(s, &info);
	ready.info = BLOB(info.data, info.len);
	if (send_sandbox_ready(c, &ready) == -1)
		fatal("send sandbox_ready");
	pack_clear(&info);
	return 0;
}

/* Answered at once: what needs no guest does not wait for one. */
static bool
needs_guest(const struct tool *tool)
{
	return strcmp(tool->name, "calculator") != 0 &&
	    strcmp(tool->name, "get_sandbox_info") != 0;
}

static void
refuse(struct stream *s, uint64_t call, enum outcome outcome, enum error error,
    const char *message)
{
	struct tool_done done = { .call = call, .exit_code = -1,
	    .outcome = (uint8_t)outcome, .error = (uint8_t)error };
	struct result r;

	result_init(&r);
	result_error(&r, error, message, NULL);
	result_send(s, &r, &done);
}

int
on_tool_execute(struct channel *c, struct tool_execute *m)
{
	struct stream *s = c->owner;
	const struct tool *tool = tool_find(m->tool);
	struct job *j;

	if (!s->started)
		return channel_fault(c, "comes before stream_start");
	if (m->call == 0)
		return channel_fault(c, "call is 0");
	if (tool == NULL || tool->executor != STREAM) {
		refuse(s, m->call, OUTCOME_failed, ERROR_SchemaValidationError,
		    "no tool of that name is executed here");
		return 0;
	}
	j = xcalloc(1, sizeof(*j));
	j->call = m->call;
	j->tool = tool;
	j->timeout = m->timeout;
	j->live.credit = m->credit;
	j->arguments = blob_take(&m->arguments);
	j->input = blob_take(&m->input);
	if (strcmp(tool->name, "calculator") == 0)
		answer_calculator(s, j);
	else if (!needs_guest(tool))
		answer_info(s, j);
	else if (call_add(s, j) == -1)
		refuse(s, m->call, OUTCOME_not_run,
		    ERROR_SandboxResourceError,
		    "too many calls wait for this sandbox");
	return 0;
}

/* Credit for a call that has ended meanwhile is no fault. */
int
on_output_credit(struct channel *c, struct output_credit *m)
{
	struct stream *s = c->owner;

	if (s->now != NULL && !s->now->collect && s->now->call == m->call) {
		live_credit(s, m->credit);
		return 0;
	}
	for (struct job *j = s->waiting; j != NULL; j = j->next) {
		if (!j->collect && j->call == m->call &&
		    __builtin_add_overflow(j->live.credit, m->credit,
		    &j->live.credit))
			j->live.credit = UINT64_MAX;
	}
	return 0;
}

int
on_tool_cancel(struct channel *c, struct tool_cancel *m)
{
	call_cancel(c->owner, m->call);
	return 0;
}

int
on_collect_request(struct channel *c, struct collect_request *m)
{
	struct stream *s = c->owner;
	struct collect_done done = { .files = 0 };
	struct job *j;

	if (!s->started)
		return channel_fault(c, "comes before stream_start");
	j = xcalloc(1, sizeof(*j));
	j->arguments = j->input = BLOB_NONE;
	j->collect = true;
	j->bytes_left = m->most;
	if (call_add(s, j) == -1) {
		strcpy(done.reason, "too many calls wait for this sandbox");
		send_collect_done(c, &done);
	}
	return 0;
}

int
on_collect_next(struct channel *c, struct collect_next *m)
{
	struct stream *s = c->owner;

	/* The sandbox may have been lost while the judge stored the file. */
	if (s->now == NULL || !s->now->collect || s->now->exchange != 0)
		return s->state == GUEST_gone ? 0 :
		    channel_fault(c, "no file was sent");
	collect_continue(s, m->files);
	return 0;
}
