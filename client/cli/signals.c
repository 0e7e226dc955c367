/*
 * signals.c: Ctrl-C and its like, noticed while waiting for events.
 * Runs in: sallyport.  Input: signals of our own user.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "client/cli/cli.h"

/* The one thing that a handler may touch: a count, and a pipe to wake up. */
static volatile sig_atomic_t seen;
static int wake[2] = { -1, -1 };

static void
on_signal(int number)
{
	int saved = errno;

	(void)number;
	seen = seen + 1;
	if (write(wake[1], "", 1) == -1)
		errno = saved;
	errno = saved;
}

void
signals_catch(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) == -1)
		fatal("make a pipe");
	for (size_t i = 0; i < nitems(numbers); i++)
		sigaction(numbers[i], &sa, NULL);
}

unsigned
signals_seen(void)
{
	return (unsigned)seen;
}

/* True if a signal came since the last look. */
static bool
drain(void)
{
	char bytes[16];
	bool any = false;

	while (wake[0] != -1 && read(wake[0], bytes, sizeof(bytes)) > 0)
		any = true;
	return any;
}

int
event_wait(struct cli *cli, int timeout, const struct sallyport_event **e)
{
	struct pollfd p[2] = {
		{ .fd = wake[0], .events = POLLIN },
		{ .fd = sallyport_fd(cli->h) }
	};
	int n;

	if (drain())
		return 2;
	n = sallyport_next(cli->h, 0, e);
	if (n != 0)
		return n;
	p[1].events = sallyport_poll_events(cli->h);
	n = poll(p, 2, timeout);
	if (drain())
		return 2;
	if (n <= 0)
		return 0;
	return sallyport_next(cli->h, 0, e);
}
