/*
 * event.c: reading events, and the requests that they answer.
 * Runs in: programs that use libsallyport.
 * Input: messages of the judge, checked by ipc/; their texts are hostile.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/lib/internal.h"
#include "client/lib/json.h"
#include "ipc/util.h"

void
current_clear(struct current *c)
{
	value_free(c->body);
	blob_clear(&c->data);
	c->body = NULL;
	c->data = BLOB_NONE;
	c->present = false;
	memset(&c->event, 0, sizeof(c->event));
}

void
uuid_text(char text[37], const uint8_t id[16])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = hex[id[i] >> 4];
		text[at++] = hex[id[i] & 15];
	}
	text[at] = '\0';
}

struct request *
request_find(struct sallyport *h, uint64_t number)
{
	struct request *r;

	for (r = h->requests; r != NULL; r = r->next)
		if (r->number == number)
			return r;
	return NULL;
}

struct request *
request_of_run(struct sallyport *h, const char *id)
{
	struct request *r;

	for (r = h->requests; r != NULL; r = r->next)
		if (r->run && strcmp(r->id, id) == 0)
			return r;
	return NULL;
}

void
request_end(struct sallyport *h, uint64_t number)
{
	struct request **at = &h->requests, *r;

	for (; (r = *at) != NULL; at = &r->next) {
		if (r->number != number)
			continue;
		*at = r->next;
		free(r);
		return;
	}
}

int
sallyport_fd(const struct sallyport *h)
{
	return h->channel.fd;
}

short
sallyport_poll_events(const struct sallyport *h)
{
	return h->channel.queued > 0 ? POLLIN | POLLOUT : POLLIN;
}

const struct sallyport_error *
sallyport_last_error(const struct sallyport *h)
{
	return &h->error;
}

/*
 * The event was looked at: its room may be filled again.  Given in pieces of
 * a part of the window, so that not every row costs a message.
 */
static void
give_credit(struct sallyport *h)
{
	struct request *r = request_find(h, h->current.event.request);

	if (!h->current.present || r == NULL)
		return;
	if (h->current.event.kind == SALLYPORT_ROW)
		r->used++;
	else if (h->current.event.kind == SALLYPORT_OUTPUT)
		r->used += h->current.event.len;
	if (r->used == 0 || r->used < r->window / 4)
		return;
	if (h->current.event.kind == SALLYPORT_ROW)
		send_query_credit(&h->channel, &(struct query_credit){
		    .request = r->number, .credit = (uint32_t)r->used });
	else
		send_exec_credit(&h->channel, &(struct exec_credit){
		    .request = r->number, .credit = r->used });
	r->used = 0;
}

static int
ended(struct sallyport *h, enum received how)
{
	char why[641];

	h->over = true;
	text_escape(why, sizeof(why), h->channel.why, strlen(h->channel.why));
	if (strcmp(why, "closed") == 0)
		why[0] = '\0';
	if (how == RECEIVE_FAULT) {
		error_set(&h->error, EXIT_integrity, ERROR_IntegrityError,
		    "the supervisor broke its protocol: %s", why);
		return -1;
	}
	error_set(&h->error, EXIT_unavailable, ERROR_none,
	    "the supervisor closed the connection%s%s", why[0] != '\0' ?
	    ": " : "", why);
	error_hint_set(&h->error, "see sallyportd.log in the state directory, "
	    "or the daemon's journal; 'sallyport runs list' shows what was "
	    "recorded");
	return -1;
}

/* Wait for the socket: 1 something happened, 0 time is over or a signal. */
static int
wait_socket(struct sallyport *h, int timeout)
{
	struct pollfd p = { .fd = h->channel.fd,
	    .events = sallyport_poll_events(h) };
	int n = poll(&p, 1, timeout);

	if (n > 0 && (p.revents & POLLOUT))
		channel_flush(&h->channel);
	return n > 0;
}

int
sallyport_next(struct sallyport *h, int timeout,
    const struct sallyport_event **event)
{
	uint64_t until = now_mono_ms() + (uint64_t)(timeout > 0 ? timeout : 0);
	bool greeted = h->welcomed;
	enum received got;
	uint64_t now;

	*event = NULL;
	if (h->over)
		return -1;
	give_credit(h);
	current_clear(&h->current);
	for (;;) {
		got = channel_receive(&h->channel);
		if (got == RECEIVE_CLOSED || got == RECEIVE_FAULT)
			return ended(h, got);
		if (h->over)		/* it said so: refused at the door */
			return -1;
		if (h->welcomed && !greeted)	/* connect.c waits for this */
			return 0;
		if (h->current.present) {
			*event = &h->current.event;
			return 1;
		}
		if (got == RECEIVED)
			continue;
		now = now_mono_ms();
		if (timeout >= 0 && now >= until) {
			channel_flush(&h->channel);
			return 0;
		}
		if (wait_socket(h, timeout < 0 ? -1 : (int)(until - now)) == 0)
			return 0;
	}
}

/* The event after which nothing more comes for its request. */
static bool
is_last(const struct sallyport_event *e)
{
	switch (e->kind) {
	case SALLYPORT_REFUSED:
	case SALLYPORT_ENDED:
	case SALLYPORT_DONE:
	case SALLYPORT_OPENED:
	case SALLYPORT_EXITED:
		return true;
	case SALLYPORT_ACCEPTED:
	case SALLYPORT_EVENT:
	case SALLYPORT_TURN:
	case SALLYPORT_ROW:
	case SALLYPORT_OUTPUT:
		break;
	}
	return false;
}

int
sallyport_wait(struct sallyport *h, uint64_t request,
    const struct sallyport_event **event)
{
	int n;

	while ((n = sallyport_next(h, -1, event)) >= 0)
		if (n > 0 && (*event)->request == request && is_last(*event))
			return 1;
	return -1;
}

/* The envelope first; a body cannot forge its fields. */
static void
write_event(struct json *j, const struct sallyport_event *e)
{
	static const char *const envelope[] = {
		"seq", "ts", "run", "type", NULL
	};
	char ts[32];

	json_open(j, '{');
	json_key(j, "seq");
	json_uint(j, e->seq);
	json_key(j, "ts");
	json_text(j, time_text(ts, e->at));
	json_key(j, "run");
	json_text(j, e->run);
	json_key(j, "type");
	json_text(j, e->type);
	json_members(j, e->body, envelope);
	json_close(j, '}');
}

char *
sallyport_event_json(const struct sallyport_event *e)
{
	autojson struct json j = { 0 };

	if (e->kind == SALLYPORT_EVENT) {
		write_event(&j, e);
	} else if (e->body != NULL) {
		json_value(&j, e->body);
	} else if (e->kind == SALLYPORT_REFUSED) {
		json_open(&j, '{');
		json_key(&j, "error");
		json_text(&j, e->error);
		json_key(&j, "message");
		json_text(&j, e->message);
		json_key(&j, "hint");
		json_text(&j, e->hint);
		json_close(&j, '}');
	} else {
		json_textn(&j, e->data != NULL ? e->data : "", e->len);
	}
	return json_take(&j);
}
