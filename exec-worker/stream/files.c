/*
 * files.c: the file tools: save, load, append, replace, exists, delete, mkdir.
 * Runs in: exec-worker, stream role, confined.
 * Input: paths and contents of a model, taken literally; bytes of a guest.
 * Each tool is one or two operations of the guest, one after the other.
 */
#include <errno.h>
#include <string.h>

#include "exec-worker/stream/stream.h"

#define LOAD_DEFAULT	(1 * MiB)	/* bytes, if no length is named */
#define LOAD_MAX	(RESULT_MAX - 64 * KiB)	/* what fits a result */

static int
take_path(struct stream *s, struct job *j)
{
	j->path = value_get_text(j->args, "path");
	if (j->path != NULL && j->path[0] != '\0')
		return 0;
	call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError, NULL,
	    "path: is empty");
	return -1;
}

static struct bytes
argument(const struct job *j, const char *key)
{
	const struct value *v = value_get(j->args, key);

	return (struct bytes){ (const uint8_t *)v->text.data, v->text.len };
}

static void
pack_written(struct result *r, const struct job *j, uint64_t size)
{
	result_init(r);
	result_text(r, "path", j->path);
	result_uint(r, "size", size);
}

/* --- save_file --- */

static void
saved(struct stream *s, const struct guest_failed *failed)
{
	struct bytes content = argument(s->now, "content");
	uint8_t digest[32];
	struct result r;

	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	crypto_hash_sha256(digest, content.data, content.len);
	pack_written(&r, s->now, content.len);
	result_hex(&r, "sha256", digest);
	result_ok(s, &r);
}

void
start_save(struct stream *s, struct job *j)
{
	if (take_path(s, j) == 0)
		guest_write_begin(s, argument(j, "content"), false, saved);
}

/* --- append_to_file: append, then read what the file is now --- */

static void
append_read(struct stream *s, const struct guest_failed *failed)
{
	struct content *c = &s->now->content;
	uint8_t digest[32];
	struct result r;

	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	pack_written(&r, s->now, c->size);
	if (c->total == c->size) {
		content_digest(c, digest);
		result_hex(&r, "sha256", digest);
	}
	result_ok(s, &r);
}

static void
appended(struct stream *s, const struct guest_failed *failed)
{
	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	content_init(&s->now->content, KEEP_nothing);
	guest_read_begin(s, 0, COLLECT_MAX, append_read);
}

void
start_append(struct stream *s, struct job *j)
{
	if (take_path(s, j) == 0)
		guest_write_begin(s, argument(j, "content"), true, appended);
}

/* --- load_file --- */

static void
loaded(struct stream *s, const struct guest_failed *failed)
{
	struct job *j = s->now;
	struct content *c = &j->content;
	uint64_t offset = (uint64_t)value_get_int(j->args, "offset", 0);
	struct result r;

	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	result_init(&r);
	result_text(&r, "path", j->path);
	result_either(&r, "content", c->data, c->len);
	result_uint(&r, "size", c->size);
	result_uint(&r, "offset", offset);
	result_flag(&r, "last", offset + c->len >= c->size);
	result_ok(s, &r);
}

void
start_load(struct stream *s, struct job *j)
{
	int64_t offset = value_get_int(j->args, "offset", 0);
	int64_t length = value_get_int(j->args, "length", LOAD_DEFAULT);

	if (take_path(s, j) == -1)
		return;
	if (length > LOAD_MAX)
		length = LOAD_MAX;
	content_init(&j->content, KEEP_memory);
	guest_read_begin(s, (uint64_t)offset, (uint64_t)length, loaded);
}

/* --- replace_in_file: read, replace, write --- */

static void
replaced(struct stream *s, const struct guest_failed *failed)
{
	struct job *j = s->now;
	uint8_t digest[32];
	struct result r;

	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	crypto_hash_sha256(digest, j->text.data, j->text.len);
	pack_written(&r, j, j->text.len);
	result_uint(&r, "replaced", j->replaced);
	result_hex(&r, "sha256", digest);
	result_ok(s, &r);
}

/* The next place of old_text at or after at, or NULL. */
static const uint8_t *
next_match(const struct content *c, const uint8_t *at, struct bytes old)
{
	size_t left = c->len - (size_t)(at - c->data);

	if (left < old.len)
		return NULL;
	return memmem(at, left, old.data, old.len);
}

static uint64_t
count_matches(const struct content *c, struct bytes old)
{
	const uint8_t *at = c->data;
	uint64_t n = 0;

	while (at != NULL && (at = next_match(c, at, old)) != NULL) {
		at += old.len;
		n++;
	}
	return n;
}

static void
build_text(struct job *j, struct bytes old, struct bytes new)
{
	const struct content *c = &j->content;
	const uint8_t *from = c->data, *at;

	pack_init(&j->text, FILE_MAX);
	while ((at = next_match(c, from, old)) != NULL) {
		pack_raw(&j->text, from, (size_t)(at - from));
		pack_raw(&j->text, new.data, new.len);
		from = at + old.len;
	}
	pack_raw(&j->text, from, c->len - (size_t)(from - c->data));
}

static void
replace_read(struct stream *s, const struct guest_failed *failed)
{
	struct job *j = s->now;
	struct bytes old = argument(j, "old_text");
	bool all = value_get_bool(j->args, "all", false);

	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	j->replaced = j->content.size > j->content.total ? 0 :
	    count_matches(&j->content, old);
	if (j->content.size > j->content.total)
		call_fail(s, OUTCOME_failed, ERROR_SandboxResourceError,
		    "use sed with execute_shell", "%s: has %llu bytes, more "
		    "than the 16 MiB that can be edited", j->path,
		    (unsigned long long)j->content.size);
	else if (j->replaced == 0)
		call_fail(s, OUTCOME_failed, ERROR_SandboxExecutionError,
		    "read the file with load_file and copy the text exactly",
		    "%s: old_text is not in the file", j->path);
	else if (j->replaced > 1 && !all)
		call_fail(s, OUTCOME_failed, ERROR_SandboxExecutionError,
		    "give more of the text around it, or set all",
		    "%s: old_text is there %llu times", j->path,
		    (unsigned long long)j->replaced);
	else {
		build_text(j, old, argument(j, "new_text"));
		if (j->text.failed) {
			call_fail(s, OUTCOME_failed,
			    ERROR_SandboxResourceError, NULL, "%s: would grow "
			    "beyond the 16 MiB that can be edited", j->path);
			return;
		}
		content_clear(&j->content);
		guest_write_begin(s, (struct bytes){ j->text.data,
		    j->text.len }, false, replaced);
	}
}

void
start_replace(struct stream *s, struct job *j)
{
	if (take_path(s, j) == -1)
		return;
	if (argument(j, "old_text").len == 0) {
		call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError, NULL,
		    "old_text: is empty");
		return;
	}
	content_init(&j->content, KEEP_memory);
	guest_read_begin(s, 0, FILE_MAX, replace_read);
}

/* --- file_exists --- */

static void
existing(struct stream *s, const struct guest_failed *failed)
{
	const struct entry *e = s->now->listing.entries;
	struct result r;

	if (failed != NULL && failed->error != ENOENT &&
	    failed->error != ENOTDIR) {
		guest_error(s, failed);
		return;
	}
	result_init(&r);
	result_text(&r, "path", s->now->path);
	result_flag(&r, "exists", failed == NULL);
	if (failed == NULL) {
		result_text(&r, "type", entry_type(e->mode));
		result_uint(&r, "size", e->size);
		result_time(&r, "modified", e->modified);
	}
	result_ok(s, &r);
}

void
start_exists(struct stream *s, struct job *j)
{
	struct guest_stat m;

	if (take_path(s, j) == -1)
		return;
	listing_init(&j->listing, 0);
	m.call = exchange_begin(s, EXPECT_entry, 1, existing);
	m.path = job_path(j);
	send_guest_stat(&s->guest, &m);
}

/* --- delete_file, create_directory --- */

static void
path_done(struct stream *s, const struct guest_failed *failed)
{
	struct result r;

	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	result_init(&r);
	result_text(&r, "path", s->now->path);
	result_ok(s, &r);
}

void
start_delete(struct stream *s, struct job *j)
{
	struct guest_delete m;

	if (take_path(s, j) == -1)
		return;
	m.call = exchange_begin(s, EXPECT_done, 0, path_done);
	m.path = job_path(j);
	send_guest_delete(&s->guest, &m);
}

void
start_mkdir(struct stream *s, struct job *j)
{
	struct guest_mkdir m;

	if (take_path(s, j) == -1)
		return;
	m.call = exchange_begin(s, EXPECT_done, 0, path_done);
	m.path = job_path(j);
	send_guest_mkdir(&s->guest, &m);
}
