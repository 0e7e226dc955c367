/*
 * sandbox.c: open sandboxes: runs of their own in the record, without a
 * model; what is executed in them is decided and recorded like any call.
 * Runs in: judge.
 * Input: requests of clients.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/sandbox.h"

int
sandbox_open(struct client *c, struct open_request *m, struct refusal *no)
{
	struct run_order order = {
		.client = c, .request = m->request, .keep = m->keep,
		.sandbox = m->sandbox,
		.config = client_config(c, &m->settings, no),
	};
	struct run *r;

	if (order.config == NULL)
		return -1;
	r = run_new(c->judge, &order, no);
	if (r == NULL) {
		config_free(order.config);
		return -1;
	}
	r->goal = xstrdup("sandbox open");
	run_begin(r);
	return 0;
}

void
sandbox_opened(struct run *r, const struct blob *info)
{
	struct sandbox_opened m = { .request = r->request, .info = *info };

	memcpy(m.sandbox, r->id, sizeof(m.sandbox));
	if (r->client != NULL)
		(void)send_sandbox_opened(&r->client->channel, &m);
	r->request = 0;		/* answered */
	if (r->keep)
		r->client = NULL;
}

/* An open sandbox that this client may use. */
static struct run *
find(struct client *c, const char *id, struct refusal *no)
{
	bool ambiguous;
	struct run *r = run_find(c->judge, id, &ambiguous);
	char clean[80];

	text_escape(clean, sizeof(clean), id, strlen(id));
	if (ambiguous) {
		refusal_set(no, EXIT_data, ERROR_none,
		    "more than one open sandbox begins with '%s'", clean);
		return NULL;
	}
	if (r == NULL || r->model || r->state > RUN_running) {
		snprintf(no->hint, sizeof(no->hint), "open one with "
		    "'sallyport sandbox open', which prints its id");
		refusal_set(no, EXIT_unavailable,
		    ERROR_SandboxConnectionError,
		    "there is no open sandbox '%s'", clean);
		return NULL;
	}
	if (!client_may(c, r)) {
		refusal_set(no, EXIT_denied, ERROR_SandboxAccessDenied,
		    "sandbox '%s' belongs to another user", clean);
		return NULL;
	}
	return r;
}

int
sandbox_exec(struct client *c, struct exec_request *m, struct refusal *no)
{
	struct run *r = find(c, m->sandbox, no);
	struct call *call;
	const char *why;

	if (r == NULL)
		return -1;
	call = xcalloc(1, sizeof(*call));
	call->person = true;
	call->client = c;
	call->number = ++r->last_call;
	call->request = m->request;
	call->arguments = blob_take(&m->arguments);
	call->input = blob_take(&m->input);
	call->timeout = m->timeout;
	call->credit = m->credit < CLIENT_CREDIT ? m->credit : CLIENT_CREDIT;
	snprintf(call->name, sizeof(call->name), "%s", m->tool);
	if (call_add(r, call, &why) == -1)
		return refusal_set(no, EXIT_data, ERROR_SchemaValidationError,
		    "exec: %s", why);
	return 0;
}

int
sandbox_close(struct client *c, const struct close_request *m,
    struct refusal *no)
{
	struct run *r = find(c, m->sandbox, no);
	struct ending e = { .stop = STOP_finished, .error = ERROR_none };

	if (r == NULL)
		return -1;
	client_done(c, m->request, "");
	run_stop(r, &e);
	return 0;
}

int
sandbox_credit(struct client *c, const struct exec_credit *m)
{
	struct run *r;
	struct call *call;

	LIST_FOREACH(r, &c->judge->runs, next) {
		TAILQ_FOREACH(call, &r->calls, next) {
			if (call->client != c || call->request != m->request)
				continue;
			call_grant(call, m->credit);
			return 0;
		}
	}
	return 0;	/* it has ended meanwhile */
}
