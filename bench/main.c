/*
 * main.c: what sallyport costs, beside what one would use instead.
 * Runs in: the benchmark: a program on libsallyport, with a private supervisor.
 * Input: none.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "client/sallyport.h"
#include "ipc/util.h"

static char *true_argv[] = { "true", NULL };

static const struct sallyport_event *
wait_for(struct sallyport *s, uint64_t request, enum sallyport_kind wanted)
{
	const struct sallyport_event *e;

	if (request == 0 || sallyport_wait(s, request, &e) != 1)
		fatalx("request failed: %s",
		    sallyport_last_error(s)->message);
	if (e->kind != wanted)
		fatalx("%s: %s", e->error != NULL ? e->error : "?",
		    e->message != NULL ? e->message : "?");
	return e;
}

static void
open_sandbox(struct sallyport *s, char id[37])
{
	const struct sallyport_sandbox request = { .sandbox = "native" };
	const struct sallyport_event *e;

	e = wait_for(s, sallyport_sandbox_open(s, &request), SALLYPORT_OPENED);
	memcpy(id, e->run, 37);
}

static void
close_sandbox(struct sallyport *s, const char *id)
{
	wait_for(s, sallyport_sandbox_close(s, id), SALLYPORT_DONE);
}

struct session {
	struct sallyport *server;
	char		  sandbox[37];
};

static int
command_once(void *arg)
{
	struct session *session = arg;
	const struct sallyport_exec request = {
		.sandbox = session->sandbox, .argv = true_argv, .argc = 1
	};
	const struct sallyport_event *e;

	e = wait_for(session->server, sallyport_exec(session->server,
	    &request), SALLYPORT_EXITED);
	return e->exit_code == 0 ? 0 : -1;
}

static int
sandbox_once(void *arg)
{
	struct session *session = arg, own = { .server = session->server };
	int status;

	open_sandbox(own.server, own.sandbox);
	status = command_once(&own);
	close_sandbox(own.server, own.sandbox);
	return status;
}

/* Takes what was prepared, so that the next one finds nothing. */
static void
take_prepared(void *arg)
{
	struct session *session = arg;
	char id[37];

	open_sandbox(session->server, id);
	close_sandbox(session->server, id);
}

/* A program and standard input together: the stream role does not run that. */
static int
refused_once(void *arg)
{
	struct session *session = arg;
	const struct sallyport_exec request = {
		.sandbox = session->sandbox, .tool = "execute_python",
		.command = "0", .input = "0", .input_len = 1
	};
	const struct sallyport_event *e;

	e = wait_for(session->server, sallyport_exec(session->server,
	    &request), SALLYPORT_EXITED);
	return strcmp(e->outcome, "failed") == 0 ? 0 : -1;
}

static int
denied_once(void *arg)
{
	struct session *session = arg;
	const struct sallyport_exec request = {
		.sandbox = session->sandbox, .tool = "execute_shell",
		.command = "true"
	};
	const struct sallyport_event *e;

	if (sallyport_wait(session->server, sallyport_exec(session->server,
	    &request), &e) != 1)
		return -1;
	return e->kind == SALLYPORT_REFUSED || strcmp(e->outcome,
	    "denied") == 0 ? 0 : -1;
}

static int
cli_once(void *arg)
{
	char *argv[] = { arg, "sandbox", "exec", "--", "true", NULL };

	return spawn_wait(argv);
}

static int
bwrap_once(void *arg)
{
	static char *argv[] = {
		"bwrap", "--unshare-all", "--die-with-parent", "--ro-bind",
		"/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink",
		"usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
		"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
		"--tmpfs", "/work", "--chdir", "/work", "true", NULL
	};

	(void)arg;
	return spawn_wait(argv);
}

/* The real launcher with `true` as the first process of its sandbox. */
static int
launcher_once(void *arg)
{
	char **paths = arg;
	char uid[] = "1900099999", own[] = "0", root[] = "/";
	char disk[] = "536870912", inodes[] = "65536";
	char *argv[] = { paths[0], paths[1], geteuid() == 0 ? uid : own, root,
	    disk, inodes, NULL };

	return spawn_wait(argv);
}

static int
floor_once(void *arg)
{
	(void)arg;
	return floor_sandbox();
}

static int
spawn_once(void *arg)
{
	(void)arg;
	return spawn_wait(true_argv);
}

/* A server that takes connections and never says a word. */
static int
silent_server(uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		fatal("listen on loopback");
	*port = ntohs(sin.sin_port);
	return fd;
}

static void
wait_for_model(struct sallyport *s)
{
	const struct sallyport_event *e;

	while (sallyport_next(s, 10000, &e) == 1) {
		if (e->kind == SALLYPORT_EVENT &&
		    strcmp(e->type, "phase.started") == 0)
			return;
		if (e->kind == SALLYPORT_ENDED || e->kind == SALLYPORT_REFUSED)
			break;
	}
	fatalx("an idle run did not start");
}

static void
idle_memory(struct sallyport *s, const char *state_dir)
{
	enum { RUNS = 8 };
	uint16_t port;
	autoclose int fd = silent_server(&port);
	char url[64];
	const struct sallyport_setting setting = {
		"providers.openai.base_url", url, "benchmark"
	};
	const struct sallyport_run run = {
		.goal = "wait", .settings = &setting, .nsettings = 1,
		.credential = "none", .provider = "openai"
	};
	double before, after;

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", port);
	before = family_bytes(state_dir);
	for (int i = 0; i < RUNS; i++) {
		if (sallyport_run(s, &run) == 0)
			fatalx("start a run");
		wait_for_model(s);
	}
	sleep(1);
	after = family_bytes(state_dir);
	printf("\nMemory of one idle run (%d at once: cognition-worker, stream "
	    "role, guest; proportional share, page tables, kernel stacks): "
	    "%.2f MiB; supervisor, judge, dialer and tracker once: %.2f MiB\n",
	    RUNS, (after - before) / RUNS / 1048576, before / 1048576);
}

int
main(int argc, char *argv[])
{
	struct sallyport_error error;
	struct sallyport_options options = { .state_dir = NULL };
	struct session session, denying;
	const struct sallyport_setting deny = {
		"agents.sandbox.tools.denied", "execute_shell", "benchmark"
	};
	const struct sallyport_sandbox closed = {
		.sandbox = "native", .settings = &deny, .nsettings = 1
	};
	const struct sallyport_event *e;

	log_init("bench", LOG_INFO);
	if (argc != 6)
		fatalx("usage: bench CLIENT SERVER STATE-DIR LAUNCH LIBEXEC");
	options.server = argv[2];
	options.state_dir = argv[3];
	session.server = sallyport_connect(&options, &error);
	if (session.server == NULL)
		fatalx("%s", error.message);
	open_sandbox(session.server, session.sandbox);
	denying.server = session.server;
	e = wait_for(denying.server, sallyport_sandbox_open(denying.server,
	    &closed), SALLYPORT_OPENED);
	memcpy(denying.sandbox, e->run, 37);

	measure("A new native sandbox and `true` in it", (struct sample[]){
	    { "bubblewrap (bwrap)", bwrap_once, NULL, NULL },
	    { "bare floor: namespaces, mounts, exec", floor_once, NULL, NULL },
	    { "sandbox-launcher, as a command", launcher_once, argv + 4, NULL },
	    { "libsallyport: open, exec, close; recorded", sandbox_once,
	    &session, NULL },
	    { "the same with nothing prepared", sandbox_once, &session,
	    take_prepared },
	    { "command `sallyport sandbox exec -- true`", cli_once, argv[1],
	    NULL },
	}, 6, &(struct rounds){ 40, 30000 });
	measure("The next command (`true`) in an open native sandbox",
	    (struct sample[]){
	    { "posix_spawn + wait, no sandbox", spawn_once, NULL, NULL },
	    { "libsallyport: judged, recorded, executed", command_once,
	    &session, NULL },
	    { "libsallyport: judged, recorded, not executed", refused_once,
	    &session, NULL },
	    { "libsallyport: denied; recorded, not waited for", denied_once,
	    &denying, NULL },
	}, 4, &(struct rounds){ 200, 0 });
	idle_memory(session.server, argv[3]);
	sallyport_free(session.server);
	return 0;
}
