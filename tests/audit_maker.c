/*
 * audit_maker.c: writes an export of many events with a key of its own, for
 * measuring how fast it is verified and for tests without a supervisor.
 * audit_maker EVENTS KEY.pub >record.jsonl
 * Runs in: bench/audit, tests.  Input: none.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "client/cli/audit.h"
#include "ipc/ipc.h"
#include "ipc/util.h"
#include "policy/words.h"

#define RUNS		64	/* at once */
#define RUN_EVENTS	100	/* of each */
#define SIGNED_EVERY	1000

struct chain {
	uint8_t		 run[16], previous[32];
	uint64_t	 seq;
};

static void
body(struct pack *p, uint64_t i)
{
	pack_map(p, 7);
	pack_key_uint(p, "call", i % 50);
	pack_key_text(p, "tool", "execute_shell");
	pack_text(p, "arguments");
	pack_map(p, 1);
	pack_key_text(p, "command", "python3 primes.py | tee output.txt");
	pack_key_text(p, "verdict", "allow");
	pack_key_text(p, "rule", "agents.sandbox.tools.allowed");
	pack_key_text(p, "reason", "the tool is allowed");
	pack_key_uint(p, "iteration", i % 10);
}

static void
event(struct pack *p, struct chain *c, uint64_t i)
{
	if (c->seq == 0) {
		randombytes_buf(c->run, sizeof(c->run));
		memset(c->previous, 0, sizeof(c->previous));
	}
	c->seq++;
	p->len = 0;
	pack_list(p, 7);
	pack_text(p, "default");
	pack_bytes(p, c->run, 16);
	pack_uint(p, c->seq);
	pack_uint(p, 1700000000000 + i);
	pack_uint(p, c->seq == RUN_EVENTS ? EVENT_run_completed :
	    EVENT_tool_decided);
	pack_bytes(p, c->previous, 32);
	body(p, i);
	crypto_hash_sha256(c->previous, p->data, p->len);
	if (c->seq == RUN_EVENTS)
		c->seq = 0;
}

static void
put(struct audit_text *t, const struct audit_record *r)
{
	if (audit_line_write(t, r) == -1)
		fatalx("write a line");
	fwrite(t->text, 1, t->len, stdout);
}

static void
sign(struct audit_text *t, const uint8_t *secret, uint64_t place,
    const uint8_t head[32])
{
	struct audit_record r = { .kind = AUDIT_checkpoint };
	char text[CHECKPOINT_MAX];
	size_t len;

	r.signature.place = place;
	r.signature.at = 1700000000000 + place;
	memcpy(r.signature.head, head, 32);
	snprintf(r.signature.tenant, sizeof(r.signature.tenant), "default");
	len = checkpoint_text(text, &r.signature);
	crypto_sign_detached(r.signature.signature, NULL, (uint8_t *)text,
	    len, secret);
	put(t, &r);
}

static void
key_make(const char *path, uint8_t *secret)
{
	uint8_t public[32];
	char hex[65];
	FILE *file = fopen(path, "we");

	crypto_sign_keypair(public, secret);
	sodium_bin2hex(hex, sizeof(hex), public, 32);
	if (file == NULL || fprintf(file, "%s\n", hex) < 0 ||
	    fclose(file) != 0)
		fatal("write %s", path);
}

int
main(int argc, char **argv)
{
	static struct chain chains[RUNS];
	uint8_t secret[crypto_sign_SECRETKEYBYTES], both[64] = { 0 };
	struct audit_record r = { .kind = AUDIT_event };
	struct audit_text t = { 0 };
	struct pack p;
	uint64_t n;

	if (argc != 3 || sodium_init() == -1)
		fatalx("usage: audit_maker EVENTS KEY.pub");
	key_make(argv[2], secret);
	n = strtoull(argv[1], NULL, 10);
	pack_init(&p, MiB);
	for (uint64_t i = 1; i <= n; i++) {
		struct chain *c = &chains[i % RUNS];

		event(&p, c, i);
		memcpy(r.digest, c->previous, 32);
		memcpy(both + 32, r.digest, 32);
		crypto_hash_sha256(both, both, sizeof(both));
		memcpy(r.head, both, 32);
		r.place = i;
		r.bytes = p.data;
		r.len = p.len;
		put(&t, &r);
		if (i % SIGNED_EVERY == 0 || i == n)
			sign(&t, secret, i, r.head);
	}
	pack_clear(&p);
	audit_text_clear(&t);
	return fflush(stdout) == 0 ? 0 : 1;
}
