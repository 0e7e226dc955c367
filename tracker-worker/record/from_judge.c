/*
 * from_judge.c: what the judge wants recorded: events and files.
 * Runs in: tracker-record.
 * Input: the judge's; what does not fit together is refused, not stored.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ipc/util.h"
#include "tracker-worker/record/tracker.h"

int	on_append_request(struct channel *, struct append_request *);
int	on_store_file(struct channel *, struct store_file *);

static int
refuse(struct channel *c, uint64_t token, uint32_t error, const char *reason)
{
	struct record_failed m = { .token = token, .error = error };

	snprintf(m.reason, sizeof(m.reason), "%s", reason);
	send_record_failed(c, &m);
	return 0;
}

/* NULL if the event is what the message says that it is. */
static const char *
check_event(const struct append_request *m, struct event_view *e)
{
	uint8_t digest[DIGEST_LEN];
	const char *why;

	crypto_hash_sha256(digest, m->body.data, m->body.len);
	if (memcmp(digest, m->digest, sizeof(digest)) != 0)
		return "the digest is not that of the event";
	if (event_read(e, m->body.data, m->body.len, &why) == -1)
		return why;
	if (memcmp(e->run, m->run, 16) != 0 || e->seq != m->seq ||
	    e->type != m->type)
		return "the event names another run, number or type than "
		    "the message";
	return NULL;
}

int
on_append_request(struct channel *c, struct append_request *m)
{
	struct tracker *t = c->owner;
	struct event_view e;
	const char *why;
	struct op *op;

	if (blob_map(&m->body) == -1)
		return refuse(c, m->token, (uint32_t)errno,
		    "the event could not be mapped");
	if (m->body.len == 0)
		return refuse(c, m->token, EINVAL, "the event is empty");
	if ((why = check_event(m, &e)) != NULL)
		return refuse(c, m->token, EINVAL, why);
	op = xcalloc(1, sizeof(*op));
	op->kind = OP_EVENT;
	op->token = m->token;
	op->durable = m->durable;
	op->data = blob_take(&m->body);
	/* The mapping stays; many may wait, and descriptors are few. */
	close_fd(&op->data.fd);
	op->data.fd = -1;
	/* Look again: small events have moved. */
	event_read(&op->event, op->data.data, op->data.len, &why);
	memcpy(op->run, m->run, 16);
	memcpy(op->digest, m->digest, DIGEST_LEN);
	commit_add(t, op);
	return 0;
}

static struct op *
file_op(const struct store_file *m)
{
	struct op *op = xcalloc(1, sizeof(*op));

	op->kind = OP_FILE;
	op->token = m->token;
	op->durable = true;
	op->data = BLOB_NONE;
	memcpy(op->run, m->run, 16);
	memcpy(op->digest, m->digest, DIGEST_LEN);
	op->key = xcalloc(1, m->path.len);
	memcpy(op->key, m->path.data, m->path.len);
	op->key_len = m->path.len;
	op->file = (struct file_entry){
		.path = { op->key, op->key_len },
		.size = m->content.len,
		.mode = m->mode,
		.modified = m->modified,
		.digest = op->digest
	};
	return op;
}

int
on_store_file(struct channel *c, struct store_file *m)
{
	struct tracker *t = c->owner;
	int rc;

	if (m->path.len == 0)
		return refuse(c, m->token, EINVAL, "the path is empty");
	if (blob_map(&m->content) == -1)
		return refuse(c, m->token, (uint32_t)errno,
		    "the content could not be mapped");
	rc = output_store(t->outputs, m->digest, m->content.data,
	    m->content.len);
	if (rc == REFUSED)
		return refuse(c, m->token, EINVAL,
		    "the digest is not that of the content");
	if (rc != 0)
		return refuse(c, m->token, store_errno(rc), store_reason(rc));
	commit_add(t, file_op(m));
	return 0;
}
