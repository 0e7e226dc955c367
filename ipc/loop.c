/*
 * loop.c: a channel in a libevent loop.
 * Runs in: judge, stream role, tracker, dialer.
 * Input: as channel.c; a peer that floods gets its turn and no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"

#define TURN	64	/* messages of one peer before others have their turn */

struct event_base *
loop_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL) {
		event_config_avoid_method(config, "select");
		event_config_avoid_method(config, "poll");
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
		base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (base == NULL)
		fatalx("make an event base");
	return base;
}

static void
loop_closed(struct channel *c, const char *why)
{
	char reason[sizeof(c->why)];

	if (why != NULL) {
		memcpy(reason, why, strlen(why) + 1);
		why = reason;
	}
	loop_remove(c);
	c->closed(c, why);
}

static void
loop_readable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;
	bool gone = false;
	enum received got;

	(void)fd;
	(void)what;
	for (int i = 0; i < TURN; i++) {
		if (c->broken) {
			loop_closed(c, "does not read, or is gone");
			return;
		}
		c->gone = &gone;
		got = channel_receive(c);
		if (gone)
			return;
		c->gone = NULL;
		if (got == RECEIVE_AGAIN)
			return;
		if (got == RECEIVE_CLOSED || got == RECEIVE_FAULT) {
			loop_closed(c, got == RECEIVE_FAULT ? c->why : NULL);
			return;
		}
		if (c->reading == NULL ||
		    !event_pending(c->reading, EV_READ, NULL))
			return;		/* a handler paused it */
	}
	/* Frames may wait in our buffer, which epoll knows nothing of. */
	event_active(c->reading, EV_READ, 0);
}

static void
loop_writable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	(void)what;
	if (channel_flush(c) == 1)
		event_add(c->writing, NULL);
}

/* Something waits to be sent, or sending broke: look again from the loop. */
static void
loop_changed(struct channel *c)
{
	if (c->broken && c->reading != NULL)
		event_active(c->reading, EV_READ, 0);
	else if (c->head != NULL && c->writing != NULL)
		event_add(c->writing, NULL);
}

void
loop_add(struct event_base *base, struct channel *c,
    void (*closed)(struct channel *, const char *))
{
	int flags = fcntl(c->fd, F_GETFL);

	if (flags == -1 || fcntl(c->fd, F_SETFL, flags | O_NONBLOCK) == -1)
		fatal("make a channel non-blocking");
	c->closed = closed;
	c->reading = event_new(base, c->fd, EV_READ | EV_PERSIST,
	    loop_readable, c);
	c->writing = event_new(base, c->fd, EV_WRITE, loop_writable, c);
	if (c->reading == NULL || c->writing == NULL)
		fatalx("make an event");
	c->changed = loop_changed;
	event_add(c->reading, NULL);
	if (c->head != NULL)
		event_add(c->writing, NULL);
}

void
loop_remove(struct channel *c)
{
	if (c->reading != NULL)
		event_free(c->reading);
	if (c->writing != NULL)
		event_free(c->writing);
	c->reading = NULL;
	c->writing = NULL;
	c->changed = NULL;
}

void
loop_pause(struct channel *c)
{
	if (c->reading != NULL)
		event_del(c->reading);
}

void
loop_resume(struct channel *c)
{
	if (c->reading == NULL || event_pending(c->reading, EV_READ, NULL))
		return;
	event_add(c->reading, NULL);
	event_active(c->reading, EV_READ, 0);
}
