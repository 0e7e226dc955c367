/*
 * checkpoint.c: the text of a checkpoint, written and read.
 * Runs in: supervisor, client, tests; pure.
 * Input: what is read may be damaged; only the exact form is taken.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/checkpoint.h"

#define FORM	"sallyport-checkpoint-1\ntenant %s\nplace %" PRIu64		\
		"\nhead %s\nat %" PRIu64 "\n"

size_t
checkpoint_text(char dst[CHECKPOINT_MAX], const struct checkpoint *c)
{
	char hex[65];

	for (size_t i = 0; i < sizeof(c->head); i++)
		snprintf(hex + 2 * i, 3, "%02x", c->head[i]);
	return (size_t)snprintf(dst, CHECKPOINT_MAX, FORM, c->tenant,
	    c->place, hex, c->at);
}

int
checkpoint_read(struct checkpoint *c, const char *text, const char **rest)
{
	char hex[65] = "", again[CHECKPOINT_MAX];
	unsigned byte;
	size_t len;

	memset(c, 0, sizeof(*c));
	if (sscanf(text, "sallyport-checkpoint-1 tenant %64s place %" SCNu64
	    " head %64[0-9a-f] at %" SCNu64, c->tenant, &c->place, hex,
	    &c->at) != 4 || strlen(hex) != 64)
		return -1;
	for (size_t i = 0; i < sizeof(c->head); i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return -1;
		c->head[i] = (uint8_t)byte;
	}
	/* Written again it must be the same: no other spelling is taken. */
	len = checkpoint_text(again, c);
	if (strncmp(text, again, len) != 0)
		return -1;
	*rest = text + len;
	return 0;
}
