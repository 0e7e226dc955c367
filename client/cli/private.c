/*
 * private.c: a supervisor for one command, with a given configuration file.
 * Runs in: sallyport.
 * Input: a file that our own user names; it is parsed by the supervisor's
 * config-reader, never here.
 */
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "client/cli/policy_rules.h"

#define LEAVE_TIMEOUT	10000	/* ms for it to end */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* The kernel's word on who listens at the other end. */
static int
pidfd_of(int socket)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1)
		return -1;
	return (int)syscall(SYS_pidfd_open, who.pid, 0);
}

int
private_begin(struct cli *cli, const char *file, struct private_server *p)
{
	struct sallyport_options o = { .state_dir = p->dir, .config = file };
	const char *tmp = getenv("TMPDIR");
	struct sallyport_error e;

	*p = (struct private_server){ .pidfd = -1 };
	if (file == NULL)
		return cli_connect(cli);
	snprintf(p->dir, sizeof(p->dir), "%s/sallyport-policy.XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	if (mkdtemp(p->dir) == NULL) {
		p->dir[0] = '\0';
		return fail_with(cli, EXIT_record, ERROR_none,
		    "make a directory in %s: %s", tmp != NULL ? tmp : "/tmp",
		    strerror(errno));
	}
	cli->h = sallyport_connect(&o, &e);
	if (cli->h == NULL)
		return fail_error(cli, &e);
	p->pidfd = pidfd_of(sallyport_fd(cli->h));
	return 0;
}

void
private_end(struct cli *cli, struct private_server *p)
{
	struct pollfd gone = { .fd = p->pidfd, .events = POLLIN };

	if (p->dir[0] == '\0')
		return;
	sallyport_free(cli->h);
	cli->h = NULL;
	if (p->pidfd != -1) {
		(void)syscall(SYS_pidfd_send_signal, p->pidfd, SIGTERM, NULL,
		    0);
		(void)poll(&gone, 1, LEAVE_TIMEOUT);
		close(p->pidfd);
	}
	(void)nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
