/*
 * url.c: parse the base address of a model provider, strictly.
 * Runs in: judge, cognition-worker.
 * Input: the operator's or the user's text.  Pure.
 */
#include <string.h>

#include "policy/url.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_host_character(char c, bool ipv6)
{
	if (ipv6)
		return is_digit(c) || c == ':' || c == '.' ||
		    (c >= 'a' && c <= 'f');
	return is_digit(c) || c == '-' || c == '.' || (c >= 'a' && c <= 'z');
}

static int
parse_host(const char **at, struct url *u, const char **why)
{
	const char *p = *at;
	size_t n = 0;
	char c;

	u->ipv6 = *p == '[';
	if (u->ipv6)
		p++;
	for (; *p != '\0' && *p != '/' && *p != ']'; p++) {
		if (*p == ':' && !u->ipv6)
			break;
		c = *p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p;
		if (!is_host_character(c, u->ipv6)) {
			*why = "the host has a character that no host has";
			return -1;
		}
		if (n + 1 == sizeof(u->host)) {
			*why = "the host is longer than 253 characters";
			return -1;
		}
		u->host[n++] = c;
	}
	u->host[n] = '\0';
	if (u->ipv6 && *p++ != ']') {
		*why = "the address in brackets is not closed";
		return -1;
	}
	if (n == 0 || u->host[0] == '.' || u->host[n - 1] == '.') {
		*why = "the host is empty, or begins or ends with a dot";
		return -1;
	}
	*at = p;
	return 0;
}

static int
parse_port(const char **at, struct url *u, const char **why)
{
	const char *p = *at;
	unsigned port = 0;

	u->port = u->tls ? 443 : 80;
	if (*p != ':')
		return 0;
	for (p++; is_digit(*p) && port <= UINT16_MAX; p++)
		port = port * 10 + (unsigned)(*p - '0');
	if (port == 0 || port > UINT16_MAX) {
		*why = "the port is not between 1 and 65535";
		return -1;
	}
	u->port = (uint16_t)port;
	*at = p;
	return 0;
}

int
url_parse(const char *text, struct url *u, const char **why)
{
	size_t len;

	memset(u, 0, sizeof(*u));
	if (strncmp(text, "https://", 8) == 0) {
		u->tls = true;
		text += 8;
	} else if (strncmp(text, "http://", 7) == 0) {
		text += 7;
	} else {
		*why = "it does not begin with http:// or https://";
		return -1;
	}
	if (parse_host(&text, u, why) == -1 || parse_port(&text, u, why) == -1)
		return -1;
	len = strlen(text);
	while (len > 0 && text[len - 1] == '/')
		len--;
	if ((len > 0 && text[0] != '/') || len >= sizeof(u->path)) {
		*why = "the path is too long or does not begin with '/'";
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~' ||
		    strchr("?#\\@\"<>", text[i]) != NULL) {
			*why = "the path has a character that is not allowed";
			return -1;
		}
	}
	memcpy(u->path, text, len);
	return 0;
}
