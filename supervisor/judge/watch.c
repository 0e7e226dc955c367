/*
 * watch.c: clients that follow a run.  Who keeps up gets events as they
 * happen; who does not, or comes late, gets the recorded ones from the record.
 * Runs in: judge.
 * Input: slow clients; rows of the tracker, which are checked.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/query.h"
#include "supervisor/judge/watch.h"

#define TICK_MS		20	/* between looks at slow clients */
#define TURN_SLOW	(64u * KiB)	/* unread: cognition has to wait */
#define CATCH_UP_ROWS	16u

struct watch *
watch_new(struct client *c, struct run *r, bool deltas)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->client = c;
	w->run = r;
	w->deltas = deltas;
	if (r != NULL) {
		memcpy(w->id, r->id, sizeof(w->id));
		memcpy(w->name, r->name, sizeof(w->name));
	}
	c->nwatches++;
	LIST_INSERT_HEAD(&c->judge->watches, w, next);
	return w;
}

void
watch_free(struct watch *w)
{
	if (w->query != NULL) {
		w->query->watch = NULL;
		query_free(w->query);
	}
	w->client->nwatches--;
	LIST_REMOVE(w, next);
	free(w);
}

void
watch_drop_client(struct client *c)
{
	struct watch *w, *next;

	for (w = LIST_FIRST(&c->judge->watches); w != NULL; w = next) {
		next = LIST_NEXT(w, next);
		if (w->client == c)
			watch_free(w);
	}
}

/* Ask the record for what the client has not seen. */
static void
catch_up(struct watch *w)
{
	struct query *q = query_new(w->client->judge, w->resolving ?
	    QUERY_run : QUERY_events, w->name);

	w->behind = true;
	w->final = w->run == NULL;
	if (q == NULL) {
		watch_tick_soon(w->client->judge);
		return;
	}
	q->since = w->seen;
	q->credit = CATCH_UP_ROWS;
	q->watch = w;
	w->query = q;
	query_begin(q);
}

int
watch_begin(struct client *c, const struct watch_request *m,
    struct refusal *no)
{
	bool ambiguous;
	struct run *r = run_find(c->judge, m->run, &ambiguous);
	struct watch *w;

	if (c->nwatches >= CLIENT_WATCHES)
		return refusal_set(no, EXIT_later, ERROR_none,
		    "too many runs are followed at once");
	w = watch_new(c, r, m->deltas);
	w->request = m->request;
	w->seen = m->since;
	if (r == NULL) {
		snprintf(w->name, sizeof(w->name), "%s", m->run);
		w->resolving = true;
	}
	if (r == NULL || w->seen < r->journal.seq)
		catch_up(w);
	else
		w->seen = r->journal.seq;
	return 0;
}

/* --- live --- */

bool
watch_live(const struct run *r)
{
	const struct watch *w;

	LIST_FOREACH(w, &r->judge->watches, next) {
		if (w->run == r && w->deltas)
			return true;
	}
	return false;
}

void
watch_event(struct run *r, const struct run_event *m)
{
	struct watch *w;
	bool delta = m->type == EVENT_model_delta ||
	    m->type == EVENT_tool_output;

	LIST_FOREACH(w, &r->judge->watches, next) {
		bool slow = client_slow(w->client) || (m->body.len >
		    BLOB_INLINE && w->client->channel.queued > 0);

		if (w->run != r || w->behind || (delta && !w->deltas) ||
		    (slow && m->seq == 0))
			continue;
		if (slow) {
			w->behind = true;
			watch_tick_soon(r->judge);
			continue;
		}
		if (m->seq > 0)
			w->seen = m->seq;
		(void)send_run_event(&w->client->channel, m);
	}
}

void
watch_turn(struct run *r, struct turn_recorded *m)
{
	struct turn_line out = { .line = m->line };

	memcpy(out.run, r->id, sizeof(out.run));
	if (r->client != NULL)
		(void)send_turn_line(&r->client->channel, &out);
}

bool
watch_turn_blocked(const struct run *r)
{
	return r->record && r->client != NULL &&
	    r->client->channel.queued > TURN_SLOW;
}

static void
say_ended(struct watch *w, enum stop stop, const void *summary, size_t len)
{
	struct run_ended m = {
		.stop = stop, .status = (uint8_t)stop_status(stop),
		.summary = BLOB(summary, len),
	};

	memcpy(m.run, w->id, sizeof(m.run));
	(void)send_run_ended(&w->client->channel, &m);
	watch_free(w);
}

void
watch_ended(struct run *r)
{
	struct watch *w, *next;

	for (w = LIST_FIRST(&r->judge->watches); w != NULL; w = next) {
		next = LIST_NEXT(w, next);
		if (w->run != r)
			continue;
		w->run = NULL;
		/* Who is behind reads the end from the record. */
		if (!w->behind || r->unrecordable)
			say_ended(w, r->stop, r->summary.data, r->summary.len);
	}
}

/* --- from the record --- */

static enum event_type
type_of(const struct value *row)
{
	const struct value *name = value_get(row, "type");

	for (unsigned t = EVENT_none + 1; t < EVENT_COUNT; t++)
		if (name != NULL && value_is_text(name, event_type_name(t)))
			return t;
	return EVENT_none;
}

static enum stop
stop_of(const struct value *summary)
{
	const struct value *name = value_get(summary, "stop_reason");

	for (unsigned s = STOP_none + 1; s < STOP_COUNT; s++)
		if (name != NULL && value_is_text(name, stop_name(s)))
			return s;
	return STOP_failed;
}

static int
resolve(struct watch *w, const struct value *row)
{
	autofree char *name = value_get_text(row, "run");

	if (name == NULL || uuid_parse(w->id, name) == -1)
		return -1;
	memcpy(w->name, name, sizeof(w->name));
	w->resolving = false;
	return 0;
}

int
watch_row(struct watch *w, struct query_row *m)
{
	autovalue struct value *row = NULL;
	const struct value *body;
	struct run_event e = { .seq = 0 };
	const char *why;
	struct pack p;

	if (m->row.len > 0 && blob_map(&m->row) == 0)
		row = value_decode(m->row.data, m->row.len, &why);
	if (w->resolving)
		return resolve(w, row);
	body = value_get(row, "body");
	e.type = (uint8_t)type_of(row);
	e.seq = (uint64_t)value_get_int(row, "seq", 0);
	e.at = (uint64_t)value_get_int(row, "ts", 0);
	if (body == NULL || e.type == EVENT_none || e.seq <= w->seen)
		return -1;
	memcpy(e.run, w->id, sizeof(e.run));
	pack_init(&p, EVENT_MAX);
	value_pack(&p, body);
	e.body = BLOB(p.data, p.len);
	w->seen = e.seq;
	(void)send_run_event(&w->client->channel, &e);
	if (e.type == EVENT_run_completed)
		say_ended(w, stop_of(body), p.data, p.len);
	else if (client_slow(w->client))
		watch_tick_soon(w->client->judge);
	else
		query_credit_add(w->query, 1);
	pack_clear(&p);
	return 0;
}

/* No end is recorded and nobody works on it: it was interrupted. */
static void
say_interrupted(struct watch *w)
{
	struct pack p;

	pack_init(&p, 4 * KiB);
	pack_map(&p, 4);
	pack_key_text(&p, "run", w->name);
	pack_key_text(&p, "status", "failed");
	pack_key_text(&p, "stop_reason", stop_name(STOP_failed));
	pack_text(&p, "error");
	pack_map(&p, 3);
	pack_key_text(&p, "error", error_name(ERROR_IntegrityError));
	pack_key_text(&p, "message", "the run was interrupted: its record "
	    "has no end");
	pack_key_text(&p, "hint", "start it again");
	say_ended(w, STOP_failed, p.data, p.len);
	pack_clear(&p);
}

void
watch_lost(struct watch *w, const struct refusal *no)
{
	client_refuse(w->client, w->request, no);
	w->query->watch = NULL;
	w->query = NULL;
	watch_free(w);
}

/* All events that were on the disk have been sent: is it all there is? */
static void
events_end(struct watch *w)
{
	if (w->run == NULL && w->final) {
		say_interrupted(w);
		return;
	}
	if (w->run == NULL)
		w->behind = true;	/* its end came after the question */
	else
		w->behind = w->seen < w->run->journal.seq;
	if (w->behind)
		watch_tick_soon(w->client->judge);
}

void
watch_rows_end(struct watch *w, const struct query_done *m)
{
	struct refusal no = { .error = ERROR_none };
	enum query_kind kind = w->query->kind;
	bool ambiguous;

	if (query_refusal(m, w->name, &no) == -1) {
		watch_lost(w, &no);
		return;
	}
	query_free(w->query);
	if (kind == QUERY_events) {
		events_end(w);
	} else if (w->resolving) {
		refusal_set(&no, EXIT_data, ERROR_none,
		    "there is no such run");
		client_refuse(w->client, w->request, &no);
		watch_free(w);
	} else {
		w->run = run_find(w->client->judge, w->name, &ambiguous);
		catch_up(w);
	}
}

/* --- those who are slow --- */

/* True if it has to be looked at again. */
static bool
look(struct watch *w)
{
	if (!w->behind)
		return false;
	if (client_slow(w->client))
		return true;
	if (w->query != NULL) {
		if (w->query->credit == 0)
			query_credit_add(w->query, CATCH_UP_ROWS);
		return false;	/* a row or the end brings us back */
	}
	if (w->run != NULL && w->seen == w->run->journal.seq)
		w->behind = false;
	else
		catch_up(w);
	return w->behind && w->query == NULL;
}

void
watch_tick(evutil_socket_t fd, short what, void *arg)
{
	struct judge *j = arg;
	struct watch *w, *next;
	struct run *r;
	bool again = false;

	(void)fd;
	(void)what;
	for (w = LIST_FIRST(&j->watches); w != NULL; w = next) {
		next = LIST_NEXT(w, next);
		again |= look(w);
	}
	LIST_FOREACH(r, &j->runs, next) {
		if (!r->record || !process_usable(r->cognition))
			continue;
		if (watch_turn_blocked(r))
			again = true;
		else
			loop_resume(&r->cognition->channel);
	}
	if (again)
		watch_tick_soon(j);
}

void
watch_tick_soon(struct judge *j)
{
	if (!evtimer_pending(j->tick, NULL))
		timer_start(j->tick, TICK_MS);
}
