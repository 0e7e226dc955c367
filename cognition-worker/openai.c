/*
 * openai.c: one turn over chat completions: request, stream, retries.
 * Runs in: cognition-worker.
 * Input: what the server sends is hostile; the key goes into one header only.
 */
#include "cognition-worker/openai.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cognition-worker/cognition.h"
#include "cognition-worker/http.h"
#include "cognition-worker/json.h"
#include "cognition-worker/retry.h"
#include "cognition-worker/sse.h"
#include "ipc/util.h"

#define CALL_TIMEOUT	600000u		/* ms, where none is configured */
#define KEY_MAX		4096u
#define SECRET_MIN	8u	/* bytes; a shorter key is a word like others */

struct openai {
	struct provider	 provider;
	struct http	*http;		/* borrowed */
	char		*url;
	char		*key;		/* or NULL; wiped at the end */
};

/* One attempt. */
struct attempt {
	struct openai	*openai;
	struct sse	 sse;
	struct openai_reply reply;
	struct http_reply http;
};

/* --- settings --- */

static int
read_key(struct openai *o, struct blob *secret, struct turn *why)
{
	size_t i, len = secret->len;

	if (len == 0)
		return 0;
	if (len > KEY_MAX || blob_map(secret) == -1)
		return snprintf(why->why, sizeof(why->why),
		    "the provider's key cannot be read"), -1;
	while (len > 0 && (secret->data[len - 1] == '\n' ||
	    secret->data[len - 1] == '\r' || secret->data[len - 1] == ' '))
		len--;
	for (i = 0; i < len; i++)
		if (secret->data[i] <= ' ' || secret->data[i] >= 0x7f)
			return snprintf(why->why, sizeof(why->why),
			    "the provider's key holds blanks or control "
			    "characters"), -1;
	if (len == 0)
		return 0;
	o->key = xcalloc(1, len + 1);
	memcpy(o->key, secret->data, len);
	return 0;
}

static void
openai_free(struct provider *p)
{
	struct openai *o = (struct openai *)p;

	if (o->key != NULL)
		explicit_bzero(o->key, strlen(o->key));
	free(o->key);
	free(o->url);
	free(o);
}

/* No error, log or record may carry the key, even if a server echoes it. */
static void
hide_key(const struct openai *o, void *text, size_t len)
{
	size_t n = o->key == NULL ? 0 : strlen(o->key);
	char *at;

	while (n >= SECRET_MIN && len > 0 &&
	    (at = memmem(text, len, o->key, n)) != NULL)
		memset(at, '*', n);
}

/* --- one attempt --- */

static void
show(struct attempt *a)
{
	struct run *run = a->openai->provider.run;
	struct openai_reply *r = &a->reply;
	size_t i;

	run_delta(run, DELTA_thinking, (const char *)r->thinking.data,
	    r->thinking.len);
	r->thinking.len = 0;
	run_delta(run, DELTA_text, (const char *)r->text.data + r->shown,
	    r->text.len - r->shown);
	r->shown = r->text.len;
	for (i = 0; i < r->nparts; i++)
		if (!r->parts[i].shown && r->parts[i].name != NULL) {
			run_delta(run, DELTA_tool, r->parts[i].name,
			    strlen(r->parts[i].name));
			r->parts[i].shown = true;
		}
}

static int
take_event(struct attempt *a)
{
	hide_key(a->openai, a->sse.data.data, a->sse.data.len);
	return openai_event(&a->reply, (const char *)a->sse.data.data,
	    a->sse.data.len);
}

/* Bytes of the stream, as the network cut them. */
static int
take_stream(void *arg, const uint8_t *data, size_t len)
{
	struct attempt *a = arg;
	const uint8_t *at = data, *end = data + len;
	enum sse_status status;
	int taken = 0;

	while (taken == 0 &&
	    (status = sse_feed(&a->sse, &at, end)) != SSE_MORE) {
		if (status == SSE_TOO_LARGE) {
			snprintf(a->reply.why, sizeof(a->reply.why),
			    "an event of its stream is larger than 8 MiB");
			return -1;
		}
		taken = take_event(a);
	}
	show(a);
	return taken;
}

/* The stream is over; its last event may lack the blank line. */
static void
end_stream(struct attempt *a)
{
	if (a->reply.why[0] == '\0' && !a->reply.done &&
	    sse_end(&a->sse) == SSE_EVENT)
		take_event(a);
	show(a);
}

static void
explain_status(struct attempt *a, struct turn *turn)
{
	struct http_reply *h = &a->http;
	char shown[256];

	openai_error(&a->reply.error, (const char *)h->body.data, h->body.len);
	if (h->status >= 300 && h->status < 400) {
		snprintf(turn->why, sizeof(turn->why), "the model server "
		    "answered %ld: it redirects to '%s', which is not "
		    "followed", h->status, h->location);
		snprintf(turn->hint, sizeof(turn->hint),
		    "set providers.openai.base_url to the right address");
		return;
	}
	text_escape(shown, sizeof(shown), h->body.data,
	    h->body.len < 200 ? h->body.len : 200);
	snprintf(turn->why, sizeof(turn->why), "the model server answered "
	    "%ld%s%s: %s", h->status, a->reply.error.code[0] ? " " : "",
	    a->reply.error.code, a->reply.error.message[0] ?
	    a->reply.error.message : h->body.len > 0 ? shown :
	    "it gave no reason");
	if (h->status == 401 || h->status == 403)
		snprintf(turn->hint, sizeof(turn->hint), "check the key "
		    "(OPENAI_API_KEY or providers.openai.api_key_file)");
	else if (h->status == 404)
		snprintf(turn->hint, sizeof(turn->hint), "check "
		    "providers.openai.base_url and the name of the model");
}

/* A reply with status 200: 0 and the turn, or -1 with turn->why. */
static int
read_reply(struct attempt *a, struct turn *turn)
{
	struct http_reply *h = &a->http;
	bool json = h->type[0] == '\0' ||
	    strcmp(h->type, "application/json") == 0;

	if (h->encoded)
		snprintf(a->reply.why, sizeof(a->reply.why), "its reply is "
		    "compressed, which was not asked for");
	else if (h->streamed)
		end_stream(a);
	else if (h->body.len == 0)
		snprintf(a->reply.why, sizeof(a->reply.why),
		    "it answered 200 with nothing in it");
	else if (!json)
		snprintf(a->reply.why, sizeof(a->reply.why), "it answered "
		    "with content type '%.100s' and not with JSON", h->type);
	else
		openai_plain(&a->reply, (const char *)h->body.data,
		    h->body.len);
	if (openai_complete(&a->reply, turn) == 0) {
		turn->shown = h->streamed;
		return 0;
	}
	snprintf(turn->why, sizeof(turn->why), "the model server broke its "
	    "protocol: %s", a->reply.why);
	return -1;
}

static enum turned
attempt_once(struct attempt *a, const struct http_ask *ask,
    struct turn *turn)
{
	struct run *run = a->openai->provider.run;

	memset(turn, 0, sizeof(*turn));
	switch (http_post(run, a->openai->http, ask, &a->http)) {
	case HTTP_CANCELLED:
		return TURN_CANCELLED;
	case HTTP_BROKEN:
		snprintf(turn->why, sizeof(turn->why), "%s", a->http.why);
		return TURN_FAILED;
	case HTTP_DONE:
	case HTTP_ENOUGH:
		break;
	}
	hide_key(a->openai, a->http.body.data, a->http.body.len);
	if (a->http.status == 200)
		return read_reply(a, turn) == 0 ? TURN_OK : TURN_FAILED;
	explain_status(a, turn);
	return TURN_FAILED;
}

/* --- a turn --- */

/* Milliseconds until the next attempt, or -1 if there is none. */
static int64_t
next_attempt(const struct attempt *a, const struct http_ask *ask,
    unsigned attempt)
{
	struct retry_facts facts = {
		.status = a->http.status == 200 ? 0 : a->http.status,
		.began = a->http.began,
		.should = a->http.should,
		.after = a->http.after,
		.code = a->reply.error.code,
		.type = a->reply.error.type,
		.attempt = attempt
	};
	uint64_t delay;

	if (!retry_wanted(&facts))
		return -1;
	delay = retry_delay(&facts, randombytes_random());
	return now_mono_ms() + delay < ask->deadline ? (int64_t)delay : -1;
}

static enum turned
attempts(struct openai *o, const struct http_ask *plan, struct turn *turn)
{
	struct attempt a = { .openai = o };
	struct http_ask ask = *plan;
	enum turned status;
	unsigned attempt;
	int64_t delay;

	ask.reader = (struct http_reader){ take_stream, &a };
	for (attempt = 0;; attempt++) {
		sse_init(&a.sse, JSON_BYTES);
		openai_reply_init(&a.reply);
		status = attempt_once(&a, &ask, turn);
		hide_key(o, turn->why, strlen(turn->why));
		delay = next_attempt(&a, &ask, attempt);
		sse_clear(&a.sse);
		openai_reply_clear(&a.reply);
		http_reply_clear(&a.http);
		if (status != TURN_FAILED || delay == -1)
			return status;
		log_line(LOG_WARNING, "model call failed, next attempt in "
		    "%lld ms: %s", (long long)delay, turn->why);
		if (run_sleep(o->provider.run, (uint64_t)delay) == -1)
			return TURN_CANCELLED;
	}
}

static enum turned
openai_turn(struct provider *p, const struct conversation *c,
    const struct wish *wish, struct turn *turn)
{
	struct openai *o = (struct openai *)p;
	const struct run_start *start = &p->run->start;
	uint32_t timeout = start->request_timeout;
	autofree char *body = openai_request(&(struct openai_request){
		.model = start->model,
		.conversation = c,
		.tools = p->run->offered,
		.ntools = p->run->noffered,
		.wish = wish,
		.stream = start->stream
	});
	struct http_ask ask = {
		.url = o->url,
		.credential = o->key,
		.body = body,
		.body_len = strlen(body),
		.stream = start->stream,
		.deadline = now_mono_ms() +
		    (timeout > 0 ? timeout : CALL_TIMEOUT)
	};

	return attempts(o, &ask, turn);
}

struct provider *
openai_new(struct run *run, struct http *http, struct turn *why)
{
	const char *base = run->start.base_url[0] ? run->start.base_url :
	    "https://api.openai.com/v1";
	struct openai *o = xcalloc(1, sizeof(*o));
	size_t len = strlen(base);
	uint32_t port;
	char host[254];

	o->provider = (struct provider){ "openai", openai_turn, openai_free,
	    run };
	o->http = http;
	while (len > 0 && base[len - 1] == '/')
		len--;
	if (asprintf(&o->url, "%.*s/chat/completions", (int)len, base) == -1)
		fatal("build the address of the model");
	if (run->start.model[0] == '\0')
		snprintf(why->why, sizeof(why->why), "no model is named: set "
		    "providers.openai.default_model or use --model");
	else if (strpbrk(base, "?#") != NULL)
		snprintf(why->why, sizeof(why->why), "the provider's address "
		    "must not have a '?' or '#'");
	else if (http_where(o->url, host, &port, why->why) == 0 &&
	    read_key(o, &run->start.credential, why) == 0)
		return &o->provider;
	openai_free(&o->provider);
	return NULL;
}
