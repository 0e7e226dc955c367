/*
 * resolve.c: from a host to its addresses, without waiting for anybody.
 * Runs in: dialer.
 * Input: names from the judge, already checked; answers of name servers.
 */
#include <netinet/in.h>
#include <string.h>

#include <event2/util.h>

#include "ipc/util.h"
#include "supervisor/dialer/dialer.h"

/*
 * No search list: a name means the same wherever this runs.  evdns opens its
 * sockets when it is told of a name server, and again after errors.
 */
void
resolve_init(struct dialer *d)
{
	if (evutil_secure_rng_init() == -1)
		fatalx("no random numbers for questions to name servers");
	d->dns = evdns_base_new(d->base, 0);
	if (d->dns == NULL)
		fatalx("make a resolver");
	evdns_base_resolv_conf_parse(d->dns, DNS_OPTION_NAMESERVERS |
	    DNS_OPTION_MISC | DNS_OPTION_HOSTSFILE, "/etc/resolv.conf");
	evdns_base_search_clear(d->dns);
	/*
	 * A name server that failed is probed with a question for a name that
	 * libevent chose: as rarely as it lets us.  Any good answer to a real
	 * question brings the server back, too.
	 */
	evdns_base_set_option(d->dns, "initial-probe-timeout:", "3600");
}

static void
resolve_failed(struct dial *dial, int error)
{
	if (error == EVUTIL_EAI_NONAME || error == EVUTIL_EAI_NODATA)
		dial_fail(dial, "no such host: %s", dial->host);
	else
		dial_fail(dial, "no name server answers for %s: %s",
		    dial->host, evutil_gai_strerror(error));
}

static void
resolve_done(int error, struct evutil_addrinfo *found, void *arg)
{
	struct evutil_addrinfo *ai;
	struct dial *dial = arg;

	dial->lookup = NULL;
	for (ai = found; ai != NULL && !dial->answered; ai = ai->ai_next)
		dial_add_address(dial, ai->ai_addr);
	if (found != NULL)
		evutil_freeaddrinfo(found);
	if (dial->answered)
		dial_free(dial);
	else if (dial->count > 0)
		dial_resolved(dial);
	else
		resolve_failed(dial, error != 0 ? error : EVUTIL_EAI_NODATA);
}

static void
look_up(struct dial *dial)
{
	struct evutil_addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP
	};
	struct evdns_getaddrinfo_request *request;

	/* NULL: it has answered already, and the dial may be gone. */
	request = evdns_getaddrinfo(dial->dialer->dns, dial->host, NULL,
	    &hints, resolve_done, dial);
	if (request != NULL)
		dial->lookup = request;
}

void
resolve_start(struct dial *dial)
{
	struct sockaddr_storage ss;
	const char *problem;

	if (address_parse(dial->host, dial->port, &ss) == 0) {
		dial_add_address(dial, (struct sockaddr *)&ss);
		dial_resolved(dial);
	} else if ((problem = name_problem(dial->host)) != NULL) {
		dial_fail(dial, "not a host name: %s", problem);
	} else if (name_is_local(dial->host)) {
		address_parse("127.0.0.1", dial->port, &ss);
		dial_add_address(dial, (struct sockaddr *)&ss);
		address_parse("::1", dial->port, &ss);
		dial_add_address(dial, (struct sockaddr *)&ss);
		dial_resolved(dial);
	} else {
		look_up(dial);
	}
}
