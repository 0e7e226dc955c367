/*
 * audit.c: audit export, audit verify and audit key.
 * Runs in: sallyport, with the user's rights; verifying a file is offline.
 * Input: rows of the record and files: hostile; keys that the user names.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "client/cli/audit.h"
#include "client/cli/cli.h"

/* SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), before its 32 bytes. */
static const uint8_t spki[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b,
    0x65, 0x70, 0x03, 0x21, 0x00 };

struct live {
	struct audit	 audit;
	struct audit_text text;
	struct period	 period;
	struct checkpoint newest;	/* that the supervisor has signed */
	uint64_t	 counted;	/* events that the store holds */
	uint64_t	 seen;		/* of them that have a place */
	bool		 filtered;	/* others are withheld */
};

/* --- rows --- */

static bool
row_bytes(const struct value *row, const char *key, void *dst, size_t len)
{
	const struct value *v = value_get(row, key);

	if (v == NULL || v->type != VALUE_BYTES || v->text.len != len)
		return false;
	memcpy(dst, v->text.data, len);
	return true;
}

static bool
row_checkpoint(const struct value *row, struct checkpoint *c)
{
	c->at = (uint64_t)value_get_int(row, "at", 0);
	return row_bytes(row, "head", c->head, 32) &&
	    row_bytes(row, "signature", c->signature, 64);
}

/* 1 with a record, 0 if it was the count, -1 if it is neither. */
static int
row_record(struct live *l, const struct value *row, struct audit_record *r)
{
	const struct value *event = value_get(row, "event");
	int64_t signed_place = value_get_int(row, "checkpoint", -1);

	memset(r, 0, sizeof(*r));
	if (value_get(row, "events") != NULL) {
		l->counted = (uint64_t)value_get_int(row, "events", 0);
		return 0;
	}
	if (signed_place > 0) {
		r->kind = AUDIT_checkpoint;
		r->signature.place = r->place = (uint64_t)signed_place;
		memcpy(r->signature.tenant, l->newest.tenant, 65);
		return row_checkpoint(row, &r->signature) ? 1 : -1;
	}
	r->place = (uint64_t)value_get_int(row, "place", 0);
	if (!row_bytes(row, "digest", r->digest, 32) ||
	    !row_bytes(row, "head", r->head, 32))
		return -1;
	r->kind = value_get_bool(row, "withheld", false) ? AUDIT_withheld :
	    event != NULL && event->type == VALUE_BYTES ? AUDIT_event :
	    AUDIT_missing;
	if (r->kind == AUDIT_event) {
		r->bytes = (const uint8_t *)event->text.data;
		r->len = event->text.len;
		l->seen++;
	}
	return 1;
}

static int
key_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	autofree char *tenant = value_get_text(e->body, "tenant");
	struct live *l = arg;

	l->newest.place = (uint64_t)value_get_int(e->body, "place", 0);
	if (tenant != NULL)
		snprintf(l->newest.tenant, sizeof(l->newest.tenant), "%.64s",
		    tenant);
	if (row_bytes(e->body, "key", l->audit.key, 32) &&
	    row_checkpoint(e->body, &l->newest))
		return 0;
	return fail_with(cli, EXIT_integrity, ERROR_IntegrityError,
	    "the supervisor's key is no key");
}

static int
broken(struct cli *cli, const struct audit *a)
{
	return fail_with(cli, EXIT_integrity, ERROR_IntegrityError, "%s",
	    a->why);
}

/* --- export --- */

static bool
in_period(const struct live *l, const struct audit_record *r)
{
	struct audit_event e;

	return audit_event_read(&e, r->bytes, r->len) == -1 ||
	    (e.at >= l->period.since && e.at < l->period.until);
}

static int
export_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	struct audit_record r;
	struct live *l = arg;
	int got = row_record(l, e->body, &r);

	if (got == 0)
		return 0;
	if (got == 1 && r.kind == AUDIT_event && !in_period(l, &r))
		r.kind = AUDIT_withheld;
	if (got == -1 || audit_line_write(&l->text, &r) == -1) {
		snprintf(l->audit.why, sizeof(l->audit.why), "place %" PRIu64
		    ": this is no event: 'sallyport audit verify --live' "
		    "says more", r.place);
		return broken(cli, &l->audit);
	}
	fwrite(l->text.text, 1, l->text.len, stdout);
	return 0;
}

static void
live_clear(struct live *l)
{
	audit_text_clear(&l->text);
	audit_clear(&l->audit);
}

static int
audit_export(struct cli *cli)
{
	struct sallyport_question key = { .kind = SALLYPORT_KEY };
	struct sallyport_question q = { .kind = SALLYPORT_AUDIT,
	    .run = arg_text(&cli->args, "run") };
	static struct live l;
	int status = period_read(cli, &l.period);

	if (status == 0 && q.run != NULL && !run_name_ok(q.run))
		return fail_usage(cli, "a run is named by its UUID or at "
		    "least 4 characters of its beginning");
	if (status == 0)
		status = cli_connect(cli);
	if (status == 0)
		status = rows(cli, &key, key_row, &l);
	if (status == 0)
		status = rows(cli, &q, export_row, &l);
	live_clear(&l);
	return output_end(cli, status);
}

/* --- verify --- */

static int
report(struct cli *cli, const struct audit *a)
{
	autojson struct json j = { 0 };
	char time[32], head[65];

	sodium_bin2hex(head, sizeof(head), a->head, 32);
	if (!cli->json) {
		printf("verified: %" PRIu64 " events of %" PRIu64 " runs",
		    a->events, a->runs);
		if (a->withheld > 0)
			printf(", and %" PRIu64 " that are withheld",
			    a->withheld);
		printf("\nhead:     %" PRIu64 ":%s\n", a->place, head);
		if (a->checkpoints > 0)
			printf("signed:   up to place %" PRIu64 ", %s, by %"
			    PRIu64 " checkpoints\n", a->signed_place,
			    time_text(time, a->signed_at), a->checkpoints);
		if (a->place > a->signed_place)
			printf("unsigned: %" PRIu64 " events behind the newest "
			    "checkpoint\n", a->place - a->signed_place);
		return output_end(cli, 0);
	}
	json_open(&j, '{');
	json_key(&j, "verified");
	json_bool(&j, true);
	json_key(&j, "place");
	json_uint(&j, a->place);
	json_key(&j, "head");
	json_text(&j, head);
	json_key(&j, "events");
	json_uint(&j, a->events);
	json_key(&j, "runs");
	json_uint(&j, a->runs);
	json_key(&j, "withheld");
	json_uint(&j, a->withheld);
	json_key(&j, "checkpoints");
	json_uint(&j, a->checkpoints);
	json_key(&j, "signed_place");
	json_uint(&j, a->signed_place);
	json_close(&j, '}');
	print_json(&j);
	return output_end(cli, 0);
}

/* PEM as `audit key` prints it, or 64 hexadecimal digits. */
static int
key_read(struct cli *cli, const char *path, uint8_t key[32])
{
	struct content c = { 0 };
	uint8_t der[64];
	char why[512], *base64;
	size_t len = 0;

	if (content_read(path, 4096, &c, why, sizeof(why)) == -1)
		return fail_with(cli, EXIT_data, ERROR_none, "%s", why);
	base64 = strstr(c.data, "KEY-----\n");
	if (base64 != NULL)
		sodium_base642bin(der, sizeof(der), base64 + 9,
		    strcspn(base64 + 9, "-"), "\r\n", &len, NULL,
		    sodium_base64_VARIANT_ORIGINAL);
	if (len == 44 && memcmp(der, spki, sizeof(spki)) == 0)
		memcpy(key, der + 12, 32);
	else if (sodium_hex2bin(key, 32, c.data, strcspn(c.data, "\r\n"),
	    NULL, &len, NULL) == -1 || len != 32)
		len = 0;
	content_clear(&c);
	return len != 0 ? 0 : fail_with(cli, EXIT_data, ERROR_none, "%s: "
	    "this is no Ed25519 public key; 'sallyport audit key' prints one",
	    path);
}

/* SEQ:HASH, as an auditor has noted them. */
static int
head_read(struct cli *cli, const char *text, struct audit *a)
{
	size_t len = 0;
	char *end;

	if (text == NULL)
		return 0;
	a->wanted = strtoull(text, &end, 10);
	if (a->wanted > 0 && *end == ':' && strlen(end + 1) == 64)
		sodium_hex2bin(a->wanted_head, 32, end + 1, 64, NULL, &len,
		    NULL);
	return len == 32 ? 0 : fail_usage(cli, "--head: write the place and "
	    "the hash that were noted, as in 120:4f0c... (64 digits)");
}

static int
verify_file(struct cli *cli, struct audit *a)
{
	const char *path = cli->args.operands[0];
	const char *key = arg_text(&cli->args, "key");
	FILE *file;
	int status;

	if (key == NULL)
		return fail_usage(cli, "--key is needed: the public key that "
		    "'sallyport audit key' printed on the machine");
	if ((status = key_read(cli, key, a->key)) != 0)
		return status;
	file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file == NULL)
		return fail_with(cli, EXIT_data, ERROR_none, "%s: %s", path,
		    strerror(errno));
	status = audit_file(a, file);
	if (file != stdin)
		fclose(file);
	return status == 0 ? report(cli, a) : broken(cli, a);
}

static int
verify_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	struct audit_record r;
	struct live *l = arg;
	int got = row_record(l, e->body, &r);

	if (got == 1 && audit_next(&l->audit, &r) == 0)
		return 0;
	if (got == -1)
		snprintf(l->audit.why, sizeof(l->audit.why), "place %" PRIu64
		    ": the row of the record is broken", r.place);
	return got == 0 ? 0 : broken(cli, &l->audit);
}

/* What the supervisor has signed last must be there. */
static int
hold_to_newest(struct live *l)
{
	struct audit_record r = { .kind = AUDIT_checkpoint,
	    .signature = l->newest };

	if (l->newest.place == 0 || l->audit.wanted > 0)
		return 0;
	l->audit.wanted = l->newest.place;
	memcpy(l->audit.wanted_head, l->newest.head, 32);
	return crypto_sign_verify_detached(r.signature.signature,
	    (uint8_t *)l->text.text, l->text.len, l->audit.key);
}

static int
verify_rows(struct cli *cli, struct live *l)
{
	struct sallyport_question q = { .kind = SALLYPORT_AUDIT };
	int status;

	l->text.text = xcalloc(1, CHECKPOINT_MAX);
	l->text.len = checkpoint_text(l->text.text, &l->newest);
	if (hold_to_newest(l) != 0)
		return fail_with(cli, EXIT_integrity, ERROR_IntegrityError,
		    "the supervisor does not sign with this key");
	if ((status = rows(cli, &q, verify_row, l)) != 0)
		return status;
	if (audit_end(&l->audit) == -1)
		return broken(cli, &l->audit);
	if (l->counted != l->seen)
		return fail_with(cli, EXIT_integrity, ERROR_IntegrityError,
		    "inserted: the record holds %" PRIu64 " events, but only "
		    "%" PRIu64 " have a place in the chain", l->counted,
		    l->seen);
	return report(cli, &l->audit);
}

static int
verify_live(struct cli *cli, struct live *l)
{
	struct sallyport_question key = { .kind = SALLYPORT_KEY };
	const char *named = arg_text(&cli->args, "key");
	int status = cli_connect(cli);

	if (status == 0)
		status = rows(cli, &key, key_row, l);
	if (status == 0 && named != NULL)
		status = key_read(cli, named, l->audit.key);
	return status != 0 ? status : verify_rows(cli, l);
}

static int
audit_verify(struct cli *cli)
{
	bool live = arg_flag(&cli->args, "live");
	static struct live l;
	int status;

	if (live != (cli->args.noperands == 0))
		return fail_usage(cli, "name an exported file, or --live for "
		    "the record of the running supervisor");
	if (sodium_init() == -1)
		return fail_with(cli, EXIT_internal, ERROR_none,
		    "initialise libsodium");
	audit_init(&l.audit);
	status = head_read(cli, arg_text(&cli->args, "head"), &l.audit);
	if (status == 0)
		status = live ? verify_live(cli, &l) :
		    verify_file(cli, &l.audit);
	live_clear(&l);
	return status;
}

/* --- key --- */

static int
audit_key(struct cli *cli)
{
	struct sallyport_question q = { .kind = SALLYPORT_KEY };
	char base64[64], hex[65];
	static struct live l;
	uint8_t der[44];
	int status = cli_connect(cli);

	if (status == 0)
		status = rows(cli, &q, key_row, &l);
	if (status != 0)
		return status;
	memcpy(der, spki, sizeof(spki));
	memcpy(der + sizeof(spki), l.audit.key, 32);
	sodium_bin2base64(base64, sizeof(base64), der, sizeof(der),
	    sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2hex(hex, sizeof(hex), l.audit.key, 32);
	if (cli->json)
		printf("{\"algorithm\":\"Ed25519\",\"key\":\"%s\"}\n", hex);
	else
		printf("-----BEGIN PUBLIC KEY-----\n%s\n"
		    "-----END PUBLIC KEY-----\n", base64);
	return output_end(cli, 0);
}

static const struct option_row export_options[] = {
	{ "run", 0, OPT_text, "RUN", 0,
	    "only this run; of the others their digests" },
	{ "since", 0, OPT_text, "TIME", 0,
	    "only events from then on: 2026-01-31, 2026-01-31T12:00:00Z, 7d" },
	{ "until", 0, OPT_text, "TIME", 0, "only events before then" },
};

const struct verb verb_audit_export = {
	.noun = "audit", .name = "export", .operands = "",
	.summary = "write the record as JSON lines that anybody can verify",
	.example = "sallyport audit export >record.jsonl\n"
	    "sallyport audit export --run 01935f2c >run.jsonl",
	.options = export_options, .noptions = nitems(export_options),
	.run = audit_export
};

static const struct option_row verify_options[] = {
	{ "live", 0, OPT_flag, NULL, 0,
	    "the record of the running supervisor, not a file" },
	{ "key", 0, OPT_text, "PUB", 0,
	    "the public key, as 'audit key' printed it" },
	{ "head", 0, OPT_text, "SEQ:HASH", 0,
	    "a head noted earlier, which the record must still hold" },
};

const struct verb verb_audit_verify = {
	.noun = "audit", .name = "verify", .operands = "[FILE]",
	.least = 0, .most = 1,
	.summary = "check that nothing was changed, removed, reordered or "
	    "inserted",
	.example = "sallyport audit verify record.jsonl --key signing.pub\n"
	    "sallyport audit verify --live",
	.options = verify_options, .noptions = nitems(verify_options),
	.run = audit_verify
};

const struct verb verb_audit_key = {
	.noun = "audit", .name = "key", .operands = "",
	.summary = "print the public key that the record is signed with",
	.example = "sallyport audit key >signing.pub",
	.run = audit_key
};
