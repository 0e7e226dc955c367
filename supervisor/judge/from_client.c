/*
 * from_client.c: everything that a client can make the judge do.
 * Runs in: judge.
 * Input: hostile: whoever may open the control socket.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "ipc/version.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/explain.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/query.h"
#include "supervisor/judge/sandbox.h"
#include "supervisor/judge/watch.h"

#define GOAL_MAX	(64u * KiB)	/* bytes of it in the record */

static struct client *
client_of(struct channel *ch)
{
	struct client *c = ch->owner;

	return c->gone ? NULL : c;
}

int
on_hello(struct channel *ch, struct hello *m)
{
	struct client *c = client_of(ch);
	struct welcome w = { .user_mode = c != NULL && c->judge->user_mode };
	struct refusal no = { .error = ERROR_none };

	if (c == NULL)
		return 0;
	timer_free(&c->timer);
	if (m->protocol != message_protocol()) {
		snprintf(no.hint, sizeof(no.hint), "use the client of version "
		    "%s, or end the running supervisor and try again",
		    SALLYPORT_VERSION);
		refusal_set(&no, EXIT_unavailable, ERROR_none,
		    "this client and the running supervisor are not of the "
		    "same version");
		client_refuse(c, 0, &no);
		client_drop(c, "another version of the protocol");
		return 0;
	}
	snprintf(w.version, sizeof(w.version), "%s", SALLYPORT_VERSION);
	snprintf(w.tenant, sizeof(w.tenant), "%s", c->judge->tenant.name);
	snprintf(w.state_dir, sizeof(w.state_dir), "%s", c->judge->state_dir);
	if (!c->judge->separate_uids)
		snprintf(w.notice, sizeof(w.notice), "all processes have your "
		    "own uid; started by root each would have its own");
	(void)send_welcome(ch, &w);
	ch->phase = RUNNING;
	return 0;
}

/* --- runs --- */

/* The goal for the record, and the digest of the whole task. */
static int
take_task(struct run *r, struct blob *task, struct refusal *no)
{
	autovalue struct value *map = NULL;
	const char *why = "it cannot be mapped";

	if (task->len > 0 && blob_map(task) == 0)
		map = value_decode(task->data, task->len, &why);
	if (map == NULL)
		return refusal_set(no, EXIT_data, ERROR_none, "task: %s", why);
	r->goal = value_get_text(map, "goal");
	if (r->goal == NULL || r->goal[0] == '\0')
		return refusal_set(no, EXIT_data, ERROR_none,
		    "the task has no goal");
	if (strlen(r->goal) > GOAL_MAX) {
		snprintf(no->hint, sizeof(no->hint),
		    "pass what is long as a context file");
		return refusal_set(no, EXIT_data, ERROR_none,
		    "the goal is longer than %u bytes", GOAL_MAX);
	}
	crypto_hash_sha256(r->task_digest, task->data, task->len);
	r->task = blob_take(task);
	return 0;
}

/* A number of the request, the configured one if it is 0. */
static int
number_of(struct run *r, uint32_t asked, enum key key, uint32_t *result,
    struct refusal *no)
{
	uint32_t configured = (uint32_t)config_int(r->config, key);
	uint32_t most = key == KEY_agents_max_iterations ? 10000 : 604800;

	*result = asked != 0 ? asked : configured;
	if (*result > most || (*result > configured &&
	    !r->judge->user_mode)) {
		snprintf(no->hint, sizeof(no->hint),
		    "at most %u is allowed here",
		    r->judge->user_mode ? most : configured);
		return refusal_set(no, EXIT_denied, ERROR_ConfigError,
		    "%s of %u is more than may be asked for",
		    key == KEY_agents_max_iterations ? "max-iterations" :
		    "timeout", asked);
	}
	return 0;
}

static int
prepare(struct run *r, struct run_request *m, struct refusal *no)
{
	struct choice w = {
		.provider = m->provider, .model = m->model,
		.credential = m->credential.len > 0,
		.replay = m->replay.len > 0,
	};

	if (provider_choose(&r->provider, &w, r->config, no) == -1 ||
	    number_of(r, m->max_iterations, KEY_agents_max_iterations,
	    &r->max_iterations, no) == -1 ||
	    number_of(r, m->timeout, KEY_agents_default_timeout, &r->timeout,
	    no) == -1 || take_task(r, &m->task, no) == -1)
		return -1;
	r->record = m->record;
	r->replay = blob_take(&m->replay);
	r->ca_bundle = blob_take(&m->ca_bundle);
	r->credential = blob_take(&m->credential);
	return 0;
}

static void
accept_run(struct client *c, struct run *r, const struct run_request *m)
{
	struct run_accepted yes = { .request = m->request };

	memcpy(yes.run, r->id, sizeof(yes.run));
	snprintf(yes.provider, sizeof(yes.provider), "%s", r->provider.name);
	snprintf(yes.model, sizeof(yes.model), "%s", r->provider.model);
	snprintf(yes.notice, sizeof(yes.notice), "%s", r->provider.notice);
	(void)send_run_accepted(&c->channel, &yes);
	if (m->detach && !m->record)
		r->client = NULL;
	else
		(void)watch_new(c, r, m->deltas);
	run_begin(r);
}

int
on_run_request(struct channel *ch, struct run_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };
	struct run_order order = {
		.client = c, .request = m->request, .model = true,
		.keep = m->detach, .sandbox = m->sandbox,
	};
	struct run *r = NULL;

	if (c == NULL)
		return 0;
	order.config = client_config(c, &m->settings, &no);
	if (order.config != NULL) {
		r = run_new(c->judge, &order, &no);
		if (r == NULL)
			config_free(order.config);
	}
	if (r != NULL && prepare(r, m, &no) == 0) {
		accept_run(c, r, m);
		return 0;
	}
	if (r != NULL)
		run_discard(r);
	client_refuse(c, m->request, &no);
	return 0;
}

int
on_cancel_request(struct channel *ch, struct cancel_request *m)
{
	struct client *c = client_of(ch);
	struct ending e = {
		.stop = STOP_cancelled, .now = m->now,
		.message = "a person cancelled the run",
	};
	struct refusal no = { .error = ERROR_none };
	bool ambiguous;
	struct run *r;
	char id[80];

	if (c == NULL)
		return 0;
	text_escape(id, sizeof(id), m->run, strlen(m->run));
	r = run_find(c->judge, m->run, &ambiguous);
	if (r == NULL)
		refusal_set(&no, EXIT_data, ERROR_none, ambiguous ?
		    "more than one run begins with '%s'" :
		    "no run '%s' is under way", id);
	else if (!client_may(c, r))
		refusal_set(&no, EXIT_denied, ERROR_SandboxAccessDenied,
		    "run '%s' belongs to another user", id);
	if (no.message[0] != '\0') {
		client_refuse(c, m->request, &no);
		return 0;
	}
	log_line(LOG_INFO, "run=%s tenant=%s cancel=%s uid=%u", r->name,
	    r->tenant->name, m->now ? "now" : "asked", c->uid);
	client_done(c, m->request, "");
	run_stop(r, &e);
	return 0;
}

int
on_watch_request(struct channel *ch, struct watch_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };

	if (c != NULL && watch_begin(c, m, &no) == -1)
		client_refuse(c, m->request, &no);
	return 0;
}

/* --- questions --- */

/* Whose signatures these are, and the newest of them. */
static void
answer_key(struct client *c, uint64_t request)
{
	const struct tenant *t = &c->judge->tenant;
	struct row out = { .request = request };
	struct pack p;

	pack_init(&p, 4 * KiB);
	pack_map(&p, 6);
	pack_text(&p, "key");
	pack_bytes(&p, c->judge->signing_key, 32);
	pack_key_text(&p, "tenant", t->name);
	pack_key_uint(&p, "place", t->signed_place);
	pack_text(&p, "head");
	pack_bytes(&p, t->signed_head, 32);
	pack_key_uint(&p, "at", t->signed_at);
	pack_text(&p, "signature");
	pack_bytes(&p, t->signature, 64);
	out.row = BLOB(p.data, p.len);
	(void)send_row(&c->channel, &out);
	pack_clear(&p);
	client_done(c, request, "");
}

int
on_query_request(struct channel *ch, struct query_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };
	struct query *q;

	if (c == NULL)
		return 0;
	if (m->kind >= QUERY_COUNT)
		return channel_fault(ch, "a query of no kind");
	if (m->kind == QUERY_key) {
		answer_key(c, m->request);
		return 0;
	}
	q = c->nqueries < CLIENT_QUERIES ?
	    query_new(c->judge, m->kind, m->run) : NULL;
	if (q == NULL) {
		refusal_set(&no, EXIT_later, ERROR_none,
		    "too many questions at once");
		client_refuse(c, m->request, &no);
		return 0;
	}
	q->client = c;
	c->nqueries++;
	q->request = m->request;
	q->since = m->since;
	q->limit = m->limit;
	q->path_len = m->path.len;
	q->path = xcalloc(1, m->path.len + 1);
	if (m->path.len > 0)
		memcpy(q->path, m->path.data, m->path.len);
	q->credit = m->credit < CLIENT_ROWS ? m->credit : CLIENT_ROWS;
	query_begin(q);
	return 0;
}

int
on_query_credit(struct channel *ch, struct query_credit *m)
{
	struct client *c = client_of(ch);
	struct query *q = c == NULL ? NULL : query_of(c, m->request);

	if (q != NULL)
		query_credit_add(q, m->credit);
	return 0;
}

int
on_config_request(struct channel *ch, struct config_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };
	struct config *config;

	if (c == NULL)
		return 0;
	config = client_config(c, &m->settings, &no);
	if (config == NULL) {
		client_refuse(c, m->request, &no);
		return 0;
	}
	for (enum key key = 0; key < KEY_COUNT; key++) {
		struct row out = { .request = m->request };
		struct pack p;

		pack_init(&p, 1 * MiB);
		config_row(config, key, &p);
		out.row = BLOB(p.data, p.len);
		(void)send_row(ch, &out);
		pack_clear(&p);
	}
	config_free(config);
	client_done(c, m->request, "");
	return 0;
}

int
on_explain_request(struct channel *ch, struct explain_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };

	if (c != NULL && explain_call(c, m, &no) == -1)
		client_refuse(c, m->request, &no);
	return 0;
}

int
on_rules_request(struct channel *ch, struct rules_request *m)
{
	struct client *c = client_of(ch);

	if (c != NULL)
		explain_rules(c, m->request);
	return 0;
}

/* --- open sandboxes --- */

int
on_open_request(struct channel *ch, struct open_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };

	if (c != NULL && sandbox_open(c, m, &no) == -1)
		client_refuse(c, m->request, &no);
	return 0;
}

int
on_exec_request(struct channel *ch, struct exec_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };

	if (c != NULL && sandbox_exec(c, m, &no) == -1)
		client_refuse(c, m->request, &no);
	return 0;
}

int
on_exec_credit(struct channel *ch, struct exec_credit *m)
{
	struct client *c = client_of(ch);

	return c == NULL ? 0 : sandbox_credit(c, m);
}

int
on_close_request(struct channel *ch, struct close_request *m)
{
	struct client *c = client_of(ch);
	struct refusal no = { .error = ERROR_none };

	if (c != NULL && sandbox_close(c, m, &no) == -1)
		client_refuse(c, m->request, &no);
	return 0;
}
