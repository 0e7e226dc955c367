/*
 * dial.c: connecting to one address after the other, and the answer.
 * Runs in: dialer.
 * Input: addresses that name servers gave; nothing is read from the peers.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/dialer/dialer.h"

#define TIMEOUT_DEFAULT	30000		/* ms */
#define TIMEOUT_MAX	600000
#define SHARE_MIN	200		/* ms that each address gets */

int	on_dial_request(struct channel *, struct dial_request *);

static void	 try_next(struct dial *);

static void
stop_connecting(struct dial *dial)
{
	if (dial->connecting != NULL)
		event_free(dial->connecting);
	dial->connecting = NULL;
	if (dial->fd != -1)
		close(dial->fd);
	dial->fd = -1;
}

void
dial_free(struct dial *dial)
{
	stop_connecting(dial);
	if (dial->timer != NULL)
		event_free(dial->timer);
	free(dial);
}

/* The judge knows: what is left is a lookup that calls back when cancelled. */
static void
dial_end(struct dial *dial)
{
	struct evdns_getaddrinfo_request *lookup = dial->lookup;

	dial->dialer->dials--;
	dial->answered = true;
	stop_connecting(dial);
	evtimer_del(dial->timer);
	if (lookup == NULL)
		dial_free(dial);
	else
		evdns_getaddrinfo_cancel(lookup);
}

void
dial_fail(struct dial *dial, const char *fmt, ...)
{
	struct dial_failed m = { .dial = dial->number };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_escape(m.reason, sizeof(m.reason), text, strlen(text));
	send_dial_failed(&dial->dialer->channel, &m);
	dial_end(dial);
}

/* Connected: the socket goes to the judge, who looks at it again. */
static void
dial_succeed(struct dial *dial, const struct sockaddr *sa)
{
	struct dialed m = { .dial = dial->number, .socket = dial->fd };
	int one = 1;

	/* What uses it later may set nothing; a failure costs little. */
	setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(dial->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	address_text(sa, m.address, sizeof(m.address));
	send_dialed(&dial->dialer->channel, &m);
	dial_end(dial);
}

static void
set_port(struct sockaddr_storage *ss, unsigned port)
{
	if (ss->ss_family == AF_INET)
		((struct sockaddr_in *)ss)->sin_port = htons((uint16_t)port);
	else
		((struct sockaddr_in6 *)ss)->sin6_port =
		    htons((uint16_t)port);
}

void
dial_add_address(struct dial *dial, const struct sockaddr *sa)
{
	struct sockaddr_storage *to;
	bool v4 = sa->sa_family == AF_INET;

	if ((!v4 && sa->sa_family != AF_INET6) ||
	    dial->count == ADDRESSES_MAX)
		return;
	to = &dial->addresses[dial->count++];
	memset(to, 0, sizeof(*to));
	memcpy(to, sa, v4 ? sizeof(struct sockaddr_in) :
	    sizeof(struct sockaddr_in6));
	set_port(to, dial->port);
}

static socklen_t
address_length(const struct sockaddr_storage *ss)
{
	return ss->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
	    sizeof(struct sockaddr_in6);
}

static void
note_failure(struct dial *dial, const struct sockaddr_storage *ss, int error)
{
	char text[ADDRESS_TEXT];

	address_text((const struct sockaddr *)ss, text, sizeof(text));
	if (error == ECONNREFUSED)
		snprintf(dial->last, sizeof(dial->last),
		    "connection refused by %s port %u", text, dial->port);
	else if (error == ETIMEDOUT)
		snprintf(dial->last, sizeof(dial->last),
		    "no answer from %s port %u in time", text, dial->port);
	else
		snprintf(dial->last, sizeof(dial->last),
		    "connect to %s port %u: %s", text, dial->port,
		    strerror(error));
}

static void
connect_event(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;
	struct sockaddr_storage *ss = &dial->addresses[dial->next - 1];
	socklen_t len = sizeof(int);
	int error = ETIMEDOUT;

	if (!(what & EV_TIMEOUT) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0) {
		dial_succeed(dial, (struct sockaddr *)ss);
		return;
	}
	note_failure(dial, ss, error);
	stop_connecting(dial);
	try_next(dial);
}

/* A share of the time that is left, for each address that is left. */
static struct timeval
time_share(const struct dial *dial)
{
	uint64_t now = now_mono_ms(), ms = SHARE_MIN;
	size_t left = dial->count - dial->next + 1;

	if (dial->deadline > now && (dial->deadline - now) / left > ms)
		ms = (dial->deadline - now) / left;
	return (struct timeval){ (time_t)(ms / 1000),
	    (suseconds_t)(ms % 1000 * 1000) };
}

/* 0 if it connects now or later, else an errno. */
static int
connect_to(struct dial *dial, const struct sockaddr_storage *ss)
{
	struct timeval tv = time_share(dial);

	dial->fd = socket(ss->ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (dial->fd == -1)
		return errno;
	if (connect(dial->fd, (const struct sockaddr *)ss,
	    address_length(ss)) == -1 && errno != EINPROGRESS)
		return errno;
	dial->connecting = event_new(dial->dialer->base, dial->fd, EV_WRITE,
	    connect_event, dial);
	if (dial->connecting == NULL)
		return ENOMEM;
	event_add(dial->connecting, &tv);
	return 0;
}

/* Is it a place to go to?  If not, the reason is noted. */
static bool
may_dial(struct dial *dial, const struct sockaddr_storage *ss)
{
	enum address_kind kind = address_kind((const struct sockaddr *)ss);
	char text[ADDRESS_TEXT];

	if (address_allowed(kind, dial->private_allowed))
		return true;
	address_text((const struct sockaddr *)ss, text, sizeof(text));
	snprintf(dial->last, sizeof(dial->last), "address %s is %s%s", text,
	    address_kind_name(kind), address_allowed(kind, true) ?
	    " and the operator did not name this host" : "");
	return false;
}

/* The next address that may be dialed; the end of the dial if none is left. */
static void
try_next(struct dial *dial)
{
	const struct sockaddr_storage *ss;
	int error;

	while (dial->next < dial->count) {
		ss = &dial->addresses[dial->next++];
		if (!may_dial(dial, ss))
			continue;
		if ((error = connect_to(dial, ss)) == 0)
			return;
		note_failure(dial, ss, error);
		stop_connecting(dial);
	}
	dial_fail(dial, "%s", dial->last);
}

/* IPv4 first: where IPv6 leads nowhere, it does so slowly. */
static void
order_addresses(struct dial *dial)
{
	struct sockaddr_storage sorted[ADDRESSES_MAX];
	size_t n = 0, i;

	for (i = 0; i < dial->count; i++)
		if (dial->addresses[i].ss_family == AF_INET)
			sorted[n++] = dial->addresses[i];
	for (i = 0; i < dial->count; i++)
		if (dial->addresses[i].ss_family != AF_INET)
			sorted[n++] = dial->addresses[i];
	memcpy(dial->addresses, sorted, n * sizeof(sorted[0]));
}

void
dial_resolved(struct dial *dial)
{
	order_addresses(dial);
	try_next(dial);
}

static void
dial_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct dial *dial = arg;

	(void)fd;
	(void)what;
	if (dial->lookup != NULL)
		dial_fail(dial, "no name server answered for %s in time",
		    dial->host);
	else
		dial_fail(dial, "no answer from %s port %u in time",
		    dial->host, dial->port);
}

static struct dial *
dial_new(struct dialer *d, const struct dial_request *m)
{
	uint32_t ms = m->timeout == 0 ? TIMEOUT_DEFAULT :
	    m->timeout > TIMEOUT_MAX ? TIMEOUT_MAX : m->timeout;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct dial *dial = xcalloc(1, sizeof(*dial));

	dial->dialer = d;
	dial->number = m->dial;
	dial->port = m->port;
	dial->private_allowed = m->private_allowed;
	dial->deadline = now_mono_ms() + ms;
	dial->fd = -1;
	snprintf(dial->host, sizeof(dial->host), "%s", m->host);
	dial->timer = evtimer_new(d->base, dial_timeout, dial);
	if (dial->timer == NULL)
		fatalx("make a timer");
	evtimer_add(dial->timer, &tv);
	d->dials++;
	return dial;
}

int
on_dial_request(struct channel *c, struct dial_request *m)
{
	struct dialer *d = c->owner;
	struct dial *dial = dial_new(d, m);

	if (d->dials > DIALS_MAX)
		dial_fail(dial, "too many connections are being made: %u; "
		    "try again", DIALS_MAX);
	else if (m->port == 0 || m->port > 65535)
		dial_fail(dial, "%" PRIu32 " is not a port", m->port);
	else
		resolve_start(dial);
	return 0;
}
