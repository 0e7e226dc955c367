/*
 * audit.h: the record as an auditor sees it: lines, and the check of a chain.
 * Runs in: sallyport, with the user's rights.
 * Input: exported files and rows of the record: hostile; nothing in them is
 * believed but what the signatures cover.
 *
 * A line is one JSON object in exactly this form, so that each of its fields
 * is the same part of the line for cut(1):
 *	{"place":N,"digest":"HEX","head":"HEX","tenant":"T","run":"UUID",
 *	 "seq":N,"at":MS,"type":"TYPE","previous":"HEX","bytes":"BASE64",
 *	 "body":{...}}
 *	{"place":N,"digest":"HEX","head":"HEX","withheld":true}
 *	{"place":N,"digest":"HEX","head":"HEX","missing":true}
 *	{"checkpoint":N,"tenant":"T","head":"HEX","at":MS,"signature":"BASE64"}
 */
#ifndef SALLYPORT_CLI_AUDIT_H
#define SALLYPORT_CLI_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "client/lib/json.h"
#include "policy/checkpoint.h"

enum audit_kind {
	AUDIT_event,
	AUDIT_withheld,		/* of another run than was asked for */
	AUDIT_missing,		/* the record does not have it any more */
	AUDIT_checkpoint
};

struct audit_record {
	enum audit_kind	 kind;
	uint64_t	 place;
	uint8_t		 digest[32], head[32];
	const uint8_t	*bytes;		/* of the event; borrowed */
	size_t		 len;
	struct checkpoint signature;	/* AUDIT_checkpoint */
};

/* What the bytes of an event say. */
struct audit_event {
	const char	*tenant;	/* borrowed, not terminated */
	size_t		 tenant_len;
	const uint8_t	*run;		/* [16] */
	uint64_t	 seq, at, type;
	const uint8_t	*previous;	/* [32] */
	const uint8_t	*body;		/* msgpack map */
	size_t		 body_len;
};

/* audit_line.c: 0, or -1 if the bytes are no event. */
int	 audit_event_read(struct audit_event *, const uint8_t *, size_t len);

struct audit_text {
	char		*text;		/* owned */
	size_t		 len, cap;
	struct json	 body;		/* owned, used again and again */
	uint8_t		*bytes;		/* owned, of what was read */
	size_t		 bytes_cap;
};
void	 audit_text_clear(struct audit_text *);

/* The line with its newline, in t->text; -1 if the bytes are no event. */
int	 audit_line_write(struct audit_text *, const struct audit_record *);
/*
 * Read a line of len bytes, newline included.  0, or -1 if it is not exactly
 * as audit_line_write() would write it.  The record points into t.  A line
 * whose bytes do not have its digest is read, for the check to name it.
 */
int	 audit_line_read(struct audit_text *, struct audit_record *,
	    const char *line, size_t len);

/* audit_chain.c: the check, one record after the other ---------- */

struct audit_run;
struct evp_md_ctx_st;		/* of libcrypto */

struct audit {
	struct evp_md_ctx_st *sha256;	/* owned */
	uint8_t		 key[32];	/* Ed25519, public */
	uint64_t	 wanted;	/* place of --head, or 0 */
	uint8_t		 wanted_head[32];
	uint64_t	 place;		/* of the newest record */
	uint8_t		 head[32];
	char		 tenant[65];
	uint64_t	 events, withheld, runs, checkpoints;
	uint64_t	 signed_place;	/* of the newest checkpoint */
	uint64_t	 signed_at;
	struct audit_run **open;	/* owned: runs that have not ended */
	char		 why[512];	/* what is wrong, from audit_next() */
};

void	 audit_init(struct audit *);
void	 audit_clear(struct audit *);
/* 0, or -1 with why, which names the first record that is not right. */
int	 audit_next(struct audit *, const struct audit_record *);
/* Nothing more comes: is it all that was signed? */
int	 audit_end(struct audit *);

/* audit_file.c: 0, or -1 with a->why; errno is 0 unless it is unreadable. */
int	 audit_file(struct audit *, FILE *);

#endif
