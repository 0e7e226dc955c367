/*
 * main.c: the stream role: between the judge and one sandbox.
 * Runs in: exec-worker, stream role; confined by policy/exec-stream.policy.
 * Input: the judge's messages on descriptor 3, a hostile guest's on 4.
 * Read: stream.h, from_judge.c, call.c, command.c, to_guest.c, from_guest.c,
 * output.c, live.c, files.c, listing.c, collect.c, content.c, results.c,
 * info.c, calculate.c, calculator.c, calculator_operators.c,
 * calculator_functions.c.
 */
#include <fcntl.h>

#include "exec-worker/stream/stream.h"
#include "policy/confine.h"

#define SELF STREAM
#include "ipc/dispatch.h"

#define JUDGE_FD	3
#define GUEST_FD	4

static void
judge_closed(struct channel *c, const char *why)
{
	/* The logger's way leads through this channel, so say it on stderr. */
	log_to(NULL);
	if (why != NULL && !c->broken)
		fatalx("judge broke the contract: %s", why);
	stream_clear(c->owner);
	exit(0);
}

int
main(void)
{
	struct event_base *base;
	struct stream s;

	log_init("exec-stream", LOG_INFO);
	base = loop_new();
	if (sodium_init() == -1)
		fatalx("initialise libsodium");
	stream_init(&s, base, JUDGE_FD,
	    fcntl(GUEST_FD, F_GETFD) == -1 ? -1 : GUEST_FD,
	    dispatch_table);
	confine(&page_exec_stream);
	worker_ready(&s.judge);
	stream_serve(&s, judge_closed);
	event_base_dispatch(base);
	return 0;
}
