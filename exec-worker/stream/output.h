/*
 * output.h: what a command printed: head and tail kept, all of it digested.
 * Runs in: exec-worker, stream role.
 * Input: hostile bytes, without end.
 */
#ifndef SALLYPORT_OUTPUT_H
#define SALLYPORT_OUTPUT_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"

#define OUTPUT_KEPT_LEAST	1024		/* bytes of one stream */
#define OUTPUT_KEPT_MOST	(4u << 20)

struct output {
	uint8_t		*head;		/* owned, grows up to half */
	size_t		 head_len, head_cap;
	uint8_t		*tail;		/* owned ring of half bytes, or NULL */
	size_t		 tail_len;	/* bytes in it */
	size_t		 tail_at;	/* where the next byte goes */
	size_t		 half;		/* bytes of head, and of tail */
	uint64_t	 total;		/* bytes that came */
	crypto_hash_sha256_state digest;
};

/* How live output is paced. */
struct live {
	bool		 on;		/* still passed to the judge */
	uint64_t	 credit;	/* bytes the judge takes */
	uint64_t	 sent;
	uint64_t	 most;		/* bytes passed on in all */
	uint64_t	 guest_credit;	/* bytes the guest may send */
	unsigned	 patience;	/* ms without credit until it ends */
};

void	output_init(struct output *, uint64_t kept);
void	output_add(struct output *, const uint8_t *, size_t);
void	output_clear(struct output *);
/* Bytes that are in neither head nor tail, as output_text() cuts them. */
uint64_t output_left_out(const struct output *);
/*
 * The text for the model, as one msgpack item: head, a line that says how
 * many bytes are left out, tail.  Cuts fall between UTF-8 sequences.
 */
void	output_pack(const struct output *, struct pack *);
void	output_digest(struct output *, uint8_t digest[32]);

#endif
