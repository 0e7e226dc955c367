/*
 * checkpoint.h: the bytes that a signature on a tenant's chain covers.
 * Runs in: supervisor (signs), client (verifies), tests; pure.
 * Input: numbers and a tenant's name of ours.
 *
 * They are text, so that an auditor can make them with printf(1):
 *	sallyport-checkpoint-1
 *	tenant NAME
 *	place N
 *	head 64 hexadecimal digits
 *	at N
 */
#ifndef SALLYPORT_CHECKPOINT_H
#define SALLYPORT_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#define CHECKPOINT_MAX	256	/* bytes of the text, its end included */

struct checkpoint {
	char		 tenant[65];	/* as the record's events name it */
	uint64_t	 place;		/* events of the tenant so far */
	uint8_t		 head[32];	/* of its chain at that place */
	uint64_t	 at;		/* ms since 1970, when it was signed */
	uint8_t		 signature[64];	/* Ed25519 */
};

/* The text to sign; its length. */
size_t	checkpoint_text(char dst[CHECKPOINT_MAX], const struct checkpoint *);

/*
 * Read such a text, strictly: 0 with everything but the signature filled and
 * *rest behind it, or -1.
 */
int	checkpoint_read(struct checkpoint *, const char *text,
	    const char **rest);

#endif
