/*
 * sse.h: server-sent events out of bytes that may be cut anywhere.
 * Runs in: cognition-worker.
 * Input: hostile bytes of a model server.  Source: HTML standard, 9.2; the
 * last event may lack its blank line.
 */
#ifndef SALLYPORT_SSE_H
#define SALLYPORT_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"

enum sse_status {
	SSE_MORE,		/* all bytes were used, no event yet */
	SSE_EVENT,		/* data holds one event */
	SSE_TOO_LARGE		/* a line or event above the bound */
};

struct sse {
	struct pack	 line;	/* the line so far */
	struct pack	 data;	/* `data:` lines so far, joined by LF */
	bool		 has_data;	/* at least one `data:` line came */
	bool		 complete;	/* data was handed out */
	bool		 after_cr;	/* a LF now belongs to that CR */
	bool		 begun;		/* past a byte-order mark */
};

void	sse_init(struct sse *, size_t most);	/* bytes of one event */
void	sse_clear(struct sse *);

/*
 * Use bytes from *at up to the end of an event, or all of them.  After
 * SSE_EVENT the event is in data until the next call; call again.
 */
enum sse_status	sse_feed(struct sse *, const uint8_t **at, const uint8_t *end);

/* The bytes are over: SSE_EVENT if an event without blank line is left. */
enum sse_status	sse_end(struct sse *);

#endif
