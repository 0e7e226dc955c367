/*
 * event.c: reading the fixed part of a recorded event.
 * Runs in: tracker-record, and tests.
 * Input: from the judge; checked as if it were hostile.
 */
#include <string.h>

#include "policy/words.h"
#include "tracker-worker/record/record.h"

static int
read_fixed_bytes(struct unpack *u, const uint8_t **data, size_t wanted)
{
	size_t len;

	return unpack_bytes(u, data, &len) == 0 && len == wanted ? 0 : -1;
}

int
event_read(struct event_view *e, const void *data, size_t len,
    const char **why)
{
	struct unpack u, map;
	uint64_t type;
	uint32_t count;

	if (msgpack_bounds(data, len, VALUE_DEPTH, VALUE_ITEMS, why) == -1)
		return -1;
	unpack_init(&u, data, len);
	*why = "an event is a list of seven";
	if (unpack_list(&u, &count) == -1 || count != 7)
		return -1;
	*why = "the tenant of the event is not a name";
	if (unpack_text(&u, &e->tenant, &e->tenant_len) == -1 ||
	    e->tenant_len == 0 || e->tenant_len > TENANT_MAX ||
	    memchr(e->tenant, 0, e->tenant_len) != NULL)
		return -1;
	*why = "the fixed part of the event is broken";
	if (read_fixed_bytes(&u, &e->run, 16) == -1 ||
	    unpack_uint(&u, &e->seq) == -1 || unpack_uint(&u, &e->at) == -1 ||
	    unpack_uint(&u, &type) == -1 || type == EVENT_none ||
	    type >= EVENT_COUNT ||
	    read_fixed_bytes(&u, &e->previous, DIGEST_LEN) == -1)
		return -1;
	e->type = (uint8_t)type;
	*why = "the body of the event is not a map";
	map = u;
	if (unpack_map(&map, &count) == -1)
		return -1;
	e->body = (struct bytes){ u.at, (size_t)(u.end - u.at) };
	return 0;
}
