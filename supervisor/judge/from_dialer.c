/*
 * from_dialer.c: everything that the dialer can make the judge do.
 * Runs in: judge.
 * Input: hostile: it has read what name servers sent.
 */
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/run.h"

int
on_dialed(struct channel *c, struct dialed *m)
{
	struct process *p = c->owner;
	char address[65];
	const char *why;
	struct dial *d;

	if (p->state == PROCESS_gone)
		return 0;
	if ((d = dial_find(p->judge, m->dial)) == NULL)
		return channel_fault(c, "a connection that nobody asked for");
	if (dial_check(m->socket, d, &why) == -1) {
		dial_refuse(d, "the dialer brought a wrong connection");
		return channel_fault(c, "it brought a socket that is %s", why);
	}
	p->judge->dialer_deaths = 0;
	text_escape(address, sizeof(address), m->address, strlen(m->address));
	if (d->run != NULL)
		log_line(LOG_DEBUG, "run=%s tenant=%s dialed=\"%s\"",
		    d->run->name, d->run->tenant->name, address);
	dial_end(d, m->socket);
	return 0;
}

int
on_dial_failed(struct channel *c, struct dial_failed *m)
{
	struct process *p = c->owner;
	struct dial *d;

	if (p->state == PROCESS_gone)
		return 0;
	if ((d = dial_find(p->judge, m->dial)) == NULL)
		return channel_fault(c, "a connection that nobody asked for");
	dial_refuse(d, m->reason);
	return 0;
}
