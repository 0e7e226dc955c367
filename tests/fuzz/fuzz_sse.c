/*
 * fuzz_sse.c: any bytes as an event stream, whole and cut: the same events.
 * Runs in: the fuzzer.
 * Input: hostile; the first byte says how large the pieces are.
 */
#include <stdlib.h>
#include <string.h>

#include "cognition-worker/sse.h"

#define EVENT_MAX	65536u

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Events joined by NUL; false if one was too large. */
static bool
events(const uint8_t *data, size_t size, size_t step, struct pack *out)
{
	const uint8_t *at = data, *end;
	enum sse_status status = SSE_MORE;
	struct sse s;

	sse_init(&s, EVENT_MAX);
	while (at < data + size && status != SSE_TOO_LARGE) {
		end = (size_t)(data + size - at) > step ? at + step :
		    data + size;
		while ((status = sse_feed(&s, &at, end)) == SSE_EVENT) {
			pack_raw(out, s.data.data, s.data.len);
			pack_raw(out, "", 1);
		}
	}
	if (status != SSE_TOO_LARGE && (status = sse_end(&s)) == SSE_EVENT)
		pack_raw(out, s.data.data, s.data.len);
	sse_clear(&s);
	return status != SSE_TOO_LARGE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pack whole, cut;

	if (size == 0)
		return 0;
	pack_init(&whole, 1u << 24);
	pack_init(&cut, 1u << 24);
	if (events(data + 1, size - 1, size, &whole) !=
	    events(data + 1, size - 1, 1u + data[0], &cut))
		abort();
	if (whole.len != cut.len || (whole.len > 0 &&
	    memcmp(whole.data, cut.data, whole.len) != 0))
		abort();
	pack_clear(&whole);
	pack_clear(&cut);
	return 0;
}
