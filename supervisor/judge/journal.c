/*
 * journal.c: building events and chaining them with SHA-256.
 * Runs in: judge.
 * Input: bodies that this process built; their texts may be hostile.
 */
#include <string.h>

#include <sodium.h>

#include "supervisor/judge/journal.h"

int
journal_build(const struct journal *j, const struct entry *e,
    struct pack *out, uint8_t digest[32])
{
	if (e->body->failed)
		return -1;
	pack_list(out, 7);
	pack_text(out, e->tenant);
	pack_bytes(out, e->run, 16);
	pack_uint(out, j->seq + 1);
	pack_uint(out, e->at);
	pack_uint(out, e->type);
	pack_bytes(out, j->previous, sizeof(j->previous));
	pack_raw(out, e->body->data, e->body->len);
	if (out->failed)
		return -1;
	crypto_hash_sha256(digest, out->data, out->len);
	return 0;
}

void
journal_moved(struct journal *j, const uint8_t digest[32])
{
	j->seq++;
	memcpy(j->previous, digest, sizeof(j->previous));
}
