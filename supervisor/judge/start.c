/*
 * start.c: the beginning of a run: its processes are asked for, the sandbox
 * is told to start, cognition gets its task.
 * Runs in: judge.
 * Input: none that is foreign: the request was checked before.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/tracker.h"

void
run_begin(struct run *r)
{
	struct judge *j = r->judge;
	struct ending no_process = {
		.stop = STOP_sandbox_error, .now = true,
		.error = ERROR_SandboxInitializationError,
		.message = "the supervisor cannot be asked for processes",
	};
	bool asked = true;

	log_line(LOG_INFO, "run=%s tenant=%s started=1 provider=%s sandbox=%s",
	    r->name, r->tenant->name, r->model ? r->provider.name : "none",
	    r->mode == SANDBOX_native ? "native" : "none");
	if (r->timeout > 0)
		timer_start(r->deadline, r->timeout * 1000);
	timer_start(r->timer, START_MS);
	tracker_want(j, r->tenant);
	if (r->tenant->settled && r->tenant->damage[0] != '\0') {
		run_damaged(r, r->tenant->damage);
		return;
	}
	if (r->mode == SANDBOX_native)
		asked = process_ask_sandbox(r) == 0;
	else
		asked = (r->stream = process_ask(j, STREAM, r)) != NULL;
	if (asked && r->model)
		asked = (r->cognition = process_ask(j, COGNITION, r)) != NULL;
	if (!asked)
		run_stop(r, &no_process);
}

/* What a sandbox is and has, for get_sandbox_info and `sandbox info`. */
static void
pack_info(const struct run *r, struct pack *p)
{
	const struct config *c = r->config;
	bool native = r->mode == SANDBOX_native;

	pack_map(p, native ? 15 : 2);
	pack_key_text(p, "provider", native ? "native" : "none");
	pack_key_text(p, "sandbox_id", r->name);
	if (!native)
		return;
	pack_key_text(p, "network", "none");
	pack_key_text(p, "cgroup", r->guest->cgroup);
	pack_key_uint(p, "host_uid", r->guest->uid);
	pack_key_bool(p, "own_uid", r->judge->separate_uids);
	pack_key_int(p, "memory_limit",
	    config_int(c, KEY_agents_sandbox_native_memory_limit));
	pack_text(p, "cpu_limit");
	pack_real(p, config_real(c, KEY_agents_sandbox_native_cpu_limit));
	pack_key_int(p, "processes_limit",
	    config_int(c, KEY_agents_sandbox_native_processes_limit));
	pack_key_int(p, "disk_limit",
	    config_int(c, KEY_agents_sandbox_native_disk_limit));
	pack_key_int(p, "files_limit",
	    config_int(c, KEY_agents_sandbox_native_files_limit));
	pack_key_int(p, "open_files_limit",
	    config_int(c, KEY_agents_sandbox_native_open_files_limit));
	pack_key_int(p, "file_size_limit",
	    config_int(c, KEY_agents_sandbox_native_file_size_limit));
	pack_key_int(p, "timeout_seconds",
	    config_int(c, KEY_agents_sandbox_native_timeout_seconds));
	pack_key_int(p, "output_limit",
	    config_int(c, KEY_agents_sandbox_native_output_limit));
}

static void
start_stream(struct run *r)
{
	struct stream_start m = {
		.guest = r->mode == SANDBOX_native,
		.output_kept = (uint64_t)config_int(r->config,
		    KEY_agents_sandbox_native_output_limit),
	};
	struct pack info;

	pack_init(&info, 64 * KiB);
	pack_info(r, &info);
	m.info = BLOB(info.data, info.len);
	(void)send_stream_start(&r->stream->channel, &m);
	pack_clear(&info);
}

static void
start_cognition(struct run *r)
{
	struct run_start m = {
		.task = r->task,
		.max_iterations = r->max_iterations,
		.request_timeout = r->provider.timeout,
		.stream = r->provider.stream,
		.record = r->record,
		.replay = r->replay,
		.ca_bundle = r->ca_bundle,
		.credential = r->credential,
	};
	struct pack offered;

	pack_init(&offered, 64 * KiB);
	call_offer(r, &offered);
	m.tools = BLOB(offered.data, offered.len);
	memcpy(m.run, r->id, sizeof(m.run));
	snprintf(m.provider, sizeof(m.provider), "%s", r->provider.name);
	snprintf(m.base_url, sizeof(m.base_url), "%s", r->provider.base_url);
	snprintf(m.model, sizeof(m.model), "%s", r->provider.model);
	snprintf(m.sandbox, sizeof(m.sandbox), "%s",
	    r->mode == SANDBOX_native ? "native" : "none");
	(void)send_run_start(&r->cognition->channel, &m);
	pack_clear(&offered);
	blob_free(&r->task);
	blob_free(&r->replay);
	blob_free(&r->ca_bundle);
	blob_free(&r->credential);
}

void
run_advance(struct run *r)
{
	struct ending known = { .now = true };

	if (r->interrupted && tracker_there(r->tenant)) {
		r->interrupted = false;
		run_stop(r, &known);	/* the reason is set already */
	}
	if (r->state == RUN_recording && r->end_token == 0 &&
	    !r->unrecordable && tracker_there(r->tenant))
		run_record_end(r);
	if (r->state != RUN_starting && r->state != RUN_opening)
		return;
	if (!r->started && tracker_there(r->tenant))
		event_run_started(r);
	if (r->state == RUN_starting && process_usable(r->stream) &&
	    (r->guest == NULL || r->guest_up)) {
		start_stream(r);
		r->state = RUN_opening;
	}
	if (r->state != RUN_opening || !r->started || !r->sandbox_ready ||
	    (r->model && !process_usable(r->cognition)))
		return;
	r->state = RUN_running;
	evtimer_del(r->timer);
	if (r->model)
		start_cognition(r);
	call_next(r);
}
