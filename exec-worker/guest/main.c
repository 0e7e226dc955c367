/*
 * main.c: the guest: PID 1 of a sandbox; runs commands, moves files, reports.
 * Runs in: the sandbox (native, container or VM), without any capability.
 * Input: frames on descriptor 3 from the stream role; hostile processes and
 * files all around it.  Read start.c, loop.c, call.c, spawn.c, streams.c,
 * processes.c, then paths.c, read.c, write.c, list.c.
 */
#include "exec-worker/guest/guest.h"

#define SELF GUEST
#include "ipc/dispatch.h"
#include "ipc/util.h"

/* In .bss: it holds every buffer that the guest will ever use for a call. */
static struct guest guest;

/* guest [DIRECTORY]: the work directory, where it is not /work. */
int
main(int argc, char **argv)
{
	int stream;

	start_hardened();
	log_init("guest", LOG_ERROR);
	stream = start_stream(3);
	start_guest(&guest, stream, argc > 1 ? argv[1] : NULL);
	channel_init(&guest.channel, stream, GUEST, STREAM, dispatch_table);
	guest.channel.framed = true;
	guest.channel.queue_max = QUEUE_MOST;
	guest.channel.owner = &guest;
	guest_signals(&guest);
	start_report(&guest);
	for (;;)
		guest_step(&guest);
}
