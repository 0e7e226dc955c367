/*
 * finish.c: how a run ends: its files are copied into the record, the last
 * event is written, its processes are killed, those who watch hear of it.
 * Runs in: judge.
 * Input: paths and contents of files come from the sandbox: hostile.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/checkpoint.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/tracker.h"
#include "supervisor/judge/watch.h"

static void
release(struct process **p)
{
	if (*p != NULL)
		process_kill(*p);
	*p = NULL;
}

void
run_release(struct run *r)
{
	release(&r->cognition);
	release(&r->stream);
	release(&r->guest);
}

static bool
may_collect(const struct run *r)
{
	return !r->hurry && !r->unrecordable && r->sandbox_ready &&
	    r->mode == SANDBOX_native && process_usable(r->stream) &&
	    tracker_there(r->tenant) &&
	    config_flag(r->config, KEY_agents_sandbox_output_tracking_enabled);
}

/* Work is over: nothing is executed any more, files may be copied out. */
void
run_finish(struct run *r)
{
	struct collect_request m = {
		.most = (uint64_t)config_int(r->config,
		    KEY_agents_sandbox_output_tracking_max_bytes),
	};
	bool idle = r->current == NULL ||
	    r->current->state != CALL_executing ||
	    r->current->tool->executor != STREAM;

	if (r->state >= RUN_collecting)
		return;
	evtimer_del(r->deadline);
	r->state = RUN_collecting;
	release(&r->cognition);
	dial_forget(r->judge, r);
	call_end_all(r, r->message[0] != '\0' ? r->message : "the run ended");
	timer_start(r->timer, r->stop == STOP_finished ? COLLECT_MS :
	    COLLECT_SOON_MS);
	if (!idle || !may_collect(r) ||
	    send_collect_request(&r->stream->channel, &m) == -1)
		run_complete(r);
}

/* Relative, without "..", without a control byte that ends it early. */
static bool
path_inside(const struct bytes *path)
{
	size_t at = 0;

	if (path->len == 0 || path->data[0] == '/' ||
	    memchr(path->data, 0, path->len) != NULL)
		return false;
	while (at < path->len) {
		const uint8_t *from = path->data + at;
		const uint8_t *slash = memchr(from, '/', path->len - at);
		size_t len = slash != NULL ? (size_t)(slash - from) :
		    path->len - at;

		if (len == 0 || (len == 1 && from[0] == '.') ||
		    (len == 2 && memcmp(from, "..", 2) == 0))
			return false;
		at += len + 1;
	}
	return path->data[path->len - 1] != '/';
}

/* One file: stored first, then an event; the next one only after that. */
int
run_file(struct run *r, struct file_collected *m)
{
	struct store_file store = {
		.path = m->path, .mode = m->mode & 07777,
		.modified = m->modified, .content = m->content,
	};
	uint64_t most = (uint64_t)config_int(r->config,
	    KEY_agents_sandbox_output_tracking_max_bytes);
	struct tenant *t = r->tenant;
	char digest[65];

	if (r->store_token != 0 || !path_inside(&m->path) ||
	    r->files >= FILES_MAX || m->content.len > most ||
	    r->files_bytes > most - m->content.len)
		return -1;
	r->files++;
	r->files_bytes += m->content.len;
	memcpy(store.run, r->id, sizeof(store.run));
	memcpy(store.digest, m->digest, sizeof(store.digest));
	store.token = t->next_token;
	if (!tracker_there(t) ||
	    send_store_file(&t->tracker->channel, &store) == -1) {
		run_unrecorded(r, "a file could not be handed to the record "
		    "keeper");
		return 0;
	}
	r->store_token = tracker_token(t, r, m->content.len);
	for (int i = 0; i < 32; i++)
		snprintf(digest + 2 * i, 3, "%02x", m->digest[i]);
	pack_init(&r->file_event, EVENT_MAX);
	pack_map(&r->file_event, 5);
	pack_text(&r->file_event, "path");
	pack_either(&r->file_event, m->path.data, m->path.len);
	pack_key_uint(&r->file_event, "size", m->content.len);
	pack_key_uint(&r->file_event, "mode", store.mode);
	pack_key_int(&r->file_event, "modified", m->modified);
	pack_key_text(&r->file_event, "sha256", digest);
	return 0;
}

void
run_file_stored(struct run *r)
{
	struct collect_next m = { .files = r->files };

	r->store_token = 0;
	record_event(r, EVENT_file_recorded, &r->file_event, false);
	if (r->state == RUN_collecting && process_usable(r->stream))
		(void)send_collect_next(&r->stream->channel, &m);
}

static const char *
status_name(enum stop stop)
{
	if (stop == STOP_finished || stop == STOP_cancelled)
		return stop_name(stop);
	return "failed";
}

static void
pack_error(const struct run *r, struct pack *p)
{
	pack_text(p, "error");
	if (r->stop == STOP_finished ||
	    (r->stop == STOP_cancelled && r->error == ERROR_none)) {
		pack_nil(p);
		return;
	}
	pack_map(p, 7);
	pack_key_text(p, "error", r->error != ERROR_none ?
	    error_name(r->error) : stop_name(r->stop));
	pack_key_text(p, "message", r->message[0] != '\0' ? r->message :
	    stop_meaning(r->stop));
	pack_key_int(p, "exit_code", stop_status(r->stop));
	pack_key_text(p, "stderr", "");
	pack_text(p, "sandbox_id");
	if (r->mode == SANDBOX_native)
		pack_text(p, r->name);
	else
		pack_nil(p);
	pack_text(p, "details");
	pack_nil(p);
	pack_key_text(p, "hint", r->hint);
}

void
run_summary(struct run *r, struct pack *p)
{
	bool priced = r->spent.cost > 0;

	pack_map(p, 9);
	pack_key_text(p, "run", r->name);
	pack_key_text(p, "status", status_name(r->stop));
	pack_key_text(p, "stop_reason", stop_name(r->stop));
	pack_text(p, "result");
	if (r->stop == STOP_finished && r->model &&
	    blob_map(&r->answer) == 0)
		pack_textn(p, r->answer.data, r->answer.len);
	else
		pack_nil(p);
	pack_key_uint(p, "iterations", r->iteration);
	pack_text(p, "usage");
	pack_map(p, priced ? 3 : 2);
	pack_key_uint(p, "input_tokens", r->input_tokens);
	pack_key_uint(p, "output_tokens", r->output_tokens);
	if (priced) {
		pack_text(p, "cost");
		pack_real(p, r->spent.cost);
	}
	pack_key_uint(p, "tool_calls", r->tool_calls);
	pack_key_uint(p, "duration_ms", now_mono_ms() - r->began_mono);
	pack_error(r, p);
}

/* The first event too, if the record keeper came too late for it. */
void
run_record_end(struct run *r)
{
	struct pack body;

	if (!r->started)
		event_run_started(r);
	pack_init(&body, EVENT_MAX);
	pack_raw(&body, r->summary.data, r->summary.len);
	if (!r->unrecordable)
		r->end_token = record_event(r, EVENT_run_completed, &body,
		    true);
	else
		pack_clear(&body);
}

/* Everything is said: kill what is left and write the last event. */
void
run_complete(struct run *r)
{
	if (r->state >= RUN_recording)
		return;
	release(&r->guest);
	release(&r->stream);
	r->state = RUN_recording;
	if (r->store_token != 0)
		pack_clear(&r->file_event);
	r->store_token = 0;
	if (r->stop == STOP_none)
		r->stop = STOP_failed;
	pack_init(&r->summary, EVENT_MAX);
	run_summary(r, &r->summary);
	timer_start(r->timer, r->unrecordable ? 0 : RECORD_MS);
	if (!r->unrecordable && tracker_there(r->tenant))
		run_record_end(r);
}

/* An end that could not be recorded is never told as a success. */
static void
own_up(struct run *r)
{
	if (!r->unrecordable || r->stop != STOP_finished)
		return;
	r->stop = STOP_record_error;
	r->error = ERROR_none;
	snprintf(r->hint, sizeof(r->hint), "what was recorded before can be "
	    "read; make room below the state directory");
	pack_clear(&r->summary);
	run_summary(r, &r->summary);
}

/* A sandbox that did not open: its client waits for an answer. */
static void
answer_open(struct run *r)
{
	struct refusal no = { .error = r->error };

	if (r->model || r->client == NULL || r->request == 0)
		return;
	no.status = stop_status(r->stop);
	if (r->error != ERROR_none)
		no.status = error_status(r->error);
	snprintf(no.message, sizeof(no.message), "%s", r->message);
	snprintf(no.hint, sizeof(no.hint), "%s", r->hint);
	client_refuse(r->client, r->request, &no);
}

void
run_over(struct run *r)
{
	if (r->state == RUN_over)
		return;
	own_up(r);
	r->state = RUN_over;
	log_line(r->stop == STOP_finished ? LOG_INFO : LOG_WARNING,
	    "run=%s tenant=%s stop=%s status=%d iterations=%u calls=%llu "
	    "duration_ms=%llu", r->name, r->tenant->name, stop_name(r->stop),
	    stop_status(r->stop), r->iteration,
	    (unsigned long long)r->tool_calls,
	    (unsigned long long)(now_mono_ms() - r->began_mono));
	checkpoint_now(r->judge, r->tenant);
	watch_ended(r);
	answer_open(r);
	tracker_forget(r->tenant, r);
	judge_sweep_soon(r->judge);
}

static void
run_free(struct run *r)
{
	call_end_all(r, "the run ended");
	timer_free(&r->timer);
	timer_free(&r->deadline);
	timer_free(&r->call_timer);
	blob_free(&r->task);
	blob_free(&r->replay);
	blob_free(&r->ca_bundle);
	blob_free(&r->credential);
	blob_free(&r->answer);
	pack_clear(&r->summary);
	config_free(r->config);
	free(r->goal);
	free(r);
}

void
run_sweep(struct judge *j)
{
	struct run *r, *next;

	for (r = LIST_FIRST(&j->runs); r != NULL; r = next) {
		next = LIST_NEXT(r, next);
		if (r->state != RUN_over)
			continue;
		run_release(r);
		LIST_REMOVE(r, next);
		j->nruns--;
		run_free(r);
	}
}
