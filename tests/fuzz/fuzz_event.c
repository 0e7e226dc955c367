/*
 * fuzz_event.c: any bytes are read as a recorded event; what is accepted must
 * have its parts within the bytes.
 * Runs in: the fuzzer.
 * Input: hostile.
 */
#include <stdlib.h>

#include "policy/words.h"
#include "tracker-worker/record/record.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must_be_within(const void *part, size_t part_len, const uint8_t *data,
    size_t size)
{
	const uint8_t *p = part;

	if (p < data || part_len > size || p > data + size - part_len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_view e;
	struct value *body;
	const char *why;

	if (event_read(&e, data, size, &why) == -1)
		return 0;
	must_be_within(e.tenant, e.tenant_len, data, size);
	must_be_within(e.run, 16, data, size);
	must_be_within(e.previous, DIGEST_LEN, data, size);
	must_be_within(e.body.data, e.body.len, data, size);
	if (e.tenant_len == 0 || e.tenant_len > TENANT_MAX ||
	    e.type == EVENT_none || e.type >= EVENT_COUNT)
		abort();
	body = value_decode(e.body.data, e.body.len, &why);
	if (body != NULL && body->type != VALUE_MAP)
		abort();
	value_free(body);
	return 0;
}
