/*
 * spawn.c: start one command, as fast as posix_spawn and with its errors.
 * Runs in: the guest; child_run in a child that shares its memory until exec.
 * Input: an argument vector chosen by the model; hostile files to execute.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec-worker/guest/guest.h"

#define STACK	16384			/* bytes; child_run uses little */

static const char search_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:"
    "/usr/bin:/sbin:/bin";

struct birth {
	const struct order *order;
	const char	*program;	/* what to execute, found on the path */
	char		*const *environment;
	const char	*step;		/* the child's newest step */
	int		 error;		/* its errno; 0: it was executed */
};

static int
child_set_up(struct birth *b)
{
	static const int reset[] = { SIGTERM, SIGCHLD, SIGPIPE, SIGXFSZ };
	sigset_t none;

	for (size_t i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		signal(reset[i], SIG_DFL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == -1 || setsid() == -1)
		return -1;
	for (int i = 0; i < 3; i++) {
		if (dup2(b->order->fds[i], i) == -1)
			return -1;
	}
	b->step = "enter the working directory";
	return fchdir(b->order->cwd);
}

/*
 * The child borrows the guest's memory while the guest stands still (vfork
 * semantics), so it calls little but the kernel, and leaves with _exit.  It is
 * as undumpable as the guest until exec closes every descriptor of ours.
 */
static int
child_run(void *arg)
{
	struct birth *b = arg;

	b->step = "set up the process";
	if (child_set_up(b) == 0) {
		b->step = "execute the program";
		execve(b->program, b->order->argv, b->environment);
	}
	b->error = errno;
	_exit(127);
}

static bool
is_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return false;
	if (!S_ISREG(st.st_mode) || access(path, X_OK) == -1) {
		errno = EACCES;
		return false;
	}
	return true;
}

/* As execvp(3): a name without a slash is looked for on the path. */
static const char *
find_program(const char *name, char out[PATH_MAX])
{
	const char *at = search_path, *end;
	bool denied = false;
	int n;

	if (strchr(name, '/') != NULL)
		return name;
	for (; *name != '\0' && *at != '\0'; at = *end ? end + 1 : end) {
		end = strchrnul(at, ':');
		n = snprintf(out, PATH_MAX, "%.*s/%s", (int)(end - at), at,
		    name);
		if (n < 0 || n >= PATH_MAX)
			break;
		if (is_executable(out))
			return out;
		denied |= errno == EACCES;
	}
	errno = denied ? EACCES : ENOENT;
	return NULL;
}

pid_t
spawn(struct guest *g, const struct order *order, const char **step)
{
	_Alignas(16) char stack[STACK];
	char found[PATH_MAX], path[sizeof(search_path) + 5];
	char *environment[] = { path, g->home, "LANG=C.UTF-8", "TMPDIR=/tmp",
	    "TERM=dumb", "USER=sandbox", NULL };
	struct birth birth = { .order = order, .environment = environment };
	pid_t pid;

	*step = "find the program";
	snprintf(path, sizeof(path), "PATH=%s", search_path);
	birth.program = find_program(order->argv[0], found);
	if (birth.program == NULL)
		return -1;
	*step = "start a process";
	pid = clone(child_run, stack + sizeof(stack),
	    CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);
	if (pid == -1)
		return -1;
	if (birth.error == 0) {
		g->children = true;
		return pid;
	}
	*step = birth.step;
	waitpid(pid, NULL, 0);
	errno = birth.error;
	return -1;
}
