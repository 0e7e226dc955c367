/*
 * record_writer.c: writes events into the record in the working directory,
 * one commit each, and prints each number once it is on the disk; or, with
 * the argument "check", prints how many unbroken events there are.
 * Runs in: tests/integration/record_kill.sh, which kills it.  Input: none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "tracker-worker/record/record.h"

#define EVENTS	6

static const uint8_t run[16] = { 1, 2, 3, 4 };

static void
build(struct pack *p, uint64_t seq, const uint8_t previous[DIGEST_LEN])
{
	static const uint8_t filler[9000];

	pack_init(p, MiB);
	pack_list(p, 7);
	pack_text(p, "default");
	pack_bytes(p, run, 16);
	pack_uint(p, seq);
	pack_uint(p, 1);
	pack_uint(p, EVENT_phase_completed);
	pack_bytes(p, previous, DIGEST_LEN);
	pack_map(p, 1);
	pack_text(p, "filler");
	pack_bytes(p, filler, sizeof(filler));
}

static void
write_event(struct store *s)
{
	struct event_view e;
	uint8_t digest[DIGEST_LEN];
	struct head head;
	const char *broken;
	char why[256], line[32];
	struct pack p;
	MDB_txn *txn;

	if (store_begin(s, true, &txn) != 0 ||
	    head_get(s, txn, run, &head) != 0)
		fatalx("begin");
	build(&p, head.seq + 1, head.digest);
	crypto_hash_sha256(digest, p.data, p.len);
	if (event_read(&e, p.data, p.len, &broken) == -1 ||
	    event_append(s, txn, &e, (struct bytes){ p.data, p.len }, digest,
	    why, sizeof(why)) != 0 || mdb_txn_commit(txn) != 0)
		fatalx("append");
	pack_clear(&p);
	snprintf(line, sizeof(line), "%" PRIu64 "\n", head.seq + 1);
	/* Not pwrite or writev: those belong to the store. */
	if (write(1, line, strlen(line)) == -1)
		fatal("write");
}

/* Walk the chain from its beginning; its head must be its end. */
static void
check(struct store *s)
{
	uint8_t previous[DIGEST_LEN] = { 0 };
	struct event_view e;
	struct store_key k;
	struct head head;
	const char *why;
	MDB_txn *txn;
	MDB_val v;
	uint64_t n = 0;

	if (store_begin(s, false, &txn) != 0 ||
	    head_get(s, txn, run, &head) != 0)
		fatalx("begin");
	for (key_event(&k, run, 1); store_get(txn, s->events, &k, &v) == 0;
	    key_event(&k, run, n + 1)) {
		n++;
		if (event_read(&e, v.mv_data, v.mv_size, &why) == -1 ||
		    e.seq != n || memcmp(e.previous, previous, 32) != 0)
			fatalx("event %" PRIu64 " is broken", n);
		crypto_hash_sha256(previous, v.mv_data, v.mv_size);
	}
	if (n != head.seq || memcmp(previous, head.digest, DIGEST_LEN) != 0)
		fatalx("the head is not the end");
	mdb_txn_abort(txn);
	printf("%" PRIu64 "\n", n);
}

int
main(int argc, char **argv)
{
	struct store s;
	int rc;

	log_init("record_writer", LOG_INFO);
	if (sodium_init() == -1)
		fatalx("sodium");
	if ((rc = store_open(&s, 1 << 24, 1 << 24)) != 0)
		fatalx("open: %s", store_reason(rc));
	if (argc > 1 && strcmp(argv[1], "check") == 0)
		check(&s);
	else
		for (int i = 0; i < EVENTS; i++)
			write_event(&s);
	store_close(&s);
	return 0;
}
