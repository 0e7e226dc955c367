/*
 * judge.c: plays the judge for tests of the supervisor: it does what the last
 * part of the state directory's name says, and tells on standard error what
 * it hears.
 * Runs in: the judge's place: confined by the judge's page, verified.
 * Input: from the real supervisor.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "ipc/ipc.h"
#include "ipc/util.h"
#include "policy/confine.h"
#include "tests/players/player.h"

#define WORKER	7
#define ROLE	8
#define GUEST_NUMBER	9

static struct {
	struct channel	 supervisor;
	struct channel	 worker;	/* the worker's channel, once it came */
	char		 scene[64];
} player;

static bool
scene_is(const char *name)
{
	return strncmp(player.scene, name, strlen(name)) == 0;
}

static void
leave(uint32_t status)
{
	struct leave_request m = { .status = status };

	send_leave_request(&player.supervisor, &m);
}

static void
sandbox_ask(void)
{
	struct sandbox_request m = { .process = ROLE, .guest = GUEST_NUMBER,
	    .memory = 64 * MiB, .disk = 8 * MiB, .inodes = 100,
	    .processes = 32, .cpu = 500, .open_files = 64,
	    .file_size = MiB };

	if (scene_is("bounds"))
		m.memory = 1;
	send_sandbox_request(&player.supervisor, &m);
}

static void
second_history(void)
{
	struct sign_request m = { .place = 5, .head = { 1 } };

	send_sign_request(&player.supervisor, &m);
	m.place = 4;
	send_sign_request(&player.supervisor, &m);
}

static void
act(void)
{
	struct spawn_request m = { .process = WORKER, .role = DIALER };
	struct serving serving = { .processes = 1 };

	if (scene_is("crash"))
		kill(getpid(), SIGKILL);	/* not on its page: SIGSYS */
	if (scene_is("hangup"))
		_exit(3);
	if (scene_is("role"))
		m.role = JUDGE;
	if (scene_is("rollback"))
		second_history();
	else if (scene_is("sandbox") || scene_is("bounds"))
		sandbox_ask();
	else if (scene_is("hold"))
		send_serving(&player.supervisor, &serving);
	else if (scene_is("leave"))
		leave(42);
	else
		send_spawn_request(&player.supervisor, &m);
}

int
on_assume(struct channel *c, struct assume *m)
{
	const char *slash = strrchr(m->state_dir, '/');

	(void)c;
	memcpy(player.scene, slash + 1, strnlen(slash + 1, 63));
	log_line(LOG_INFO, "assume user=%d owner=%u separate=%d files=%u "
	    "cgroups=%d", m->user_mode, m->owner, m->separate_uids,
	    m->config_files, m->cgroups);
	if (m->config_files == 0)
		act();
	return 0;
}

int
on_signing_key(struct channel *c, struct signing_key *m)
{
	(void)c;
	log_line(LOG_INFO, "signing_key %02x%02x", m->key[0], m->key[1]);
	return 0;
}

int
on_head_signed(struct channel *c, struct head_signed *m)
{
	(void)c;
	log_line(LOG_INFO, "head_signed tenant=%u place=%u", m->tenant,
	    (unsigned)m->place);
	return 0;
}

int
on_config_file(struct channel *c, struct config_file *m)
{
	(void)c;
	log_line(LOG_INFO, "config_file index=%u path=%s digest=%02x%02x%02x"
	    "%02x", m->index, m->path, m->digest[0], m->digest[1],
	    m->digest[2], m->digest[3]);
	act();
	return 0;
}

int
on_spawned(struct channel *c, struct spawned *m)
{
	struct verify_request ask = { .process = m->process };

	(void)c;
	log_line(LOG_INFO, "spawned number=%u pid=%u uid=%u", m->process,
	    m->pid, m->uid);
	channel_init(&player.worker, steal_fd(&m->channel), JUDGE,
	    m->process == WORKER ? DIALER : STREAM, player_table());
	if (scene_is("late"))
		return 0;
	/* The worker says `ready`, or dies. */
	if (channel_receive(&player.worker) != RECEIVED)
		log_line(LOG_INFO, "worker: %s", player.worker.why);
	send_verify_request(&player.supervisor, &ask);
	return 0;
}

int
on_ready(struct channel *c, struct ready *m)
{
	(void)c;
	(void)m;
	return 0;
}

int
on_note(struct channel *c, struct note *m)
{
	(void)c;
	log_line(LOG_INFO, "note %s", m->line);
	return 0;
}

int
on_verified(struct channel *c, struct verified *m)
{
	struct kill_request end = { .process = m->process };

	(void)c;
	log_line(LOG_INFO, "verified number=%u confined=%d reason=%s",
	    m->process, m->confined, m->reason);
	if (scene_is("spawn") && m->confined)
		send_kill_request(&player.supervisor, &end);
	return 0;
}

int
on_guest_spawned(struct channel *c, struct guest_spawned *m)
{
	struct kill_request end = { .process = m->process };

	(void)c;
	log_line(LOG_INFO, "guest_spawned number=%u uid=%u cgroup=%s",
	    m->process, m->uid, m->cgroup);
	if (!scene_is("sandbox-stays"))
		send_kill_request(&player.supervisor, &end);
	return 0;
}

int
on_spawn_failed(struct channel *c, struct spawn_failed *m)
{
	(void)c;
	log_line(LOG_INFO, "spawn_failed number=%u error=%u what=%s",
	    m->process, m->error, m->what);
	if (m->process != ROLE)
		leave(1);
	return 0;
}

int
on_exited(struct channel *c, struct exited *m)
{
	(void)c;
	log_line(LOG_INFO, "exited number=%u signal=%d oom=%d", m->process,
	    WTERMSIG(m->status), m->out_of_memory);
	if (m->process != ROLE)
		leave(0);
	return 0;
}

int
on_stop_request(struct channel *c, struct stop_request *m)
{
	(void)c;
	log_line(LOG_INFO, "stop_request now=%d", m->now);
	if (m->now || !scene_is("hold-on"))
		leave(0);
	return 0;
}

int
on_reload_request(struct channel *c, struct reload_request *m)
{
	(void)c;
	log_line(LOG_INFO, "reload_request files=%u", m->config_files);
	return 0;
}

int
main(void)
{
	struct judge_ready m = { .protocol = message_protocol() };
	struct channel *c = &player.supervisor;

	log_init("player", LOG_INFO);
	confine(&page_judge);
	channel_init(c, 3, JUDGE, SUPERVISOR, player_table());
	send_judge_ready(c, &m);
	c->phase = RUNNING;
	for (;;) {
		enum received got = channel_receive(c);

		if (got == RECEIVE_FAULT)
			fatalx("the supervisor: %s", c->why);
		if (got == RECEIVE_CLOSED)
			return 0;
	}
}
