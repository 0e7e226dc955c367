/*
 * write.c: writing, deleting, making directories.
 * Runs in: the guest.
 * Input: paths and bytes chosen by the model; hostile processes that change
 * the directories meanwhile.  A file is replaced whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

#define OPEN_FLAGS	(O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | \
			    O_CLOEXEC)

/* Forget it; a temporary file is removed. */
void
writing_abandon(struct guest *g)
{
	struct writing *w = &g->writing;

	if (w->temporary[0] != '\0' && w->dir >= 0)
		unlinkat(w->dir, w->temporary, 0);
	if (w->fd >= 0)
		close(w->fd);
	if (w->dir >= 0)
		close(w->dir);
	w->temporary[0] = '\0';
	w->fd = w->dir = -1;
	w->active = w->failed = false;
}

/* What is there may be replaced: nothing, or a regular file we may write. */
static int
check_target(struct writing *w)
{
	struct stat st;

	w->mode = 0644;
	if (fstatat(w->dir, w->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	w->mode = st.st_mode & 0777;
	if (S_ISREG(st.st_mode))
		return faccessat(w->dir, w->name, W_OK, 0);
	errno = S_ISDIR(st.st_mode) ? EISDIR : S_ISLNK(st.st_mode) ? ELOOP :
	    EINVAL;
	return -1;
}

static int
open_temporary(struct writing *w)
{
	uint64_t number;

	if (check_target(w) == -1)
		return -1;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -1;
	snprintf(w->temporary, sizeof(w->temporary), ".sallyport-%016llx",
	    (unsigned long long)number);
	w->fd = openat(w->dir, w->temporary, OPEN_FLAGS | O_CREAT | O_EXCL,
	    0600);
	if (w->fd == -1)
		w->temporary[0] = '\0';
	return w->fd == -1 ? -1 : 0;
}

static int
open_append(struct writing *w)
{
	struct stat st;

	w->fd = openat(w->dir, w->name, OPEN_FLAGS | O_APPEND | O_CREAT, 0644);
	if (w->fd == -1 || fstat(w->fd, &st) == -1)
		return -1;
	if (S_ISREG(st.st_mode))
		return 0;
	errno = EINVAL;
	return -1;
}

static int
writing_begin(struct guest *g, const struct guest_write *m)
{
	struct writing *w = &g->writing;
	bool slash;

	writing_abandon(g);
	w->active = true;
	w->call = m->call;
	w->append = m->append;
	if (path_copy(w->path, &m->path) == -1)
		return -1;
	w->dir = path_parent(g, w->path, true, w->name, &slash);
	if (w->dir == -1)
		return -1;
	if (slash || path_on_kernel_files(w->dir)) {
		errno = slash ? EISDIR : EPERM;
		return -1;
	}
	return w->append ? open_append(w) : open_temporary(w);
}

static int
writing_piece(struct writing *w, const struct bytes *data)
{
	const uint8_t *at = data->data;
	ssize_t n;

	for (size_t left = data->len; left > 0; left -= (size_t)n, at += n) {
		n = write(w->fd, at, left);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return -1;
	}
	return 0;
}

static int
writing_end(struct writing *w)
{
	if (w->append)
		return 0;
	if (fchmod(w->fd, w->mode) == -1 ||
	    renameat(w->dir, w->temporary, w->dir, w->name) == -1)
		return -1;
	w->temporary[0] = '\0';
	return 0;
}

static int
writing_step(struct guest *g, const struct guest_write *m, bool first,
    const char **step)
{
	struct writing *w = &g->writing;

	*step = "open the file for writing";
	if (first && writing_begin(g, m) == -1)
		return -1;
	*step = "write the file";
	if (writing_piece(w, &m->data) == -1)
		return -1;
	*step = "put the file in its place";
	return m->last ? writing_end(w) : 0;
}

static bool
same_file(const struct writing *w, const struct guest_write *m)
{
	size_t len = strlen(w->path);

	return w->append == m->append && (w->failed || (m->path.len == len &&
	    memcmp(m->path.data, w->path, len) == 0));
}

int
on_guest_write(struct channel *c, struct guest_write *m)
{
	struct guest *g = c->owner;
	struct writing *w = &g->writing;
	struct guest_done done = { .call = m->call };
	bool first = !w->active || w->call != m->call;
	const char *step;

	if (!first && !same_file(w, m))
		return channel_fault(c, "names another file");
	if (first || !w->failed) {
		if (writing_step(g, m, first, &step) == -1) {
			guest_failure(g, m->call, errno, step);
			writing_abandon(g);
			w->active = w->failed = true;
		} else if (m->last) {
			guest_sent(g, send_guest_done(c, &done));
		}
	}
	if (m->last)
		writing_abandon(g);
	return 0;
}

static int
delete_path(struct guest *g, const struct bytes *path)
{
	char name[PATH_MAX + 1], last[NAME_MAX + 1];
	autoclose int dir = -1;
	bool slash;

	if (path_copy(name, path) == -1)
		return -1;
	dir = path_parent(g, name, false, last, &slash);
	if (dir == -1)
		return -1;
	if (path_on_kernel_files(dir)) {
		errno = EPERM;
		return -1;
	}
	if (!slash && unlinkat(dir, last, 0) == 0)
		return 0;
	if (!slash && errno != EISDIR)
		return -1;
	return unlinkat(dir, last, AT_REMOVEDIR);
}

int
on_guest_delete(struct channel *c, struct guest_delete *m)
{
	struct guest_done done = { .call = m->call };

	if (delete_path(c->owner, &m->path) == -1)
		guest_failure(c->owner, m->call, errno, "delete");
	else
		guest_sent(c->owner, send_guest_done(c, &done));
	return 0;
}

int
on_guest_mkdir(struct channel *c, struct guest_mkdir *m)
{
	struct guest_done done = { .call = m->call };
	char name[PATH_MAX + 1];

	if (path_copy(name, &m->path) == -1 ||
	    path_make(c->owner, name) == -1)
		guest_failure(c->owner, m->call, errno, "make the directory");
	else
		guest_sent(c->owner, send_guest_done(c, &done));
	return 0;
}
