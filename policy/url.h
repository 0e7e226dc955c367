/*
 * url.h: the base address of a model provider.
 * Runs in: judge (what may be dialed), cognition-worker (what is asked for).
 * Input: the operator's or the user's own text; strictly parsed, so that the
 * two never disagree.  Source: RFC 3986, a subset: no user, query, fragment.
 */
#ifndef SALLYPORT_URL_H
#define SALLYPORT_URL_H

#include <stdbool.h>
#include <stdint.h>

struct url {
	bool		 tls;		/* https */
	char		 host[254];	/* lower case; IPv6 without brackets */
	bool		 ipv6;		/* host was in brackets */
	uint16_t	 port;		/* 80 or 443 if absent */
	char		 path[256];	/* begins with '/', or "" */
};

/* 0, or -1 with *why (static text). */
int	url_parse(const char *text, struct url *, const char **why);

#endif
