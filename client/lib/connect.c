/*
 * connect.c: finding a supervisor, starting one, and the first words.
 * Runs in: programs that use libsallyport.
 * Input: options of our own user; the server's words before it is welcome.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "client/lib/internal.h"
#include "ipc/util.h"
#include "ipc/version.h"

#define WELCOME_TIMEOUT	15000	/* ms */
#define TRIES		3	/* a supervisor may leave as we come */

const char *
sallyport_version(void)
{
	return SALLYPORT_VERSION;
}

const struct sallyport_server *
sallyport_server(const struct sallyport *h)
{
	return &h->server;
}

/* An explicit wish for a supervisor of one's own leaves the daemon out. */
static bool
daemon_fits(const struct sallyport_options *o)
{
	const char *dir = getenv("SALLYPORT_STATE_DIR");

	return o->state_dir == NULL && o->config == NULL &&
	    (dir == NULL || dir[0] == '\0');
}

/* A socket that somebody serves, or -1; -2 with *e for one not to be used. */
static int
find_running(const struct sallyport_options *o, const char *dir,
    struct sallyport_error *e)
{
	int fd = socket_connect(dir, SOCKET_NAME);

	if (fd == -1 && errno == EPERM) {
		error_set(e, EXIT_integrity, ERROR_IntegrityError,
		    "the control socket in %s is served by another user", dir);
		error_hint_set(e, "find out whose it is; give another "
		    "--state-dir, in a directory that only you may write");
		return -2;
	}
	if (fd == -1 && (errno == EACCES || errno == ENAMETOOLONG)) {
		error_set(e, EXIT_config, ERROR_ConfigError,
		    "open the control socket in %s: %s", dir, strerror(errno));
		error_hint_set(e, "give a --state-dir of your own");
		return -2;
	}
	if (fd == -1 && daemon_fits(o)) {
		char daemon[] = DAEMON_SOCKET;
		char *slash = strrchr(daemon, '/');

		*slash = '\0';
		fd = socket_connect(daemon, slash + 1);
	}
	return fd;
}

static int
find_or_start(struct sallyport *h, const struct sallyport_options *o,
    const char *dir, struct sallyport_error *e)
{
	int fd = find_running(o, dir, e);

	if (fd != -1)
		return fd;
	if (o->no_start) {
		error_set(e, EXIT_unavailable, ERROR_none,
		    "no supervisor runs for %s", dir);
		error_hint_set(e, "any command that needs one starts it");
		return -2;
	}
	if (server_start(o, dir, e) == 0) {
		h->server.started = true;
		fd = socket_connect(dir, SOCKET_NAME);
		return fd;
	}
	/* Two may start at once; only one gets the lock, and serves both. */
	fd = socket_connect(dir, SOCKET_NAME);
	return fd == -1 ? -2 : fd;
}

/* 0 welcome, -1 it left as we came, -2 with h->error. */
static int
greet(struct sallyport *h, int fd)
{
	const struct sallyport_event *e;
	uint64_t until = now_mono_ms() + WELCOME_TIMEOUT;
	struct hello hello = { .protocol = message_protocol() };
	int n = 0;

	channel_init(&h->channel, fd, CLIENT, JUDGE, client_dispatch);
	h->channel.owner = h;
	snprintf(hello.version, sizeof(hello.version), "%s",
	    SALLYPORT_VERSION);
	h->over = false;
	if (send_hello(&h->channel, &hello) == -1)
		return -1;
	while (!h->welcomed && n >= 0 && now_mono_ms() < until)
		n = sallyport_next(h, 50, &e);
	if (h->welcomed)
		return 0;
	if (n < 0 && h->error.status == EXIT_unavailable &&
	    h->error.name[0] == '\0')
		return -1;
	if (n >= 0)
		error_set(&h->error, EXIT_unavailable, ERROR_none,
		    "the supervisor does not answer");
	return -2;
}

struct sallyport *
sallyport_connect(const struct sallyport_options *o, struct sallyport_error *e)
{
	static const struct sallyport_options none;
	struct sallyport *h = xcalloc(1, sizeof(*h));
	char dir[PATH_MAX];
	int fd, status = -2;

	if (o == NULL)
		o = &none;
	memset(e, 0, sizeof(*e));
	h->channel.fd = -1;
	h->current.data = BLOB_NONE;
	h->server.version = h->version;
	h->server.tenant = h->tenant;
	h->server.state_dir = h->state_dir;
	h->server.notice = h->notice;
	if (state_directory(o->state_dir, dir, sizeof(dir), e) == -1) {
		sallyport_free(h);
		return NULL;
	}
	for (int i = 0; i < TRIES; i++) {
		fd = find_or_start(h, o, dir, e);
		if (fd == -2)
			break;
		if (fd == -1) {
			error_set(e, EXIT_unavailable, ERROR_none,
			    "connect to the supervisor in %s: %s", dir,
			    strerror(errno));
			continue;
		}
		status = greet(h, fd);
		if (status == 0)
			return h;
		*e = h->error;
		channel_clear(&h->channel);
		h->channel.fd = -1;
		if (status == -2)
			break;
		/* It is on its way out; its lock is free in a moment. */
		usleep(100000);
	}
	sallyport_free(h);
	return NULL;
}

void
sallyport_free(struct sallyport *h)
{
	if (h == NULL)
		return;
	if (h->channel.fd >= 0) {
		channel_flush(&h->channel);
		channel_clear(&h->channel);
	}
	while (h->requests != NULL)
		request_end(h, h->requests->number);
	current_clear(&h->current);
	free(h->current.copy);
	free(h);
}
