/*
 * main.c: tracker-worker, record role: writes down what happens, one tenant.
 * Runs in: tracker-record; may use its working directory and nothing else.
 * Input: the judge's messages.
 * Reading order: main.c, record.h, from_judge.c, commit.c, append.c, rows.c,
 * event.c, ledger.c, store.c, outputs.c, tools.c, state.c, query.c,
 * rows_out.c, audit.c.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <sodium.h>

#include "ipc/util.h"
#include "policy/confine.h"
#include "tracker-worker/record/tracker.h"

#define SELF	TRACKER
#include "ipc/dispatch.h"

#define CHANNEL		3
#define MAP_FIRST	((size_t)1 << 24)	/* bytes; it grows */
#define MAP_MOST	((size_t)1 << 36)
#define MAP_SHARE	4	/* of the address space, while it grows */

/* LMDB maps the whole store: it cannot outgrow our address space. */
static size_t
map_bound(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur / MAP_SHARE > MAP_MOST)
		return MAP_MOST;
	return (size_t)limit.rlim_cur / MAP_SHARE & ~(size_t)0xffff;
}

static void
open_record(struct tracker *t)
{
	autoclose int dir = record_lock();
	size_t most = map_bound();
	int rc;

	if (dir == -1)
		fatal("lock the record: another process may hold it");
	rc = store_open(&t->store, most < MAP_FIRST ? most : MAP_FIRST, most);
	if (rc != 0)
		fatalx("open the record: %s", store_reason(rc));
	if ((t->outputs = outputs_dir(dir)) == -1)
		fatal("open the directory of outputs");
	if (fsync(dir) == -1)		/* their names, too, are durable */
		fatal("write the record's directory");
	steal_fd(&dir);		/* holds the lock until we end */
}

/* The judge is gone: keep what it sent, then leave. */
static void
on_closed(struct channel *c, const char *why)
{
	struct tracker *t = c->owner;

	log_to(NULL);
	commit_now(t);
	store_close(&t->store);
	if (why != NULL)
		fatalx("the judge broke the contract: %s", why);
	exit(0);
}

int
main(void)
{
	struct tracker t = { .outputs = -1 };

	log_init("tracker-record", LOG_INFO);
	if (sodium_init() == -1)
		fatalx("initialise libsodium");
	tzset();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a file at its limit: EFBIG */
	t.base = loop_new();
	open_record(&t);
	commit_init(&t);
	query_init(&t);
	confine(&page_tracker_record);
	channel_init(&t.channel, CHANNEL, TRACKER, JUDGE, dispatch_table);
	t.channel.owner = &t;
	worker_ready(&t.channel);
	t.channel.phase = RUNNING;
	loop_add(t.base, &t.channel, on_closed);
	event_base_dispatch(t.base);
	return 0;
}
