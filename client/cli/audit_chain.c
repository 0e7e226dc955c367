/*
 * audit_chain.c: is this the record that was signed?  Digest of each event,
 * chain of each run, chain of the tenant, signatures on its heads.
 * Runs in: sallyport, with the user's rights; also offline.
 * Input: records of an export or of a running supervisor: hostile.
 *
 * SHA-256 is libcrypto's: it uses the processor's own instructions, which
 * makes half the time of a verification.
 *
 * Memory: one entry for each run that has begun and not ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "client/cli/audit.h"
#include "ipc/util.h"
#include "policy/words.h"

#define BUCKETS	65536u

struct audit_run {
	struct audit_run *next;
	uint8_t		 id[16];
	uint64_t	 seq;		/* of its newest event */
	uint8_t		 digest[32];
};

void
audit_init(struct audit *a)
{
	memset(a, 0, sizeof(*a));
	a->open = xcalloc(BUCKETS, sizeof(struct audit_run *));
	a->sha256 = EVP_MD_CTX_new();
	if (a->sha256 == NULL ||
	    EVP_DigestInit_ex(a->sha256, EVP_sha256(), NULL) != 1)
		fatalx("initialise SHA-256");
}

void
audit_clear(struct audit *a)
{
	struct audit_run *r;

	for (size_t i = 0; a->open != NULL && i < BUCKETS; i++) {
		while ((r = a->open[i]) != NULL) {
			a->open[i] = r->next;
			free(r);
		}
	}
	free(a->open);
	a->open = NULL;
	EVP_MD_CTX_free(a->sha256);
	a->sha256 = NULL;
}

static void
sha256(struct audit *a, uint8_t digest[32], const void *data, size_t len)
{
	if (EVP_DigestInit_ex(a->sha256, NULL, NULL) != 1 ||
	    EVP_DigestUpdate(a->sha256, data, len) != 1 ||
	    EVP_DigestFinal_ex(a->sha256, digest, NULL) != 1)
		fatalx("compute SHA-256");
}

static int
wrong(struct audit *a, uint64_t place, const char *what)
{
	snprintf(a->why, sizeof(a->why), "place %" PRIu64 ": %s", place, what);
	return -1;
}

/* --- the chain of a run --- */

/* The last bytes of a UUIDv7 are random. */
static struct audit_run **
run_slot(struct audit *a, const uint8_t id[16])
{
	struct audit_run **r = &a->open[(size_t)id[14] << 8 | id[15]];

	while (*r != NULL && memcmp((*r)->id, id, 16) != 0)
		r = &(*r)->next;
	return r;
}

static int
run_wrong(struct audit *a, uint64_t place, const struct audit_event *e,
    const char *what)
{
	char hex[33];

	sodium_bin2hex(hex, sizeof(hex), e->run, 16);
	snprintf(a->why, sizeof(a->why), "place %" PRIu64 ": event %" PRIu64
	    " of run %.8s-%.4s-%.4s-%.4s-%s %s", place, e->seq, hex, hex + 8,
	    hex + 12, hex + 16, hex + 20, what);
	return -1;
}

static int
run_next(struct audit *a, const struct audit_record *r,
    const struct audit_event *e)
{
	struct audit_run **slot = run_slot(a, e->run), *run = *slot;
	static const uint8_t zeros[32];

	if (run == NULL && (e->seq == 1 || a->withheld > 0)) {
		if (e->seq == 1 && memcmp(e->previous, zeros, 32) != 0)
			return run_wrong(a, r->place, e,
			    "does not begin its run");
		*slot = run = xcalloc(1, sizeof(*run));
		memcpy(run->id, e->run, 16);
		a->runs++;
	} else if (run == NULL || e->seq != run->seq + 1 ||
	    memcmp(e->previous, run->digest, 32) != 0) {
		return run_wrong(a, r->place, e, "does not follow the one "
		    "before it in its run: removed, reordered or inserted");
	}
	run->seq = e->seq;
	memcpy(run->digest, r->digest, 32);
	if (e->type == EVENT_run_completed) {
		*slot = run->next;
		free(run);
	}
	return 0;
}

/* --- the chain of the tenant --- */

static int
tenant_next(struct audit *a, const char *tenant, size_t len)
{
	if (a->tenant[0] == '\0' && len < sizeof(a->tenant))
		memcpy(a->tenant, tenant, len);
	return strlen(a->tenant) == len &&
	    memcmp(a->tenant, tenant, len) == 0 ? 0 : -1;
}

static int
event_next(struct audit *a, const struct audit_record *r)
{
	struct audit_event e;
	uint8_t digest[32];

	sha256(a, digest, r->bytes, r->len);
	if (memcmp(digest, r->digest, 32) != 0)
		return wrong(a, r->place, "the event was changed: its bytes "
		    "do not have its digest");
	if (audit_event_read(&e, r->bytes, r->len) == -1)
		return wrong(a, r->place, "this is no event");
	if (tenant_next(a, e.tenant, e.tenant_len) == -1)
		return wrong(a, r->place, "inserted: an event of another "
		    "tenant");
	a->events++;
	return run_next(a, r, &e);
}

static int
order_check(struct audit *a, uint64_t place)
{
	char text[160];

	if (place == a->place + 1)
		return 0;
	if (place <= a->place)
		snprintf(text, sizeof(text), "inserted or reordered: it "
		    "follows place %" PRIu64, a->place);
	else
		snprintf(text, sizeof(text), "removed or reordered: place %"
		    PRIu64 " follows place %" PRIu64, place, a->place);
	return wrong(a, place <= a->place ? place : a->place + 1, text);
}

/* All digests and heads were made anew: the change is not before this. */
static int
other_history(struct audit *a, uint64_t place, const char *which)
{
	char text[200];

	snprintf(text, sizeof(text), "this is another history: something from "
	    "here to place %" PRIu64 " was changed, removed, reordered or "
	    "inserted, for its head is not the one %s", place, which);
	return wrong(a, a->signed_place + 1, text);
}

static int
place_next(struct audit *a, const struct audit_record *r)
{
	uint8_t both[64];

	if (order_check(a, r->place) == -1)
		return -1;
	if (r->kind == AUDIT_missing)
		return wrong(a, r->place, "removed: the record does not have "
		    "its event any more");
	a->withheld += r->kind == AUDIT_withheld;
	memcpy(both, a->head, 32);
	memcpy(both + 32, r->digest, 32);
	sha256(a, a->head, both, sizeof(both));
	if (r->kind == AUDIT_event && event_next(a, r) == -1)
		return -1;
	if (memcmp(a->head, r->head, 32) != 0)
		return wrong(a, r->place, "changed, reordered or inserted: "
		    "its head does not follow from the one before");
	a->place = r->place;
	if (a->place == a->wanted && memcmp(a->head, a->wanted_head, 32) != 0)
		return other_history(a, a->place, "that was noted");
	return 0;
}

static int
checkpoint_next(struct audit *a, const struct checkpoint *c)
{
	char text[CHECKPOINT_MAX];
	size_t len = checkpoint_text(text, c);

	if (crypto_sign_verify_detached(c->signature, (uint8_t *)text, len,
	    a->key) != 0)
		return wrong(a, c->place, "the checkpoint is not signed with "
		    "this key, or was changed");
	if (c->place > a->place)
		return wrong(a, a->place + 1, "removed: a checkpoint behind "
		    "it covers it");
	if (tenant_next(a, c->tenant, strlen(c->tenant)) == -1)
		return wrong(a, c->place, "a checkpoint of another tenant");
	if (c->place < a->place)
		return wrong(a, c->place, "its checkpoint is not where it "
		    "belongs: inserted or reordered");
	if (memcmp(c->head, a->head, 32) != 0)
		return other_history(a, c->place, "that was signed");
	a->checkpoints++;
	a->signed_place = c->place;
	a->signed_at = c->at;
	return 0;
}

int
audit_next(struct audit *a, const struct audit_record *r)
{
	return r->kind == AUDIT_checkpoint ?
	    checkpoint_next(a, &r->signature) : place_next(a, r);
}

int
audit_end(struct audit *a)
{
	char text[160];

	if (a->place < a->wanted) {
		snprintf(text, sizeof(text), "cut off: it ends at place %"
		    PRIu64 ", but the head of place %" PRIu64 " is known",
		    a->place, a->wanted);
		return wrong(a, a->place + 1, text);
	}
	if (a->checkpoints == 0 && a->wanted == 0) {
		snprintf(a->why, sizeof(a->why), "%s", a->place == 0 ?
		    "there is nothing in it" : "there is no checkpoint in "
		    "it: nothing vouches for it, unless you give --head");
		return -1;
	}
	return 0;
}
