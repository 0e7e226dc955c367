/*
 * judge_world.h: everybody around a real, confined judge: the test plays the
 * supervisor, the workers that it asks for, and a client.
 * Runs in: unit tests of the judge.  Include once.
 * Input: messages of the judge under test.
 */
#ifndef SALLYPORT_JUDGE_WORLD_H
#define SALLYPORT_JUDGE_WORLD_H

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "ipc/util.h"
#include "ipc/value.h"
#include "policy/confine.h"
#include "policy/words.h"

#define SELF (SUPERVISOR | COGNITION | STREAM | TRACKER | DIALER | CONFIG | \
	CLIENT)
#include "ipc/dispatch.h"

union any {
#define MESSAGE(name, from, to, when)	struct name name;
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END
	int	 none;
};

/* One end of a channel that the test holds. */
struct seat {
	struct channel	 c;
	enum party	 party;
	bool		 open, killed;
	uint32_t	 number;	/* the judge's */
	enum message	 kind;		/* what came last, in got */
	union any	 got;
};

#define SEATS	64
#define EVENTS	4096

static struct world {
	pid_t		 pid;
	struct seat	 supervisor, client, seats[SEATS];
	size_t		 nseats;
	struct sockaddr_un address;
	bool		 serving, left;
	unsigned	 signs;		/* sign_requests so far, ... */
	struct sign_request sign;	/* ... the newest */
	uint32_t	 left_status;
	/* how the world behaves */
	enum party	 unconfined;	/* is not verified */
	bool		 eager;		/* a worker speaks before `ready` */
	enum event_type	 fail;		/* cannot be recorded */
	/* what the tracker was given */
	enum event_type	 events[EVENTS];
	struct pack	 bodies[EVENTS];	/* if it keeps them */
	bool		 keeps;		/* and answers queries for events */
	size_t		 nevents;
	uint8_t		 head[32];	/* digest of the newest */
	uint8_t		 heads[EVENTS + 1][32];	/* of the tenant's chain */
	bool		 lost;		/* it comes back with an empty record */
	uint64_t	 held;		/* or says that it has so much */
	uint64_t	 answered;	/* newest token that was `recorded` */
	unsigned	 stored;	/* files */
	uint64_t	 query, since, credit;	/* of the query under way */
	unsigned	 queries;	/* for events, so far */
} world;

static int	 world_saw(struct seat *);

#define MESSAGE(name, from, to, when)					\
int									\
on_##name(struct channel *c, struct name *m)				\
{									\
	struct seat *s = c->owner;					\
									\
	s->kind = MSG_##name;						\
	memcpy(&s->got, m, sizeof(*m));					\
	return world_saw(s);						\
}
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

/* --- the supervisor --- */

static inline struct seat *
seat_number(uint32_t number)
{
	for (size_t i = 0; i < world.nseats; i++)
		if (world.seats[i].number == number)
			return &world.seats[i];
	return NULL;
}

static inline void
seat_open(uint32_t number, enum party role)
{
	struct seat *s = &world.seats[world.nseats++];
	struct spawned m = { .process = number, .pid = 1000 + number };
	struct ready ready = { .protocol = message_protocol() };
	struct run_done early = { .stop = STOP_finished };
	int ends[2];

	assert_true(world.nseats < SEATS);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    ends), 0);
	*s = (struct seat){ .party = role, .open = true, .number = number };
	channel_init(&s->c, ends[0], role, JUDGE, dispatch_table);
	s->c.owner = s;
	m.channel = ends[1];
	assert_int_equal(send_spawned(&world.supervisor.c, &m), 0);
	close(ends[1]);
	if (world.eager && role == COGNITION) {
		s->c.phase = RUNNING;
		assert_int_equal(send_run_done(&s->c, &early), 0);
		return;
	}
	assert_int_equal(send_ready(&s->c, &ready), 0);
}

static inline void
supervisor_verify(uint32_t number)
{
	struct seat *s = seat_number(number);
	struct verified m = { .process = number };

	assert_non_null(s);
	m.confined = s->party != world.unconfined;
	if (!m.confined)
		snprintf(m.reason, sizeof(m.reason), "Seccomp is 0");
	s->c.phase = RUNNING;
	assert_int_equal(send_verified(&world.supervisor.c, &m), 0);
}

static inline void
supervisor_kill(uint32_t number)
{
	struct seat *s = seat_number(number);
	struct exited m = { .process = number, .status = SIGKILL };

	if (s != NULL && s->open) {
		s->open = false;
		s->killed = true;
		channel_clear(&s->c);
	}
	(void)send_exited(&world.supervisor.c, &m);
}

static inline void
supervisor_saw(struct seat *s)
{
	struct guest_spawned guest = { .cgroup = "v2" };

	if (s->kind == MSG_spawn_request) {
		seat_open(s->got.spawn_request.process,
		    (enum party)s->got.spawn_request.role);
	} else if (s->kind == MSG_sandbox_request) {
		guest.process = s->got.sandbox_request.guest;
		seat_open(s->got.sandbox_request.process, STREAM);
		send_guest_spawned(&world.supervisor.c, &guest);
	} else if (s->kind == MSG_verify_request) {
		supervisor_verify(s->got.verify_request.process);
	} else if (s->kind == MSG_kill_request) {
		supervisor_kill(s->got.kill_request.process);
	} else if (s->kind == MSG_sign_request) {
		world.signs++;
		world.sign = s->got.sign_request;
	} else if (s->kind == MSG_serving) {
		world.serving = true;
	} else if (s->kind == MSG_leave_request) {
		world.left = true;
		world.left_status = s->got.leave_request.status;
	}
}

/* --- the tracker: it checks what the real one checks --- */

static inline void
tracker_append(struct seat *s, struct append_request *m)
{
	struct recorded yes = { .token = m->token };
	struct record_failed no = { .token = m->token, .error = ENOSPC };
	crypto_hash_sha256_state chain;
	uint8_t digest[32];
	const uint8_t *previous;
	struct unpack u;
	uint32_t count;
	uint64_t number;
	const char *text;
	size_t len;

	assert_int_equal(blob_map(&m->body), 0);
	crypto_hash_sha256(digest, m->body.data, m->body.len);
	assert_memory_equal(digest, m->digest, 32);
	unpack_init(&u, m->body.data, m->body.len);
	assert_int_equal(unpack_list(&u, &count), 0);
	assert_int_equal(count, 7);
	assert_int_equal(unpack_text(&u, &text, &len), 0);
	assert_int_equal(unpack_bytes(&u, &previous, &len), 0);
	assert_int_equal(unpack_uint(&u, &number), 0);
	assert_int_equal(number, m->seq);
	if (m->seq == 1)
		memset(world.head, 0, 32);
	assert_int_equal(unpack_uint(&u, &number), 0);
	assert_int_equal(unpack_uint(&u, &number), 0);
	assert_int_equal(number, m->type);
	assert_int_equal(unpack_bytes(&u, &previous, &len), 0);
	assert_memory_equal(previous, world.head, 32);
	if (m->type == world.fail) {
		send_record_failed(&s->c, &no);
		return;
	}
	memcpy(world.head, digest, 32);
	assert_true(world.nevents < EVENTS);
	if (world.keeps) {
		pack_init(&world.bodies[world.nevents], MESSAGE_MAX);
		pack_raw(&world.bodies[world.nevents], u.at,
		    (size_t)(u.end - u.at));
	}
	crypto_hash_sha256_init(&chain);
	crypto_hash_sha256_update(&chain, world.heads[world.nevents], 32);
	crypto_hash_sha256_update(&chain, digest, 32);
	crypto_hash_sha256_final(&chain, world.heads[world.nevents + 1]);
	world.events[world.nevents++] = m->type;
	if (m->durable) {
		world.answered = m->token;
		send_recorded(&s->c, &yes);
	}
}

/* What it holds, or what the test makes of it. */
static inline void
tracker_ledger(struct seat *s)
{
	uint64_t asked = s->got.ledger_request.place;
	struct ledger m = { .place = world.lost ? 0 : world.held != 0 ?
	    world.held : world.nevents };

	if (asked <= m.place)
		memcpy(m.held, world.heads[asked], 32);
	memcpy(m.head, world.heads[m.place], 32);
	send_ledger(&s->c, &m);
}

/* The next rows of the query under way, as far as there is credit. */
static inline void
tracker_rows(struct seat *s)
{
	struct query_done end = { .query = world.query, .found = FOUND_all };
	struct query_row row = { .query = world.query };
	struct pack p;

	for (; world.credit > 0 && world.since < world.nevents;
	    world.credit--) {
		pack_init(&p, MESSAGE_MAX);
		pack_map(&p, 4);
		pack_key_uint(&p, "seq", world.since + 1);
		pack_key_uint(&p, "ts", 1);
		pack_key_text(&p, "type",
		    event_type_name(world.events[world.since]));
		pack_text(&p, "body");
		pack_raw(&p, world.bodies[world.since].data,
		    world.bodies[world.since].len);
		row.row = BLOB(p.data, p.len);
		send_query_row(&s->c, &row);
		pack_clear(&p);
		world.since++;
	}
	if (world.query != 0 && world.since == world.nevents) {
		send_query_done(&s->c, &end);
		world.query = 0;
	}
}

static inline void
tracker_query(struct seat *s)
{
	if (s->kind == MSG_record_query &&
	    s->got.record_query.kind == QUERY_events) {
		world.queries++;
		world.query = s->got.record_query.query;
		world.since = s->got.record_query.since;
		world.credit = s->got.record_query.credit;
		tracker_rows(s);
	} else if (s->kind == MSG_row_credit) {
		world.credit += s->got.row_credit.credit;
		tracker_rows(s);
	} else if (s->kind == MSG_query_cancel) {
		world.query = 0;
	}
}

static inline int
world_saw(struct seat *s)
{
	struct recorded yes;

	if (s->party == SUPERVISOR)
		supervisor_saw(s);
	if (s->kind == MSG_ledger_request)
		tracker_ledger(s);
	if (s->kind == MSG_append_request)
		tracker_append(s, &s->got.append_request);
	if (world.keeps && s->party == TRACKER)
		tracker_query(s);
	if (s->kind == MSG_store_file) {
		yes.token = s->got.store_file.token;
		world.stored++;
		send_recorded(&s->c, &yes);
	}
	return 0;
}

/* --- driving --- */

static inline struct seat *
seat_of(enum party role)
{
	for (size_t i = world.nseats; i > 0; i--)
		if (world.seats[i - 1].party == role && world.seats[i - 1].open)
			return &world.seats[i - 1];
	return NULL;
}

/*
 * One turn: the supervisor and the tracker do their work, and s (or NULL)
 * gets at most one message.  1: it did; 0: nothing came; -1: it was closed.
 */
static inline int
world_turn(struct seat *s, int ms)
{
	struct seat *at[3] = { &world.supervisor, seat_of(TRACKER), s };
	struct pollfd p[3];
	enum received got;
	int result = 0;

	for (int i = 0; i < 3; i++) {
		bool twice = i < 2 && at[i] == s;

		p[i].fd = at[i] != NULL && at[i]->open && !twice ?
		    at[i]->c.fd : -1;
		p[i].events = POLLIN;
	}
	if (poll(p, 3, ms) <= 0)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (p[i].fd == -1 || p[i].revents == 0 || !at[i]->open)
			continue;
		got = channel_receive(&at[i]->c);
		if (got == RECEIVE_FAULT)
			fail_msg("the judge: %s", at[i]->c.why);
		if (i == 2)
			result = got == RECEIVED ? 1 : -1;
	}
	return result;
}

static inline bool
chatter(enum message kind, enum message wanted)
{
	return (kind == MSG_run_event || kind == MSG_output_credit) &&
	    kind != wanted;
}

/* The next message of s must be this one; events are passed over. */
static inline union any *
expect_on(struct seat *s, enum message kind, int line)
{
	uint64_t end = now_mono_ms() + 10000;

	while (now_mono_ms() < end) {
		int got = world_turn(s, 100);

		if (got == -1)
			fail_msg("line %d: closed instead of %s", line,
			    message_rules[kind].name);
		if (got == 0 || chatter(s->kind, kind))
			continue;
		if (s->kind != kind)
			fail_msg("line %d: %s instead of %s", line,
			    message_rules[s->kind].name,
			    message_rules[kind].name);
		return &s->got;
	}
	fail_msg("line %d: no %s", line, message_rules[kind].name);
	return NULL;
}
#define EXPECT(s, name)	(&expect_on((s), MSG_##name, __LINE__)->name)

/* Turns until the condition holds. */
#define UNTIL(condition)						\
do {									\
	uint64_t end_ = now_mono_ms() + 10000;				\
									\
	while (!(condition) && now_mono_ms() < end_)			\
		world_turn(NULL, 50);					\
	assert_true(condition);						\
} while (0)

/* Nothing but chatter comes on s for so many milliseconds. */
static inline void
expect_silence(struct seat *s, int ms)
{
	uint64_t end = now_mono_ms() + (uint64_t)ms;

	while (now_mono_ms() < end)
		if (world_turn(s, 20) == 1 && !chatter(s->kind, MSG_COUNT))
			fail_msg("unexpected %s",
			    message_rules[s->kind].name);
}

/* --- beginning and end --- */

static inline void
judge_become(int channel)
{
	char self[PATH_MAX / 2], path[PATH_MAX], *slash;
	char *argv[] = { (char *)"judge", (char *)"--log-level",
	    getenv("JUDGE_LOG") != NULL ? (char *)"3" : (char *)"0", NULL };
	char *envp[] = { NULL };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *step = "open";
	int binary;

	self[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 2; i++)
		if ((slash = strrchr(self, '/')) != NULL)
			*slash = '\0';
	snprintf(path, sizeof(path), "%s/libexec/sallyport/judge", self);
	binary = open(path, O_RDONLY | O_CLOEXEC);
	if (channel != 3)
		dup2(channel, 3);
	else
		fcntl(3, F_SETFD, 0);
	if (binary == -1 ||
	    confine_before_exec(&page_judge, binary, -1, &step) == -1) {
		dprintf(2, "%s: %s: %s\n", path, step, strerror(errno));
		_exit(112);
	}
	execveat(binary, "", argv, envp, AT_EMPTY_PATH);
	_exit(113);
}

static inline int
listen_somewhere(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	world.address.sun_family = AF_UNIX;
	snprintf(world.address.sun_path + 1,
	    sizeof(world.address.sun_path) - 1, "judge-world-%d-%llu",
	    (int)getpid(), (unsigned long long)now_mono_ms());
	assert_int_equal(bind(fd, (struct sockaddr *)&world.address,
	    sizeof(world.address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static inline void
world_start(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    ends), 0);
	world.pid = fork();
	assert_true(world.pid >= 0);
	if (world.pid == 0)
		judge_become(ends[1]);
	close(ends[1]);
	world.supervisor = (struct seat){ .party = SUPERVISOR, .open = true };
	channel_init(&world.supervisor.c, ends[0], SUPERVISOR, JUDGE,
	    dispatch_table);
	world.supervisor.c.owner = &world.supervisor;
	(void)EXPECT(&world.supervisor, judge_ready);
	world.supervisor.c.phase = RUNNING;
}

/* As a user's own supervisor, without configuration files. */
static inline void
world_assume(bool user_mode, uint32_t files)
{
	struct assume m = {
		.listener = listen_somewhere(), .user_mode = user_mode,
		.owner = getuid(), .config_files = files,
		.state_dir = "/nowhere",
	};

	assert_int_equal(send_assume(&world.supervisor.c, &m), 0);
	close(m.listener);
}

static inline void
world_connect(void)
{
	struct hello m = { .protocol = message_protocol(), .version = "0" };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&world.address,
	    sizeof(world.address)), 0);
	world.client = (struct seat){ .party = CLIENT, .open = true };
	channel_init(&world.client.c, fd, CLIENT, JUDGE, dispatch_table);
	world.client.c.owner = &world.client;
	assert_int_equal(send_hello(&world.client.c, &m), 0);
	(void)EXPECT(&world.client, welcome);
	world.client.c.phase = RUNNING;
}

/* A judge that serves, and a client that was welcomed. */
static inline int
world_setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	alarm(60);		/* a judge that hangs ends the test */
	world_start();
	world_assume(true, 0);
	UNTIL(world.serving);
	world_connect();
	return 0;
}

static inline void
seat_close(struct seat *s)
{
	if (s->open)
		channel_clear(&s->c);
	s->open = false;
}

/* The judge ends by itself when its supervisor is gone. */
static inline int
world_teardown(void **state)
{
	int status = -1;

	(void)state;
	seat_close(&world.supervisor);
	assert_int_equal(waitpid(world.pid, &status, 0), world.pid);
	seat_close(&world.client);
	for (size_t i = 0; i < world.nseats; i++)
		seat_close(&world.seats[i]);
	for (size_t i = 0; world.keeps && i < world.nevents; i++)
		pack_clear(&world.bodies[i]);
	assert_int_equal(status, 0);
	return 0;
}

#endif
