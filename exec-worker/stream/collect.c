/*
 * collect.c: copy the files of the work directory out, at the end of a run.
 * Runs in: exec-worker, stream role, confined.
 * Input: hostile names, sizes and bytes.  A file lives in a memfd while it is
 * copied, one at a time; a path that could lead out of a directory is left out.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "exec-worker/stream/stream.h"

void
collect_end(struct stream *s, const char *reason)
{
	struct job *j = s->now;
	struct collect_done m = { .files = j->collected,
	    .left_out = j->left_out };

	snprintf(m.reason, sizeof(m.reason), "%s", reason);
	text_trim(m.reason);
	send_collect_done(&s->judge, &m);
	call_end(s);
}

/* Relative, no empty part, no "." and no "..": whoever stores it may trust. */
static bool
path_is_plain(const uint8_t *path, size_t len)
{
	size_t part = 0;

	if (len == 0 || len > 4096)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && path[i] != '/')
			continue;
		if (i == part || (i - part == 1 && path[part] == '.') ||
		    (i - part == 2 && memcmp(path + part, "..", 2) == 0))
			return false;
		part = i + 1;
	}
	return true;
}

static const uint8_t *
entry_name(const struct job *j, const struct entry *e)
{
	return j->listing.names.data + e->name;
}

static void	collect_file(struct stream *);

static void
send_file(struct stream *s, struct job *j, const struct entry *e)
{
	struct file_collected m = {
		.path = { entry_name(j, e), e->len },
		.mode = e->mode & 0777,
		.modified = e->modified
	};
	autoclose int fd = content_seal(&j->content);
	int status;

	event_del(s->deadline);
	if (fd == -1) {
		collect_end(s, "a file could not be kept in memory");
		return;
	}
	content_digest(&j->content, m.digest);
	m.content = (struct blob){ .len = j->content.total, .fd = fd };
	if (j->content.total == 0)
		m.content = BLOB_NONE;
	status = send_file_collected(&s->judge, &m);
	j->bytes_left -= j->content.total;
	content_clear(&j->content);
	if (status == -1 && !s->judge.broken)
		collect_end(s, "a file could not be passed on");
}

static void
file_read(struct stream *s, const struct guest_failed *failed)
{
	struct job *j = s->now;
	const struct entry *e = &j->listing.entries[j->file - 1];

	/* Gone, not readable, or growing while it was read. */
	if (failed != NULL || j->content.size > j->content.total) {
		j->left_out++;
		collect_file(s);
		return;
	}
	send_file(s, j, e);
}

/* The next file that fits; files that do not are counted. */
static void
collect_file(struct stream *s)
{
	struct job *j = s->now;
	const struct entry *e;
	uint64_t most;

	content_clear(&j->content);
	for (; j->file < j->listing.count; j->file++) {
		e = &j->listing.entries[j->file];
		if (S_ISDIR(e->mode))
			continue;
		most = j->bytes_left < COLLECT_MAX ? j->bytes_left :
		    COLLECT_MAX;
		if (!S_ISREG(e->mode) || e->size > most ||
		    !path_is_plain(entry_name(j, e), e->len)) {
			j->left_out++;
			continue;
		}
		free(j->path);
		j->path = xcalloc(1, e->len + 1);
		memcpy(j->path, entry_name(j, e), e->len);
		j->file++;
		content_init(&j->content, KEEP_memfd);
		call_deadline(s, FILES_MS + GRACE_MS);
		guest_read_begin(s, 0, most, file_read);
		return;
	}
	collect_end(s, j->listing.truncated ? "there are too many files" : "");
}

static void
work_listed(struct stream *s, const struct guest_failed *failed)
{
	struct job *j = s->now;
	char reason[256];

	if (failed != NULL) {
		snprintf(reason, sizeof(reason),
		    "the work directory could not be listed: %s",
		    strerror((int)failed->error));
		collect_end(s, reason);
		return;
	}
	j->left_out = (uint32_t)j->listing.left_out;
	listing_sort(&j->listing);
	collect_file(s);
}

void
start_collect(struct stream *s, struct job *j)
{
	struct guest_list m = { .recursive = true, .most = LIST_ENTRIES + 1 };

	if (s->state != GUEST_up) {
		collect_end(s, s->state == GUEST_gone ? s->gone :
		    "there is no sandbox");
		return;
	}
	listing_init(&j->listing, 0);
	call_deadline(s, FILES_MS + GRACE_MS);
	m.call = exchange_begin(s, EXPECT_entries, m.most, work_listed);
	send_guest_list(&s->guest, &m);
}

/* The judge has stored one file, or chose not to. */
void
collect_continue(struct stream *s, uint32_t kept)
{
	s->now->collected = kept;
	collect_file(s);
}
