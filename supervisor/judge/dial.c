/*
 * dial.c: connections for runs: asked of the dialer, checked when they come.
 * Runs in: judge.
 * Input: sockets from the dialer: their type and peer are looked at, because
 * a dialer that was taken over must not reach what policy keeps closed.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/run.h"

#define DIAL_MS		20000	/* to resolve and connect */

static bool
private_v4(uint32_t a)
{
	static const struct { uint32_t net, bits; } closed[] = {
		{ 0x00000000, 8 }, { 0x0a000000, 8 }, { 0x64400000, 10 },
		{ 0x7f000000, 8 }, { 0xa9fe0000, 16 }, { 0xac100000, 12 },
		{ 0xc0000000, 24 }, { 0xc0a80000, 16 }, { 0xc6120000, 15 },
		{ 0xe0000000, 3 },
	};

	for (size_t i = 0; i < nitems(closed); i++)
		if ((a ^ closed[i].net) >> (32 - closed[i].bits) == 0)
			return true;
	return false;
}

static uint32_t
word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static bool
private_v6(const uint8_t *a)
{
	static const uint8_t zero[12];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	if (memcmp(a, zero, 12) == 0)		/* ::, ::1, old mapped form */
		return true;
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
		return private_v4(word(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02)	/* 6to4 carries an IPv4 */
		return private_v4(word(a + 2));
	return (a[0] & 0xfe) == 0xfc || a[0] == 0xff ||
	    (a[0] == 0xfe && (a[1] & 0x80) != 0);
}

bool
address_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return private_v4(ntohl(((const struct sockaddr_in *)
		    (const void *)sa)->sin_addr.s_addr));
	if (sa->sa_family == AF_INET6)
		return private_v6(((const struct sockaddr_in6 *)
		    (const void *)sa)->sin6_addr.s6_addr);
	return true;
}

int
dial_check(int fd, const struct dial *d, const char **why)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);
	int type = 0;
	socklen_t size = sizeof(type);
	in_port_t port;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == -1 ||
	    type != SOCK_STREAM) {
		*why = "not a stream socket";
		return -1;
	}
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1 ||
	    (peer.ss_family != AF_INET && peer.ss_family != AF_INET6)) {
		*why = "not connected over IP";
		return -1;
	}
	port = peer.ss_family == AF_INET ?
	    ((struct sockaddr_in *)&peer)->sin_port :
	    ((struct sockaddr_in6 *)&peer)->sin6_port;
	if (ntohs(port) != d->port) {
		*why = "connected to another port";
		return -1;
	}
	if (!d->private_allowed && address_private((struct sockaddr *)&peer)) {
		*why = "connected to a private address";
		return -1;
	}
	return 0;
}

static void
dial_free(struct dial *d)
{
	if (d->run != NULL)
		d->run->dials--;
	LIST_REMOVE(d, next);
	free(d);
}

void
dial_refuse(struct dial *d, const char *reason)
{
	struct model_refused m;

	if (d->run != NULL && process_usable(d->run->cognition)) {
		text_escape(m.reason, sizeof(m.reason), reason,
		    strlen(reason));
		(void)send_model_refused(&d->run->cognition->channel, &m);
	}
	dial_free(d);
}

void
dial_end(struct dial *d, int fd)
{
	struct model_socket m = { .socket = fd };

	if (d->run != NULL && process_usable(d->run->cognition))
		(void)send_model_socket(&d->run->cognition->channel, &m);
	dial_free(d);
}

static void
dial_send(struct judge *j, struct dial *d)
{
	struct dial_request m = {
		.dial = d->id,
		.port = d->port,
		.private_allowed = d->private_allowed,
		.timeout = DIAL_MS,
	};

	snprintf(m.host, sizeof(m.host), "%s", d->host);
	d->sent = true;
	if (send_dial_request(&j->dialer->channel, &m) == -1)
		dial_refuse(d, "the dialer does not answer");
}

void
dial_begin(struct run *r, const char *host, uint16_t port)
{
	struct judge *j = r->judge;
	struct dial *d = xcalloc(1, sizeof(*d));

	d->id = ++j->next_id;
	d->run = r;
	d->port = port;
	d->private_allowed = r->provider.private_allowed;
	snprintf(d->host, sizeof(d->host), "%s", host);
	r->dials++;
	LIST_INSERT_HEAD(&j->dials, d, next);
	if (process_usable(j->dialer))
		dial_send(j, d);
	else
		dialer_want(j);
}

struct dial *
dial_find(struct judge *j, uint64_t id)
{
	struct dial *d;

	LIST_FOREACH(d, &j->dials, next)
		if (d->id == id && d->sent)
			return d;
	return NULL;
}

void
dial_forget(struct judge *j, const struct run *r)
{
	struct dial *d;

	LIST_FOREACH(d, &j->dials, next)
		if (d->run == r)
			d->run = NULL;
}

/* --- the dialer's own life --- */

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct judge *j = arg;

	(void)fd;
	(void)what;
	if (j->dialer == NULL)
		j->dialer = process_ask(j, DIALER, NULL);
}

void
dialer_retry_init(struct judge *j)
{
	j->dialer_retry = timer_new(j, on_retry, j);
}

void
dialer_want(struct judge *j)
{
	if (j->dialer == NULL && !evtimer_pending(j->dialer_retry, NULL))
		timer_start(j->dialer_retry, backoff_ms(j->dialer_deaths));
}

void
dialer_usable(struct judge *j)
{
	struct dial *d, *next;

	for (d = LIST_FIRST(&j->dials); d != NULL; d = next) {
		next = LIST_NEXT(d, next);
		if (!d->sent)
			dial_send(j, d);
	}
	judge_serve(j);
}

void
dialer_lost(struct judge *j, const char *why, bool fault)
{
	struct dial *d, *next;

	j->dialer = NULL;
	j->dialer_deaths++;
	for (d = LIST_FIRST(&j->dials); d != NULL; d = next) {
		next = LIST_NEXT(d, next);
		dial_refuse(d, "the dialer ended; try again");
	}
	if (!j->serving) {
		log_line(LOG_ERROR, "cannot start: dialer: %s", why);
		judge_leave(j, fault ? EXIT_integrity : EXIT_internal);
		return;
	}
	dialer_want(j);
}
