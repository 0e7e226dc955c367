/*
 * test_channel.c: sending, queueing, descriptors and frames.
 * Runs in: unit tests.
 * Input: two ends of a socketpair, one of them hostile where it says so.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/util.h"

#define SELF	STREAM
#include "ipc/dispatch.h"

static size_t frames, bytes_seen;
static bool clear_in_handler;

#define IGNORE(name)							\
int									\
on_##name(struct channel *c, struct name *m)				\
{									\
	(void)c;							\
	(void)m;							\
	return 0;							\
}
IGNORE(stream_start)
IGNORE(output_credit)
IGNORE(tool_cancel)
IGNORE(collect_request)
IGNORE(collect_next)
IGNORE(guest_ready)
IGNORE(guest_input_credit)
IGNORE(guest_exited)
IGNORE(guest_failed)
IGNORE(guest_data)
IGNORE(guest_entry)
IGNORE(guest_done)
IGNORE(guest_pong)

int
on_guest_output(struct channel *c, struct guest_output *m)
{
	frames++;
	bytes_seen += m->data.len;
	if (clear_in_handler)
		channel_clear(c);
	return 0;
}

int
on_tool_execute(struct channel *c, struct tool_execute *m)
{
	(void)c;
	assert_int_equal(blob_map(&m->arguments), 0);
	bytes_seen += m->arguments.len;
	return m->arguments.data[0] == 'a' ? 0 :
	    channel_fault(c, "begins with %c", m->arguments.data[0]);
}

static void
pair(int type, struct channel *a, enum party is, struct channel *b)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, type, 0, sv), 0);
	channel_init(a, sv[0], is, STREAM, dispatch_table);
	channel_init(b, sv[1], STREAM, is, dispatch_table);
	a->phase = b->phase = RUNNING;
	a->framed = b->framed = type == SOCK_STREAM;
	frames = bytes_seen = 0;
	clear_in_handler = false;
}

static void
test_send_large_blob_as_memfd(void **state)
{
	static uint8_t large[100000];
	struct tool_execute m = {
		.call = 1, .tool = "x", .arguments = BLOB(large, sizeof(large)),
		.input = BLOB_NONE
	};
	struct channel a, b;

	(void)state;
	pair(SOCK_SEQPACKET, &a, JUDGE, &b);
	memset(large, 'a', sizeof(large));
	assert_int_equal(send_tool_execute(&a, &m), 0);
	assert_int_equal(channel_receive(&b), RECEIVED);
	assert_int_equal(bytes_seen, sizeof(large));
	channel_clear(&a);
	assert_int_equal(channel_receive(&b), RECEIVE_CLOSED);
	channel_clear(&b);
}

static void
test_receive_names_what_the_handler_refused(void **state)
{
	struct tool_execute m = {
		.call = 1, .tool = "x", .arguments = BLOB("b", 1),
		.input = BLOB_NONE
	};
	struct channel a, b;

	(void)state;
	pair(SOCK_SEQPACKET, &a, JUDGE, &b);
	assert_int_equal(send_tool_execute(&a, &m), 0);
	assert_int_equal(channel_receive(&b), RECEIVE_FAULT);
	assert_string_equal(b.why, "tool_execute: begins with b");
	channel_clear(&a);
	channel_clear(&b);
}

static void
test_send_checks_its_own_rule(void **state)
{
	struct tool_cancel m = { .call = 1 };
	struct guest_ping ping = { .nonce = 1 };
	struct channel a, b;

	(void)state;
	pair(SOCK_SEQPACKET, &a, JUDGE, &b);
	assert_int_equal(send_guest_ping(&a, &ping), -1);
	assert_int_equal(errno, EPERM);
	a.phase = STARTING;
	assert_int_equal(send_tool_cancel(&a, &m), -1);
	assert_int_equal(errno, EPERM);
	channel_clear(&a);
	channel_clear(&b);
}

static void
test_queue_is_bounded(void **state)
{
	struct tool_cancel m = { .call = 1 };
	struct channel a, b;
	int status = 0, sent = 0;

	(void)state;
	pair(SOCK_SEQPACKET, &a, JUDGE, &b);
	fcntl(a.fd, F_SETFL, O_NONBLOCK);
	a.queue_max = 1000;
	for (; status == 0 && sent < 100000; sent++)
		status = send_tool_cancel(&a, &m);
	assert_int_equal(status, -1);
	assert_int_equal(errno, ENOBUFS);
	assert_true(a.broken);
	assert_true(a.queued <= 1000);
	channel_clear(&a);
	channel_clear(&b);
}

static void
test_queue_is_flushed_in_order(void **state)
{
	struct tool_cancel m = { .call = 1 };
	struct channel a, b;
	int sent = 0, got = 0;

	(void)state;
	pair(SOCK_SEQPACKET, &a, JUDGE, &b);
	fcntl(a.fd, F_SETFL, O_NONBLOCK);
	while (a.head == NULL && sent++ < 100000)
		assert_int_equal(send_tool_cancel(&a, &m), 0);
	fcntl(b.fd, F_SETFL, O_NONBLOCK);
	while (channel_receive(&b) == RECEIVED)
		got++;
	assert_int_equal(channel_flush(&a), 0);
	while (channel_receive(&b) == RECEIVED)
		got++;
	assert_int_equal(got, sent);
	channel_clear(&a);
	channel_clear(&b);
}

static void
test_frames_cut_at_every_byte(void **state)
{
	struct guest_output m = { .call = 7, .source = 1,
	    .data = { (const uint8_t *)"payload", 7 } };
	uint8_t wire[256];
	struct channel a, b;
	ssize_t len;

	(void)state;
	pair(SOCK_STREAM, &a, GUEST, &b);
	assert_int_equal(send_guest_output(&a, &m), 0);
	len = read(b.fd, wire, sizeof(wire));
	assert_true(len > 7);
	fcntl(b.fd, F_SETFL, O_NONBLOCK);
	for (ssize_t cut = 0; cut <= len; cut++) {
		assert_int_equal(write(a.fd, wire, cut), cut);
		assert_int_equal(channel_receive(&b), cut == len ? RECEIVED :
		    RECEIVE_AGAIN);
		if (cut < len) {
			assert_int_equal(write(a.fd, wire + cut, len - cut),
			    len - cut);
			assert_int_equal(channel_receive(&b), RECEIVED);
		}
		assert_int_equal(channel_receive(&b), RECEIVE_AGAIN);
	}
	assert_int_equal(frames, len + 1);
	channel_clear(&a);
	channel_clear(&b);
}

static void
test_frame_length_is_not_believed(void **state)
{
	static const char *const lies[] = {
		"\xff\xff\xff\xff", "\x01\x00\x01\x00", "\x00\x00\x00\x00"
	};
	struct channel a, b;

	(void)state;
	for (size_t i = 0; i < nitems(lies); i++) {
		pair(SOCK_STREAM, &a, GUEST, &b);
		assert_int_equal(write(a.fd, lies[i], 4), 4);
		assert_int_equal(channel_receive(&b), RECEIVE_FAULT);
		channel_clear(&a);
		channel_clear(&b);
	}
}

static void
test_handler_may_clear_its_channel(void **state)
{
	struct guest_output m = { .call = 7, .source = 1,
	    .data = { (const uint8_t *)"x", 1 } };
	struct channel a, b;

	(void)state;
	pair(SOCK_STREAM, &a, GUEST, &b);
	clear_in_handler = true;
	assert_int_equal(send_guest_output(&a, &m), 0);
	assert_int_equal(channel_receive(&b), RECEIVED);
	assert_int_equal(b.fd, -1);
	assert_int_equal(channel_receive(&b), RECEIVE_CLOSED);
	channel_clear(&a);
}

/* The buffer of a large message is used again, and given up after a small. */
static void
test_send_keeps_the_buffer_of_large_messages(void **state)
{
	static const size_t sizes[] = { 1, 30000, 10, 32000, 20000, 5 };
	static uint8_t large[32000];
	struct guest_output m = { .call = 7, .source = 1 };
	struct channel a, b;
	size_t sent = 0;

	(void)state;
	pair(SOCK_STREAM, &a, GUEST, &b);
	for (size_t i = 0; i < nitems(sizes); i++) {
		m.data = (struct bytes){ large, sizes[i] };
		assert_int_equal(send_guest_output(&a, &m), 0);
		assert_int_equal(channel_receive(&b), RECEIVED);
		assert_int_equal(bytes_seen, sent += sizes[i]);
		assert_true((a.out != NULL) == (sizes[i] > 4096));
	}
	channel_clear(&a);
	assert_null(a.out);
	channel_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send_large_blob_as_memfd),
		cmocka_unit_test(test_receive_names_what_the_handler_refused),
		cmocka_unit_test(test_send_checks_its_own_rule),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_queue_is_flushed_in_order),
		cmocka_unit_test(test_frames_cut_at_every_byte),
		cmocka_unit_test(test_frame_length_is_not_believed),
		cmocka_unit_test(test_handler_may_clear_its_channel),
		cmocka_unit_test(test_send_keeps_the_buffer_of_large_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
