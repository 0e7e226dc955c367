/*
 * from_tracker.c: everything that a tracker can make the judge do.
 * Runs in: judge.
 * Input: hostile: it decodes what runs have left in the record.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/query.h"
#include "supervisor/judge/run.h"
#include "supervisor/judge/tracker.h"
#include "supervisor/judge/watch.h"

static struct judge *
judge_of(struct channel *c)
{
	struct process *p = c->owner;

	return p->state == PROCESS_gone ? NULL : p->judge;
}

int
on_recorded(struct channel *c, struct recorded *m)
{
	struct judge *j = judge_of(c);

	if (j != NULL && tracker_saved(j, &j->tenant, m->token) == -1)
		return channel_fault(c, "recorded a token that was not given");
	return 0;
}

int
on_record_failed(struct channel *c, struct record_failed *m)
{
	struct judge *j = judge_of(c);
	char reason[257], text[512];
	struct run *r;
	bool known;

	if (j == NULL)
		return 0;
	r = tracker_run(&j->tenant, m->token, &known);
	if (!known)
		return channel_fault(c, "failed to record a token that was "
		    "not given");
	text_escape(reason, sizeof(reason), m->reason, strlen(m->reason));
	snprintf(text, sizeof(text), "cannot record: %s%s%s", reason,
	    reason[0] != '\0' ? ": " : "", strerror((int)(m->error & 0xfff)));
	tracker_failed(&j->tenant, m->token);
	log_line(LOG_ERROR, "%s%s tenant=%s recorded=0 reason=\"%s\"",
	    r != NULL ? "run=" : "", r != NULL ? r->name : "",
	    j->tenant.name, text);
	if (r != NULL)
		run_unrecorded(r, text);
	return 0;
}

int
on_ledger(struct channel *c, struct ledger *m)
{
	struct judge *j = judge_of(c);

	if (j == NULL)
		return 0;
	if (j->tenant.settled)
		return channel_fault(c, "a second ledger");
	tracker_settled(j, &j->tenant, m);
	return 0;
}

int
on_query_row(struct channel *c, struct query_row *m)
{
	struct judge *j = judge_of(c);
	struct query *q;

	if (j == NULL || (q = query_find(j, m->query)) == NULL)
		return 0;	/* nobody waits for it any more */
	if (q->credit == 0)
		return channel_fault(c, "a row without credit");
	q->credit--;
	if (q->watch == NULL) {
		struct row out = { .request = q->request, .row = m->row };

		(void)send_row(&q->client->channel, &out);
	} else if (watch_row(q->watch, m) == -1) {
		return channel_fault(c, "a row that is no event");
	}
	return 0;
}

int
on_query_done(struct channel *c, struct query_done *m)
{
	struct judge *j = judge_of(c);
	struct refusal no = { .status = 0 };
	struct query *q;

	if (j == NULL || (q = query_find(j, m->query)) == NULL)
		return 0;
	if (m->found >= FOUND_COUNT)
		return channel_fault(c, "an answer of no kind");
	q->sent = false;		/* there is nothing left to cancel */
	if (q->watch != NULL)
		watch_rows_end(q->watch, m);	/* frees the query */
	else if (query_refusal(m, q->run, &no) == -1)
		client_refuse(q->client, q->request, &no);
	else
		client_done(q->client, q->request, "");
	if (query_find(j, m->query) != NULL)
		query_free(q);
	return 0;
}
