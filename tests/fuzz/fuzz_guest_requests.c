/*
 * fuzz_guest_requests.c: what a stream role can make the guest do: decoders,
 * handlers and real file operations, in a directory that Landlock closes.
 * Runs in: libFuzzer.  Nothing can be executed, nothing else be written.
 * Input: records of a row (one byte), a length (two) and that row's fields.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "exec-worker/guest/guest.h"

#define SELF GUEST
#include "ipc/dispatch.h"
#include "ipc/util.h"

#define READING	(LANDLOCK_ACCESS_FS_READ_FILE)
#define EVERYTHING ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
#define TIDY	64			/* inputs between two clean-ups */

static struct guest g;
static char work[] = "/tmp/fuzz-guest.XXXXXX";
static int peer;

static const enum message rows[] = {
#define MESSAGE(name, from, to, when)	((to) & GUEST) ? MSG_##name : MSG_COUNT,
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END
};

/* --- instead of loop.c: nobody waits, and leaving is a finding --- */

uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void
guest_leave(struct guest *guest, int status)
{
	(void)guest;
	fprintf(stderr, "the guest leaves with %d\n", status);
	abort();
}

void
guest_sent(struct guest *guest, int status)
{
	if (status == -1)
		guest_leave(guest, errno);
}

void
guest_room(struct guest *guest)
{
	static uint8_t bin[65536];

	do {
		while (recv(peer, bin, sizeof(bin), MSG_DONTWAIT) > 0)
			;
	} while (channel_flush(&guest->channel) == 1);
}

void
guest_failure(struct guest *guest, uint64_t call, int error, const char *what)
{
	struct guest_failed m = { .call = call, .error = (uint32_t)error };

	if (error == 0)
		abort();		/* a failure has a reason */
	snprintf(m.what, sizeof(m.what), "%s", what);
	guest_room(guest);
	guest_sent(guest, send_guest_failed(&guest->channel, &m));
}

int
on_guest_ping(struct channel *c, struct guest_ping *m)
{
	struct guest_pong pong = { .nonce = m->nonce };

	guest_sent(c->owner, send_guest_pong(c, &pong));
	return 0;
}

/* --- the fence --- */

const char	*__asan_default_options(void);

/* The symbolizer would be a child, and not even be allowed to start. */
const char *
__asan_default_options(void)
{
	return "symbolize=0";
}

static void
allow(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = {
	    .allowed_access = access };

	beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd == -1)
		return;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
	    &beneath, 0) == -1)
		abort();
	close(beneath.parent_fd);
}

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = EVERYTHING };
	struct rlimit small = { 1 << 20, 1 << 20 };
	uint64_t ours = EVERYTHING & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr), 0);
	const char *arg;
	struct stat st;

	if (rules == -1 || mkdtemp(work) == NULL)
		abort();
	allow(rules, "/", READING);
	/* Where the leak check at the end looks for threads. */
	allow(rules, "/proc", READING | LANDLOCK_ACCESS_FS_READ_DIR);
	allow(rules, "/dev/null", READING | LANDLOCK_ACCESS_FS_WRITE_FILE);
	allow(rules, work, ours);
	/* What libFuzzer itself reads and writes: corpus and findings. */
	for (int i = 1; i < *argc; i++) {
		arg = (*argv)[i];
		if (strncmp(arg, "-artifact_prefix=", 17) == 0)
			arg += 17;
		if (stat(arg, &st) == 0 && S_ISDIR(st.st_mode))
			allow(rules, arg, ours);
	}
	signal(SIGXFSZ, SIG_IGN);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    setrlimit(RLIMIT_FSIZE, &small) == -1 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		abort();
	close(rules);
	start_guest(&g, -1, work);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	return at->level > 0 ? remove(path) : 0;
}

/* --- one input: one session --- */

static size_t
frame_build(uint8_t *out, const uint8_t *record, size_t len)
{
	enum message row = MSG_COUNT;
	struct pack p;
	size_t n = 0;
	uint8_t pick = record[0];

	for (size_t i = 0; i < nitems(rows) && row == MSG_COUNT; i++) {
		if (rows[i] != MSG_COUNT && pick-- == 0)
			row = rows[i];
	}
	pack_init(&p, MESSAGE_MAX);
	if (row != MSG_COUNT) {
		pack_list(&p, 1 + message_rules[row].arity);
		pack_uint(&p, row);
	}
	if (len > 0)
		pack_raw(&p, record + 3, len);
	if (!p.failed) {
		n = p.len;
		if (n > 0)
			memcpy(out + 4, p.data, n);
	}
	pack_clear(&p);
	for (size_t i = 0; i < 4; i++)
		out[i] = (uint8_t)(n >> (8 * i));
	return n > 0 ? n + 4 : 0;
}

static void
session(const uint8_t *data, size_t len)
{
	static uint8_t frame[MESSAGE_MAX + 4];
	enum received r = RECEIVED;
	size_t n;

	while (len >= 3 && r != RECEIVE_FAULT) {
		n = (size_t)data[1] | (size_t)data[2] << 8;
		n = n < len - 3 ? n : len - 3;
		if (n <= MESSAGE_MAX - 16) {
			size_t size = frame_build(frame, data, n);

			if (size > 0 && send(peer, frame, size, MSG_DONTWAIT) !=
			    (ssize_t)size)
				return;
			while ((r = channel_receive(&g.channel)) == RECEIVED)
				;
		}
		if (g.children)
			processes_reap(&g);
		call_step(&g);
		guest_room(&g);
		data += 3 + n;
		len -= 3 + n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static unsigned inputs;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    sv) == -1)
		abort();
	peer = sv[1];
	channel_init(&g.channel, sv[0], GUEST, STREAM, dispatch_table);
	g.channel.framed = true;
	g.channel.queue_max = QUEUE_MOST;
	g.channel.owner = &g;
	g.channel.phase = RUNNING;
	session(data, len);
	channel_clear(&g.channel);
	close(peer);
	writing_abandon(&g);
	streams_release(&g, false);
	free(g.arguments.text);
	memset(&g.arguments, 0, sizeof(g.arguments));
	memset(&g.call, 0, sizeof(g.call));
	g.call.in = g.call.out[0] = g.call.out[1] = -1;
	if (++inputs % TIDY == 0)
		nftw(work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
