/*
 * main.c: the judge: it decides every step of every run, has it recorded
 * before it happens, and routes it.
 * Runs in: judge: no file, no socket of its own making, no fork, no exec.
 * Input: argv from the supervisor; the rest through the handlers: hostile.
 *
 * Reading order of this room:
 *   judge.h judge.c      its state, its bounds, the sweep, serving, leaving
 *   process.c            asking for processes; none is used unverified
 *   load.c config.c rule_load.c  the configuration, from a config-reader
 *   run.c start.c finish.c  the life of a run, and how it ends
 *   call.c limits.c      one tool call: decided, recorded, executed, done
 *   explain.c            what would be decided, for a person
 *   journal.c events.c   the chained events of a run
 *   tracker.c query.c    the record keeper, and questions to it
 *   checkpoint.c         the chain of a tenant, and when it is signed
 *   provider.c dial.c    which model, and where it may connect
 *   client.c watch.c     those who ask, and those who follow
 *   sandbox.c            sandboxes without a model
 *   idle.c               when to leave
 *   from_*.c             everything that each peer can make it do
 */
#include <string.h>

#include <sodium.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "policy/confine.h"
#include "supervisor/judge/judge.h"

#define SELF JUDGE
#include "ipc/dispatch.h"

static void
supervisor_closed(struct channel *c, const char *why)
{
	struct judge *j = c->owner;

	if (why != NULL && !c->broken)
		fatalx("the supervisor broke the contract: %s", why);
	event_base_loopbreak(j->base);
}

static enum log_level
level_of(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--log-level") == 0 &&
	    argv[2][0] >= '0' && argv[2][0] <= '3' && argv[2][1] == '\0')
		return (enum log_level)(argv[2][0] - '0');
	return LOG_INFO;
}

int
main(int argc, char **argv)
{
	struct judge_ready ready = { .protocol = message_protocol() };
	static struct judge judge;
	struct event_base *base;

	log_init("judge", level_of(argc, argv));
	if (sodium_init() == -1)
		fatalx("initialise libsodium");
	base = loop_new();
	confine(&page_judge);
	judge_init(&judge, base, dispatch_table);
	judge.log_level = (int)level_of(argc, argv);
	channel_init(&judge.supervisor, 3, JUDGE, SUPERVISOR, dispatch_table);
	judge.supervisor.owner = &judge;
	if (send_judge_ready(&judge.supervisor, &ready) == -1)
		fatal("send judge_ready");
	judge.supervisor.phase = RUNNING;
	loop_add(base, &judge.supervisor, supervisor_closed);
	event_base_dispatch(base);
	judge_clear(&judge);
	channel_clear(&judge.supervisor);
	event_base_free(base);
	return 0;
}
