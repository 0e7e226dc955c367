/*
 * address.c: sorting addresses into what may be dialed and what may not.
 * Runs in: dialer, and tests.  Pure.
 * Input: addresses that a name server or an attacker chose.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/dialer/address.h"

struct range {
	uint8_t		  net[16];
	unsigned	  bits;
	enum address_kind kind;
};

/* First match counts; what is in no row is public. */
static const struct range ranges4[] = {
	{ { 169, 254, 169, 254 },	32, ADDRESS_metadata },
	{ { 169, 254, 170, 2 },		32, ADDRESS_metadata },	/* tasks */
	{ { 100, 100, 100, 200 },	32, ADDRESS_metadata },
	{ { 168, 63, 129, 16 },		32, ADDRESS_metadata },
	{ { 192, 0, 0, 192 },		32, ADDRESS_metadata },
	{ { 0 },			8,  ADDRESS_unspecified },
	{ { 10 },			8,  ADDRESS_private },
	{ { 100, 64 },			10, ADDRESS_shared },
	{ { 127 },			8,  ADDRESS_loopback },
	{ { 169, 254 },			16, ADDRESS_link_local },
	{ { 172, 16 },			12, ADDRESS_private },
	{ { 192, 0, 0 },		24, ADDRESS_reserved },
	{ { 192, 0, 2 },		24, ADDRESS_reserved },
	{ { 192, 31, 196 },		24, ADDRESS_reserved },
	{ { 192, 52, 193 },		24, ADDRESS_reserved },
	{ { 192, 88, 99 },		24, ADDRESS_reserved },
	{ { 192, 168 },			16, ADDRESS_private },
	{ { 192, 175, 48 },		24, ADDRESS_reserved },
	{ { 198, 18 },			15, ADDRESS_reserved },
	{ { 198, 51, 100 },		24, ADDRESS_reserved },
	{ { 203, 0, 113 },		24, ADDRESS_reserved },
	{ { 224 },			4,  ADDRESS_multicast },
	{ { 240 },			4,  ADDRESS_reserved },
};

/* What is not global unicast (2000::/3) is reserved, after these. */
static const struct range ranges6[] = {
	{ { [0] = 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54 }, 128,
	    ADDRESS_metadata },
	{ { [0] = 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54 }, 128,
	    ADDRESS_metadata },
	{ { 0 },			128, ADDRESS_unspecified },
	{ { [15] = 1 },			128, ADDRESS_loopback },
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, ADDRESS_private },
	{ { 0x20, 0x01, 0x0d, 0xb8 },	32, ADDRESS_reserved },
	{ { 0x20, 0x01 },		23, ADDRESS_reserved },	/* Teredo too */
	{ { 0x26, 0x20, 0x00, 0x4f, 0x80 }, 48, ADDRESS_reserved },
	{ { 0x3f, 0xff },		20, ADDRESS_reserved },
	{ { 0xfc },			7,  ADDRESS_private },
	{ { 0xfe, 0x80 },		10, ADDRESS_link_local },
	{ { 0xfe, 0xc0 },		10, ADDRESS_private },
	{ { 0xff },			8,  ADDRESS_multicast },
};

/* Forms that carry an IPv4 address, which is what will be reached. */
static const struct {
	uint8_t		net[16];
	unsigned	bits;
	unsigned	at;		/* byte where it is */
} embeddings[] = {
	{ { [10] = 0xff, 0xff },	96, 12 },	/* mapped */
	{ { [8] = 0xff, 0xff },		96, 12 },	/* translated */
	{ { 0x00, 0x64, 0xff, 0x9b },	96, 12 },	/* NAT64 */
	{ { 0x20, 0x02 },		16, 2 },	/* 6to4 */
};

static bool
in_range(const uint8_t *a, const uint8_t *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a, net, whole) == 0 && (rest == 0 ||
	    (a[whole] ^ net[whole]) >> (8 - rest) == 0);
}

static enum address_kind
kind4(const uint8_t *a)
{
	for (size_t i = 0; i < nitems(ranges4); i++)
		if (in_range(a, ranges4[i].net, ranges4[i].bits))
			return ranges4[i].kind;
	return ADDRESS_public;
}

/* ISATAP: an interface identifier of 0000:5efe or 0200:5efe. */
static bool
is_isatap(const uint8_t *a)
{
	return (a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e &&
	    a[11] == 0xfe;
}

static enum address_kind
kind6(const uint8_t *a)
{
	size_t i;

	for (i = 0; i < nitems(embeddings); i++)
		if (in_range(a, embeddings[i].net, embeddings[i].bits))
			return kind4(a + embeddings[i].at);
	for (i = 0; i < nitems(ranges6); i++)
		if (in_range(a, ranges6[i].net, ranges6[i].bits))
			return ranges6[i].kind;
	if (a[0] >> 5 != 1)
		return ADDRESS_reserved;
	return is_isatap(a) ? kind4(a + 12) : ADDRESS_public;
}

enum address_kind
address_kind(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return kind4((const uint8_t *)
		    &((const struct sockaddr_in *)sa)->sin_addr);
	if (sa->sa_family == AF_INET6)
		return kind6(((const struct sockaddr_in6 *)sa)
		    ->sin6_addr.s6_addr);
	return ADDRESS_reserved;
}

const char *
address_kind_name(enum address_kind kind)
{
	static const char *const names[] = {
		[ADDRESS_public] = "public",
		[ADDRESS_private] = "private",
		[ADDRESS_loopback] = "loopback",
		[ADDRESS_link_local] = "link-local",
		[ADDRESS_shared] = "shared (carrier-grade NAT)",
		[ADDRESS_metadata] = "a cloud's metadata service",
		[ADDRESS_multicast] = "multicast",
		[ADDRESS_unspecified] = "unspecified",
		[ADDRESS_reserved] = "reserved"
	};

	return names[kind];
}

bool
address_allowed(enum address_kind kind, bool private_allowed)
{
	switch (kind) {
	case ADDRESS_public:
		return true;
	case ADDRESS_private:
	case ADDRESS_loopback:
	case ADDRESS_link_local:
	case ADDRESS_shared:
	case ADDRESS_metadata:
		return private_allowed;
	case ADDRESS_multicast:
	case ADDRESS_unspecified:
	case ADDRESS_reserved:
		break;
	}
	return false;
}

/* [::1] without its brackets; false if it is not in brackets. */
static bool
unbracket(const char *host, char *dst, size_t size)
{
	size_t len = strlen(host);

	if (len < 3 || len - 2 >= size || host[0] != '[' ||
	    host[len - 1] != ']')
		return false;
	memcpy(dst, host + 1, len - 2);
	dst[len - 2] = '\0';
	return true;
}

int
address_parse(const char *host, unsigned port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	char inner[ADDRESS_TEXT];

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return 0;
	}
	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET6, unbracket(host, inner, sizeof(inner)) ?
	    inner : host, &in6->sin6_addr) != 1)
		return -1;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	return 0;
}

char *
address_text(const struct sockaddr *sa, char *dst, size_t size)
{
	const void *from = sa->sa_family == AF_INET6 ?
	    (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr :
	    (const void *)&((const struct sockaddr_in *)sa)->sin_addr;

	if (inet_ntop(sa->sa_family, from, dst, (socklen_t)size) == NULL)
		snprintf(dst, size, "?");
	return dst;
}
