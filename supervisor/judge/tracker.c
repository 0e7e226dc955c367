/*
 * tracker.c: the tracker of a tenant: on demand, with back-off after deaths;
 * tokens of what it was sent and has not confirmed.
 * Runs in: judge.  Input: tokens from the tracker, which may lie.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/checkpoint.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/query.h"
#include "supervisor/judge/run.h"
#include "supervisor/judge/tracker.h"

static void	 on_retry(evutil_socket_t, short, void *);

void
tenant_init(struct judge *j, struct tenant *t, const char *name)
{
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->next_token = 1;
	TAILQ_INIT(&t->unsaved);
	t->retry = timer_new(j, on_retry, j);
	chain_init(j, t);
}

void
tenant_clear(struct tenant *t)
{
	struct unsaved *u;

	while ((u = TAILQ_FIRST(&t->unsaved)) != NULL) {
		TAILQ_REMOVE(&t->unsaved, u, next);
		free(u);
	}
	timer_free(&t->retry);
	chain_clear(t);
}

unsigned
backoff_ms(unsigned deaths)
{
	if (deaths == 0)
		return 0;
	return deaths > 7 ? 10000 : 100u << (deaths - 1);
}

bool
tracker_there(const struct tenant *t)
{
	return tracker_readable(t) && t->damage[0] == '\0';
}

bool
tracker_readable(const struct tenant *t)
{
	return t->settled && process_usable(t->tracker);
}

void
tracker_want(struct judge *j, struct tenant *t)
{
	if (t->tracker != NULL || evtimer_pending(t->retry, NULL))
		return;
	if (t->deaths > 0) {
		timer_start(t->retry, backoff_ms(t->deaths));
		return;
	}
	t->tracker = process_ask(j, TRACKER, NULL);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct judge *j = arg;

	(void)fd;
	(void)what;
	if (j->tenant.tracker == NULL)
		j->tenant.tracker = process_ask(j, TRACKER, NULL);
	if (j->tenant.tracker == NULL)
		tracker_lost(j, &j->tenant, "it cannot be started");
}

/* Before anything is added or read: is it the record that we know? */
void
tracker_usable(struct judge *j, struct tenant *t)
{
	struct ledger_request m = { .place = 0 };
	const uint8_t *head;

	(void)j;
	chain_known(t, &m.place, &head);
	(void)send_ledger_request(&t->tracker->channel, &m);
}

static void
stop_all(struct judge *j, const struct tenant *t)
{
	struct run *r, *next;

	for (r = LIST_FIRST(&j->runs); r != NULL; r = next) {
		next = LIST_NEXT(r, next);
		run_damaged(r, t->damage);
	}
}

void
tracker_settled(struct judge *j, struct tenant *t, const struct ledger *m)
{
	struct run *r, *next;

	t->settled = true;
	if (chain_settle(t, m) == -1) {
		log_line(LOG_ERROR, "tenant=%s error=IntegrityError "
		    "reason=\"%s\" hint=\"keep the state directory as it is; "
		    "'sallyport audit verify --live' names the first record "
		    "that is not what it was\"", t->name, t->damage);
		stop_all(j, t);
		query_send_waiting(j);
		return;
	}
	checkpoint_keep(t);
	for (r = LIST_FIRST(&j->runs); r != NULL; r = next) {
		next = LIST_NEXT(r, next);
		run_advance(r);
	}
	query_send_waiting(j);
}

/* Nothing can be recorded now: what runs ends, what was asked is refused. */
void
tracker_lost(struct judge *j, struct tenant *t, const char *why)
{
	struct unsaved *u;
	struct run *r, *next;
	char text[320];

	t->tracker = NULL;
	t->settled = false;
	t->deaths++;
	while ((u = TAILQ_FIRST(&t->unsaved)) != NULL) {
		TAILQ_REMOVE(&t->unsaved, u, next);
		free(u);
	}
	snprintf(text, sizeof(text), "the record keeper ended: %s", why);
	for (r = LIST_FIRST(&j->runs); r != NULL; r = next) {
		next = LIST_NEXT(r, next);
		run_interrupted(r, text);
	}
	query_all_lost(j, text);
}

uint64_t
tracker_token(struct tenant *t, struct run *r, size_t size)
{
	struct unsaved *u = xcalloc(1, sizeof(*u));

	u->token = t->next_token++;
	u->run = r;
	u->size = size;
	r->journal.unsaved += size;
	r->journal.waiting++;
	TAILQ_INSERT_TAIL(&t->unsaved, u, next);
	return u->token;
}

void
tracker_event(struct tenant *t, const uint8_t digest[32])
{
	struct unsaved *u = TAILQ_LAST(&t->unsaved, unsaved_list);

	u->event = true;
	memcpy(u->digest, digest, sizeof(u->digest));
}

void
tracker_failed(struct tenant *t, uint64_t token)
{
	struct unsaved *u;

	TAILQ_FOREACH(u, &t->unsaved, next)
		if (u->token == token)
			u->failed = true;
}

int
tracker_saved(struct judge *j, struct tenant *t, uint64_t token)
{
	struct unsaved *u;
	struct run *r, *next;

	if (token >= t->next_token)
		return -1;
	t->deaths = 0;
	while ((u = TAILQ_FIRST(&t->unsaved)) != NULL && u->token <= token) {
		if (u->run != NULL) {
			u->run->journal.unsaved -= u->size;
			u->run->journal.waiting--;
		}
		if (u->event && !u->failed)
			chain_add(&t->chain, u->digest);
		TAILQ_REMOVE(&t->unsaved, u, next);
		free(u);
	}
	checkpoint_look(j, t);
	for (r = LIST_FIRST(&j->runs); r != NULL; r = next) {
		next = LIST_NEXT(r, next);
		run_recorded(r, token);
	}
	return 0;
}

struct run *
tracker_run(struct tenant *t, uint64_t token, bool *known)
{
	struct unsaved *u;

	*known = false;
	TAILQ_FOREACH(u, &t->unsaved, next) {
		if (u->token == token) {
			*known = true;
			return u->run;
		}
	}
	return NULL;
}

void
tracker_forget(struct tenant *t, const struct run *r)
{
	struct unsaved *u;

	TAILQ_FOREACH(u, &t->unsaved, next)
		if (u->run == r)
			u->run = NULL;
}
