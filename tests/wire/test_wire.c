/*
 * test_wire.c: every row of messages.def, broken in every way that it can be.
 * Runs in: unit tests.
 * Input: datagrams as a hostile peer would send them; the cases are made from
 * the table itself, so a new row is tested without a new line here.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/util.h"

/* A party that may receive every message. */
#define EVERYBODY	0x1ff
#define SELF		EVERYBODY
#include "ipc/dispatch.h"

static int handled[MSG_COUNT];

#define MESSAGE(name, from, to, when)					\
int									\
on_##name(struct channel *c, struct name *m)				\
{									\
	(void)c;							\
	(void)m;							\
	handled[MSG_##name]++;						\
	return 0;							\
}
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

enum type {
	TYPE_u8, TYPE_u32, TYPE_u64, TYPE_i64, TYPE_flag, TYPE_id, TYPE_hash,
	TYPE_text, TYPE_bytes, TYPE_blob, TYPE_secret, TYPE_descriptor
};

struct field {
	enum message	 message;
	const char	*name;
	enum type	 type;
	uint64_t	 bound;
};

#define SPEC_u8(f)		TYPE_u8, #f, 0
#define SPEC_u32(f)		TYPE_u32, #f, 0
#define SPEC_u64(f)		TYPE_u64, #f, 0
#define SPEC_i64(f)		TYPE_i64, #f, 0
#define SPEC_flag(f)		TYPE_flag, #f, 0
#define SPEC_id(f)		TYPE_id, #f, 0
#define SPEC_hash(f)		TYPE_hash, #f, 0
#define SPEC_text(f, n)		TYPE_text, #f, n
#define SPEC_bytes(f, n)	TYPE_bytes, #f, n
#define SPEC_blob(f, n)		TYPE_blob, #f, n
#define SPEC_secret(f, n)	TYPE_secret, #f, n
#define SPEC_descriptor(f)	TYPE_descriptor, #f, 0
#define ROW(m, type, name, bound)	{ m, name, type, bound },
#define ROW_OF(m, spec)			ROW(m, spec)
#define MESSAGE(name, from, to, when)
#define FIELD(message, type, ...) \
	ROW_OF(MSG_##message, SPEC_##type(__VA_ARGS__))
#define END(name)
static const struct field fields[] = {
#include "policy/messages.def"
};
#undef MESSAGE
#undef FIELD
#undef END

enum fault {
	FAULT_none,		/* as it should be */
	FAULT_long,		/* the field is one over its bound */
	FAULT_type		/* the field is of another type */
};

struct datagram {
	struct pack	pack;
	int		fds[MESSAGE_FDS + 1];
	size_t		nfds;
};

static int
sparse_memfd(size_t len, int seals)
{
	int fd = memfd_create("wire", MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

#define SEALED	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

static void
put_memfd(struct datagram *d, size_t len, int seals)
{
	pack_uint(&d->pack, len);
	d->fds[d->nfds++] = sparse_memfd(len, seals);
}

static void
put_filled(struct datagram *d, enum type type, size_t len)
{
	char *s = xcalloc(1, len + 1);

	memset(s, 'a', len);
	if (type == TYPE_text)
		pack_textn(&d->pack, s, len);
	else
		pack_bytes(&d->pack, s, len);
	free(s);
}

/* A value of the field; false if this fault does not exist for it. */
static bool
put_field(struct datagram *d, const struct field *f, enum fault fault)
{
	bool over = fault == FAULT_long;

	if (fault == FAULT_type) {
		pack_list(&d->pack, 0);
		return true;
	}
	switch (f->type) {
	case TYPE_u8:
		pack_uint(&d->pack, over ? 256 : 1);
		return true;
	case TYPE_u32:
		pack_uint(&d->pack, over ? 1ull << 32 : 1);
		return true;
	case TYPE_u64:
		pack_uint(&d->pack, UINT64_MAX);
		return !over;
	case TYPE_i64:
		pack_uint(&d->pack, over ? 1ull << 63 : 1);
		return true;
	case TYPE_flag:
		pack_bool(&d->pack, true);
		return !over;
	case TYPE_id:
		put_filled(d, TYPE_bytes, over ? 17 : 16);
		return true;
	case TYPE_hash:
		put_filled(d, TYPE_bytes, over ? 33 : 32);
		return true;
	case TYPE_text:
	case TYPE_bytes:
		put_filled(d, f->type, f->bound + over);
		return true;
	case TYPE_blob:
	case TYPE_secret:
		put_memfd(d, f->bound + over, SEALED);
		return true;
	case TYPE_descriptor:
		pack_nil(&d->pack);
		d->fds[d->nfds++] = open("/dev/null", O_RDONLY);
		return !over;
	}
	return false;
}

/* The message with one field at fault (or none: field is NULL). */
static bool
build(struct datagram *d, enum message m, const struct field *broken,
    enum fault fault, int missing)
{
	bool there = true;
	unsigned left = message_rules[m].arity - missing;

	memset(d, 0, sizeof(*d));
	pack_init(&d->pack, 256 * KiB);
	pack_list(&d->pack, 1 + left);
	pack_uint(&d->pack, m);
	for (size_t i = 0; i < nitems(fields) && left > 0; i++) {
		if (fields[i].message != m)
			continue;
		left--;
		if (!put_field(d, &fields[i],
		    &fields[i] == broken ? fault : FAULT_none))
			there = false;
	}
	assert_int_equal(left, 0);
	return there;
}

static void
raw_send(int fd, struct datagram *d)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * (MESSAGE_FDS + 1))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { d->pack.data, d->pack.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *head;

	if (d->nfds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * d->nfds);
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * d->nfds);
		memcpy(CMSG_DATA(head), d->fds, sizeof(int) * d->nfds);
	}
	assert_int_equal(sendmsg(fd, &msg, 0), (ssize_t)d->pack.len);
	for (size_t i = 0; i < d->nfds; i++)
		close(d->fds[i]);
	pack_clear(&d->pack);
}

static size_t
open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* Deliver it to a channel with that peer and phase; nothing may leak. */
static enum received
deliver(struct datagram *d, unsigned peer, unsigned phase)
{
	struct channel c;
	enum received got;
	size_t before;
	int sv[2];

	before = open_descriptors() - d->nfds;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	channel_init(&c, sv[0], EVERYBODY, peer, dispatch_table);
	c.phase = phase;
	raw_send(sv[1], d);
	got = channel_receive(&c);
	if (got == RECEIVE_FAULT)
		assert_true(c.why[0] != '\0');
	channel_clear(&c);
	close(sv[1]);
	assert_int_equal(open_descriptors(), before);
	return got;
}

static unsigned
lowest(unsigned bits)
{
	return bits & -bits;
}

static void
test_rows_are_accepted_as_declared(void **state)
{
	struct datagram d;

	(void)state;
	for (unsigned m = 0; m < MSG_COUNT; m++) {
		const struct message_rule *rule = &message_rules[m];

		for (unsigned peer = 1; peer <= CLIENT; peer <<= 1) {
			for (unsigned ph = 1; ph <= ENDING; ph <<= 1) {
				bool right = (rule->from & peer) &&
				    (rule->when & ph);
				int before = handled[m];

				build(&d, m, NULL, FAULT_none, 0);
				if (deliver(&d, peer, ph) !=
				    (right ? RECEIVED : RECEIVE_FAULT))
					fail_msg("%s from %u in phase %u",
					    rule->name, peer, ph);
				assert_int_equal(handled[m], before + right);
			}
		}
	}
}

static void
test_fields_over_their_bound_are_refused(void **state)
{
	struct datagram d;

	(void)state;
	for (size_t i = 0; i < nitems(fields); i++) {
		const struct field *f = &fields[i];
		const struct message_rule *rule = &message_rules[f->message];
		int before = handled[f->message];

		for (int fault = FAULT_long; fault <= FAULT_type; fault++) {
			bool there = build(&d, f->message, f, fault, 0);
			enum received got = deliver(&d, lowest(rule->from),
			    lowest(rule->when));

			if (there && got != RECEIVE_FAULT)
				fail_msg("%s.%s: fault %d is accepted",
				    rule->name, f->name, fault);
			if (there)
				assert_int_equal(handled[f->message], before);
			before = handled[f->message];
		}
	}
}

static void
test_missing_and_extra_parts_are_refused(void **state)
{
	struct datagram d;

	(void)state;
	for (unsigned m = 0; m < MSG_COUNT; m++) {
		const struct message_rule *rule = &message_rules[m];
		unsigned from = lowest(rule->from), when = lowest(rule->when);

		build(&d, m, NULL, FAULT_none, 1);
		assert_int_equal(deliver(&d, from, when), RECEIVE_FAULT);
		build(&d, m, NULL, FAULT_none, 0);
		pack_nil(&d.pack);
		assert_int_equal(deliver(&d, from, when), RECEIVE_FAULT);
		build(&d, m, NULL, FAULT_none, 0);
		d.fds[d.nfds++] = open("/dev/null", O_RDONLY);
		assert_int_equal(deliver(&d, from, when), RECEIVE_FAULT);
		build(&d, m, NULL, FAULT_none, 0);
		d.pack.len--;
		assert_int_equal(deliver(&d, from, when), RECEIVE_FAULT);
		if (d.nfds == 0)
			continue;
		build(&d, m, NULL, FAULT_none, 0);
		close(d.fds[--d.nfds]);
		assert_int_equal(deliver(&d, from, when), RECEIVE_FAULT);
	}
}

static void
test_blobs_without_every_seal_are_refused(void **state)
{
	static const int some[] = {
		0, F_SEAL_WRITE, F_SEAL_WRITE | F_SEAL_GROW,
		F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_GROW | F_SEAL_SHRINK
	};
	struct datagram d;

	(void)state;
	for (size_t i = 0; i < nitems(some); i++) {
		memset(&d, 0, sizeof(d));
		pack_init(&d.pack, 256);
		pack_list(&d.pack, 4);
		pack_uint(&d.pack, MSG_tool_request);
		pack_uint(&d.pack, 1);
		pack_text(&d.pack, "calculator");
		put_memfd(&d, 100, some[i]);
		assert_int_equal(deliver(&d, COGNITION, RUNNING),
		    RECEIVE_FAULT);
	}
}

static void
test_no_row_goes_from_worker_to_worker(void **state)
{
	const unsigned workers = COGNITION | TRACKER | DIALER | CONFIG | STREAM;

	(void)state;
	for (unsigned m = 0; m < MSG_COUNT; m++) {
		const struct message_rule *rule = &message_rules[m];

		if (rule->from & workers)
			assert_true(rule->to == JUDGE || (rule->from ==
			    STREAM && rule->to == GUEST));
	}
}

static void
test_what_is_no_message_is_refused(void **state)
{
	static const char *const rubbish[] = {
		"\xc0", "\x90", "\x91\xc0", "\x91\xcd\xff\xff", "\xdd\xff",
		"hello", "\x81\x01\x02", "\xdf\x08\x00\x00\x00"
	};
	struct datagram d;

	(void)state;
	for (size_t i = 0; i < nitems(rubbish); i++) {
		memset(&d, 0, sizeof(d));
		pack_init(&d.pack, 64);
		pack_raw(&d.pack, rubbish[i], strlen(rubbish[i]));
		assert_int_equal(deliver(&d, COGNITION, RUNNING),
		    RECEIVE_FAULT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_accepted_as_declared),
		cmocka_unit_test(test_fields_over_their_bound_are_refused),
		cmocka_unit_test(test_missing_and_extra_parts_are_refused),
		cmocka_unit_test(test_blobs_without_every_seal_are_refused),
		cmocka_unit_test(test_no_row_goes_from_worker_to_worker),
		cmocka_unit_test(test_what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
