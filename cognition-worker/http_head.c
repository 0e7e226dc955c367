/*
 * http_head.c: header lines of a reply, addresses, and failures in words.
 * Runs in: cognition-worker.
 * Input: header lines of a model server: hostile.
 */
#include "cognition-worker/http_head.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cognition-worker/retry.h"
#include "ipc/util.h"

#define VALUE_MAX	512	/* of a header that we use */

/* "Name: value" with that name: the value without blanks around it. */
static bool
header_is(const char *line, size_t len, const char *name,
    char value[VALUE_MAX])
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	if (len >= VALUE_MAX || memchr(line, '\0', len) != NULL)
		len = 0;
	memcpy(value, line, len);
	value[len] = '\0';
	return true;
}

static void
take_type(struct http_reply *r, const char *value)
{
	size_t i, len = strcspn(value, "; \t");

	for (i = 0; i < len && i < sizeof(r->type) - 1; i++)
		r->type[i] = (char)tolower((unsigned char)value[i]);
	r->type[i] = '\0';
}

/* A reply begins: what an earlier one (100, a proxy) said does not count. */
static void
begin_reply(struct http_reply *r, const char *line, size_t len)
{
	char start[32];

	r->type[0] = r->location[0] = '\0';
	r->encoded = false;
	r->should = -1;
	r->after = -1;
	snprintf(start, sizeof(start), "%.*s", (int)(len < 31 ? len : 31),
	    line);
	r->status = 0;
	sscanf(start, "HTTP/%*s %3ld", &r->status);
}

static void
take_header(struct http_reply *r, const char *line, size_t len)
{
	char value[VALUE_MAX];
	int64_t after;

	if (header_is(line, len, "content-type", value))
		take_type(r, value);
	else if (header_is(line, len, "content-encoding", value))
		r->encoded = strcasecmp(value, "identity") != 0;
	else if (header_is(line, len, "location", value))
		text_escape(r->location, sizeof(r->location), value,
		    strlen(value));
	else if (header_is(line, len, "x-should-retry", value))
		r->should = strcasecmp(value, "true") == 0 ? 1 :
		    strcasecmp(value, "false") == 0 ? 0 : -1;
	else if (header_is(line, len, "retry-after-ms", value)) {
		if ((after = retry_after(value, true, time(NULL))) != -1)
			r->after = after;
	} else if (header_is(line, len, "retry-after", value)) {
		if (r->after == -1)
			r->after = retry_after(value, false, time(NULL));
	}
}

size_t
transfer_head(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	t->head += len;
	if (t->head > HTTP_HEAD_MAX) {
		t->large = true;
		return 0;
	}
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
		begin_reply(t->reply, data, len);
	else
		take_header(t->reply, data, len);
	return len;
}

bool
transfer_is_stream(const struct transfer *t)
{
	const char *type = t->reply->type;

	/* Servers that name no type are believed to do as they were asked. */
	return type[0] == '\0' ? t->ask->stream :
	    strcmp(type, "text/event-stream") == 0;
}

static const char *
meaning(const struct transfer *t, int result)
{
	if (t->head > HTTP_HEAD_MAX)
		return "its header is larger than 256 KiB";
	if (t->large)
		return t->reply->streamed ? "it sent more than 64 MiB" :
		    "its reply is larger than 16 MiB";
	switch (result) {
	case CURLE_OPERATION_TIMEDOUT:
		return now_mono_ms() + 50 >= t->ask->deadline ?
		    "the time limit of the call was reached" :
		    "it sent nothing for too long";
	case CURLE_GOT_NOTHING:
		return "it closed the connection without sending anything";
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
		return t->reply->status == 0 ?
		    "the connection broke before it answered" :
		    "the connection was closed in the middle of its reply";
	case CURLE_OUT_OF_MEMORY:	/* libcurl's bound of 100 KB a line */
		return "a line of its header is too long";
	case CURLE_SEND_ERROR:
		return "the connection broke while the request was sent";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "its certificate is not trusted";
	case CURLE_SSL_CONNECT_ERROR:
		return "the TLS handshake failed";
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_HTTP2:
		return "it does not speak HTTP";
	default:
		return curl_easy_strerror((CURLcode)result);
	}
}

/* What another attempt would only repeat. */
static bool
is_final(const struct transfer *t, int result)
{
	return t->large || result == CURLE_PEER_FAILED_VERIFICATION ||
	    result == CURLE_OUT_OF_MEMORY ||
	    result == CURLE_WEIRD_SERVER_REPLY ||
	    result == CURLE_UNSUPPORTED_PROTOCOL;
}

void
transfer_explain(struct transfer *t, int result)
{
	struct http_reply *r = t->reply;
	char detail[CURL_ERROR_SIZE];

	if (is_final(t, result))
		r->should = 0;
	text_escape(detail, sizeof(detail), t->error, strlen(t->error));
	if (t->large)
		detail[0] = '\0';
	snprintf(r->why, sizeof(r->why),
	    "the model server failed: %s%s%.300s%s", meaning(t, result),
	    detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
}

int
http_where(const char *url, char host[254], uint32_t *port, char why[512])
{
	CURLU *u = curl_url();
	char *name = NULL, *number = NULL, *scheme = NULL, *user = NULL;
	size_t len;
	int status = -1;

	*port = 0;
	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == 0 &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == 0 &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
	    curl_url_get(u, CURLUPART_USER, &user, 0) != 0 &&
	    curl_url_get(u, CURLUPART_HOST, &name, 0) == 0 &&
	    curl_url_get(u, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT) == 0) {
		len = strlen(name);
		*port = (uint32_t)strtoul(number, NULL, 10);
		if (name[0] == '[' && len > 2 && name[len - 1] == ']')
			snprintf(host, 254, "%.*s", (int)len - 2, name + 1);
		else
			snprintf(host, 254, "%s", name);
		status = len < 254 && *port > 0 && *port < 65536 ? 0 : -1;
	}
	if (status == -1)
		snprintf(why, 512, "the provider's address is not an http or "
		    "https URL of the form https://host/v1");
	curl_free(name);
	curl_free(number);
	curl_free(scheme);
	curl_free(user);
	curl_url_cleanup(u);
	return status;
}
