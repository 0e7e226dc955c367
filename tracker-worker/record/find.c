/*
 * find.c: which run is meant by a UUID or the beginning of one.
 * Runs in: tracker-record, and tests.
 * Input: text from clients; hostile.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "tracker-worker/record/query.h"

#define PREFIX_MIN	4		/* hexadecimal digits */

struct prefix {
	uint8_t		bytes[16];	/* the rest is zero */
	size_t		digits;
};

/* Digits, with dashes where a UUID has them; 0 or -1. */
static int
prefix_read(struct prefix *p, const char *text)
{
	size_t i, len = strlen(text);
	int d;

	*p = (struct prefix){ .digits = 0 };
	if (len > RUN_TEXT)
		return -1;
	for (i = 0; i < len; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return -1;
			continue;
		}
		if ((d = hex_digit(text[i])) == -1)
			return -1;
		p->bytes[p->digits / 2] |=
		    (uint8_t)(p->digits % 2 == 0 ? d << 4 : d);
		p->digits++;
	}
	return p->digits >= PREFIX_MIN ? 0 : -1;
}

static bool
prefix_fits(const struct prefix *p, const uint8_t run[16])
{
	size_t whole = p->digits / 2;

	return memcmp(p->bytes, run, whole) == 0 && (p->digits % 2 == 0 ||
	    p->bytes[whole] >> 4 == run[whole] >> 4);
}

enum found
run_find(struct store *s, MDB_txn *txn, const char *text, uint8_t run[16],
    char *why, size_t size)
{
	char one[RUN_TEXT + 1], two[RUN_TEXT + 1];
	struct store_key k;
	struct prefix p;
	MDB_val key, value;
	int rc;

	if (prefix_read(&p, text) == -1) {
		snprintf(why, size, "a run is named by its id, or by the first "
		    "%d or more digits of it", PREFIX_MIN);
		return FOUND_nothing;
	}
	key_run(&k, p.bytes);
	rc = store_next(txn, s->runs, &k, 0, false, &key, &value);
	if (rc == MDB_NOTFOUND || (rc == 0 && (key.mv_size != 16 ||
	    !prefix_fits(&p, key.mv_data)))) {
		snprintf(why, size, "there is no run %.36s; see 'sallyport "
		    "runs list'", text);
		return FOUND_nothing;
	}
	if (rc != 0) {
		snprintf(why, size, "%s", store_reason(rc));
		return FOUND_broken;
	}
	memcpy(run, key.mv_data, 16);
	key_run(&k, run);
	if (store_next(txn, s->runs, &k, 0, true, &key, &value) != 0 ||
	    key.mv_size != 16 || !prefix_fits(&p, key.mv_data))
		return FOUND_all;
	snprintf(why, size, "%.36s fits several runs: %s, %s; give more digits",
	    text, run_text(one, run), run_text(two, key.mv_data));
	return FOUND_ambiguous;
}
