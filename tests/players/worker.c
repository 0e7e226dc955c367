/*
 * worker.c: plays a worker for tests of the supervisor: confined by the page
 * of the program whose name it has, ready, and then waiting for the end.
 * With UNCONFINED it leaves its filter out, with SILENT it is never ready: both
 * must be refused.
 * Runs in: the place of dialer, exec-stream and the others.
 * Input: from the judge's player.
 */
#include <string.h>

#include "ipc/ipc.h"
#include "ipc/util.h"
#include "policy/confine.h"

static message_dispatch *const no_table[MSG_COUNT];

int
main(int argc, char **argv)
{
	bool dialer = argc > 0 && strcmp(argv[0], "dialer") == 0;
	struct channel c;

	/* What malloc does once, before the filter: as real workers do. */
	free(xcalloc(1, 1));
#ifndef UNCONFINED
	confine(dialer ? &page_dialer : &page_exec_stream);
#endif
	channel_init(&c, 3, dialer ? DIALER : STREAM, JUDGE, no_table);
#ifndef SILENT
	worker_ready(&c);
#endif
	c.phase = RUNNING;
	while (channel_receive(&c) == RECEIVED)
		continue;
	return 0;
}
