/*
 * rows.c: the index of runs, kept up to date from the events themselves.
 * Runs in: tracker-record, and tests.
 * Input: bodies of events; their texts come from people and models.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "tracker-worker/record/record.h"

#define ROW_FIELDS	11

char *
run_text(char dst[RUN_TEXT + 1], const uint8_t run[16])
{
	static const char hex[] = "0123456789abcdef";
	size_t i, n = 0;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			dst[n++] = '-';
		dst[n++] = hex[run[i] >> 4];
		dst[n++] = hex[run[i] & 15];
	}
	dst[n] = '\0';
	return dst;
}

/* Copy text, cut between characters; U+0000 ends it. */
static void
copy_text(char *dst, size_t size, const char *text, size_t len)
{
	size_t n = strnlen(text, len);

	if (n >= size) {
		for (n = size - 1; n > 0 && (text[n] & 0xc0) == 0x80; n--)
			continue;
	}
	memcpy(dst, text, n);
	dst[n] = '\0';
}

static void
take_text(char *dst, size_t size, const struct value *body, const char *key)
{
	const struct value *v = value_get(body, key);

	if (v != NULL && v->type == VALUE_TEXT)
		copy_text(dst, size, v->text.data, v->text.len);
}

static int
row_put(MDB_txn *txn, struct store *s, const uint8_t run[16],
    const struct run_row *row)
{
	struct store_key k;
	struct pack p;
	int rc;

	pack_init(&p, 16 * KiB);
	pack_list(&p, ROW_FIELDS);
	pack_text(&p, row->status);
	pack_text(&p, row->stop_reason);
	pack_text(&p, row->tenant);
	pack_text(&p, row->provider);
	pack_text(&p, row->model);
	pack_text(&p, row->goal);
	pack_uint(&p, row->started);
	pack_uint(&p, row->ended);
	pack_uint(&p, row->iterations);
	pack_uint(&p, row->tool_calls);
	pack_uint(&p, row->completed);
	key_run(&k, run);
	rc = p.failed ? MDB_BAD_VALSIZE :
	    store_put(txn, s->runs, &k, p.data, p.len);
	pack_clear(&p);
	return rc;
}

static int
read_text(struct unpack *u, char *dst, size_t size)
{
	const char *text;
	size_t len;

	if (unpack_text(u, &text, &len) == -1)
		return -1;
	copy_text(dst, size, text, len);
	return 0;
}

static int
row_read(struct run_row *row, const MDB_val *v)
{
	struct unpack u;
	uint32_t count;

	memset(row, 0, sizeof(*row));
	unpack_init(&u, v->mv_data, v->mv_size);
	if (unpack_list(&u, &count) == -1 || count != ROW_FIELDS ||
	    read_text(&u, row->status, sizeof(row->status)) == -1 ||
	    read_text(&u, row->stop_reason, sizeof(row->stop_reason)) == -1 ||
	    read_text(&u, row->tenant, sizeof(row->tenant)) == -1 ||
	    read_text(&u, row->provider, sizeof(row->provider)) == -1 ||
	    read_text(&u, row->model, sizeof(row->model)) == -1 ||
	    read_text(&u, row->goal, sizeof(row->goal)) == -1 ||
	    unpack_uint(&u, &row->started) == -1 ||
	    unpack_uint(&u, &row->ended) == -1 ||
	    unpack_uint(&u, &row->iterations) == -1 ||
	    unpack_uint(&u, &row->tool_calls) == -1 ||
	    unpack_uint(&u, &row->completed) == -1)
		return MDB_CORRUPTED;
	return 0;
}

int
row_get(struct store *s, MDB_txn *txn, const uint8_t run[16],
    struct run_row *row)
{
	struct store_key k;
	MDB_val v;
	int rc;

	key_run(&k, run);
	if ((rc = store_get(txn, s->runs, &k, &v)) != 0)
		return rc;
	return row_read(row, &v);
}

static void
take_number(uint64_t *to, const struct value *body, const char *key)
{
	int64_t n = value_get_int(body, key, -1);

	if (n >= 0)
		*to = (uint64_t)n;
}

/* What an event changes in its run's row. */
static void
row_follow(struct run_row *row, const struct event_view *e,
    const struct value *body)
{
	uint64_t iteration = 0;

	if (e->type == EVENT_run_started) {
		take_text(row->goal, sizeof(row->goal), body, "goal");
		take_text(row->provider, sizeof(row->provider), body,
		    "provider");
		take_text(row->model, sizeof(row->model), body, "model");
	} else if (e->type == EVENT_phase_started) {
		take_number(&iteration, body, "iteration");
		if (iteration > row->iterations)
			row->iterations = iteration;
	} else if (e->type == EVENT_tool_completed) {
		row->tool_calls++;
	} else if (e->type == EVENT_run_completed) {
		row->ended = e->at;
		row->completed = e->seq;
		snprintf(row->status, sizeof(row->status), "failed");
		take_text(row->status, sizeof(row->status), body, "status");
		take_text(row->stop_reason, sizeof(row->stop_reason), body,
		    "stop_reason");
		take_number(&row->iterations, body, "iterations");
		take_number(&row->tool_calls, body, "tool_calls");
	}
}

int
row_update(struct store *s, MDB_txn *txn, const struct event_view *e)
{
	autovalue struct value *body = NULL;
	const char *why;
	struct run_row row;
	int rc;

	if (e->seq != 1 && e->type != EVENT_phase_started &&
	    e->type != EVENT_tool_completed && e->type != EVENT_run_completed)
		return 0;
	rc = row_get(s, txn, e->run, &row);
	if (rc == MDB_NOTFOUND) {
		memset(&row, 0, sizeof(row));
		snprintf(row.status, sizeof(row.status), "running");
		copy_text(row.tenant, sizeof(row.tenant), e->tenant,
		    e->tenant_len);
		row.started = e->at;
	} else if (rc != 0) {
		return rc;
	}
	body = value_decode(e->body.data, e->body.len, &why);
	row_follow(&row, e, body);
	return row_put(txn, s, e->run, &row);
}

/* The row as clients see it; goal may be given in full; more entries follow. */
void
row_pack(struct pack *p, const uint8_t run[16], const struct run_row *row,
    const struct value *goal, size_t more)
{
	char text[RUN_TEXT + 1];

	pack_map(p, ROW_FIELDS + more);
	pack_key_text(p, "run", run_text(text, run));
	pack_text(p, "goal");
	if (goal != NULL)
		value_pack(p, goal);
	else
		pack_text(p, row->goal);
	pack_key_text(p, "status", row->status);
	pack_text(p, "stop_reason");
	if (row->completed > 0)
		pack_text(p, row->stop_reason);
	else
		pack_nil(p);
	pack_key_uint(p, "started", row->started);
	pack_text(p, "ended");
	if (row->completed > 0)
		pack_uint(p, row->ended);
	else
		pack_nil(p);
	pack_key_uint(p, "iterations", row->iterations);
	pack_key_uint(p, "tool_calls", row->tool_calls);
	pack_key_text(p, "tenant", row->tenant);
	pack_key_text(p, "provider", row->provider);
	pack_key_text(p, "model", row->model);
}
