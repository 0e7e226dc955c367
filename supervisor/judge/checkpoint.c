/*
 * checkpoint.c: the chain of a tenant: kept here, signed by the supervisor,
 * stored by the tracker; three processes would have to lie together.
 * Runs in: judge.
 * Input: the tracker may have been taken over, or its files changed while
 * nobody looked; the supervisor is trusted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/checkpoint.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/run.h"
#include "supervisor/judge/tracker.h"

static void	 on_time(evutil_socket_t, short, void *);

void
chain_init(struct judge *j, struct tenant *t)
{
	t->sign_timer = timer_new(j, on_time, j);
}

void
chain_clear(struct tenant *t)
{
	timer_free(&t->sign_timer);
}

void
chain_add(struct chain *c, const uint8_t digest[32])
{
	uint8_t both[64];

	memcpy(both, c->head, 32);
	memcpy(both + 32, digest, 32);
	crypto_hash_sha256(c->head, both, sizeof(both));
	c->place++;
}

/* --- signing --- */

static void
sign(struct judge *j, struct tenant *t)
{
	struct sign_request m = { .tenant = t->index,
	    .place = t->chain.place };

	evtimer_del(t->sign_timer);
	if (t->signing || t->chain.place <= t->signed_place)
		return;
	memcpy(m.head, t->chain.head, sizeof(m.head));
	if (send_sign_request(&j->supervisor, &m) == 0)
		t->signing = true;
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct judge *j = arg;

	(void)fd;
	(void)what;
	sign(j, &j->tenant);
}

void
checkpoint_look(struct judge *j, struct tenant *t)
{
	uint64_t behind = t->chain.place - t->signed_place;

	if (behind == 0 || j->config == NULL)
		return;
	if (behind >= (uint64_t)config_int(j->config,
	    KEY_audit_checkpoint_events))
		sign(j, t);
	else if (!evtimer_pending(t->sign_timer, NULL))
		timer_start(t->sign_timer, 1000 * (unsigned)config_int(
		    j->config, KEY_audit_checkpoint_seconds));
}

void
checkpoint_now(struct judge *j, struct tenant *t)
{
	t->sign_again = t->signing;
	sign(j, t);
}

void
checkpoint_keep(struct tenant *t)
{
	struct checkpoint_store m = { .place = t->signed_place,
	    .at = t->signed_at };

	if (t->signed_place == 0 || !tracker_there(t))
		return;
	memcpy(m.head, t->signed_head, 32);
	memcpy(m.signature_r, t->signature, 32);
	memcpy(m.signature_s, t->signature + 32, 32);
	(void)send_checkpoint_store(&t->tracker->channel, &m);
}

int
on_signing_key(struct channel *c, struct signing_key *m)
{
	struct judge *j = c->owner;

	memcpy(j->signing_key, m->key, sizeof(j->signing_key));
	return 0;
}

int
on_head_signed(struct channel *c, struct head_signed *m)
{
	struct judge *j = c->owner;
	struct tenant *t = &j->tenant;

	if (m->tenant != t->index || m->place < t->signed_place)
		return channel_fault(c, "a signed head of nobody");
	t->signed_place = m->place;
	t->signed_at = m->at;
	memcpy(t->signed_head, m->head, 32);
	memcpy(t->signature, m->signature_r, 32);
	memcpy(t->signature + 32, m->signature_s, 32);
	if (!t->signing)
		return 0;	/* what a tracker to come will be held to */
	t->signing = false;
	checkpoint_keep(t);
	if (t->sign_again)
		sign(j, t);
	t->sign_again = false;
	checkpoint_look(j, t);
	return 0;
}

int
on_sign_failed(struct channel *c, struct sign_failed *m)
{
	struct judge *j = c->owner;
	struct tenant *t = &j->tenant;

	if (m->tenant != t->index || !t->signing)
		return channel_fault(c, "a signature that was not asked for");
	log_line(LOG_ERROR, "tenant=%s checkpoint=%llu kept=0 reason=\"%s\"",
	    t->name, (unsigned long long)m->place,
	    strerror((int)(m->error & 0xfff)));
	t->signing = t->sign_again = false;
	timer_start(t->sign_timer, 1000 * (unsigned)config_int(j->config,
	    KEY_audit_checkpoint_seconds));
	return 0;
}

/* --- a new tracker --- */

void
chain_known(const struct tenant *t, uint64_t *place, const uint8_t **head)
{
	bool ours = t->chain.place >= t->signed_place;

	*place = ours ? t->chain.place : t->signed_place;
	*head = ours ? t->chain.head : t->signed_head;
}

int
chain_settle(struct tenant *t, const struct ledger *m)
{
	uint64_t place;
	const uint8_t *head;
	char reason[257];

	chain_known(t, &place, &head);
	text_escape(reason, sizeof(reason), m->reason, strlen(m->reason));
	if (reason[0] == '\0' && (m->place < place ||
	    memcmp(m->held, head, 32) != 0))
		snprintf(reason, sizeof(reason), "its head at place %" PRIu64
		    " is not the one that was signed", place);
	if (reason[0] == '\0' && m->place == place &&
	    memcmp(m->head, head, 32) != 0)
		snprintf(reason, sizeof(reason), "it has two heads");
	if (reason[0] != '\0') {
		snprintf(t->damage, sizeof(t->damage), "the record "
		    "contradicts what was signed: %s", reason);
		return -1;
	}
	t->damage[0] = '\0';
	t->chain.place = m->place;
	memcpy(t->chain.head, m->head, 32);
	return 0;
}
