/*
 * client.c: connections on the control socket: who they are, what they may
 * queue, and what becomes of their work when they go.
 * Runs in: judge.
 * Input: hostile; the peer's uid comes from the kernel.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/client.h"
#include "supervisor/judge/query.h"
#include "supervisor/judge/watch.h"

static void
on_hello_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	client_drop(arg, "it did not say hello in time");
}

static void
on_closed(struct channel *ch, const char *why)
{
	client_drop(ch->owner, why);
}

struct client *
client_new(struct judge *j, int fd, uint32_t uid, uint32_t pid)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->judge = j;
	c->uid = uid;
	c->pid = pid;
	channel_init(&c->channel, fd, JUDGE, CLIENT, j->table);
	c->channel.owner = c;
	c->channel.phase = STARTING;
	c->channel.queue_max = CLIENT_QUEUE;
	c->timer = timer_new(j, on_hello_late, c);
	timer_start(c->timer, HELLO_MS);
	LIST_INSERT_HEAD(&j->clients, c, next);
	j->nclients++;
	loop_add(j->base, &c->channel, on_closed);
	return c;
}

void
client_accept(evutil_socket_t listener, short what, void *arg)
{
	struct judge *j = arg;
	struct ucred who;
	socklen_t len = sizeof(who);
	autoclose int fd = -1;

	(void)what;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			log_line(LOG_WARNING, "accept: %s", strerror(errno));
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == -1)
		return;
	if (j->user_mode && who.uid != j->owner && who.uid != 0) {
		log_line(LOG_WARNING, "client=refused uid=%u", who.uid);
		return;
	}
	if (j->nclients >= CLIENTS_MAX) {
		log_line(LOG_WARNING, "client=refused uid=%u reason=\"%u are "
		    "connected\"", who.uid, j->nclients);
		return;
	}
	(void)client_new(j, steal_fd(&fd), who.uid, (uint32_t)who.pid);
}

bool
client_slow(const struct client *c)
{
	return c->channel.queued > CLIENT_SLOW;
}

/* A private run goes with the client that watches it; a daemon's does not. */
static void
leave_run(struct client *c, struct run *r)
{
	struct ending e = {
		.stop = r->model ? STOP_cancelled : STOP_finished,
		.message = r->model ? "the client went away" : NULL,
	};

	r->client = NULL;
	if (!r->keep && (!r->model || c->judge->user_mode))
		run_stop(r, &e);
}

void
client_drop(struct client *c, const char *why)
{
	struct judge *j = c->judge;
	struct run *r;

	if (c->gone)
		return;
	c->gone = true;
	timer_free(&c->timer);
	if (why != NULL)
		log_line(LOG_WARNING, "client=dropped uid=%u pid=%u "
		    "reason=\"%s\"", c->uid, c->pid, why);
	call_drop_client(j, c);
	watch_drop_client(c);
	query_drop_client(c);
	LIST_FOREACH(r, &j->runs, next)
		if (r->client == c)
			leave_run(c, r);
	judge_sweep_soon(j);
}

void
client_sweep(struct judge *j)
{
	struct client *c, *next;

	for (c = LIST_FIRST(&j->clients); c != NULL; c = next) {
		next = LIST_NEXT(c, next);
		if (!c->gone)
			continue;
		LIST_REMOVE(c, next);
		j->nclients--;
		/* The last word may still wait; it is worth one try. */
		(void)channel_flush(&c->channel);
		loop_remove(&c->channel);
		channel_clear(&c->channel);
		free(c);
	}
}

void
client_refuse(struct client *c, uint64_t request, const struct refusal *no)
{
	struct refused m = { .request = request, .error = no->error };

	if (c == NULL || c->gone)
		return;
	m.status = (uint8_t)no->status;
	snprintf(m.message, sizeof(m.message), "%s", no->message);
	snprintf(m.hint, sizeof(m.hint), "%s", no->hint);
	(void)send_refused(&c->channel, &m);
}

void
client_done(struct client *c, uint64_t request, const char *message)
{
	struct done m = { .request = request };

	if (c == NULL || c->gone)
		return;
	snprintf(m.message, sizeof(m.message), "%s", message);
	(void)send_done(&c->channel, &m);
}

bool
client_may(const struct client *c, const struct run *r)
{
	return c->uid == 0 || c->uid == r->owner || c->uid == c->judge->owner;
}

/* --- settings --- */

/* Limits that a client of a daemon may lower, never raise. */
static const enum key limits[] = {
	KEY_agents_max_iterations,
	KEY_agents_default_timeout,
	KEY_agents_sandbox_native_memory_limit,
	KEY_agents_sandbox_native_processes_limit,
	KEY_agents_sandbox_native_disk_limit,
	KEY_agents_sandbox_native_files_limit,
	KEY_agents_sandbox_native_open_files_limit,
	KEY_agents_sandbox_native_file_size_limit,
	KEY_agents_sandbox_native_timeout_seconds,
	KEY_agents_sandbox_native_output_limit,
	KEY_agents_sandbox_output_tracking_max_bytes,
	KEY_providers_openai_timeout,
};

/* The same, where 0 is no limit. */
static const enum key open_limits[] = {
	KEY_agents_limits_tokens,
	KEY_agents_limits_tool_calls,
	KEY_agents_limits_tool_seconds,
	KEY_agents_limits_output_bytes,
	KEY_agents_limits_repeated_calls,
};

static bool
narrower(double was, double is)
{
	return was == 0 || (is > 0 && is <= was);
}

static bool
may_set(const struct config *was, const struct config *is, enum key key)
{
	for (size_t i = 0; i < nitems(limits); i++)
		if (limits[i] == key)
			return config_int(is, key) <= config_int(was, key);
	for (size_t i = 0; i < nitems(open_limits); i++)
		if (open_limits[i] == key)
			return narrower((double)config_int(was, key),
			    (double)config_int(is, key));
	if (key == KEY_agents_limits_cost)
		return narrower(config_real(was, key), config_real(is, key));
	if (key == KEY_agents_sandbox_native_cpu_limit)
		return config_real(is, key) <= config_real(was, key);
	return key == KEY_providers_openai_default_model ||
	    key == KEY_providers_openai_stream ||
	    key == KEY_sallyport_default_provider;
}

static int
only_narrows(const struct config *was, const struct config *is,
    struct refusal *no)
{
	for (enum key key = 0; key < KEY_COUNT; key++) {
		if (strcmp(config_origin(was, key), config_origin(is, key)) ==
		    0 || may_set(was, is, key))
			continue;
		snprintf(no->hint, sizeof(no->hint), "the operator sets it in "
		    "the daemon's configuration; limits may only be lowered");
		return refusal_set(no, EXIT_denied, ERROR_ConfigError,
		    "a client of the daemon may not set this: %s",
		    config_origin(is, key));
	}
	return 0;
}

struct config *
client_config(struct client *c, struct blob *settings, struct refusal *no)
{
	struct config *copy = config_copy(c->judge->config);
	const char *why = "they cannot be mapped";
	struct value *list = NULL;
	char text[512];
	int status = 0;

	if (settings->len > 0) {
		if (blob_map(settings) == 0)
			list = value_decode(settings->data, settings->len,
			    &why);
		if (list == NULL)
			status = refusal_set(no, EXIT_data, ERROR_ConfigError,
			    "settings: %s", why);
		else if (config_set_all(copy, list, text, sizeof(text)) == -1)
			status = refusal_set(no, EXIT_config,
			    ERROR_ConfigError, "%s", text);
		else if (!c->judge->user_mode)
			status = only_narrows(c->judge->config, copy, no);
		value_free(list);
	}
	if (status == 0)
		return copy;
	config_free(copy);
	return NULL;
}
