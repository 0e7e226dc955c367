/*
 * rows_out.c: the rows of each kind of query, one at a time.
 * Runs in: tracker-record, and tests.
 * Input: what was recorded; its texts are hostile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ipc/util.h"
#include "tracker-worker/record/query.h"

#define FILE_ROW	MiB		/* bytes of a file in one row */

static void
move_to(struct query *q, const MDB_val *key)
{
	memcpy(q->at.bytes, key->mv_data, key->mv_size);
	q->at.len = key->mv_size;
	q->after = true;
}

/* The newest run that is older than the last one sent. */
static int
older_run(struct store *s, MDB_txn *txn, const struct query *q, MDB_val *key,
    MDB_val *value)
{
	MDB_cursor *cursor;
	int rc;

	if ((rc = mdb_cursor_open(txn, s->runs, &cursor)) != 0)
		return rc;
	rc = MDB_NOTFOUND;
	if (q->after) {
		*key = key_val(&q->at);
		rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, key, value, MDB_PREV);
	} else {
		rc = mdb_cursor_get(cursor, key, value, MDB_LAST);
	}
	mdb_cursor_close(cursor);
	return rc;
}

static int
next_run(struct store *s, MDB_txn *txn, struct query *q, struct pack *p)
{
	struct run_row row;
	MDB_val key, value;
	int rc;

	if ((rc = older_run(s, txn, q, &key, &value)) != 0)
		return rc;
	if (key.mv_size != 16)
		return MDB_CORRUPTED;
	move_to(q, &key);
	if ((rc = row_get(s, txn, q->at.bytes, &row)) != 0)
		return rc;
	row_pack(p, q->at.bytes, &row, NULL, 0);
	return 0;
}

/* One event of the run; body stays in the store. */
static int
find_event(struct store *s, MDB_txn *txn, const uint8_t run[16],
    uint64_t seq, struct event_view *e)
{
	struct store_key k;
	const char *why;
	MDB_val v;
	int rc;

	key_event(&k, run, seq);
	if ((rc = store_get(txn, s->events, &k, &v)) != 0)
		return rc;
	return event_read(e, v.mv_data, v.mv_size, &why) == 0 ? 0 :
	    MDB_CORRUPTED;
}

/* The goal in full, as run.started has it; NULL if it has none. */
static const struct value *
full_goal(struct store *s, MDB_txn *txn, const struct query *q,
    struct value **body)
{
	struct event_view e;
	const char *why;

	*body = NULL;
	if (find_event(s, txn, q->run, 1, &e) == 0)
		*body = value_decode(e.body.data, e.body.len, &why);
	return value_get(*body, "goal");
}

static int
one_run(struct store *s, MDB_txn *txn, struct query *q, struct pack *p)
{
	autovalue struct value *started = NULL;
	struct event_view e;
	struct run_row row;
	struct head head;
	int rc;

	if (q->after)
		return MDB_NOTFOUND;
	q->after = true;
	if ((rc = row_get(s, txn, q->run, &row)) != 0 ||
	    (rc = head_get(s, txn, q->run, &head)) != 0)
		return rc;
	row_pack(p, q->run, &row, full_goal(s, txn, q, &started), 3);
	pack_text(p, "summary");
	if (row.completed > 0 &&
	    find_event(s, txn, q->run, row.completed, &e) == 0)
		pack_raw(p, e.body.data, e.body.len);
	else
		pack_nil(p);
	pack_key_uint(p, "files", file_count(s, txn, q->run));
	pack_key_uint(p, "events", head.seq);
	return 0;
}

static int
next_event(struct store *s, MDB_txn *txn, struct query *q, struct pack *p)
{
	struct event_view e;
	MDB_val key, value;
	const char *why;
	int rc;

	rc = store_next(txn, s->events, &q->at, 16, q->after, &key, &value);
	if (rc != 0)
		return rc;
	move_to(q, &key);
	if (event_read(&e, value.mv_data, value.mv_size, &why) == -1)
		return MDB_CORRUPTED;
	pack_map(p, 4);
	pack_key_uint(p, "seq", e.seq);
	pack_key_uint(p, "ts", e.at);
	pack_key_text(p, "type", event_type_name(e.type));
	pack_text(p, "body");
	pack_raw(p, e.body.data, e.body.len);
	return 0;
}

static int
next_file(struct store *s, MDB_txn *txn, struct query *q, struct pack *p)
{
	char hex[2 * DIGEST_LEN + 1];
	struct file_entry f;
	MDB_val key, value;
	int rc;

	rc = store_next(txn, s->files, &q->at, 16, q->after, &key, &value);
	if (rc != 0)
		return rc;
	move_to(q, &key);
	if ((rc = file_read(&f, &value)) != 0)
		return rc;
	pack_map(p, 5);
	pack_text(p, "path");
	pack_either(p, f.path.data, f.path.len);
	pack_key_uint(p, "size", f.size);
	pack_key_uint(p, "mode", f.mode);
	pack_key_int(p, "modified", f.modified);
	sodium_bin2hex(hex, sizeof(hex), f.digest, DIGEST_LEN);
	pack_key_text(p, "sha256", hex);
	return 0;
}

static int
next_state(struct store *s, MDB_txn *txn, struct query *q, struct pack *p)
{
	MDB_val key, value;
	int rc;

	rc = store_next(txn, s->state, &q->at, 16, q->after, &key, &value);
	if (rc != 0)
		return rc;
	move_to(q, &key);
	pack_map(p, 2);
	pack_text(p, "key");
	pack_textn(p, q->at.bytes + 16, q->at.len - 16);
	pack_text(p, "value");
	pack_raw(p, value.mv_data, value.mv_size);
	return 0;
}

/* The next piece of a recorded file; at its end its digest must be right. */
static int
next_piece(struct query *q, struct pack *p)
{
	uint64_t left = q->size - q->offset;
	size_t want = left < FILE_ROW ? (size_t)left : FILE_ROW;
	uint8_t found[DIGEST_LEN];
	autofree uint8_t *data = NULL;
	ssize_t n;

	if (left == 0 && (q->after || q->size > 0))
		return MDB_NOTFOUND;
	data = xcalloc(1, want + 1);
	n = pread(q->fd, data, want, (off_t)q->offset);
	if (n != (ssize_t)want)
		return n == -1 ? errno : REFUSED;
	q->after = true;
	q->offset += want;
	crypto_hash_sha256_update(&q->hash, data, want);
	pack_raw(p, data, want);
	if (q->offset < q->size)
		return 0;
	crypto_hash_sha256_final(&q->hash, found);
	return memcmp(found, q->digest, DIGEST_LEN) == 0 ? 0 : REFUSED;
}

enum found
query_open_file(struct store *s, MDB_txn *txn, int outputs, struct query *q,
    struct bytes path, char *why, size_t size)
{
	struct store_key k;
	struct file_entry f;
	MDB_val v;

	key_file(&k, q->run, path.data, path.len);
	if (path.len == 0 || store_get(txn, s->files, &k, &v) != 0) {
		snprintf(why, size, "the run has no such file; see 'sallyport "
		    "files list'");
		return FOUND_nothing;
	}
	if (file_read(&f, &v) == 0) {
		q->size = f.size;
		memcpy(q->digest, f.digest, DIGEST_LEN);
		crypto_hash_sha256_init(&q->hash);
		q->fd = output_open(outputs, q->digest);
	}
	if (q->fd != -1)
		return FOUND_all;
	snprintf(why, size, "the content of the file is missing from the "
	    "record's outputs");
	return FOUND_broken;
}

int
query_next(struct store *s, MDB_txn *txn, struct query *q, struct pack *row)
{
	switch ((enum query_kind)q->kind) {
	case QUERY_runs:
		return next_run(s, txn, q, row);
	case QUERY_run:
		return one_run(s, txn, q, row);
	case QUERY_events:
		return next_event(s, txn, q, row);
	case QUERY_files:
		return next_file(s, txn, q, row);
	case QUERY_file:
		return next_piece(q, row);
	case QUERY_state:
		return next_state(s, txn, q, row);
	case QUERY_audit:
		return next_audit(s, txn, q, row);
	case QUERY_key:		/* the judge's to answer */
	case QUERY_COUNT:
		break;
	}
	return MDB_NOTFOUND;
}
