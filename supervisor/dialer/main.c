/*
 * main.c: dialer, which resolves names, connects, and hands sockets over.
 * Runs in: dialer; TCP to where it is told, UDP to name servers, no files.
 * Input: the judge's messages; answers of name servers are hostile.
 * Reading order: main.c, dialer.h, dial.c, resolve.c, address.c, name.c.
 */
#include <signal.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "policy/confine.h"
#include "supervisor/dialer/dialer.h"

#define SELF	DIALER
#include "ipc/dispatch.h"

#define CHANNEL		3

static void
on_closed(struct channel *c, const char *why)
{
	(void)c;
	log_to(NULL);
	if (why != NULL)
		fatalx("the judge broke the contract: %s", why);
	exit(0);
}

int
main(void)
{
	struct dialer d = { .dials = 0 };

	log_init("dialer", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	d.base = loop_new();
	resolve_init(&d);
	confine(&page_dialer);
	channel_init(&d.channel, CHANNEL, DIALER, JUDGE, dispatch_table);
	d.channel.owner = &d;
	worker_ready(&d.channel);
	d.channel.phase = RUNNING;
	loop_add(d.base, &d.channel, on_closed);
	event_base_dispatch(d.base);
	return 0;
}
