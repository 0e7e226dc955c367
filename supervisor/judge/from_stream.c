/*
 * from_stream.c: everything that a stream role can make the judge do.
 * Runs in: judge.
 * Input: hostile: the stream role has read what a sandbox wrote.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/sandbox.h"

static struct run *
run_of(struct channel *c)
{
	struct process *p = c->owner;

	return p->state == PROCESS_gone ? NULL : p->run;
}

int
on_sandbox_ready(struct channel *c, struct sandbox_ready *m)
{
	struct run *r = run_of(c);
	const char *why = "it is missing";

	if (r == NULL || r->state > RUN_running)
		return 0;
	if (r->state != RUN_opening || r->sandbox_ready)
		return channel_fault(c, "a sandbox that is ready twice");
	if (m->info.len == 0 || blob_map(&m->info) == -1 ||
	    msgpack_bounds(m->info.data, m->info.len, VALUE_DEPTH, 1000,
	    &why) == -1)
		return channel_fault(c, "the sandbox's description: %s", why);
	r->sandbox_ready = true;
	run_advance(r);
	if (!r->model)
		sandbox_opened(r, &m->info);
	return 0;
}

int
on_sandbox_failed(struct channel *c, struct sandbox_failed *m)
{
	struct run *r = run_of(c);
	struct ending e = {
		.stop = STOP_sandbox_error, .error = m->error,
		.message = m->reason, .now = true,
	};

	if (r == NULL)
		return 0;
	if (m->error == ERROR_none || m->error >= ERROR_COUNT)
		return channel_fault(c, "a sandbox that failed for no reason");
	/* The guest's own death, if it is known by now, says more. */
	if (r->guest != NULL && r->guest->exited && r->guest->out_of_memory)
		e.error = ERROR_SandboxResourceError;
	run_stop(r, &e);
	return 0;
}

/* The call that is under way in the sandbox, if it has this number. */
static struct call *
call_of(struct run *r, uint64_t id)
{
	struct call *call = r->current;

	if (call != NULL && call->id == id && call->state == CALL_executing &&
	    call->tool->executor == STREAM)
		return call;
	return NULL;
}

int
on_tool_output(struct channel *c, struct tool_output *m)
{
	struct run *r = run_of(c);
	const char *why;
	struct call *call;

	if (r == NULL || r->state > RUN_stopping)
		return 0;
	if ((call = call_of(r, m->call)) == NULL)
		return channel_fault(c, "output of a call that is not under "
		    "way");
	if (call_output(call, m, &why) == -1)
		return channel_fault(c, "%s", why);
	return 0;
}

/* Of a stream role or of the tracker. */
int
on_tool_done(struct channel *c, struct tool_done *m)
{
	struct process *p = c->owner;
	const char *why;
	struct call *call;

	if (p->state == PROCESS_gone)
		return 0;
	if (c->peer == TRACKER) {
		call = call_find(p->judge, m->call);
		if (call == NULL)
			return 0;	/* its run has ended meanwhile */
	} else if (p->run == NULL || p->run->state > RUN_stopping) {
		return 0;
	} else if ((call = call_of(p->run, m->call)) == NULL) {
		return channel_fault(c, "the outcome of a call that is not "
		    "under way");
	}
	if (call_done(call, m, &why) == -1)
		return channel_fault(c, "%s", why);
	return 0;
}

int
on_file_collected(struct channel *c, struct file_collected *m)
{
	struct run *r = run_of(c);

	if (r == NULL || r->state > RUN_collecting)
		return 0;
	if (r->state != RUN_collecting)
		return channel_fault(c, "a file that was not asked for");
	if (run_file(r, m) == -1)
		return channel_fault(c, "a file that may not be kept: its "
		    "path, its size, or not its turn");
	return 0;
}

int
on_collect_done(struct channel *c, struct collect_done *m)
{
	struct run *r = run_of(c);
	char reason[257];

	if (r == NULL || r->state > RUN_collecting)
		return 0;
	if (r->state != RUN_collecting || r->store_token != 0)
		return channel_fault(c, "collect_done out of order");
	text_escape(reason, sizeof(reason), m->reason, strlen(m->reason));
	if (m->left_out > 0)
		log_line(LOG_WARNING, "run=%s tenant=%s files=%u left_out=%u "
		    "reason=\"%s\"", r->name, r->tenant->name, r->files,
		    m->left_out, reason);
	run_complete(r);
	return 0;
}
