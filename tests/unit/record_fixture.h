/*
 * record_fixture.h: a directory for a record, and events chained as the
 * judge chains them.
 * Runs in: unit tests of the tracker.  Input: none.
 */
#ifndef SALLYPORT_RECORD_FIXTURE_H
#define SALLYPORT_RECORD_FIXTURE_H

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "tracker-worker/record/record.h"

/* A run as the judge sees it: where its chain is. */
struct chain {
	uint8_t		 run[16];
	uint64_t	 seq;
	uint8_t		 previous[DIGEST_LEN];
	struct pack	 event;		/* the last one built */
	uint8_t		 digest[DIGEST_LEN];
};

static __attribute__((unused)) void
chain_begin(struct chain *c, uint8_t first, uint8_t last)
{
	memset(c, 0, sizeof(*c));
	memset(c->run, first, 5);
	c->run[15] = last;
}

/* The body of an event of that type, with filler bytes in it. */
static __attribute__((unused)) void
chain_body(struct pack *p, enum event_type type, size_t filler)
{
	uint8_t *data = xcalloc(1, filler + 1);

	randombytes_buf(data, filler);
	pack_map(p, type == EVENT_run_started ? 4 :
	    type == EVENT_run_completed ? 5 : 1);
	if (type == EVENT_run_started) {
		pack_key_text(p, "goal", "find the primes");
		pack_key_text(p, "provider", "replay");
		pack_key_text(p, "model", "none");
	} else if (type == EVENT_run_completed) {
		pack_key_text(p, "status", "finished");
		pack_key_text(p, "stop_reason", "finished");
		pack_key_uint(p, "iterations", 7);
		pack_key_uint(p, "tool_calls", 3);
	}
	pack_text(p, "filler");
	pack_bytes(p, data, filler);
	free(data);
}

/* Build the next event; chain_moved() once it is accepted. */
static __attribute__((unused)) void
chain_next(struct chain *c, enum event_type type, size_t filler)
{
	struct pack *p = &c->event;

	pack_clear(p);
	pack_init(p, 64 * MiB);
	pack_list(p, 7);
	pack_text(p, "default");
	pack_bytes(p, c->run, 16);
	pack_uint(p, c->seq + 1);
	pack_uint(p, 1700000000000 + c->seq);
	pack_uint(p, type);
	pack_bytes(p, c->previous, DIGEST_LEN);
	chain_body(p, type, filler);
	assert_false(p->failed);
	crypto_hash_sha256(c->digest, p->data, p->len);
}

static __attribute__((unused)) void
chain_moved(struct chain *c)
{
	c->seq++;
	memcpy(c->previous, c->digest, DIGEST_LEN);
}

static __attribute__((unused)) int
append(struct store *s, MDB_txn *txn, struct chain *c, char *why,
    size_t size)
{
	struct event_view e;
	const char *broken;

	assert_int_equal(event_read(&e, c->event.data, c->event.len, &broken),
	    0);
	return event_append(s, txn, &e,
	    (struct bytes){ c->event.data, c->event.len }, c->digest, why,
	    size);
}

/* Build and append one event in a commit of its own. */
static __attribute__((unused)) void
append_one(struct store *s, struct chain *c, enum event_type type)
{
	char why[256];
	MDB_txn *txn;

	chain_next(c, type, 10);
	assert_int_equal(store_begin(s, true, &txn), 0);
	assert_int_equal(append(s, txn, c, why, sizeof(why)), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	chain_moved(c);
}

static int
remove_entry(const char *path, const struct stat *st, int type,
    struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

/* A fresh directory in $TMPDIR; the working directory is left as it is. */
static __attribute__((unused)) void
directory_make(char *path, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, size, "%s/record-test.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
}

static __attribute__((unused)) void
directory_remove(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* cmocka fixtures: a store in a directory of its own, which is the cwd. */
struct fixture {
	char		 path[256];
	struct store	 store;
	int		 home;
};

static __attribute__((unused)) int
fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	assert_true(sodium_init() >= 0);
	f->home = open(".", O_RDONLY | O_DIRECTORY);
	directory_make(f->path, sizeof(f->path));
	assert_int_equal(chdir(f->path), 0);
	assert_int_equal(store_open(&f->store, 1 << 26, 1 << 26), 0);
	*state = f;
	return 0;
}

static __attribute__((unused)) int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	assert_int_equal(fchdir(f->home), 0);
	close(f->home);
	directory_remove(f->path);
	free(f);
	return 0;
}

#endif
