/*
 * history.c: keeps the digests of the calls that a run has made.
 * Runs in: cognition-worker.
 * Input: calls of a model, checked.
 */
#include "cognition-worker/history.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"

void
history_add_past(struct history *h, const struct past *past)
{
	if (h->count == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 32;
		h->calls = xrealloc(h->calls, h->cap * sizeof(*h->calls));
	}
	h->calls[h->count++] = *past;
}

void
history_add(struct history *h, const struct call *call)
{
	struct past past = { .ok = call->outcome == OUTCOME_ok };

	snprintf(past.tool, sizeof(past.tool), "%s", call->name);
	/* Arguments that were no JSON object count as they came. */
	if (call->raw == NULL)
		crypto_hash_sha256(past.arguments, call->packed.data,
		    call->packed.len);
	else
		crypto_hash_sha256(past.arguments,
		    (const uint8_t *)call->raw, strlen(call->raw));
	history_add_past(h, &past);
}

void
history_clear(struct history *h)
{
	free(h->calls);
	memset(h, 0, sizeof(*h));
}
