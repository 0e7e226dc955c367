/*
 * from_judge.c: everything that the judge can make us do, and asking it.
 * Runs in: cognition-worker.
 * Input: messages of the judge, checked by ipc/; tool results are hostile.
 */
#include "cognition-worker/cognition.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cognition-worker/provider.h"
#include "cognition-worker/text.h"
#include "ipc/util.h"
#include "ipc/value.h"

#define DELTA_MAX	(16u * KiB)
#define SUMMARY_MAX	(64u * KiB)

int	on_run_start(struct channel *, struct run_start *);
int	on_model_socket(struct channel *, struct model_socket *);
int	on_model_refused(struct channel *, struct model_refused *);
int	on_tool_result(struct channel *, struct tool_result *);
int	on_run_cancel(struct channel *, struct run_cancel *);

/* --- what the judge says --- */

/* An empty blob is none at all: it owns nothing. */
static struct blob
take(struct blob *b)
{
	return b->len == 0 ? BLOB_NONE : blob_take(b);
}

int
on_run_start(struct channel *c, struct run_start *m)
{
	struct run *run = c->owner;

	if (run->started)
		return channel_fault(c, "run_start came twice");
	run->start = *m;
	run->start.task = take(&m->task);
	run->start.tools = take(&m->tools);
	run->start.replay = take(&m->replay);
	run->start.ca_bundle = take(&m->ca_bundle);
	run->start.credential = take(&m->credential);
	run->started = true;
	return 0;
}

int
on_model_socket(struct channel *c, struct model_socket *m)
{
	struct run *run = c->owner;

	if (!run->dialing)
		return channel_fault(c, "a socket that was not asked for");
	run->dialing = false;
	run->socket = steal_fd(&m->socket);
	return 0;
}

int
on_model_refused(struct channel *c, struct model_refused *m)
{
	struct run *run = c->owner;

	if (!run->dialing)
		return channel_fault(c, "a refusal that was not asked for");
	run->dialing = false;
	text_escape(run->refused, sizeof(run->refused), m->reason,
	    strlen(m->reason));
	return 0;
}

int
on_tool_result(struct channel *c, struct tool_result *m)
{
	struct run *run = c->owner;
	struct asked *a = NULL;
	const char *why;
	size_t i;

	for (i = 0; i < run->nasked && a == NULL; i++)
		if (run->asked[i].call == m->call && !run->asked[i].answered)
			a = &run->asked[i];
	if (a == NULL && run->channel.phase == ENDING)
		return 0;	/* it was on its way when the run ended */
	if (a == NULL || m->outcome >= OUTCOME_COUNT)
		return channel_fault(c, "a result that was not asked for");
	if (blob_map(&m->result) == -1)
		return channel_fault(c, "a result that cannot be mapped");
	a->result = value_decode(m->result.data, m->result.len, &why);
	if (a->result == NULL || a->result->type != VALUE_MAP)
		return channel_fault(c, "a result that is no map");
	a->outcome = (enum outcome)m->outcome;
	a->answered = true;
	return 0;
}

int
on_run_cancel(struct channel *c, struct run_cancel *m)
{
	struct run *run = c->owner;

	if (m->stop == STOP_none || m->stop >= STOP_COUNT)
		return channel_fault(c, "cancelled for no known reason");
	if (run->cancelled == STOP_none)
		run->cancelled = (enum stop)m->stop;
	return 0;
}

/* --- waiting for it --- */

/* Without a judge there is nothing to do and nobody to tell. */
static void
leave(struct run *run)
{
	run_clear(run);
	exit(0);
}

void
run_sent(int status)
{
	if (status == 0)
		return;
	if (errno == EPIPE || errno == ECONNRESET)
		exit(0);
	fatal("send to the judge");
}

/* Push out what a slow judge left waiting.  True if more is left. */
static bool
more_to_send(struct run *run)
{
	int status = run->channel.head == NULL ? 0 :
	    channel_flush(&run->channel);

	if (status == -1)
		leave(run);
	return status == 1;
}

int
run_receive(struct run *run, int timeout)
{
	struct pollfd p = { .fd = run->channel.fd };
	int n;

	p.events = more_to_send(run) ? POLLIN | POLLOUT : POLLIN;
	do {
		n = poll(&p, 1, timeout);
	} while (n == -1 && errno == EINTR);
	if (n > 0 && (p.revents & ~POLLOUT) != 0) {
		switch (channel_receive(&run->channel)) {
		case RECEIVED:
		case RECEIVE_AGAIN:
			break;
		case RECEIVE_CLOSED:
			leave(run);
			break;
		case RECEIVE_FAULT:
			fatalx("the judge broke the contract: %s",
			    run->channel.why);
		}
	}
	return run->cancelled == STOP_none ? 0 : -1;
}

int
run_sleep(struct run *run, uint64_t ms)
{
	uint64_t now, end = now_mono_ms() + ms;

	while ((now = now_mono_ms()) < end)
		if (run_receive(run, (int)(end - now)) == -1)
			return -1;
	return run->cancelled == STOP_none ? 0 : -1;
}

int
run_dial(struct run *run, const char *host, uint32_t port)
{
	struct dial_model_request m = { .port = port };

	snprintf(m.host, sizeof(m.host), "%s", host);
	run->refused[0] = '\0';
	run->dialing = true;
	run_sent(send_dial_model_request(&run->channel, &m));
	while (run->dialing)
		if (run_receive(run, -1) == -1)
			return -1;
	return run->socket == -1 || run->cancelled != STOP_none ? -1 : 0;
}

size_t
run_ask(struct run *run, const struct call *call)
{
	struct tool_request m = {
		.call = ++run->last_call,
		.arguments = BLOB(call->packed.data, call->packed.len)
	};
	struct asked *a = &run->asked[run->nasked];

	snprintf(m.tool, sizeof(m.tool), "%s", call->name);
	memset(a, 0, sizeof(*a));
	a->call = m.call;
	run_sent(send_tool_request(&run->channel, &m));
	return run->nasked++;
}

int
run_answers(struct run *run)
{
	size_t i;

	for (i = 0; i < run->nasked; i++)
		while (!run->asked[i].answered)
			if (run_receive(run, -1) == -1)
				return -1;
	return run->cancelled == STOP_none ? 0 : -1;
}

void
run_forget(struct run *run)
{
	size_t i;

	for (i = 0; i < run->nasked; i++)
		value_free(run->asked[i].result);
	run->nasked = 0;
}

/* --- telling it --- */

void
run_phase_started(struct run *run, enum step step, uint32_t iteration)
{
	run_sent(send_phase_started(&run->channel, &(struct phase_started){
		.step = (uint8_t)step, .iteration = iteration }));
}

void
run_phase_completed(struct run *run, enum step step, uint32_t iteration,
    const char *summary)
{
	size_t len = text_prefix(summary, strlen(summary), SUMMARY_MAX);

	run_sent(send_phase_completed(&run->channel, &(struct phase_completed){
		.step = (uint8_t)step, .iteration = iteration,
		.summary = BLOB(summary, len) }));
}

void
run_delta(struct run *run, enum delta kind, const char *text, size_t len)
{
	struct model_delta m = { .kind = (uint8_t)kind };
	size_t n;

	while (len > 0) {
		n = text_prefix(text, len, DELTA_MAX);
		m.text = (struct bytes){ (const uint8_t *)text, n };
		run_sent(send_model_delta(&run->channel, &m));
		text += n;
		len -= n;
	}
}

void
run_clear(struct run *run)
{
	provider_free(run->provider);
	run_forget(run);
	conversation_clear(&run->conversation);
	history_clear(&run->history);
	task_clear(&run->task);
	if (run->started) {
		blob_free(&run->start.task);
		blob_free(&run->start.tools);
		blob_free(&run->start.replay);
		blob_free(&run->start.ca_bundle);
		blob_free(&run->start.credential);
	}
	if (run->socket != -1)
		close(steal_fd(&run->socket));
	channel_clear(&run->channel);
}
