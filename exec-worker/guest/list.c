/*
 * list.c: what a directory holds, exact names, one message an entry.
 * Runs in: the guest.
 * Input: a path chosen by the model; names and depths chosen by hostile
 * processes: any bytes, any number, links that change under way.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

#define DEPTH	64			/* directories open at once */

struct listing {
	struct guest	*g;
	uint64_t	 call;
	bool		 recursive;
	uint32_t	 left;		/* entries that may still be sent */
	size_t		 len;		/* of path */
	char		 path[PATH_MAX + NAME_MAX + 2];
};

static void
send_entry(struct listing *l, size_t len, const struct stat *st)
{
	struct guest_entry m = {
		.call = l->call,
		.path = { (const uint8_t *)l->path, len },
		.mode = st->st_mode,
		.size = (uint64_t)st->st_size,
		.modified = (int64_t)st->st_mtim.tv_sec * 1000 +
		    st->st_mtim.tv_nsec / 1000000
	};

	guest_room(l->g);
	guest_sent(l->g, send_guest_entry(&l->g->channel, &m));
	l->left--;
}

static int list_directory(struct listing *, int fd, unsigned depth);

/* 0, or -1 with errno if the whole listing must fail. */
static int
list_entry(struct listing *l, int dir, const char *name, unsigned depth)
{
	size_t len = l->len + strlen(name), before = l->len;
	struct stat st;
	int fd, status;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;		/* removed meanwhile */
	if (len > PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(l->path + before, name, len - before);
	send_entry(l, len, &st);
	if (!l->recursive || !S_ISDIR(st.st_mode) || l->left == 0)
		return 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return errno == EMFILE || errno == ENFILE ? -1 : 0;
	if (path_on_kernel_files(fd)) {
		close(fd);
		return 0;
	}
	l->path[len] = '/';
	l->len = len + 1;
	status = list_directory(l, fd, depth + 1);
	l->len = before;
	return status;
}

/* Takes the descriptor. */
static int
list_directory(struct listing *l, int fd, unsigned depth)
{
	DIR *dir = depth < DEPTH ? fdopendir(fd) : NULL;
	struct dirent *e;
	int status = 0, saved;

	if (dir == NULL) {
		saved = depth < DEPTH ? errno : ELOOP;
		close(fd);
		errno = saved;
		return -1;
	}
	while (status == 0 && l->left > 0 && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			status = list_entry(l, dirfd(dir), e->d_name, depth);
	}
	saved = errno;
	closedir(dir);
	errno = saved;
	return status;
}

int
on_guest_list(struct channel *c, struct guest_list *m)
{
	struct listing listing = { .g = c->owner, .call = m->call,
	    .recursive = m->recursive, .left = m->most };
	struct guest_done done = { .call = m->call };
	char name[PATH_MAX + 1] = ".";
	int fd;

	if (m->path.len > 0 && path_copy(name, &m->path) == -1)
		fd = -1;
	else
		fd = path_open(c->owner, name, O_RDONLY | O_DIRECTORY |
		    O_NONBLOCK, 0);
	if (fd == -1 || list_directory(&listing, fd, 0) == -1)
		guest_failure(c->owner, m->call, errno, fd == -1 ?
		    "open the directory" : errno == ELOOP ?
		    "list directories nested this deep" : "list the directory");
	else
		guest_sent(c->owner, send_guest_done(c, &done));
	return 0;
}
