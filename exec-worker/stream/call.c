/*
 * call.c: the call in flight, those behind it, and how each of them ends.
 * Runs in: exec-worker, stream role, confined.
 * Input: none of its own; deadlines and a guest that is lost end here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exec-worker/stream/stream.h"

static const struct {
	const char	*tool;
	tool_start	*start;
} guest_tools[] = {
	{ "execute_shell",	start_shell },
	{ "execute_python",	start_python },
	{ "execute_command",	start_command },
	{ "save_file",		start_save },
	{ "load_file",		start_load },
	{ "append_to_file",	start_append },
	{ "replace_in_file",	start_replace },
	{ "list_files",		start_list },
	{ "file_exists",	start_exists },
	{ "delete_file",	start_delete },
	{ "create_directory",	start_mkdir },
};

void
job_free(struct job *j)
{
	blob_free(&j->arguments);
	blob_free(&j->input);
	value_free(j->args);
	free(j->path);
	free(j->sending.items);
	output_clear(&j->out[0]);
	output_clear(&j->out[1]);
	content_clear(&j->content);
	listing_clear(&j->listing);
	pack_clear(&j->text);
	free(j);
}

void
call_deadline(struct stream *s, uint64_t ms)
{
	struct timeval t = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000) *
	    1000 };

	event_del(s->deadline);
	event_add(s->deadline, &t);
}

/* Arguments are looked at again here: what runs is what was checked. */
static int
job_decode(struct stream *s, struct job *j)
{
	const char *reason = "cannot be mapped";
	char why[1024];

	if (blob_map(&j->arguments) == -1 || (j->args = value_decode(
	    j->arguments.data, j->arguments.len, &reason)) == NULL) {
		call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError, NULL,
		    "arguments of %s: %s", j->tool->name, reason);
		return -1;
	}
	blob_free(&j->arguments);
	if (tool_check(j->tool, j->args, why, sizeof(why)) == -1) {
		call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError, NULL,
		    "%s", why);
		return -1;
	}
	return 0;
}

/* What the call names may be shorter than what the judge allows. */
static void
job_timeout(struct job *j)
{
	const struct value *v = value_get(j->args, "timeout");
	double seconds = 0;

	if (v != NULL && v->type == VALUE_INT)
		seconds = (double)v->integer;
	if (v != NULL && v->type == VALUE_REAL)
		seconds = v->real;
	if (j->timeout == 0 || j->timeout > SIZE_LIKELY)
		j->timeout = TIMEOUT_MS;
	if (seconds > 0 && seconds * 1000 < (double)j->timeout)
		j->timeout = (uint64_t)(seconds * 1000);
	if (j->timeout == 0)
		j->timeout = 1;
}

static void
tool_begin(struct stream *s, struct job *j)
{
	if (s->state != GUEST_up) {
		bool gone = s->state == GUEST_gone;

		call_fail(s, OUTCOME_not_run, gone ?
		    ERROR_SandboxConnectionError :
		    ERROR_SandboxInitializationError, gone ? NULL :
		    "choose a sandbox with --sandbox native", "%s: %s",
		    j->tool->name, gone ? s->gone : "there is no sandbox");
		return;
	}
	if (job_decode(s, j) == -1)
		return;
	job_timeout(j);
	for (size_t i = 0; i < nitems(guest_tools); i++) {
		if (strcmp(guest_tools[i].tool, j->tool->name) != 0)
			continue;
		call_deadline(s, (j->timeout < FILES_MS ? j->timeout :
		    FILES_MS) + GRACE_MS);
		guest_tools[i].start(s, j);
		return;
	}
	call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError, NULL,
	    "%s is not executed here", j->tool->name);
}

void
call_next(struct stream *s)
{
	struct job *j;

	if (s->now != NULL || s->waiting == NULL || s->state == GUEST_awaited)
		return;
	j = s->waiting;
	s->waiting = j->next;
	s->waiting_count--;
	s->now = j;
	j->began = now_mono_ms();
	if (j->collect)
		start_collect(s, j);
	else
		tool_begin(s, j);
}

int
call_add(struct stream *s, struct job *j)
{
	struct job **last = &s->waiting;

	if (s->waiting_count == CALLS_WAITING) {
		job_free(j);
		return -1;
	}
	while (*last != NULL)
		last = &(*last)->next;
	*last = j;
	s->waiting_count++;
	call_next(s);
	return 0;
}

void
call_end(struct stream *s)
{
	struct job *j = s->now;

	event_del(s->deadline);
	event_del(s->stall);
	s->now = NULL;
	job_free(j);
	call_next(s);
}

void
call_fail(struct stream *s, enum outcome outcome, enum error error,
    const char *hint, const char *fmt, ...)
{
	struct tool_done m = {
		.call = s->now->call,
		.outcome = (uint8_t)outcome,
		.error = (uint8_t)error,
		.timed_out = outcome == OUTCOME_timed_out,
		.exit_code = -1,
		.wall = (now_mono_ms() - s->now->began) * 1000
	};
	struct result r;
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	text_trim(message);
	result_init(&r);
	result_error(&r, error, message, hint);
	result_send(s, &r, &m);
	call_end(s);
}

/* A call that has not begun is simply taken out of the queue. */
static void
cancel_waiting(struct stream *s, uint64_t call)
{
	struct tool_done m = { .call = call, .exit_code = -1,
	    .outcome = OUTCOME_cancelled,
	    .error = ERROR_SandboxExecutionError };
	struct result r;

	for (struct job **p = &s->waiting; *p != NULL; p = &(*p)->next) {
		struct job *j = *p;

		if (j->collect || j->call != call)
			continue;
		*p = j->next;
		s->waiting_count--;
		job_free(j);
		result_init(&r);
		result_error(&r, ERROR_SandboxExecutionError,
		    "cancelled before it began", NULL);
		result_send(s, &r, &m);
		return;
	}
}

/* File operations are short: they end by themselves, as cancelled. */
void
call_cancel(struct stream *s, uint64_t call)
{
	struct guest_kill kill;

	if (s->now == NULL || s->now->collect || s->now->call != call) {
		cancel_waiting(s, call);
		return;
	}
	if (s->now->cancelled)
		return;
	s->now->cancelled = true;
	if (s->now->expect != EXPECT_exit)
		return;
	kill.call = s->now->exchange;
	send_guest_kill(&s->guest, &kill);
	call_deadline(s, GRACE_MS);
}

/* Close the guest's stream; it may be called from anywhere but its handlers. */
static void
guest_close(struct stream *s)
{
	if (s->guest_writable != NULL)
		event_free(s->guest_writable);
	s->guest_writable = NULL;
	loop_remove(&s->guest);
	channel_clear(&s->guest);
}

/* What was begun may have had its effect; what only read has had none. */
static void
answer_lost(struct stream *s, enum error error)
{
	struct job *j = s->now;
	bool overdue = error == ERROR_SandboxTimeoutError;
	enum outcome outcome = overdue ? OUTCOME_timed_out :
	    OUTCOME_outcome_unknown;

	if (j->collect) {
		collect_end(s, s->gone);
		return;
	}
	if (!overdue && j->tool->effect == EFFECT_read)
		outcome = OUTCOME_failed;
	if (j->expect == EXPECT_exit) {
		command_lost(s, outcome, error, s->gone);
		return;
	}
	call_fail(s, outcome, error, NULL, "%s: %s", j->tool->name, s->gone);
}

/*
 * error is what the judge is told; SandboxTimeoutError says that the guest
 * did not answer, and becomes SandboxConnectionError for the sandbox.
 */
void
guest_lost(struct stream *s, enum error error, const char *fmt, ...)
{
	struct sandbox_failed m;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->gone, sizeof(s->gone), fmt, ap);
	va_end(ap);
	text_trim(s->gone);
	s->state = GUEST_gone;
	guest_close(s);
	event_del(s->deadline);
	if (s->now != NULL)
		answer_lost(s, error);
	call_next(s);
	m.error = (uint8_t)(error == ERROR_SandboxTimeoutError ?
	    ERROR_SandboxConnectionError : error);
	snprintf(m.reason, sizeof(m.reason), "%s", s->gone);
	send_sandbox_failed(&s->judge, &m);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	if (s->state == GUEST_awaited)
		guest_lost(s, ERROR_SandboxInitializationError,
		    "the guest did not say that it is ready");
	else if (s->now != NULL)
		guest_lost(s, ERROR_SandboxTimeoutError,
		    "the sandbox did not answer %d s after the deadline",
		    GRACE_MS / 1000);
}

static void
on_stall(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	live_stalled(arg);
}

static void
on_judge_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	if (s->now != NULL && s->now->expect == EXPECT_exit)
		live_grant(s);
}

void
stream_init(struct stream *s, struct event_base *base, int judge_fd,
    int guest_fd, message_dispatch *const *table)
{
	*s = (struct stream){ .base = base, .table = table,
	    .guest_fd = guest_fd };
	channel_init(&s->judge, judge_fd, STREAM, JUDGE, table);
	s->judge.owner = s;
	s->guest.fd = -1;
	s->deadline = evtimer_new(base, on_deadline, s);
	s->stall = evtimer_new(base, on_stall, s);
	s->judge_writable = event_new(base, judge_fd, EV_WRITE,
	    on_judge_writable, s);
	if (s->deadline == NULL || s->stall == NULL ||
	    s->judge_writable == NULL)
		fatalx("make an event");
}

void
stream_serve(struct stream *s, void (*closed)(struct channel *, const char *))
{
	s->judge.phase = RUNNING;
	loop_add(s->base, &s->judge, closed);
}

void
stream_clear(struct stream *s)
{
	struct job *j;

	while ((j = s->waiting) != NULL) {
		s->waiting = j->next;
		job_free(j);
	}
	if (s->now != NULL)
		job_free(s->now);
	event_free(s->deadline);
	event_free(s->stall);
	event_free(s->judge_writable);
	guest_close(s);
	if (s->guest_fd >= 0)
		close(s->guest_fd);
	loop_remove(&s->judge);
	channel_clear(&s->judge);
	value_free(s->info);
}
