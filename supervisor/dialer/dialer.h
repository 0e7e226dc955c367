/*
 * dialer.h: dials on their way: a name, its addresses, one socket at a time.
 * Runs in: dialer.
 * Input: destinations from the judge, answers from name servers.
 */
#ifndef SALLYPORT_DIALER_H
#define SALLYPORT_DIALER_H

#include <event2/dns.h>
#include <event2/event.h>

#include "ipc/ipc.h"
#include "supervisor/dialer/address.h"

#define DIALS_MAX	192		/* at once; the page has 256 files */
#define ADDRESSES_MAX	16		/* of one name that are tried */

struct dialer {
	struct event_base *base;
	struct evdns_base *dns;
	struct channel	 channel;	/* to the judge */
	unsigned	 dials;		/* on their way */
};

struct dial {
	struct dialer	*dialer;
	uint64_t	 number;	/* the judge's */
	char		 host[254];
	unsigned	 port;
	bool		 private_allowed;
	uint64_t	 deadline;	/* ms, monotonic */
	struct sockaddr_storage addresses[ADDRESSES_MAX];
	size_t		 count, next;	/* addresses: found, to be tried */
	int		 fd;		/* -1, or connecting; owned */
	struct event	*connecting;	/* or NULL; owned */
	struct event	*timer;		/* the whole dial; owned */
	struct evdns_getaddrinfo_request *lookup;	/* or NULL */
	bool		 answered;	/* waits for its lookup to be undone */
	char		 last[256];	/* why the last address failed */
};

/* resolve.c: ends in dial_resolved() or dial_fail(), perhaps at once. */
void	 resolve_init(struct dialer *);	/* before confine() */
void	 resolve_start(struct dial *);

/* dial.c */
void	 dial_add_address(struct dial *, const struct sockaddr *);
void	 dial_resolved(struct dial *);
void	 dial_fail(struct dial *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	 dial_free(struct dial *);

#endif
