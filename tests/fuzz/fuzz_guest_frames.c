/*
 * fuzz_guest_frames.c: any bytes from a guest, while one of the tools is in
 * flight.  The first byte chooses the tool and whether an honest guest_ready
 * comes first; the rest is the stream.  The stream role must stay within its
 * state, free everything, and never crash.
 * Runs in: the fuzzer.
 * Input: hostile.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "exec-worker/stream/stream.h"

#define SELF STREAM
#include "ipc/dispatch.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const struct {
	const char	*tool;
	const char	*arguments;	/* key, value ... */
} settings[] = {
	{ "execute_shell", "command\0true\0" },
	{ "load_file", "path\0f\0" },
	{ "list_files", "path\0d\0" },
	{ "file_exists", "path\0f\0" },
	{ "save_file", "path\0f\0content\0x\0" },
	{ "append_to_file", "path\0f\0content\0x\0" },
	{ "replace_in_file",
	    "path\0f\0old_text\0a\0new_text\0b\0" },
	{ NULL, NULL },			/* collect_request */
};

static void
judge_gone(struct channel *c, const char *why)
{
	(void)c;
	(void)why;
	abort();	/* what a guest says is never the judge's fault */
}

/* Descriptors that come along are dropped by the kernel. */
static void
drain(int fd)
{
	static char sink[1 << 17];

	while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
}

static void
ask(struct channel *judge, unsigned which)
{
	struct collect_request collect = { .most = 1 << 20 };
	struct tool_execute m = { .call = 1, .timeout = 60000, .credit = 5000,
	    .input = BLOB("in", 2) };
	const char *at = settings[which].arguments;
	struct pack args;
	unsigned n = 0;

	if (at == NULL) {
		send_collect_request(judge, &collect);
		return;
	}
	for (const char *p = at; *p != '\0'; p += strlen(p) + 1)
		n++;
	pack_init(&args, 4096);
	pack_map(&args, n / 2);
	for (; *at != '\0'; at += strlen(at) + 1)
		pack_text(&args, at);
	strcpy(m.tool, settings[which].tool);
	m.arguments = BLOB(args.data, args.len);
	send_tool_execute(judge, &m);
	pack_clear(&args);
}

static void
turn(struct event_base *base, int judge, int guest)
{
	for (int i = 0; i < 8; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		drain(judge);
		drain(guest);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_ready ready = { .protocol = message_protocol(),
	    .python = "/bin/python3", .shell = "/bin/sh", .work = "/work" };
	struct stream_start start = { .guest = true, .output_kept = 2048,
	    .info = BLOB("\x80", 1) };
	struct collect_next next = { .files = 1 };
	struct event_base *base;
	struct channel judge, guest;
	struct stream s;
	int a[2], b[2];

	if (size == 0 || size > 60000)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, a) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b) == -1)
		abort();
	base = loop_new();
	stream_init(&s, base, a[1], b[1], dispatch_table);
	stream_serve(&s, judge_gone);
	channel_init(&judge, a[0], JUDGE, STREAM, NULL);
	judge.phase = RUNNING;
	channel_init(&guest, b[0], GUEST, STREAM, NULL);
	guest.framed = true;
	send_stream_start(&judge, &start);
	if (data[0] & 0x80)
		send_guest_ready(&guest, &ready);
	ask(&judge, data[0] & 7);
	turn(base, a[0], b[0]);
	if (send(b[0], data + 1, size - 1, MSG_NOSIGNAL) == -1 && size > 1)
		size = 1;		/* it hung up already */
	turn(base, a[0], b[0]);
	if (s.now != NULL && s.now->collect && s.now->exchange == 0)
		send_collect_next(&judge, &next);
	channel_clear(&guest);
	for (int i = 0; i < 8; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		drain(a[0]);
	}
	if (s.now != NULL && s.state == GUEST_gone)
		abort();		/* a call that nobody answered */
	channel_clear(&judge);
	stream_clear(&s);
	event_base_free(base);
	return 0;
}
