/*
 * read.c: pieces of a file, and what a name stands for.
 * Runs in: the guest.
 * Input: paths chosen by the model; files of hostile processes: FIFOs,
 * devices, sparse giants, links that change while they are looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

/* A regular file that is not one of the kernel's; never waits. */
static int
open_regular(struct guest *g, const struct bytes *path, struct stat *st,
    const char **step)
{
	char name[PATH_MAX + 1];
	autoclose int fd = -1;

	*step = "open the file";
	if (path_copy(name, path) == -1)
		return -1;
	fd = path_open(g, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd == -1 || fstat(fd, st) == -1)
		return -1;
	*step = "read what is no regular file";
	if (!S_ISREG(st->st_mode) || path_on_kernel_files(fd)) {
		errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	return steal_fd(&fd);
}

int
on_guest_read(struct channel *c, struct guest_read *m)
{
	struct guest *g = c->owner;
	struct guest_data data = { .call = m->call };
	struct stat st;
	const char *step;
	autoclose int fd = open_regular(g, &m->path, &st, &step);
	uint64_t at = m->offset, left = m->most;
	ssize_t n;

	if (fd == -1) {
		guest_failure(g, m->call, errno, step);
		return 0;
	}
	data.size = (uint64_t)st.st_size;
	do {
		n = 0;
		if (left > 0 && at <= INT64_MAX)
			n = pread(fd, g->piece, left < PIECE ? left : PIECE,
			    (off_t)at);
		if (n == -1) {
			guest_failure(g, m->call, errno, "read the file");
			return 0;
		}
		at += (uint64_t)n;
		left -= (uint64_t)n;
		data.data = (struct bytes){ g->piece, (size_t)n };
		data.last = n == 0 || left == 0 || at >= data.size;
		guest_room(g);
		guest_sent(g, send_guest_data(c, &data));
	} while (!data.last);
	return 0;
}

/* What the path leads to; a link that leads nowhere stands for itself. */
static int
stat_path(struct guest *g, const struct bytes *path, struct stat *st)
{
	char name[PATH_MAX + 1];
	autoclose int fd = -1;

	if (path_copy(name, path) == -1)
		return -1;
	fd = path_open(g, name, O_PATH, 0);
	if (fd == -1 && (errno == ENOENT || errno == EXDEV || errno == ELOOP))
		fd = path_open(g, name, O_PATH | O_NOFOLLOW, 0);
	return fd == -1 ? -1 : fstat(fd, st);
}

int
on_guest_stat(struct channel *c, struct guest_stat *m)
{
	struct guest_entry entry = { .call = m->call, .path = m->path };
	struct guest_done done = { .call = m->call };
	struct guest *g = c->owner;
	struct stat st;

	if (stat_path(g, &m->path, &st) == -1) {
		guest_failure(g, m->call, errno, "look at the file");
		return 0;
	}
	entry.mode = st.st_mode;
	entry.size = (uint64_t)st.st_size;
	entry.modified = (int64_t)st.st_mtim.tv_sec * 1000 +
	    st.st_mtim.tv_nsec / 1000000;
	guest_room(g);
	guest_sent(g, send_guest_entry(c, &entry));
	guest_sent(g, send_guest_done(c, &done));
	return 0;
}
