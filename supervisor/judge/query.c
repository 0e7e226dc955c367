/*
 * query.c: questions to the record, passed to the tracker with the credit of
 * whoever receives the rows; they wait here until there is a tracker.
 * Runs in: judge.
 * Input: questions of clients; they are bounded in number and in rows.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/query.h"
#include "supervisor/judge/tracker.h"
#include "supervisor/judge/watch.h"

struct query *
query_new(struct judge *j, enum query_kind kind, const char *run)
{
	struct query *q;

	if (j->nqueries >= QUERIES_MAX)
		return NULL;
	q = xcalloc(1, sizeof(*q));
	q->judge = j;
	q->id = ++j->next_id;
	q->kind = kind;
	snprintf(q->run, sizeof(q->run), "%s", run);
	LIST_INSERT_HEAD(&j->queries, q, next);
	j->nqueries++;
	return q;
}

static void
query_send(struct query *q)
{
	struct process *tracker = q->judge->tenant.tracker;
	struct record_query m = {
		.query = q->id,
		.kind = q->kind,
		.since = q->since,
		.limit = q->limit,
		.path = { q->path, q->path_len },
		.credit = q->credit,
	};

	snprintf(m.run, sizeof(m.run), "%s", q->run);
	if (send_record_query(&tracker->channel, &m) == 0)
		q->sent = true;
}

void
query_begin(struct query *q)
{
	struct tenant *t = &q->judge->tenant;

	if (tracker_readable(t))
		query_send(q);
	else
		tracker_want(q->judge, t);
}

void
query_credit_add(struct query *q, uint32_t rows)
{
	struct row_credit m = { .query = q->id };

	if (rows > CLIENT_ROWS - q->credit)
		rows = CLIENT_ROWS - q->credit;
	q->credit += rows;
	m.credit = rows;
	if (rows > 0 && q->sent && tracker_readable(&q->judge->tenant))
		(void)send_row_credit(&q->judge->tenant.tracker->channel, &m);
}

void
query_free(struct query *q)
{
	struct query_cancel m = { .query = q->id };

	if (q->sent && tracker_readable(&q->judge->tenant))
		(void)send_query_cancel(&q->judge->tenant.tracker->channel,
		    &m);
	if (q->client != NULL)
		q->client->nqueries--;
	if (q->watch != NULL)
		q->watch->query = NULL;
	q->judge->nqueries--;
	LIST_REMOVE(q, next);
	free(q->path);
	free(q);
}

struct query *
query_find(struct judge *j, uint64_t id)
{
	struct query *q;

	LIST_FOREACH(q, &j->queries, next)
		if (q->id == id)
			return q;
	return NULL;
}

struct query *
query_of(struct client *c, uint64_t request)
{
	struct query *q;

	LIST_FOREACH(q, &c->judge->queries, next)
		if (q->client == c && q->request == request)
			return q;
	return NULL;
}

void
query_send_waiting(struct judge *j)
{
	struct query *q;

	LIST_FOREACH(q, &j->queries, next)
		if (!q->sent)
			query_send(q);
}

void
query_all_lost(struct judge *j, const char *why)
{
	struct query *q;

	while ((q = LIST_FIRST(&j->queries)) != NULL) {
		struct refusal no = { .error = ERROR_none };

		refusal_set(&no, EXIT_record, ERROR_none,
		    "the record cannot be read: %s", why);
		snprintf(no.hint, sizeof(no.hint), "see the log of the "
		    "supervisor, and 'sallyport doctor'");
		q->sent = false;
		if (q->watch != NULL)
			watch_lost(q->watch, &no);
		else
			client_refuse(q->client, q->request, &no);
		query_free(q);
	}
}

void
query_drop_client(struct client *c)
{
	struct query *q, *next;

	for (q = LIST_FIRST(&c->judge->queries); q != NULL; q = next) {
		next = LIST_NEXT(q, next);
		if (q->client == c)
			query_free(q);
	}
}

int
query_refusal(const struct query_done *m, const char *run, struct refusal *no)
{
	char id[80], reason[257];

	text_escape(id, sizeof(id), run, strlen(run));
	text_escape(reason, sizeof(reason), m->reason, strlen(m->reason));
	switch ((enum found)m->found) {
	case FOUND_nothing:
		snprintf(no->hint, sizeof(no->hint),
		    "'sallyport runs list' shows what is recorded");
		if (reason[0] != '\0')
			return refusal_set(no, EXIT_data, ERROR_none, "%s",
			    reason);
		return refusal_set(no, EXIT_data, ERROR_none,
		    "nothing is recorded as '%s'", id);
	case FOUND_ambiguous:
		snprintf(no->hint, sizeof(no->hint),
		    "give more characters of its id");
		return refusal_set(no, EXIT_data, ERROR_none,
		    "more than one run begins with '%s'", id);
	case FOUND_broken:
		return refusal_set(no, EXIT_integrity, ERROR_IntegrityError,
		    "the record is damaged: %s", reason);
	case FOUND_all:
	case FOUND_COUNT:
		break;
	}
	return 0;
}
