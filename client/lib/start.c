/*
 * start.c: starting a supervisor for this user and state directory.
 * Runs in: programs that use libsallyport.
 * Input: options of our own user; the log that is shown after a failure holds
 * text of others and is escaped where it is printed.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client/lib/internal.h"
#include "ipc/util.h"

#define START_TIMEOUT	30000	/* ms until it must serve */
#define TOO_LONG	255	/* status of the midwife after that */
#define LOG_SHOWN	1500	/* bytes of the log that an error quotes */

/* What sallyportd gets of our environment: no keys, no settings of one run. */
static const char *const passed_on[] = {
	"HOME", "PATH", "LANG", "TZ", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
	"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"
};

struct start {
	const char	*program;
	const char	*state_dir;
	const char	*config;	/* or NULL */
	const char	*log_path;
	off_t		 log_since;	/* where this start's lines begin */
	int		 log;		/* its standard error */
	int		 ready;		/* write end of the pipe */
};

static void
fill_environment(char *env[nitems(passed_on) + 1])
{
	size_t n = 0, size;
	const char *value;

	for (size_t i = 0; i < nitems(passed_on); i++) {
		value = getenv(passed_on[i]);
		if (value == NULL)
			continue;
		size = strlen(passed_on[i]) + strlen(value) + 2;
		env[n] = xcalloc(1, size);
		snprintf(env[n++], size, "%s=%s", passed_on[i], value);
	}
	env[n] = NULL;
}

/*
 * In the child: a session of its own, so that the terminal's Ctrl-C does not
 * reach it, and no descriptors of ours but the log and the pipe.
 */
static void
become_server(const struct start *s, char *const env[])
{
	char *argv[10];
	int null, n = 0;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	null = open("/dev/null", O_RDWR);
	if (setsid() == -1 || null == -1 || dup2(null, 0) == -1 ||
	    dup2(null, 1) == -1 || dup2(s->log, 2) == -1 || chdir("/") == -1)
		_exit(EXIT_internal);
	if (s->ready == 3 ? fcntl(3, F_SETFD, 0) == -1 : dup2(s->ready, 3)
	    == -1)
		_exit(EXIT_internal);
	close_range(4, ~0u, 0);
	argv[n++] = (char *)s->program;
	argv[n++] = (char *)"--user";
	argv[n++] = (char *)"--state-dir";
	argv[n++] = (char *)s->state_dir;
	if (s->config != NULL) {
		argv[n++] = (char *)"--config";
		argv[n++] = (char *)s->config;
	}
	argv[n++] = (char *)"--ready-fd";
	argv[n++] = (char *)"3";
	argv[n] = NULL;
	execve(s->program, argv, env);
	dprintf(2, "level=error process=sallyport execute %s: %s\n",
	    s->program, strerror(errno));
	_exit(EXIT_internal);
}

/* The end of what was written to the log since the start. */
static void
quote_log(const char *path, off_t since, char *text, size_t size)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n = 0;

	text[0] = '\0';
	if (fd == -1 || fstat(fd, &st) == -1)
		return;
	if (st.st_size - since > LOG_SHOWN)
		since = st.st_size - LOG_SHOWN;
	n = pread(fd, text, size - 1, since);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
}

/* 1 ready, 0 it ended, -1 it takes too long. */
static int
wait_ready(int fd)
{
	uint64_t until = now_mono_ms() + START_TIMEOUT, now;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;
	ssize_t n;

	while ((now = now_mono_ms()) < until) {
		if (poll(&p, 1, (int)(until - now)) == -1 && errno != EINTR)
			return -1;
		if (p.revents == 0)
			continue;
		n = read(fd, &byte, 1);
		if (n >= 0)
			return n == 1;
		if (errno != EINTR && errno != EAGAIN)
			return 0;
	}
	return -1;
}

/* How a child ended, as an exit status for us. */
static int
reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return EXIT_unavailable;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_unavailable;
}

/*
 * Between us and the supervisor: waits until it serves and goes away, so that
 * a program that uses this library gets no child that it does not know of.
 */
static void
become_midwife(const struct start *s, int pipe_end, char *const env[])
{
	pid_t pid = fork();
	int ready, status;

	if (pid == 0)
		become_server(s, env);
	close(s->ready);
	ready = pid == -1 ? 0 : wait_ready(pipe_end);
	if (ready == 1)
		_exit(0);
	if (ready == -1) {
		kill(pid, SIGTERM);
		_exit(TOO_LONG);
	}
	status = pid == -1 ? 0 : reap(pid);
	_exit(status != 0 ? status : EXIT_unavailable);
}

static int
launch_failed(const struct start *s, int status, struct sallyport_error *e)
{
	char log[LOG_SHOWN + 1];

	quote_log(s->log_path, s->log_since, log, sizeof(log));
	error_set(e, status == TOO_LONG ? EXIT_unavailable : status,
	    status == EXIT_config ? ERROR_ConfigError : ERROR_none,
	    "the supervisor %s%s%s", status == TOO_LONG ? "does not serve" :
	    "ended before it served", log[0] != '\0' ? ":\n" : "", log);
	if (status != EXIT_config)
		error_hint_set(e, "run 'sallyport doctor', and see %.300s",
		    s->log_path);
	return -1;
}

static int
launch(const struct start *s, int pipe_end, struct sallyport_error *e)
{
	char *env[nitems(passed_on) + 1];
	pid_t pid;
	int status;

	fill_environment(env);
	pid = fork();
	if (pid == 0)
		become_midwife(s, pipe_end, env);
	status = errno;
	for (size_t i = 0; env[i] != NULL; i++)
		free(env[i]);
	close(s->ready);
	if (pid == -1)
		return error_set(e, EXIT_unavailable, ERROR_none,
		    "start the supervisor: fork: %s", strerror(status));
	status = reap(pid);
	return status == 0 ? 0 : launch_failed(s, status, e);
}

int
server_start(const struct sallyport_options *o, const char *state_dir,
    struct sallyport_error *e)
{
	char program[PATH_MAX], log_path[PATH_MAX + 32];
	autofree char *config = NULL;
	struct start s = { .state_dir = state_dir };
	autoclose int log = -1;
	autoclose int pipe_end = -1;
	struct stat st;
	int ends[2];

	if (server_find(o->server, program, sizeof(program)) == -1) {
		error_set(e, EXIT_unavailable, ERROR_none,
		    "no supervisor runs, and sallyportd is not there to be "
		    "started");
		error_hint_set(e, "install sallyportd beside this program");
		return -1;
	}
	if (o->config != NULL &&
	    (config = realpath(o->config, NULL)) == NULL)
		return error_set(e, EXIT_config, ERROR_ConfigError,
		    "open %s: %s", o->config, strerror(errno));
	snprintf(log_path, sizeof(log_path), "%s/sallyportd.log", state_dir);
	if (state_directory_make(state_dir) == -1 ||
	    (log = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600)) == -1 || fstat(log, &st) == -1 ||
	    pipe2(ends, O_CLOEXEC) == -1) {
		error_set(e, EXIT_record, ERROR_none, "write in %s: %s",
		    state_dir, strerror(errno));
		error_hint_set(e, "give another --state-dir, or set "
		    "SALLYPORT_STATE_DIR");
		return -1;
	}
	pipe_end = ends[0];
	s.program = program;
	s.config = config;
	s.log = log;
	s.ready = ends[1];
	s.log_path = log_path;
	s.log_since = st.st_size;
	return launch(&s, pipe_end, e);
}
