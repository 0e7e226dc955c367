/*
 * query.c: answering questions, a few rows at a turn, within their credit.
 * Runs in: tracker-record.
 * Input: the judge's messages; ids and paths in them come from clients.
 *
 * Rows are sent while nothing waits in the channel, so that a slow reader
 * costs no memory; between turns the loop serves appends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "tracker-worker/record/query.h"
#include "tracker-worker/record/tracker.h"

#define TURN_ROWS	32		/* of one query */
#define TURN_BYTES	MiB
#define ROW_MAX		(64 * MiB)
#define BUSY_MS		2		/* until a full channel is looked at */

int	on_record_query(struct channel *, struct record_query *);
int	on_row_credit(struct channel *, struct row_credit *);
int	on_query_cancel(struct channel *, struct query_cancel *);

static void	 pump(evutil_socket_t, short, void *);

void
query_init(struct tracker *t)
{
	t->pump = evtimer_new(t->base, pump, t);
	if (t->pump == NULL)
		fatalx("make a timer");
}

static struct query **
query_slot(struct tracker *t, uint64_t id)
{
	struct query **q;

	for (q = &t->queries; *q != NULL; q = &(*q)->next)
		if ((*q)->id == id)
			break;
	return q;
}

static void
query_drop(struct tracker *t, struct query **slot)
{
	struct query *q = *slot;

	*slot = q->next;
	t->nqueries--;
	if (q->fd != -1)
		close(q->fd);
	free(q);
}

static void
send_end(struct tracker *t, uint64_t id, enum found found, const char *why)
{
	struct query_done m = { .query = id, .found = (uint8_t)found };

	text_escape(m.reason, sizeof(m.reason), why, strlen(why));
	send_query_done(&t->channel, &m);
}

static void
arm(struct tracker *t, int ms)
{
	struct timeval tv = { 0, ms * 1000 };

	evtimer_add(t->pump, &tv);
}

/* One row; 0, or why the query ends: MDB_NOTFOUND is its regular end. */
static int
send_next(struct tracker *t, MDB_txn *txn, struct query *q, size_t *bytes)
{
	struct query_row m = { .query = q->id };
	struct pack p;
	int rc;

	if (q->left == 0)
		return MDB_NOTFOUND;
	pack_init(&p, ROW_MAX);
	rc = query_next(&t->store, txn, q, &p);
	if (rc == 0 && p.failed)
		rc = MDB_BAD_VALSIZE;
	if (rc == 0) {
		m.row = BLOB(p.data, p.len);
		*bytes += p.len;
		if (send_query_row(&t->channel, &m) == -1)
			rc = MDB_PANIC;
		q->left--;
		q->credit--;
	}
	pack_clear(&p);
	return rc;
}

/* Its last row is gone: the end needs no credit, so look for it once. */
static bool
query_ended(struct tracker *t, MDB_txn *txn, struct query *q)
{
	struct query copy = *q;
	struct pack p;
	bool ended;

	if (q->left == 0)
		return true;
	if (q->peeked)
		return false;
	q->peeked = true;
	if (q->kind == QUERY_file)
		return q->after && q->offset == q->size;
	pack_init(&p, ROW_MAX);
	ended = query_next(&t->store, txn, &copy, &p) == MDB_NOTFOUND;
	pack_clear(&p);
	return ended;
}

/* A few rows of one query; true if it is over. */
static bool
query_turn(struct tracker *t, MDB_txn *txn, struct query *q)
{
	size_t bytes = 0;
	int rc = 0;

	for (int i = 0; i < TURN_ROWS && bytes < TURN_BYTES; i++) {
		if (t->channel.queued > 0)
			return false;
		if (q->credit == 0 && !query_ended(t, txn, q))
			return false;
		rc = q->credit == 0 ? MDB_NOTFOUND :
		    send_next(t, txn, q, &bytes);
		if (rc != 0)
			break;
	}
	if (rc == 0)
		return false;
	if (rc == MDB_NOTFOUND)
		send_end(t, q->id, FOUND_all, "");
	else
		send_end(t, q->id, FOUND_broken, rc == REFUSED ?
		    "the recorded file is not what was recorded: its digest "
		    "differs" : store_reason(rc));
	return true;
}

/* A turn of every query; true if one of them could go on. */
static bool
turn_of_all(struct tracker *t, MDB_txn *txn)
{
	struct query **slot = &t->queries;
	bool more = false;

	while (*slot != NULL) {
		if (query_turn(t, txn, *slot)) {
			query_drop(t, slot);
			continue;
		}
		more |= (*slot)->credit > 0 || !(*slot)->peeked;
		slot = &(*slot)->next;
	}
	return more;
}

static void
pump(evutil_socket_t fd, short what, void *arg)
{
	struct tracker *t = arg;
	MDB_txn *txn;
	bool more;
	int rc;

	(void)fd;
	(void)what;
	if (t->channel.queued > 0) {
		arm(t, BUSY_MS);
		return;
	}
	if ((rc = store_begin(&t->store, false, &txn)) != 0) {
		while (t->queries != NULL) {
			send_end(t, t->queries->id, FOUND_broken,
			    store_reason(rc));
			query_drop(t, &t->queries);
		}
		return;
	}
	more = turn_of_all(t, txn);
	mdb_txn_abort(txn);
	if (more)
		arm(t, t->channel.queued > 0 ? BUSY_MS : 0);
}

/* Where the first row is: for events, behind `since`. */
static void
set_start(struct query *q, const struct record_query *m)
{
	if (q->kind == QUERY_events) {
		key_event(&q->at, q->run, m->since);
		q->after = true;
	} else {
		key_run(&q->at, q->run);
	}
}

/* The run and the file that are asked for. */
static enum found
query_find(struct tracker *t, struct query *q, const struct record_query *m,
    char *why, size_t size)
{
	enum found found = FOUND_all;
	MDB_txn *txn;
	int rc;

	if ((rc = store_begin(&t->store, false, &txn)) != 0) {
		snprintf(why, size, "%s", store_reason(rc));
		return FOUND_broken;
	}
	q->filtered = q->kind == QUERY_audit && m->run[0] != '\0';
	if (q->filtered || (q->kind != QUERY_runs && q->kind != QUERY_audit))
		found = run_find(&t->store, txn, m->run, q->run, why, size);
	if (found == FOUND_all && q->kind == QUERY_file)
		found = query_open_file(&t->store, txn, t->outputs, q, m->path,
		    why, size);
	mdb_txn_abort(txn);
	if (found == FOUND_all && q->kind == QUERY_audit)
		q->place = m->since;
	else if (found == FOUND_all && q->kind != QUERY_runs)
		set_start(q, m);
	return found;
}

static struct query *
query_new(struct tracker *t, const struct record_query *m)
{
	struct query *q = xcalloc(1, sizeof(*q));

	q->id = m->query;
	q->kind = m->kind;
	q->left = m->limit == 0 ? UINT64_MAX : m->limit;
	q->credit = m->credit;
	q->fd = -1;
	q->next = t->queries;
	t->queries = q;
	t->nqueries++;
	return q;
}

int
on_record_query(struct channel *c, struct record_query *m)
{
	struct tracker *t = c->owner;
	enum found found;
	char why[256] = "";

	if (m->kind >= QUERY_COUNT)
		return channel_fault(c, "query of kind %u", m->kind);
	if (*query_slot(t, m->query) != NULL)
		return channel_fault(c, "query %" PRIu64 " is asked twice",
		    m->query);
	if (t->nqueries >= QUERIES_MAX) {
		send_end(t, m->query, FOUND_broken, "too many queries at once");
		return 0;
	}
	/* What was sent before the question belongs to the answer. */
	commit_now(t);
	found = query_find(t, query_new(t, m), m, why, sizeof(why));
	if (found != FOUND_all) {
		query_drop(t, query_slot(t, m->query));
		send_end(t, m->query, found, why);
		return 0;
	}
	arm(t, 0);
	return 0;
}

int
on_row_credit(struct channel *c, struct row_credit *m)
{
	struct tracker *t = c->owner;
	struct query *q = *query_slot(t, m->query);

	if (q == NULL)		/* it has ended meanwhile */
		return 0;
	q->credit += m->credit;
	q->peeked = false;
	arm(t, 0);
	return 0;
}

int
on_query_cancel(struct channel *c, struct query_cancel *m)
{
	struct tracker *t = c->owner;
	struct query **slot = query_slot(t, m->query);

	if (*slot != NULL)
		query_drop(t, slot);
	return 0;
}
