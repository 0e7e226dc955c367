/*
 * receive.c: everything that the judge can say to a client, one handler each.
 * Runs in: programs that use libsallyport.
 * Input: messages decoded and bounded by ipc/; bodies are decoded here, their
 * texts are hostile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/lib/internal.h"
#include "ipc/util.h"

#define SELF CLIENT
#include "ipc/dispatch.h"

message_dispatch *const *const client_dispatch = dispatch_table;

static void
copy(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src);
}

/* A new event for the caller to look at. */
static struct sallyport_event *
event_new(struct sallyport *h, enum sallyport_kind kind, uint64_t request)
{
	struct current *c = &h->current;

	current_clear(c);
	c->message[0] = c->hint[0] = c->provider[0] = c->model[0] = '\0';
	c->present = true;
	c->event = (struct sallyport_event){
		.kind = kind, .request = request, .exit_code = -1,
		.type = "", .stop = "", .error = "", .outcome = "",
		.message = c->message, .hint = c->hint,
		.provider = c->provider, .model = c->model
	};
	return &c->event;
}

/* Decode a map into the current event. */
static int
take_body(struct channel *ch, struct sallyport *h, struct blob *blob)
{
	const char *why = "not a map";

	if (blob->len == 0)
		return 0;
	if (blob_map(blob) == -1)
		return channel_fault(ch, "map a body: %s", strerror(errno));
	h->current.body = value_decode(blob->data, blob->len, &why);
	if (h->current.body == NULL || h->current.body->type != VALUE_MAP)
		return channel_fault(ch, "body: %s", why);
	h->current.event.body = h->current.body;
	return 0;
}

/* Keep bytes for the current event. */
static int
take_data(struct channel *ch, struct sallyport *h, struct blob *blob)
{
	struct current *c = &h->current;

	if (blob->len == 0) {
		c->event.data = "";
		return 0;
	}
	if (blob->fd == -1) {
		/* It came inside the message, whose buffer goes away. */
		c->copy = xrealloc(c->copy, blob->len);
		memcpy(c->copy, blob->data, blob->len);
		c->event.data = c->copy;
	} else {
		if (blob_map(blob) == -1)
			return channel_fault(ch, "map a blob: %s",
			    strerror(errno));
		c->data = *blob;
		*blob = BLOB_NONE;
		c->event.data = c->data.data;
	}
	c->event.len = c->data.len > 0 ? c->data.len : blob->len;
	return 0;
}

int
on_welcome(struct channel *c, struct welcome *m)
{
	struct sallyport *h = c->owner;

	copy(h->version, sizeof(h->version), m->version);
	copy(h->tenant, sizeof(h->tenant), m->tenant);
	copy(h->state_dir, sizeof(h->state_dir), m->state_dir);
	copy(h->notice, sizeof(h->notice), m->notice);
	h->server.user_mode = m->user_mode;
	h->welcomed = true;
	c->phase = RUNNING;
	return 0;
}

int
on_refused(struct channel *c, struct refused *m)
{
	struct sallyport *h = c->owner;
	struct sallyport_event *e;

	if (m->error >= ERROR_COUNT)
		return channel_fault(c, "no such error: %u", m->error);
	error_set(&h->error, m->status, m->error, "%s", m->message);
	if (m->hint[0] != '\0')
		error_hint_set(&h->error, "%s", m->hint);
	if (!h->welcomed) {
		h->over = true;
		return 0;
	}
	e = event_new(h, SALLYPORT_REFUSED, m->request);
	e->status = m->status;
	e->error = m->error == ERROR_none ? "" : error_name(m->error);
	copy(h->current.message, sizeof(h->current.message), m->message);
	copy(h->current.hint, sizeof(h->current.hint), h->error.hint);
	request_end(h, m->request);
	return 0;
}

int
on_run_accepted(struct channel *c, struct run_accepted *m)
{
	struct sallyport *h = c->owner;
	struct sallyport_event *e = event_new(h, SALLYPORT_ACCEPTED,
	    m->request);
	struct request *r = request_find(h, m->request);

	uuid_text(e->run, m->run);
	if (r == NULL)
		return channel_fault(c, "accepted what was not requested");
	copy(r->id, sizeof(r->id), e->run);
	copy(h->current.provider, sizeof(h->current.provider), m->provider);
	copy(h->current.model, sizeof(h->current.model), m->model);
	copy(h->current.message, sizeof(h->current.message), m->notice);
	return 0;
}

/* An event of a run belongs to the request that started it, if one did. */
static struct sallyport_event *
run_event_new(struct sallyport *h, enum sallyport_kind kind,
    const uint8_t id[16])
{
	struct sallyport_event *e = event_new(h, kind, 0);
	struct request *r;

	uuid_text(e->run, id);
	r = request_of_run(h, e->run);
	if (r != NULL)
		e->request = r->number;
	return e;
}

int
on_run_event(struct channel *c, struct run_event *m)
{
	struct sallyport *h = c->owner;
	struct sallyport_event *e = run_event_new(h, SALLYPORT_EVENT, m->run);

	if (m->type >= EVENT_COUNT)
		return channel_fault(c, "no such event: %u", m->type);
	e->seq = m->seq;
	e->at = m->at;
	e->code = m->type;
	e->type = event_type_name(m->type);
	return take_body(c, h, &m->body);
}

int
on_turn_line(struct channel *c, struct turn_line *m)
{
	struct sallyport *h = c->owner;

	run_event_new(h, SALLYPORT_TURN, m->run);
	return take_data(c, h, &m->line);
}

int
on_run_ended(struct channel *c, struct run_ended *m)
{
	struct sallyport *h = c->owner;
	struct sallyport_event *e = run_event_new(h, SALLYPORT_ENDED, m->run);

	if (m->stop >= STOP_COUNT)
		return channel_fault(c, "no such stop reason: %u", m->stop);
	e->stop = stop_name(m->stop);
	e->status = m->status;
	request_end(h, e->request);
	return take_body(c, h, &m->summary);
}

int
on_done(struct channel *c, struct done *m)
{
	struct sallyport *h = c->owner;

	event_new(h, SALLYPORT_DONE, m->request);
	copy(h->current.message, sizeof(h->current.message), m->message);
	request_end(h, m->request);
	return 0;
}

int
on_row(struct channel *c, struct row *m)
{
	struct sallyport *h = c->owner;
	struct request *r = request_find(h, m->request);

	if (r == NULL)
		return channel_fault(c, "a row that was not requested");
	event_new(h, SALLYPORT_ROW, m->request);
	return r->raw ? take_data(c, h, &m->row) : take_body(c, h, &m->row);
}

int
on_sandbox_opened(struct channel *c, struct sandbox_opened *m)
{
	struct sallyport *h = c->owner;
	struct sallyport_event *e = event_new(h, SALLYPORT_OPENED, m->request);

	uuid_text(e->run, m->sandbox);
	request_end(h, m->request);
	return take_body(c, h, &m->info);
}

int
on_exec_output(struct channel *c, struct exec_output *m)
{
	struct sallyport *h = c->owner;
	struct sallyport_event *e;

	if (m->source != 1 && m->source != 2)
		return channel_fault(c, "no such source: %u", m->source);
	if (request_find(h, m->request) == NULL)
		return channel_fault(c, "output that was not requested");
	e = event_new(h, SALLYPORT_OUTPUT, m->request);
	e->source = m->source;
	return take_data(c, h, &BLOB(m->data.data, m->data.len));
}

int
on_exec_done(struct channel *c, struct exec_done *m)
{
	struct sallyport *h = c->owner;
	struct sallyport_event *e = event_new(h, SALLYPORT_EXITED, m->request);

	if (m->outcome >= OUTCOME_COUNT || m->error >= ERROR_COUNT)
		return channel_fault(c, "no such outcome: %u, %u", m->outcome,
		    m->error);
	e->outcome = outcome_name(m->outcome);
	e->error = m->error == ERROR_none ? "" : error_name(m->error);
	e->status = error_status(m->error);
	e->exit_code = m->exit_code;
	e->signal = m->signal;
	e->timed_out = m->timed_out;
	e->wall = m->wall;
	e->cpu = m->cpu;
	e->peak = m->peak;
	copy(h->current.hint, sizeof(h->current.hint),
	    m->error == ERROR_none ? "" : error_hint(m->error));
	request_end(h, m->request);
	return take_body(c, h, &m->result);
}
