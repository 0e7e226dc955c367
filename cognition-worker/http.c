/*
 * http.c: one POST to a model server with libcurl, which neither resolves nor
 * connects: the judge hands over a connected socket.
 * Runs in: cognition-worker.
 * Input: what the server sends is hostile: every part of it is bounded.
 */
#include "cognition-worker/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cognition-worker/cognition.h"
#include "cognition-worker/http_head.h"
#include "ipc/util.h"

#define SILENCE_MAX	300L	/* s without a byte; models think for minutes */
#define CONNECT_MAX	30000L	/* ms for the TLS handshake */

int
http_init(struct http *h)
{
	memset(h, 0, sizeof(*h));
	h->multi = curl_multi_init();
	return h->multi == NULL ? -1 : 0;
}

void
http_clear(struct http *h)
{
	if (h->multi != NULL)
		curl_multi_cleanup(h->multi);
	h->multi = NULL;
}

void
http_reply_clear(struct http_reply *r)
{
	pack_clear(&r->body);
	memset(r, 0, sizeof(*r));
}

/* --- called by libcurl --- */

/* The socket is used once: a second wish would be a second connection. */
static curl_socket_t
give_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;

	(void)purpose;
	(void)address;
	return t->run->socket == -1 ? CURL_SOCKET_BAD :
	    steal_fd(&t->run->socket);
}

static int
is_connected(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* The body of an error: keep its beginning, and that is enough. */
static size_t
take_error(struct transfer *t, const char *data, size_t len)
{
	size_t room = HTTP_ERROR_MAX - t->reply->body.len;

	pack_raw(&t->reply->body, data, len < room ? len : room);
	t->enough = len >= room;
	return t->enough ? 0 : len;
}

static size_t
take_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;
	int status;

	if (t->reply->status != 200)
		return take_error(t, data, len);
	t->reply->began = t->reply->began || len > 0;
	if (t->reply->encoded) {	/* nothing that we could use follows */
		t->enough = true;
		return 0;
	}
	t->taken += len;
	t->reply->streamed = transfer_is_stream(t);
	t->large = t->taken > (t->reply->streamed ? HTTP_STREAM_MAX :
	    HTTP_BODY_MAX);
	if (t->large)
		return 0;
	if (!t->reply->streamed) {
		pack_raw(&t->reply->body, data, len);
		return len;
	}
	status = t->ask->reader.take(t->ask->reader.arg,
	    (const uint8_t *)data, len);
	t->enough = status != 0;
	return status == 0 ? len : 0;
}

/* --- one transfer --- */

static struct curl_slist *
request_head(const struct http_ask *ask)
{
	struct curl_slist *list = NULL;
	char *line;

	list = curl_slist_append(list, "Content-Type: application/json");
	list = curl_slist_append(list, ask->stream ?
	    "Accept: text/event-stream, application/json" :
	    "Accept: application/json");
	list = curl_slist_append(list, "Expect:");
	if (ask->credential != NULL) {
		if (asprintf(&line, "Authorization: Bearer %s",
		    ask->credential) == -1)
			fatal("build the authorization line");
		list = curl_slist_append(list, line);
		explicit_bzero(line, strlen(line));
		free(line);
	}
	return list;
}

/* The copies of the credential that we made. */
static void
wipe_head(struct curl_slist *list)
{
	struct curl_slist *at;

	for (at = list; at != NULL; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	curl_slist_free_all(list);
}

static bool
is_https(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0;
}

static void
set_safety(CURL *c, struct http *h, const char *url)
{
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 0L);	/* needs setsockopt */
	/*
	 * What a server said behind one reply must never become the beginning
	 * of the next: each call has a connection of its own.
	 */
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);	/* no files here */
	/* The library copies it for each connection, even if it is no use. */
	if (h->ca.len > 0 && is_https(url))
		curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &h->ca);
	curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

static void
set_times(CURL *c, const struct http_ask *ask)
{
	uint64_t now = now_mono_ms();
	long left = ask->deadline > now ? (long)(ask->deadline - now) : 1;

	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
	    left < CONNECT_MAX ? left : CONNECT_MAX);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SILENCE_MAX);
}

static void
set_calls(CURL *c, struct transfer *t)
{
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, give_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, is_connected);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, transfer_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
}

/* Drive it, with an ear on the judge.  The result, or -1 if cancelled. */
static int
drive(struct run *run, CURLM *multi)
{
	struct curl_waitfd judge = { .fd = run->channel.fd,
	    .events = CURL_WAIT_POLLIN };
	CURLMsg *m;
	int running = 1, queued;

	for (;;) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			fatalx("drive the transfer: libcurl gave up");
		if (running == 0)
			break;
		judge.revents = 0;
		curl_multi_poll(multi, &judge, 1, 1000, NULL);
		if (judge.revents != 0 && run_receive(run, 0) == -1)
			return -1;
	}
	m = curl_multi_info_read(multi, &queued);
	return m == NULL ? CURLE_FAILED_INIT : (int)m->data.result;
}

static enum http_end
conclude(struct transfer *t, int result)
{
	struct http_reply *r = t->reply;

	if (result == -1)
		return HTTP_CANCELLED;
	if (t->enough)
		return r->status == 200 ? HTTP_ENOUGH : HTTP_DONE;
	if (result == CURLE_OK && !r->body.failed)
		return HTTP_DONE;
	transfer_explain(t, result);
	return HTTP_BROKEN;
}

static enum http_end
perform(struct run *run, struct http *h, const struct http_ask *ask,
    struct transfer *t)
{
	struct curl_slist *head = request_head(ask);
	struct curl_slist *names = curl_slist_append(NULL, t->name);
	CURL *c = curl_easy_init();
	int result;

	if (c == NULL || head == NULL || names == NULL)
		fatalx("make a transfer: out of memory");
	set_safety(c, h, ask->url);
	set_times(c, ask);
	set_calls(c, t);
	curl_easy_setopt(c, CURLOPT_URL, ask->url);
	curl_easy_setopt(c, CURLOPT_RESOLVE, names);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "sallyport");
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)ask->body_len);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, ask->body);
	curl_multi_add_handle(h->multi, c);
	result = drive(run, h->multi);
	curl_multi_remove_handle(h->multi, c);
	curl_easy_cleanup(c);
	curl_slist_free_all(names);
	wipe_head(head);
	return conclude(t, result);
}

enum http_end
http_post(struct run *run, struct http *h, const struct http_ask *ask,
    struct http_reply *reply)
{
	struct transfer t = { .run = run, .ask = ask, .reply = reply };
	enum http_end end;
	char host[254];
	uint32_t port;

	memset(reply, 0, sizeof(*reply));
	pack_init(&reply->body, HTTP_BODY_MAX);
	reply->after = reply->should = -1;
	if (http_where(ask->url, host, &port, reply->why) == -1)
		return HTTP_BROKEN;
	if (is_https(ask->url) && h->ca.len == 0) {
		snprintf(reply->why, sizeof(reply->why), "there are no CA "
		    "certificates to check the model server with");
		reply->should = 0;
		return HTTP_BROKEN;
	}
	/* Never looked up and never connected to: TEST-NET-1. */
	snprintf(t.name, sizeof(t.name), "%s:%u:192.0.2.1", host, port);
	if (run_dial(run, host, port) == -1) {
		snprintf(reply->why, sizeof(reply->why),
		    "connect to %s port %u: %.200s", host, port, run->refused);
		return run->cancelled ? HTTP_CANCELLED : HTTP_BROKEN;
	}
	end = perform(run, h, ask, &t);
	if (run->socket != -1)
		close(steal_fd(&run->socket));
	return end;
}
