/*
 * tools.c: get_state, set_state, list_state, delete_state and
 * get_recorded_files, carried out.
 * Runs in: tracker-record.
 * Input: arguments come from the model: checked against the tool's table.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "ipc/util.h"
#include "policy/tools.h"
#include "policy/words.h"
#include "tracker-worker/record/tracker.h"

#define RESULT_MAX	(16 * MiB)

int	on_state_execute(struct channel *, struct state_execute *);

static void
send_result(struct tracker *t, uint64_t call, enum outcome outcome,
    enum error error, const struct pack *result)
{
	struct tool_done m = {
		.call = call,
		.outcome = (uint8_t)outcome,
		.error = (uint8_t)error,
		.exit_code = -1,
		.result = BLOB(result->data, result->len)
	};

	send_tool_done(&t->channel, &m);
}

static void
send_failure(struct tracker *t, uint64_t call, enum error error,
    const char *message)
{
	struct pack p;

	pack_init(&p, 64 * KiB);
	pack_map(&p, 2);
	pack_key_text(&p, "error", error_name(error));
	pack_key_text(&p, "message", message);
	send_result(t, call, OUTCOME_failed, error, &p);
	pack_clear(&p);
}

static void
send_success(struct tracker *t, uint64_t call, struct pack *result)
{
	if (result->failed)
		send_failure(t, call, ERROR_SandboxResourceError,
		    "the result is larger than a result may be");
	else
		send_result(t, call, OUTCOME_ok, ERROR_none, result);
	pack_clear(result);
}

void
answer_state(struct tracker *t, const struct op *op, int error)
{
	struct pack p;

	if (error != 0 || op->refused != 0) {
		send_failure(t, op->token, ERROR_SandboxResourceError,
		    error != 0 ? store_reason(error) : op->why);
		return;
	}
	pack_init(&p, 4 * KiB);
	pack_map(&p, op->kind == OP_DELETE ? 2 : 1);
	pack_text(&p, "key");
	pack_textn(&p, op->key, op->key_len);
	if (op->kind == OP_DELETE)
		pack_key_bool(&p, "found", op->found);
	send_success(t, op->token, &p);
}

/* Set and delete wait for their commit; answer_state() ends them. */
static void
change_state(struct tracker *t, const struct state_execute *m,
    const struct value *args)
{
	const struct value *key = value_get(args, "key");
	struct op *op = xcalloc(1, sizeof(*op));

	op->kind = strcmp(m->tool, "set_state") == 0 ? OP_SET : OP_DELETE;
	op->token = m->call;
	op->durable = true;
	op->data = BLOB_NONE;
	memcpy(op->run, m->run, 16);
	op->key = xcalloc(1, key->text.len + 1);
	memcpy(op->key, key->text.data, key->text.len);
	op->key_len = key->text.len;
	pack_init(&op->value, 2 * MiB);
	if (op->kind == OP_SET)
		value_pack(&op->value, value_get(args, "value"));
	commit_add(t, op);
}

static int
get_state(struct tracker *t, MDB_txn *txn, const struct state_execute *m,
    const struct value *args, struct pack *p)
{
	const struct value *key = value_get(args, "key");
	const struct value *otherwise = value_get(args, "default");
	struct store_key k;
	MDB_val v;
	int rc = MDB_NOTFOUND;

	if (key->text.len > 0 && key->text.len <= STATE_KEY_MAX) {
		key_state(&k, m->run, key->text.data, key->text.len);
		rc = store_get(txn, t->store.state, &k, &v);
	}
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	pack_map(p, 3);
	pack_text(p, "key");
	pack_textn(p, key->text.data, key->text.len);
	pack_key_bool(p, "found", rc == 0);
	pack_text(p, "value");
	if (rc == 0)
		pack_raw(p, v.mv_data, v.mv_size);
	else if (otherwise != NULL)
		value_pack(p, otherwise);
	else
		pack_nil(p);
	return 0;
}

/* Entries of a run in a table, each packed by one(); their number. */
static int
pack_entries(MDB_txn *txn, MDB_dbi dbi, const uint8_t run[16],
    struct pack *p, void (*one)(struct pack *, const MDB_val *,
    const MDB_val *), size_t *count)
{
	struct store_key k;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc;

	*count = 0;
	if ((rc = mdb_cursor_open(txn, dbi, &cursor)) != 0)
		return rc;
	key_run(&k, run);
	key = key_val(&k);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && key.mv_size >= 16 &&
	    memcmp(key.mv_data, run, 16) == 0 && !p->failed) {
		one(p, &key, &value);
		*count += 1;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static void
pack_state_entry(struct pack *p, const MDB_val *key, const MDB_val *value)
{
	pack_textn(p, (const char *)key->mv_data + 16, key->mv_size - 16);
	pack_raw(p, value->mv_data, value->mv_size);
}

/* RFC 3339, UTC, as list_files has it. */
static void
pack_time(struct pack *p, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[64];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		pack_nil(p);
	else
		pack_text(p, text);
}

static void
pack_file_entry(struct pack *p, const MDB_val *key, const MDB_val *value)
{
	char hex[2 * DIGEST_LEN + 1];
	struct file_entry f;

	(void)key;
	if (file_read(&f, value) != 0) {
		p->failed = true;
		return;
	}
	pack_map(p, 4);
	pack_text(p, "path");
	pack_either(p, f.path.data, f.path.len);
	pack_key_uint(p, "size", f.size);
	pack_text(p, "modified");
	pack_time(p, f.modified);
	sodium_bin2hex(hex, sizeof(hex), f.digest, DIGEST_LEN);
	pack_key_text(p, "sha256", hex);
}

static int
list_entries(struct tracker *t, MDB_txn *txn, const struct state_execute *m,
    struct pack *p)
{
	bool files = strcmp(m->tool, "get_recorded_files") == 0;
	struct pack entries;
	size_t count;
	int rc;

	pack_init(&entries, RESULT_MAX - 64);
	rc = pack_entries(txn, files ? t->store.files : t->store.state,
	    m->run, &entries, files ? pack_file_entry : pack_state_entry,
	    &count);
	pack_map(p, 1);
	pack_text(p, files ? "files" : "state");
	if (files)
		pack_list(p, count);
	else
		pack_map(p, count);
	pack_raw(p, entries.data, entries.len);
	p->failed |= entries.failed;
	pack_clear(&entries);
	return rc;
}

/* What came before is committed first, so that it is seen. */
static void
read_state(struct tracker *t, const struct state_execute *m,
    const struct value *args)
{
	struct pack p;
	MDB_txn *txn;
	int rc;

	commit_now(t);
	pack_init(&p, RESULT_MAX);
	if ((rc = store_begin(&t->store, false, &txn)) == 0) {
		if (strcmp(m->tool, "get_state") == 0)
			rc = get_state(t, txn, m, args, &p);
		else
			rc = list_entries(t, txn, m, &p);
		mdb_txn_abort(txn);
	}
	if (rc == 0) {
		send_success(t, m->call, &p);
		return;
	}
	pack_clear(&p);
	send_failure(t, m->call, ERROR_SandboxExecutionError,
	    store_reason(rc));
}

int
on_state_execute(struct channel *c, struct state_execute *m)
{
	autovalue struct value *args = NULL;
	const struct tool *tool = tool_find(m->tool);
	struct tracker *t = c->owner;
	const char *broken = "the arguments could not be mapped";
	char why[1024];

	if (tool == NULL || tool->executor != TRACKER)
		return channel_fault(c, "%s is not a tool of the record",
		    m->tool);
	if (blob_map(&m->arguments) == 0)
		args = value_decode(m->arguments.data, m->arguments.len,
		    &broken);
	if (args == NULL)
		send_failure(t, m->call, ERROR_SchemaValidationError, broken);
	else if (tool_check(tool, args, why, sizeof(why)) == -1)
		send_failure(t, m->call, ERROR_SchemaValidationError, why);
	else if (value_is_text(value_get(args, "key"), ""))
		send_failure(t, m->call, ERROR_SchemaValidationError,
		    "key: is empty, but a name has at least one character");
	else if (strcmp(m->tool, "set_state") == 0 ||
	    strcmp(m->tool, "delete_state") == 0)
		change_state(t, m, args);
	else
		read_state(t, m, args);
	return 0;
}
