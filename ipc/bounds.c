/*
 * bounds.c: walk msgpack before anything is allocated for it.
 * Runs in: every process that decodes trees.
 * Input: hostile.  msgpack-c by itself allocates what five bytes claim.
 */
#include "ipc/pack.h"
#include "ipc/util.h"

struct walk {
	struct unpack	 u;
	size_t		 items;		/* that may still come */
	unsigned	 depth;		/* levels that may still open */
	const char	*why;
};

static int	walk_item(struct walk *, bool key);

static int
walk_fail(struct walk *w, const char *why)
{
	if (w->why == NULL)
		w->why = why;
	return -1;
}

/* Each item takes a byte at least, so a count above the bytes is a lie. */
static int
walk_items(struct walk *w, uint32_t count, bool map)
{
	size_t left = (size_t)(w->u.end - w->u.at);

	if (count > left / (map ? 2 : 1))
		return walk_fail(w, "claims more items than there are bytes");
	if (w->depth == 0)
		return walk_fail(w, "nested too deeply");
	w->depth--;
	for (uint32_t i = 0; i < count; i++) {
		if (map && walk_item(w, true) == -1)
			return -1;
		if (walk_item(w, false) == -1)
			return -1;
	}
	w->depth++;
	return 0;
}

static int
walk_item(struct walk *w, bool key)
{
	struct unpack *u = &w->u;
	const uint8_t *bytes;
	const char *text;
	uint64_t natural;
	int64_t integer;
	uint32_t count;
	size_t len;
	bool flag;

	if (w->items == 0)
		return walk_fail(w, "has too many items");
	w->items--;
	if (unpack_text(u, &text, &len) == 0)
		return utf8_valid(text, len) ? 0 :
		    walk_fail(w, "has text that is not UTF-8");
	if (key)
		return walk_fail(w, "has a map key that is not text");
	if (unpack_nil(u) == 0 || unpack_bool(u, &flag) == 0 ||
	    unpack_int(u, &integer) == 0 || unpack_uint(u, &natural) == 0 ||
	    unpack_bytes(u, &bytes, &len) == 0)
		return 0;
	if (unpack_list(u, &count) == 0)
		return walk_items(w, count, false);
	if (unpack_map(u, &count) == 0)
		return walk_items(w, count, true);
	if (u->at < u->end && (*u->at == 0xca || *u->at == 0xcb)) {
		len = *u->at == 0xca ? 5 : 9;
		if ((size_t)(u->end - u->at) < len)
			return walk_fail(w, "is cut");
		u->at += len;
		return 0;
	}
	return walk_fail(w, "is cut, or holds what is not allowed");
}

int
msgpack_bounds(const void *data, size_t len, unsigned depth, size_t items,
    const char **why)
{
	struct walk w = { .items = items, .depth = depth };

	unpack_init(&w.u, data, len);
	if (walk_item(&w, false) == -1) {
		*why = w.why;
		return -1;
	}
	if (w.u.at != w.u.end) {
		*why = "has bytes behind its end";
		return -1;
	}
	return 0;
}
