/*
 * address.h: what kind of place an address or a name is.
 * Runs in: dialer, and tests.  Pure.
 * Input: names and addresses that models, sandboxes and name servers chose.
 * Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890),
 * RFC 1123 and RFC 952 for names.
 */
#ifndef SALLYPORT_DIALER_ADDRESS_H
#define SALLYPORT_DIALER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_TEXT	64		/* bytes, with the NUL */

enum address_kind {
	ADDRESS_public,
	ADDRESS_private,		/* RFC 1918, unique local, site-local */
	ADDRESS_loopback,
	ADDRESS_link_local,
	ADDRESS_shared,			/* carrier-grade NAT, RFC 6598 */
	ADDRESS_metadata,		/* of a cloud's machines */
	ADDRESS_multicast,
	ADDRESS_unspecified,
	ADDRESS_reserved		/* nothing that we know is there */
};

/* Looks through IPv4-mapped, translated, 6to4, NAT64 and ISATAP forms. */
enum address_kind address_kind(const struct sockaddr *);
const char	*address_kind_name(enum address_kind);	/* "link-local" */

/* May it be dialed?  private_allowed: the operator named this host. */
bool		 address_allowed(enum address_kind, bool private_allowed);

/* A literal: 127.0.0.1, ::1 or [::1]; nothing that only looks like one. */
int		 address_parse(const char *host, unsigned port,
		    struct sockaddr_storage *);
/* Numeric text without the port; returns dst. */
char		*address_text(const struct sockaddr *, char *dst, size_t size);

/* NULL if the name may be looked up; else what is wrong with it. */
const char	*name_problem(const char *name);
/* localhost, or a name below it: RFC 6761 keeps them on this machine. */
bool		 name_is_local(const char *name);

#endif
