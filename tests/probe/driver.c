/*
 * driver.c: starts each worker's probe build as the supervisor starts the
 * worker, once per forbidden act, and says what the kernel answered.
 *	driver [--markdown] DIRECTORY
 * DIRECTORY holds the probe builds.  Prints TAP, or the table of SECURITY.md.
 * Runs in: the test, as root (each worker then has a uid of its own) or not.
 * Input: none.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/confine.h"
#include "tests/probe/acts.h"
#include "tests/probe/probe.h"

#define FILES		"/tmp/.sallyport-probe", "/tmp/.sallyport-other", \
			"/tmp/.sallyport-link"
#define PATIENCE	20000	/* ms for one start */

struct worker {
	const char	*name;
	const struct page *page;
	uid_t		 uid;		/* as root: of its own */
};

static const struct worker workers[] = {
	{ "judge", &page_judge, 1900000001 },
	{ "dialer", &page_dialer, 1900000002 },
	{ "config-reader", &page_config_reader, 1900000003 },
	{ "cognition-worker", &page_cognition_worker, 1900065538 },
	{ "exec-stream", &page_exec_stream, 1900065539 },
	{ "tracker-record", &page_tracker_record, 1900065536 },
};

/* What a page allows on purpose; everything else must be refused. */
static const struct exception {
	const char	*worker;
	const char	*act;
	int		 answer;	/* errno; EBADF: it was made */
	const char	*why;
} exceptions[] = {
	{ "judge", "accept4", EBADF, "clients on its listener" },
	{ "dialer", "socket AF_INET", 0, "its trade" },
	{ "dialer", "socket AF_INET6", 0, "its trade" },
	{ "dialer", "connect", EBADF, "its trade" },
	{ "cognition-worker", "connect", 0, "answered by the filter, not made" },
};

#define SIGNALLED	1000	/* + signal */
#define NOT_CONFINED	2000	/* ended before it was confined; + status */
#define LATE		3000

static char record_dir[] = "/tmp/sallyport-probe.XXXXXX";

static void
make_files(void)
{
	static const char *const gone[] = { FILES };

	for (size_t i = 1; i < nitems(gone); i++)
		unlink(gone[i]);
	close(open(gone[0], O_CREAT | O_WRONLY, 0666));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_files(void)
{
	static const char *const gone[] = { FILES };

	for (size_t i = 0; i < nitems(gone); i++)
		unlink(gone[i]);
	nftw(record_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Exactly the descriptors of a worker, and the probe's two. */
static void
give_descriptors(int act, int reached, int binary)
{
	int pair[2], null, saved[3];

	saved[0] = fcntl(act, F_DUPFD, 100);
	saved[1] = fcntl(reached, F_DUPFD, 100);
	saved[2] = fcntl(binary, F_DUPFD_CLOEXEC, 100);
	syscall(SYS_close_range, 3, 99, 0);
	null = open("/dev/null", O_RDWR);		/* 3, for now */
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	close(null);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1 ||
	    dup2(pair[0], 3) == -1)
		_exit(97);
	fcntl(pair[1], F_DUPFD, 50);	/* the judge's end stays open */
	close(4);
	if (memfd_create("given", 0) != 4)
		_exit(97);
	dup2(saved[0], PROBE_FD);
	dup2(saved[1], PROBE_REACHED);
	close(saved[0]);
	close(saved[1]);
	dup2(saved[2], 10);
	close(saved[2]);
}

static void
become(const struct worker *w, int dir)
{
	if (geteuid() == 0 && ((dir != -1 &&
	    fchown(dir, w->uid, w->uid) == -1) || setgroups(0, NULL) == -1 ||
	    setresgid(w->uid, w->uid, w->uid) == -1 ||
	    setresuid(w->uid, w->uid, w->uid) == -1))
		_exit(96);
}

static void
start(const struct worker *w, const char *from, int act, int reached)
{
	char name[64], option[] = "--log-level", level[] = "0", path[4096];
	char *argv[] = { name, NULL, NULL, NULL }, *envp[] = { NULL };
	int binary, dir = -1;
	const char *step;

	snprintf(name, sizeof(name), "%s", w->name);
	snprintf(path, sizeof(path), "%s/%s", from, w->name);
	if (w->page == &page_judge) {
		argv[1] = option;
		argv[2] = level;
	}
	binary = open(path, O_PATH | O_CLOEXEC);
	if (binary == -1)
		_exit(95);
	give_descriptors(act, reached, binary);
	if (w->page == &page_tracker_record) {
		if (chdir(record_dir) == -1)
			_exit(94);
		dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	fcntl(10, F_SETFD, FD_CLOEXEC);
	become(w, dir);
	if (confine_before_exec(w->page, 10, dir, &step) == -1)
		_exit(93);
	syscall(SYS_execveat, 10, "", argv, envp, AT_EMPTY_PATH);
	_exit(92);
}

static int
wait_for(pid_t pid)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int status;
	bool late;

	late = poll(&p, 1, PATIENCE) == 0;
	if (late)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		fatal("wait for a probe");
	if (late)
		return LATE;
	return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

/* The act in a confined worker. */
static int
attempt(const struct worker *w, const char *from, unsigned char act)
{
	int in[2], out[2], answer;
	char reached;
	pid_t pid;

	make_files();
	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    write(in[1], &act, 1) != 1 || (pid = fork()) == -1)
		fatal("start a probe");
	if (pid == 0)
		start(w, from, in[0], out[1]);
	close(in[0]);
	close(in[1]);
	close(out[1]);
	answer = wait_for(pid);
	if (read(out[0], &reached, 1) != 1)
		answer += NOT_CONFINED;
	close(out[0]);
	return answer;
}

/* The same act in a process that nothing confines. */
static int
control(const struct act *act)
{
	pid_t pid;

	make_files();
	pid = fork();
	if (pid == -1)
		fatal("start a control");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		acts_prepare();
		_exit(act->attempt());
	}
	return wait_for(pid);
}

static const char *
name_of(int answer)
{
	static char text[8][48];
	static unsigned next;
	char *to = text[next++ % 8];

	if (answer == 0)
		return "works";
	if (answer >= LATE)
		return "no end";
	if (answer >= NOT_CONFINED)
		snprintf(to, 48, "not confined (%d)", answer - NOT_CONFINED);
	else if (answer >= SIGNALLED)
		snprintf(to, 48, "SIG%s", sigabbrev_np(answer - SIGNALLED));
	else if (strerrorname_np(answer) != NULL)
		snprintf(to, 48, "%s", strerrorname_np(answer));
	else
		snprintf(to, 48, "status %d", answer);
	return to;
}

static const struct exception *
excepted(const struct worker *w, const struct act *act)
{
	for (size_t i = 0; i < nitems(exceptions); i++)
		if (strcmp(exceptions[i].worker, w->name) == 0 &&
		    strcmp(exceptions[i].act, act->name) == 0)
			return &exceptions[i];
	return NULL;
}

/* What the declared overlay of a sanitizer build allows to every worker. */
static bool
overlaid(const struct act *act)
{
	static const char *const names[] = { "tgkill of the parent", "prctl",
	    "prlimit64" };

	for (size_t i = 0; page_judge.sanitizer && i < nitems(names); i++)
		if (strcmp(names[i], act->name) == 0)
			return true;
	return false;
}

static bool
as_it_should(const struct exception *e, int answer, int unconfined)
{
	if (e != NULL)
		return answer == e->answer;
	return answer == SIGNALLED + SIGSYS ||
	    (answer == EACCES && unconfined != EACCES);
}

/* True if it is as it should be, or says nothing in this build. */
static bool
tap_line(unsigned n, const struct worker *w, const struct act *act, int answer,
    int unconfined)
{
	const struct exception *e = excepted(w, act);
	bool good = as_it_should(e, answer, unconfined);

	if (!good && overlaid(act)) {
		printf("ok %u - %s: %s # SKIP the sanitizer's overlay allows "
		    "it\n", n, w->name, act->name);
		return true;
	}
	printf("%sok %u - %s: %s: %s%s%s\n", good ? "" : "not ", n, w->name,
	    act->name, name_of(answer), e != NULL ? ", allowed: " : "",
	    e != NULL ? e->why : "");
	return good;
}

static int
tap(const char *from)
{
	unsigned n = 0, bad = 0;

	for (size_t k = 0; k < nitems(workers); k++) {
		int answer = attempt(&workers[k], from, PROBE_NONE);

		bad += answer != 0;
		printf("%sok %u - %s reaches its confinement (%s)\n",
		    answer == 0 ? "" : "not ", ++n, workers[k].name,
		    name_of(answer));
	}
	for (size_t i = 0; i < nacts; i++) {
		int unconfined = control(&acts[i]);
		bool fair = unconfined != SIGNALLED + SIGSYS;

		bad += !fair;
		printf("%sok %u - control: %s, unconfined: %s\n",
		    fair ? "" : "not ", ++n, acts[i].name,
		    name_of(unconfined));
		for (size_t k = 0; k < nitems(workers); k++) {
			int answer = attempt(&workers[k], from,
			    (unsigned char)i);

			bad += !tap_line(++n, &workers[k], &acts[i], answer,
			    unconfined);
		}
		fflush(stdout);
	}
	printf("1..%u\n", n);
	return bad == 0 ? 0 : 1;
}

static int
markdown(const char *from)
{
	int bad = 0;

	printf("| act | unconfined |");
	for (size_t k = 0; k < nitems(workers); k++)
		printf(" %s |", workers[k].name);
	printf("\n|---|---|");
	for (size_t k = 0; k < nitems(workers); k++)
		printf("---|");
	printf("\n");
	for (size_t i = 0; i < nacts; i++) {
		int unconfined = control(&acts[i]);

		printf("| %s | %s |", acts[i].name, name_of(unconfined));
		for (size_t k = 0; k < nitems(workers); k++) {
			const struct exception *e = excepted(&workers[k],
			    &acts[i]);
			int answer = attempt(&workers[k], from,
			    (unsigned char)i);

			bad += !as_it_should(e, answer, unconfined);
			printf(" %s%s |", name_of(answer),
			    e != NULL ? " (1)" : "");
		}
		printf("\n");
		fflush(stdout);
	}
	printf("\n(1) On purpose: ");
	for (size_t i = 0; i < nitems(exceptions); i++)
		printf("%s%s, %s: %s", i == 0 ? "" : "; ",
		    exceptions[i].worker, exceptions[i].act,
		    exceptions[i].why);
	printf(".  EBADF means that the call reached the kernel.\n");
	return bad == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	bool table = argc == 3 && strcmp(argv[1], "--markdown") == 0;
	int rc;

	log_init("driver", LOG_ERROR);
	if (argc != 2 && !table) {
		fprintf(stderr, "usage: driver [--markdown] DIRECTORY\n");
		return 64;
	}
	signal(SIGURG, SIG_IGN);
	if (mkdtemp(record_dir) == NULL)
		fatal("make a directory");
	rc = table ? markdown(argv[2]) : tap(argv[1]);
	remove_files();
	return rc;
}
