/*
 * stream_peer.h: both neighbours of a stream role, for tests: the judge, and
 * where a test wants it, the guest.  The stream role runs in a child: its
 * code alone, or the real confined binary.
 * Runs in: tests.  Input: what the stream role says.
 */
#ifndef SALLYPORT_STREAM_PEER_H
#define SALLYPORT_STREAM_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/unit/unit.h"

#include "exec-worker/stream/stream.h"
#include "ipc/decode.h"

#define SELF STREAM
#include "ipc/dispatch.h"

#define GUEST_NONE	-2	/* no fourth descriptor */

/* The newest message of each end, decoded; bytes are borrowed. */
union any {
#define MESSAGE(name, from, to, when)	struct name name;
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END
};

struct peers {
	struct channel	 judge;		/* our end, as the judge */
	struct channel	 guest;		/* our end, as the guest; fd -1: none */
	pid_t		 pid;		/* the stream role */
	uint64_t	 call;		/* the newest */
	enum message	 kind;		/* what `got` is */
	union any	 got;
	struct value	*result;	/* of tool_done, owned */
	struct tool_done done;
	uint64_t	 live[2];	/* bytes of tool_output */
};

#define MESSAGE(name, from, to, when)					\
static int								\
keep_##name(struct channel *c, struct unpack *u, int *fds, size_t n)	\
{									\
	struct peers *p = c->owner;					\
									\
	p->kind = MSG_##name;						\
	return decode_##name(c, u, fds, n, &p->got.name);		\
}
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#define MESSAGE(name, from, to, when)	[MSG_##name] = keep_##name,
#define FIELD(name, type, ...)
#define END(name)
static message_dispatch *const keep_table[MSG_COUNT] = {
#include "policy/messages.def"
};
#undef MESSAGE
#undef FIELD
#undef END

/* --- starting and ending --- */

static void
role_closed(struct channel *c, const char *why)
{
	struct stream *s = c->owner;
	bool fault = why != NULL && !c->broken;

	stream_clear(s);
	_exit(fault ? 76 : 0);
}

static void
role_child(int judge, int guest)
{
	struct event_base *base = loop_new();
	struct stream s;

	log_init("exec-stream", LOG_ERROR);
	stream_init(&s, base, judge, guest, dispatch_table);
	stream_serve(&s, role_closed);
	event_base_dispatch(base);
	_exit(70);
}

/* build/tests/NAME -> build/libexec/sallyport/NAME */
static inline void
libexec_path(char out[PATH_MAX], const char *name)
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 64);

	assert_true(n > 0);
	out[n] = '\0';
	*strrchr(out, '/') = '\0';
	*strrchr(out, '/') = '\0';
	strcat(out, "/libexec/sallyport/");
	strcat(out, name);
}

static inline void
binary_child(int judge, int guest)
{
	char path[PATH_MAX], *argv[] = { path, NULL }, *none[] = { NULL };

	libexec_path(path, "exec-stream");
	judge = fcntl(judge, F_DUPFD, 10);
	guest = guest >= 0 ? fcntl(guest, F_DUPFD, 10) : -1;
	dup2(judge, 3);
	if (guest >= 0)
		dup2(guest, 4);
	for (int fd = guest >= 0 ? 5 : 4; fd < 64; fd++)
		close(fd);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	execve(path, argv, none);
	_exit(1);
}

/*
 * guest is the stream role's end of the stream, taken; or -1: this test plays
 * the guest; or GUEST_NONE.
 */
static inline struct peers *
peers_start(int guest, bool binary)
{
	struct peers *p = xcalloc(1, sizeof(*p));
	int judge[2], stream[2] = { -1, -1 };

	signal(SIGPIPE, SIG_IGN);
	alarm(280);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    judge), 0);
	if (guest == -1) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM |
		    SOCK_CLOEXEC, 0, stream), 0);
		guest = stream[1];
	}
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		close(judge[0]);
		if (stream[0] >= 0)
			close(stream[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (binary)
			binary_child(judge[1], guest);
		role_child(judge[1], guest);
	}
	close(judge[1]);
	if (guest >= 0)
		close(guest);
	channel_init(&p->judge, judge[0], JUDGE, STREAM, keep_table);
	channel_init(&p->guest, stream[0], GUEST, STREAM, keep_table);
	p->guest.framed = true;
	p->judge.owner = p->guest.owner = p;
	p->judge.phase = binary ? STARTING : RUNNING;
	return p;
}

/* The stream role leaves when the judge does: its exit status. */
static inline int
peers_end(struct peers *p)
{
	int status;

	channel_clear(&p->judge);
	channel_clear(&p->guest);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	value_free(p->result);
	free(p);
	return status;
}

/*
 * VmHWM of the stream role in KiB; 0 in a sanitizer build, whose quarantine
 * says nothing about what the program keeps.
 */
static inline long
peers_peak(const struct peers *p)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmHWM: %ld", &kib);
	fclose(f);
	assert_true(kib > 0);
#ifdef __SANITIZE_ADDRESS__
	kib = 0;
#endif
	return kib;
}

/* --- listening --- */

static inline enum received
hear(struct channel *c)
{
	struct peers *p = c->owner;

	memset(&p->got, 0, sizeof(p->got));
	return channel_receive(c);
}

static inline void *
heard(struct channel *c, enum message kind)
{
	struct peers *p = c->owner;

	if (hear(c) != RECEIVED)
		fail_msg("wanted %s: %s", message_rules[kind].name, c->why);
	if (p->kind != kind)
		fail_msg("wanted %s, got %s", message_rules[kind].name,
		    message_rules[p->kind].name);
	return &p->got;
}

/* The next message is that one; its struct. */
#define expect(c, name)	heard(c, MSG_##name)
#define say(c, name, ...) do {						\
	struct name said = { __VA_ARGS__ };				\
	assert_int_equal(send_##name(c, &said), 0);			\
} while (0)
#define TEXT(t)		{ (const uint8_t *)(t), strlen(t) }

/* --- being the judge --- */

static inline void
judge_start(struct peers *p, bool guest, uint64_t kept)
{
	if (p->judge.phase == STARTING) {
		expect(&p->judge, ready);
		p->judge.phase = RUNNING;
	}
	say(&p->judge, stream_start, .guest = guest, .output_kept = kept,
	    .info = BLOB("\x81\xa8provider\xa4test", 15));
}

static inline void
judge_execute(struct peers *p, const char *tool, const struct pack *arguments,
    const void *input, size_t len, uint64_t timeout, uint64_t credit)
{
	struct tool_execute m = { .call = ++p->call, .timeout = timeout,
	    .credit = credit, .input = BLOB(input, len) };

	strcpy(m.tool, tool);
	m.arguments = BLOB(arguments->data, arguments->len);
	p->live[0] = p->live[1] = 0;
	assert_int_equal(send_tool_execute(&p->judge, &m), 0);
}

/* tool(p, "save_file", "path", "a", "content", "b", NULL): texts only. */
static inline void
judge_tool(struct peers *p, const char *tool, ...)
{
	struct pack args;
	const char *key;
	unsigned n = 0;
	va_list ap;

	va_start(ap, tool);
	while (va_arg(ap, const char *) != NULL)
		n++;
	va_end(ap);
	pack_init(&args, 32 * MiB);
	pack_map(&args, n / 2);
	va_start(ap, tool);
	while ((key = va_arg(ap, const char *)) != NULL)
		pack_text(&args, key);
	va_end(ap);
	judge_execute(p, tool, &args, NULL, 0, 20000, 256 * KiB);
	pack_clear(&args);
}

static inline void
judge_take_done(struct peers *p)
{
	const char *why;

	p->done = p->got.tool_done;
	assert_int_equal(p->done.call, p->call);
	assert_int_equal(blob_map(&p->done.result), 0);
	value_free(p->result);
	p->result = value_decode(p->done.result.data, p->done.result.len,
	    &why);
	if (p->result == NULL)
		fail_msg("result: %s", why);
	blob_clear(&p->done.result);
}

/* Take output and grant it again, until the call is done. */
static inline void
judge_done(struct peers *p)
{
	for (;;) {
		if (hear(&p->judge) != RECEIVED)
			fail_msg("waiting for tool_done: %s", p->judge.why);
		if (p->kind == MSG_tool_done)
			break;
		if (p->kind != MSG_tool_output)
			fail_msg("unexpected %s: %s",
			    message_rules[p->kind].name,
			    p->kind == MSG_sandbox_failed ?
			    p->got.sandbox_failed.reason : "");
		assert_int_equal(p->got.tool_output.call, p->call);
		p->live[p->got.tool_output.source - 1] +=
		    p->got.tool_output.data.len;
		say(&p->judge, output_credit, .call = p->call,
		    .credit = p->got.tool_output.data.len);
	}
	judge_take_done(p);
}

#define assert_outcome(p, what, named) do {				\
	if ((p)->done.outcome != OUTCOME_##what ||			\
	    (p)->done.error != ERROR_##named)				\
		fail_msg("outcome %s, %s: %s",				\
		    outcome_name((p)->done.outcome),			\
		    error_name((p)->done.error), result_of(p, "message")); \
} while (0)
#define assert_ok(p)	assert_outcome(p, ok, none)

/* A text of the result, valid until the next call of it. */
static inline const char *
result_of(struct peers *p, const char *key)
{
	static char text[1 << 20];
	const struct value *v = value_get(p->result, key);
	size_t n;

	if (v == NULL || (v->type != VALUE_TEXT && v->type != VALUE_BYTES))
		return "(absent)";
	n = v->text.len < sizeof(text) - 1 ? v->text.len : sizeof(text) - 1;
	memcpy(text, v->text.data, n);
	text[n] = '\0';
	return text;
}

#define assert_result(p, key, text) \
	assert_string_equal(result_of(p, key), text)
#define result_int(p, key)	value_get_int((p)->result, key, -1)

/* --- being the guest --- */

static inline void
guest_say_ready(struct peers *p)
{
	say(&p->guest, guest_ready, .protocol = message_protocol(),
	    .python = "/usr/bin/python3", .shell = "/bin/sh",
	    .work = "/work", .system = "Linux");
	p->guest.phase = RUNNING;
	expect(&p->judge, sandbox_ready);
}

static inline struct peers *
peers_ready(void)
{
	struct peers *p = peers_start(-1, false);

	judge_start(p, true, 4096);
	guest_say_ready(p);
	return p;
}

#endif
