/*
 * listing.c: list_files, and the entries that collecting needs as well.
 * Runs in: exec-worker, stream role, confined.
 * Input: names of a guest: any bytes but NUL, bounded in number and in sum.
 */
#include <string.h>
#include <sys/stat.h>

#include "exec-worker/stream/stream.h"

void
listing_init(struct listing *l, size_t prefix)
{
	listing_clear(l);
	pack_init(&l->names, LIST_BYTES);
	l->prefix = prefix;
}

void
listing_clear(struct listing *l)
{
	free(l->entries);
	pack_clear(&l->names);
	*l = (struct listing){ .count = 0 };
}

/* What does not fit is counted, and said. */
void
listing_add(struct listing *l, const struct guest_entry *m)
{
	struct entry *e;

	if (l->count == LIST_ENTRIES || l->prefixes + l->prefix +
	    l->names.len + m->path.len > LIST_BYTES) {
		l->truncated = true;
		l->left_out++;
		return;
	}
	if (l->count == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 64;
		l->entries = xrealloc(l->entries, l->cap *
		    sizeof(*l->entries));
	}
	e = &l->entries[l->count++];
	*e = (struct entry){
		.name = l->names.len,
		.len = m->path.len,
		.mode = m->mode,
		.size = m->size,
		.modified = m->modified
	};
	pack_raw(&l->names, m->path.data, m->path.len);
	l->prefixes += l->prefix;
}

static int
entry_compare(const void *a, const void *b, void *arg)
{
	const struct entry *x = a, *y = b;
	const uint8_t *names = arg;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = len == 0 ? 0 : memcmp(names + x->name, names + y->name,
	    len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

void
listing_sort(struct listing *l)
{
	if (l->count > 1)
		qsort_r(l->entries, l->count, sizeof(*l->entries),
		    entry_compare, l->names.data);
}

const char *
entry_type(uint32_t mode)
{
	if (S_ISREG(mode))
		return "file";
	if (S_ISDIR(mode))
		return "directory";
	return S_ISLNK(mode) ? "symlink" : "other";
}

/* The listed directory's path and a slash, so that paths can be used. */
static size_t
prefix_length(const char *path)
{
	size_t len = path != NULL ? strlen(path) : 0;

	if (len == 0 || strcmp(path, ".") == 0 || strcmp(path, "./") == 0)
		return 0;
	return path[len - 1] == '/' ? len : len + 1;
}

static void
pack_entry(struct pack *p, const struct job *j, const struct entry *e)
{
	size_t prefix = j->listing.prefix;
	uint8_t path[2 * 4096 + 1];
	char modified[24];

	if (prefix > 0) {
		memcpy(path, j->path, prefix - 1);
		path[prefix - 1] = '/';
	}
	memcpy(path + prefix, j->listing.names.data + e->name, e->len);
	time_text(modified, e->modified);
	pack_map(p, 4);
	pack_text(p, "path");
	pack_either(p, path, prefix + e->len);
	pack_key_text(p, "type", entry_type(e->mode));
	pack_key_uint(p, "size", e->size);
	pack_key_text(p, "modified", modified);
}

static void
listed(struct stream *s, const struct guest_failed *failed)
{
	struct job *j = s->now;
	struct result r;

	if (failed != NULL) {
		guest_error(s, failed);
		return;
	}
	listing_sort(&j->listing);
	result_init(&r);
	result_key(&r, "entries");
	pack_list(&r.pack, j->listing.count);
	for (size_t i = 0; i < j->listing.count; i++)
		pack_entry(&r.pack, j, &j->listing.entries[i]);
	result_flag(&r, "truncated", j->listing.truncated);
	result_ok(s, &r);
}

void
start_list(struct stream *s, struct job *j)
{
	struct guest_list m = {
		.recursive = value_get_bool(j->args, "recursive", false),
		.most = LIST_ENTRIES + 1
	};

	j->path = value_get_text(j->args, "path");
	listing_init(&j->listing, prefix_length(j->path));
	m.path = job_path(j);
	m.call = exchange_begin(s, EXPECT_entries, m.most, listed);
	send_guest_list(&s->guest, &m);
}
