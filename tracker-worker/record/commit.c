/*
 * commit.c: changes that arrive together are committed together.
 * Runs in: tracker-record.
 * Input: changes that the handlers have checked one by one.
 *
 * A durable change is committed as soon as a turn of the loop has brought
 * nothing new; others within a tenth of a second.  If a commit fails, none of
 * its changes has happened: each is answered with the reason.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "ipc/util.h"
#include "tracker-worker/record/tracker.h"

#define OPS_MAX		256		/* in one commit */
#define BYTES_MAX	(8 * MiB)
#define LAZY_MS		100		/* for what nobody waits for */
#define FULL		MiB		/* less room than that is 'full' */
#define LOOKS_MS	5		/* the longest wait for company */

static void	 commit_look(evutil_socket_t, short, void *);

void
commit_init(struct tracker *t)
{
	t->last = &t->first;
	t->commit = evtimer_new(t->base, commit_look, t);
	if (t->commit == NULL)
		fatalx("make a timer");
}

static void
op_free(struct op *op)
{
	blob_free(&op->data);
	pack_clear(&op->value);
	free(op->key);
	free(op);
}

static void
arm(struct tracker *t, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	evtimer_add(t->commit, &tv);
}

void
commit_add(struct tracker *t, struct op *op)
{
	op->since = now_mono_ms();
	*t->last = op;
	t->last = &op->next;
	t->waiting++;
	t->waiting_bytes += op->data.len + op->value.len;
	t->fresh = true;
	if (t->waiting >= OPS_MAX || t->waiting_bytes >= BYTES_MAX) {
		commit_now(t);
	} else if (op->durable && !t->urgent) {
		t->urgent = true;
		arm(t, 0);
	} else if (t->waiting == 1) {
		arm(t, LAZY_MS);
	}
}

/* A turn of the loop is over: commit, unless more is coming in. */
static void
commit_look(evutil_socket_t fd, short what, void *arg)
{
	struct tracker *t = arg;

	(void)fd;
	(void)what;
	if (t->urgent && t->fresh &&
	    now_mono_ms() - t->first->since < LOOKS_MS) {
		t->fresh = false;
		arm(t, 0);
		return;
	}
	commit_now(t);
}

/* One change; an LMDB error, or 0 even if the content was refused. */
static int
apply(struct tracker *t, MDB_txn *txn, struct op *op)
{
	struct bytes raw = { op->data.data, op->data.len };
	struct bytes key = { op->key, op->key_len };
	struct bytes value = { op->value.data, op->value.len };
	int rc = 0;

	op->refused = 0;
	switch (op->kind) {
	case OP_EVENT:
		rc = event_append(&t->store, txn, &op->event, raw, op->digest,
		    op->why, sizeof(op->why));
		break;
	case OP_FILE:
		rc = file_put(&t->store, txn, op->run, &op->file);
		break;
	case OP_SET:
		rc = state_set(&t->store, txn, op->run, key, value, op->why,
		    sizeof(op->why));
		break;
	case OP_DELETE:
		rc = state_delete(&t->store, txn, op->run, key, &op->found);
		break;
	case OP_SIGNED:
		rc = signed_put(&t->store, txn, &op->signature);
		if (rc == REFUSED)
			log_line(LOG_ERROR, "a signed head is not the head "
			    "of its place");
		break;
	}
	if (rc == REFUSED) {
		op->refused = EINVAL;
		return 0;
	}
	return rc;
}

static int
commit_once(struct tracker *t)
{
	struct op *op;
	MDB_txn *txn;
	int rc;

	if ((rc = store_begin(&t->store, true, &txn)) != 0)
		return rc;
	for (op = t->first; op != NULL; op = op->next) {
		if ((rc = apply(t, txn, op)) != 0) {
			mdb_txn_abort(txn);
			return rc;
		}
	}
	return mdb_txn_commit(txn);
}

static void
answer_failed(struct tracker *t, const struct op *op, int error)
{
	struct record_failed m = {
		.token = op->token,
		.error = error != 0 ? store_errno(error) :
		    (uint32_t)op->refused
	};

	text_escape(m.reason, sizeof(m.reason),
	    error != 0 ? store_reason(error) : op->why,
	    strlen(error != 0 ? store_reason(error) : op->why));
	send_record_failed(&t->channel, &m);
}

/* Failures one by one; then how far everything is on the disk. */
static void
answer_all(struct tracker *t, int error)
{
	struct recorded m = { .token = 0 };
	struct op *op;

	for (op = t->first; op != NULL; op = op->next) {
		if (op->kind == OP_SIGNED)
			continue;	/* the next one, or a start, mends it */
		if (op->kind == OP_SET || op->kind == OP_DELETE)
			answer_state(t, op, error);
		else if (error != 0 || op->refused != 0)
			answer_failed(t, op, error);
		else if (op->token > m.token)
			m.token = op->token;
	}
	if (m.token > 0)
		send_recorded(&t->channel, &m);
}

/* LMDB calls a write EIO that was cut because the disk is full. */
static int
true_error(const struct tracker *t, int error)
{
	struct statvfs disk;

	if (error == EIO && fstatvfs(t->outputs, &disk) == 0 &&
	    disk.f_bavail < FULL / disk.f_frsize + 1)
		return ENOSPC;
	return error;
}

void
commit_now(struct tracker *t)
{
	struct op *op;
	int rc;

	evtimer_del(t->commit);
	t->urgent = t->fresh = false;
	if (t->first == NULL)
		return;
	while ((rc = commit_once(t)) == MDB_MAP_FULL &&
	    store_grow(&t->store) == 0)
		continue;
	if ((rc = true_error(t, rc)) != 0)
		log_line(LOG_WARNING, "commit %zu changes: %s", t->waiting,
		    store_reason(rc));
	answer_all(t, rc);
	while ((op = t->first) != NULL) {
		t->first = op->next;
		op_free(op);
	}
	t->last = &t->first;
	t->waiting = 0;
	t->waiting_bytes = 0;
}
