/*
 * state.c: one supervisor per state directory, and one socket that it serves.
 * Runs in: supervisor, before it starts anything.
 * Input: the directory may be another user's trap: owner and mode are checked
 * on what was opened, never on a path.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/state.h"

#define BACKLOG		128	/* connections that wait to be accepted */

void
state_init(struct state *s)
{
	*s = (struct state){ .dir = -1, .lock = -1, .socket_dir = -1,
	    .listener = -1 };
}

int
directory_make(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part) || path[0] != '/') {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) == -1 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static int
directory_open(struct state *s, const char *path)
{
	struct stat st;

	if (directory_make(path, 0700) == -1 || (s->dir = open(path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    fstat(s->dir, &st) == -1) {
		log_line(LOG_ERROR, "open state directory %s: %s; choose "
		    "another with --state-dir", path, strerror(errno));
		return EXIT_record;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
		log_line(LOG_ERROR, "state directory %s: uid %u must own it "
		    "and nobody else may write it (chmod 700)", path,
		    geteuid());
		return EXIT_denied;
	}
	return 0;
}

static int
lock_take(struct state *s, const char *path)
{
	char text[32] = "";
	ssize_t n;

	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (s->lock == -1) {
		log_line(LOG_ERROR, "open %s/lock: %s", path,
		    strerror(errno));
		return EXIT_record;
	}
	if (flock(s->lock, LOCK_EX | LOCK_NB) == -1) {
		n = pread(s->lock, text, sizeof(text) - 1, 0);
		text[n > 0 ? strspn(text, "0123456789") : 0] = '\0';
		log_line(LOG_ERROR, "already running: process %s serves %s",
		    text[0] != '\0' ? text : "(unknown)", path);
		return EXIT_later;
	}
	n = snprintf(text, sizeof(text), "%d\n", getpid());
	if (ftruncate(s->lock, 0) == -1 || pwrite(s->lock, text, n, 0) != n) {
		log_line(LOG_ERROR, "write %s/lock: %s", path,
		    strerror(errno));
		return EXIT_record;
	}
	return 0;
}

/* A socket's path may be longer than sun_path: go through the directory. */
static void
address_make(struct sockaddr_un *address, const struct state *s)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path),
	    "/proc/self/fd/%d/%.60s", s->socket_dir, s->socket_name);
}

/* 0 if nothing is in the way any more. */
static int
stale_remove(const struct state *s, const struct sockaddr_un *address,
    const char *path)
{
	struct stat st;
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);

	if (fstatat(s->socket_dir, s->socket_name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return 0;
		st.st_mode = 0;
	}
	if (fd != -1 && (connect(fd, (const struct sockaddr *)address,
	    sizeof(*address)) == 0 || errno == EAGAIN)) {
		log_line(LOG_ERROR, "already running: %s is served", path);
		return EXIT_later;
	}
	if (!S_ISSOCK(st.st_mode) || unlinkat(s->socket_dir, s->socket_name,
	    0) == -1) {
		log_line(LOG_ERROR, "remove %s: it is %s", path,
		    S_ISSOCK(st.st_mode) ? strerror(errno) : "no socket");
		return EXIT_record;
	}
	return 0;
}

/* Who may connect: the owner; with a daemon also the group sallyport. */
static int
socket_admit(const struct state *s, bool user)
{
	struct group *group;
	FILE *file;
	gid_t gid = 0;
	mode_t mode = 0600;

	file = user ? NULL : fopen("/etc/group", "re");
	while (file != NULL && (group = fgetgrent(file)) != NULL) {
		if (strcmp(group->gr_name, "sallyport") == 0) {
			gid = group->gr_gid;
			mode = 0660;
		}
	}
	if (file != NULL)
		fclose(file);
	if (mode == 0660 && fchownat(s->socket_dir, s->socket_name,
	    (uid_t)-1, gid, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return fchmodat(s->socket_dir, s->socket_name, mode, 0);
}

static int
socket_bind(struct state *s, const struct options *o)
{
	struct sockaddr_un address;
	mode_t mask;
	int status;

	address_make(&address, s);
	if ((status = stale_remove(s, &address, o->socket)) != 0)
		return status;
	s->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	mask = umask(0177);
	status = s->listener == -1 ? -1 : bind(s->listener,
	    (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (status == -1 || socket_admit(s, o->user) == -1 ||
	    listen(s->listener, BACKLOG) == -1) {
		log_line(LOG_ERROR, "serve %s: %s", o->socket,
		    strerror(errno));
		return EXIT_record;
	}
	return 0;
}

static int
socket_open(struct state *s, const struct options *o)
{
	const char *slash = strrchr(o->socket, '/');
	char dir[PATH_MAX];

	if (slash == NULL || slash[1] == '\0' || strlen(slash + 1) > 60) {
		log_line(LOG_ERROR, "serve %s: that is no name for a socket "
		    "(at most 60 bytes behind the last /)", o->socket);
		return EXIT_usage;
	}
	snprintf(s->socket_name, sizeof(s->socket_name), "%s", slash + 1);
	snprintf(dir, sizeof(dir), "%.*s", slash == o->socket ? 1 :
	    (int)(slash - o->socket), o->socket);
	if (directory_make(dir, o->user ? 0700 : 0755) == -1 ||
	    (s->socket_dir = open(dir, O_PATH | O_DIRECTORY |
	    O_CLOEXEC)) == -1) {
		log_line(LOG_ERROR, "open %s: %s; choose another socket with "
		    "--socket", dir, strerror(errno));
		return EXIT_record;
	}
	return socket_bind(s, o);
}

int
state_open(struct state *s, const struct options *o)
{
	int status;

	if ((status = directory_open(s, o->state_dir)) != 0 ||
	    (status = lock_take(s, o->state_dir)) != 0)
		return status;
	return socket_open(s, o);
}

void
state_close(struct state *s)
{
	if (s->listener != -1)
		unlinkat(s->socket_dir, s->socket_name, 0);
	close_fd(&s->listener);
	close_fd(&s->socket_dir);
	close_fd(&s->dir);
	close_fd(&s->lock);	/* last: now another may start */
	state_init(s);
}

void
tenant_name(char name[65], uint32_t tenant)
{
	snprintf(name, 65, "default");
	if (tenant != 0)
		snprintf(name, 65, "tenant-%u", tenant);
}

int
state_subdirectory(int dir, const char *name)
{
	if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
		return -1;
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
}

int
state_record_dir(const struct state *s, uint32_t tenant, uid_t owner)
{
	autoclose int tenants = state_subdirectory(s->dir, "tenants");
	autoclose int named = -1, record = -1;
	struct stat st;
	char name[65];

	tenant_name(name, tenant);
	if (tenants == -1 ||
	    (named = state_subdirectory(tenants, name)) == -1 ||
	    (record = state_subdirectory(named, "record")) == -1 ||
	    fstat(record, &st) == -1)
		return -1;
	if (st.st_uid != owner && fchown(record, owner, owner) == -1)
		return -1;
	if (fchmod(record, 0700) == -1)
		return -1;
	return steal_fd(&record);
}
