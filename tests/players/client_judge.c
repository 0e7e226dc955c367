/*
 * client_judge.c: stands in for the judge, to test what a client makes of its
 * words: refusals, hostile texts, a server that goes away in the middle.
 * Runs in: tests; also as the `sallyportd` that a client starts.
 * Input: requests of the client under test, which are written to DIR/seen.
 *
 * What it does is chosen by what is asked: the goal of a run ("hostile",
 * "stop:timeout", ...) or the first word of a command ("exit7", "flood", ...).
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "ipc/value.h"
#include "policy/words.h"

#define SELF	JUDGE
#include "ipc/dispatch.h"

#define LIFETIME	60	/* seconds; nobody has to end it */

static int	 seen(struct channel *, enum message, void *);

#define MESSAGE(name, from, to, when)					\
int									\
on_##name(struct channel *c, struct name *m)				\
{									\
	return seen(c, MSG_##name, m);					\
}
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

struct player {
	const char	*dir;
	FILE		*log;
	bool		 daemon;	/* says that it is not the user's own */
	uint8_t		 run[16];
	uint64_t	 request;
	uint64_t	 credit;	/* of the exec or query under way */
	uint64_t	 left;		/* bytes or rows still to send */
	size_t		 row_size;	/* 0: maps */
};

/* Everything that must never reach a terminal raw; the length goes to *n. */
static const char *
hostile(size_t *n)
{
	static char text[512];
	size_t at = 0;

	at += (size_t)sprintf(text, "begin");
	for (int c = 1; c < 0x20; c++)
		if (c != '\n' && c != '\t')
			text[at++] = (char)c;
	text[at++] = 0x7f;
	for (int c = 0x80; c < 0xa0; c++) {	/* C1, as UTF-8 */
		text[at++] = (char)0xc2;
		text[at++] = (char)c;
	}
	at += (size_t)sprintf(text + at, "\033]52;c;ZXZpbA==\a\033[2J"
	    "\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8f" "end");
	*n = at;
	return text;
}

static const char *
hostile_text(void)
{
	size_t n;

	return hostile(&n);
}

/* --- runs --- */

static void
event(struct channel *c, struct player *p, uint64_t seq, enum event_type type,
    struct pack *body)
{
	struct run_event m = { .seq = seq, .type = type,
	    .at = 1700000000123 };

	memcpy(m.run, p->run, 16);
	m.body = BLOB(body->data, body->len);
	send_run_event(c, &m);
	pack_clear(body);
}

static struct pack *
map(size_t entries)
{
	static struct pack p;

	pack_init(&p, MiB);
	pack_map(&p, entries);
	return &p;
}

static void
events(struct channel *c, struct player *p, const char *text)
{
	struct pack *b;
	size_t n;
	const char *bytes = hostile(&n);

	b = map(4);
	pack_key_text(b, "goal", text);
	pack_key_text(b, "provider", text);
	pack_key_text(b, "model", text);
	pack_key_text(b, "run", "forged");
	event(c, p, 1, EVENT_run_started, b);
	b = map(2);
	pack_key_text(b, "phase", text);
	pack_key_uint(b, "iteration", 1);
	event(c, p, 2, EVENT_phase_started, b);
	b = map(2);
	pack_key_text(b, "kind", "text");
	pack_key_text(b, "text", text);
	event(c, p, 0, EVENT_model_delta, b);
	b = map(5);
	pack_key_uint(b, "call", 1);
	pack_key_text(b, "tool", text);
	pack_text(b, "arguments");
	pack_map(b, 1);
	pack_key_text(b, text, text);
	pack_key_text(b, "verdict", text);
	pack_key_text(b, "reason", text);
	event(c, p, 3, EVENT_tool_decided, b);
	b = map(3);
	pack_key_text(b, "source", "stdout");
	pack_text(b, "text");
	pack_bytes(b, "\xff\xfe", 2);
	pack_key_uint(b, "call", 1);
	event(c, p, 0, EVENT_tool_output, b);
	b = map(3);
	pack_key_text(b, "outcome", text);
	pack_key_int(b, "wall_ms", 12);
	pack_text(b, "result");
	pack_map(b, 2);
	pack_key_text(b, "stdout", text);
	pack_text(b, "stderr");
	pack_bytes(b, bytes, n);
	event(c, p, 4, EVENT_tool_completed, b);
	b = map(2);
	pack_key_text(b, "path", text);
	pack_key_uint(b, "size", 3);
	event(c, p, 5, EVENT_file_recorded, b);
}

static void
end_run(struct channel *c, struct player *p, enum stop stop, const char *text)
{
	struct run_ended m = { .stop = stop,
	    .status = (uint8_t)stop_status(stop) };
	struct pack *b = map(8);

	pack_key_text(b, "status", stop == STOP_finished ? "finished" :
	    "failed");
	pack_key_text(b, "stop_reason", stop_name(stop));
	pack_text(b, "result");
	if (stop == STOP_finished)
		pack_text(b, text);
	else
		pack_nil(b);
	pack_key_uint(b, "iterations", 2);
	pack_text(b, "usage");
	pack_map(b, 2);
	pack_key_uint(b, "input_tokens", 10);
	pack_key_uint(b, "output_tokens", 20);
	pack_key_uint(b, "tool_calls", 1);
	pack_key_uint(b, "duration_ms", 1500);
	pack_text(b, "error");
	if (stop == STOP_finished) {
		pack_nil(b);
	} else {
		pack_map(b, 3);
		pack_key_text(b, "error", "ProviderError");
		pack_key_text(b, "message", text);
		pack_key_text(b, "hint", text);
	}
	memcpy(m.run, p->run, 16);
	m.summary = BLOB(b->data, b->len);
	send_run_ended(c, &m);
	pack_clear(b);
}

static void
refuse(struct channel *c, uint64_t request, enum error error,
    const char *message)
{
	struct refused m = { .request = request, .error = error,
	    .status = (uint8_t)error_status(error) };

	snprintf(m.message, sizeof(m.message), "%s", message);
	send_refused(c, &m);
}

static void
write_settings(struct player *p, struct blob *blob)
{
	const char *why;
	autovalue struct value *v = NULL;

	blob_map(blob);
	v = value_decode(blob->data, blob->len, &why);
	for (size_t i = 0; v != NULL && i < v->list.count; i++) {
		const struct value *s = v->list.items[i].list.items;

		fprintf(p->log, "setting %.*s=%.*s (%.*s)\n",
		    (int)s[0].text.len, s[0].text.data,
		    (int)s[1].text.len, s[1].text.data,
		    (int)s[2].text.len, s[2].text.data);
	}
}

static char *
goal_of(struct player *p, struct run_request *m)
{
	const char *why;
	autovalue struct value *task = NULL;
	const struct value *list;
	char *goal;

	blob_map(&m->task);
	task = value_decode(m->task.data, m->task.len, &why);
	goal = value_get_text(task, "goal");
	fprintf(p->log, "goal %s\nprovider %s model %s sandbox %s "
	    "iterations %u timeout %u detach %d deltas %d record %d "
	    "replay %zu bundle %zu credential %zu\n", goal, m->provider,
	    m->model, m->sandbox, m->max_iterations, m->timeout, m->detach,
	    m->deltas, m->record, m->replay.len, m->ca_bundle.len,
	    m->credential.len);
	list = value_get(task, "constraints");
	for (size_t i = 0; list != NULL && i < list->list.count; i++)
		fprintf(p->log, "constraint %.*s\n",
		    (int)list->list.items[i].text.len,
		    list->list.items[i].text.data);
	list = value_get(task, "context");
	for (size_t i = 0; list != NULL && i < list->list.count; i++) {
		const struct value *v = value_get(&list->list.items[i],
		    "content");

		fprintf(p->log, "context %s %zu\n", value_type_name(v->type),
		    v->text.len);
	}
	write_settings(p, &m->settings);
	fflush(p->log);
	return goal;
}

static int
play_run(struct channel *c, struct player *p, struct run_request *m)
{
	struct run_accepted a = { .request = m->request, .notice = "replaying",
	    .provider = "replay", .model = "none" };
	autofree char *goal = goal_of(p, m);
	struct turn_line turn = { .line = BLOB("{\"turn\":1}", 10) };

	memcpy(p->run, "\x01\x93\x5f\x2c\x11\x22\x73\x44\x85\x66wxyz{|", 16);
	memcpy(a.run, p->run, 16);
	memcpy(turn.run, p->run, 16);
	if (strcmp(goal, "refuse") == 0) {
		refuse(c, m->request, ERROR_SandboxAccessDenied,
		    hostile_text());
		return 0;
	}
	send_run_accepted(c, &a);
	if (strcmp(goal, "hang") == 0)
		return 0;		/* until it is cancelled */
	if (strcmp(goal, "close") == 0)
		exit(0);
	if (strcmp(goal, "broken") == 0) {
		struct run_event e = { .type = EVENT_run_started,
		    .body = BLOB("\x01", 1) };

		send_run_event(c, &e);
		return 0;
	}
	if (strncmp(goal, "stop:", 5) == 0) {
		for (unsigned i = 0; i < STOP_COUNT; i++)
			if (strcmp(stop_name(i), goal + 5) == 0)
				end_run(c, p, i, "why it ended");
		return 0;
	}
	if (m->record)
		send_turn_line(c, &turn);
	events(c, p, strncmp(goal, "hostile", 7) == 0 ? hostile_text() :
	    "plain");
	end_run(c, p, strcmp(goal, "hostile-failure") == 0 ?
	    STOP_provider_error : STOP_finished, strncmp(goal, "hostile",
	    7) == 0 ? hostile_text() : "the answer");
	return 0;
}

/* --- sandboxes --- */

static void
exec_end(struct channel *c, struct player *p, struct exec_done *m)
{
	struct pack *b = map(3);

	m->request = p->request;
	pack_key_int(b, "exit_code", m->exit_code);
	pack_key_text(b, "message", "what went wrong");
	pack_text(b, "stdout");
	pack_bytes(b, "\xff", 1);
	m->result = BLOB(b->data, b->len);
	send_exec_done(c, m);
	pack_clear(b);
}

static void
output(struct channel *c, struct player *p, int source, const void *data,
    size_t len)
{
	struct exec_output m = { .request = p->request,
	    .source = (uint8_t)source, .data = { data, len } };

	send_exec_output(c, &m);
}

/* As much of a flood as there is credit for. */
static void
flood(struct channel *c, struct player *p)
{
	static const uint8_t block[32 * KiB];
	size_t n;

	while (p->left > 0 && p->credit > 0) {
		n = p->left < sizeof(block) ? p->left : sizeof(block);
		n = n < p->credit ? n : p->credit;
		output(c, p, 1, block, n);
		p->left -= n;
		p->credit -= n;
	}
	if (p->left == 0)
		exec_end(c, p, &(struct exec_done){ .exit_code = 0 });
}

static int
play_exec(struct channel *c, struct player *p, struct exec_request *m)
{
	autovalue struct value *arguments = NULL;
	const struct value *argv;
	struct exec_done d = { .exit_code = 0 };
	const char *why, *word;
	size_t n;

	blob_map(&m->arguments);
	arguments = value_decode(m->arguments.data, m->arguments.len, &why);
	argv = value_get(arguments, "argv");
	word = argv->list.items[0].text.data;
	n = argv->list.items[0].text.len;
	p->request = m->request;
	fprintf(p->log, "exec %.*s words %zu timeout %u input %zu\n", (int)n,
	    word, argv->list.count, m->timeout, m->input.len);
	fflush(p->log);
#define IS(name)	(n == strlen(name) && memcmp(word, name, n) == 0)
	if (IS("flood")) {
		p->left = 8 * MiB;
		p->credit = m->credit;
		flood(c, p);
		return 0;
	}
	if (IS("cat")) {
		blob_map(&m->input);
		for (size_t at = 0; at < m->input.len; at += 1000)
			output(c, p, 1, m->input.data + at,
			    m->input.len - at < 1000 ? m->input.len - at :
			    1000);
	} else if (IS("exit7")) {
		d.exit_code = 7;
		d.outcome = OUTCOME_failed;
		d.error = ERROR_SandboxExecutionError;
		output(c, p, 2, "complaint\n", 10);
	} else if (IS("killed")) {
		d.exit_code = -1;
		d.signal = 9;
	} else if (IS("slow")) {
		d.exit_code = -1;
		d.signal = 9;
		d.timed_out = true;
		d.outcome = OUTCOME_timed_out;
		d.error = ERROR_SandboxTimeoutError;
	} else if (IS("missing")) {
		d.exit_code = -1;
		d.outcome = OUTCOME_failed;
		d.error = ERROR_SandboxExecutionError;
	} else if (IS("denied")) {
		refuse(c, m->request, ERROR_SandboxAccessDenied, "no");
		return 0;
	} else if (IS("hostile")) {
		word = hostile(&n);
		output(c, p, 1, word, n);
		output(c, p, 2, word, n);
		output(c, p, 1, "\xe2\x80", 2);	/* cut in a character */
		output(c, p, 1, "\xae\xff\n", 3);
	} else if (IS("close")) {
		exit(0);
	}
	exec_end(c, p, &d);
	return 0;
}

/* --- queries --- */

static void
send_rows(struct channel *c, struct player *p)
{
	static uint8_t bytes[256];
	struct row m = { .request = p->request };
	struct pack *b;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (; p->left > 0 && p->credit > 0; p->left--, p->credit--) {
		if (p->row_size > 0) {
			m.row = BLOB(bytes, p->row_size);
			send_row(c, &m);
			continue;
		}
		b = map(9);
		pack_key_text(b, "run",
		    "01935f2c-1122-7344-8566-7778797a7b7c");
		pack_key_text(b, "goal", hostile_text());
		pack_key_text(b, "status", "finished");
		pack_key_text(b, "stop_reason", "finished");
		pack_key_uint(b, "started", 1700000000123);
		pack_key_uint(b, "seq", p->left);
		pack_key_text(b, "type", "run.started");
		pack_key_text(b, "key", "k");
		pack_text(b, "body");
		pack_map(b, 1);
		pack_key_text(b, "seq", hostile_text());
		m.row = BLOB(b->data, b->len);
		send_row(c, &m);
		pack_clear(b);
	}
	if (p->left == 0)
		send_done(c, &(struct done){ .request = p->request });
}

static int
play_query(struct channel *c, struct player *p, struct query_request *m)
{
	fprintf(p->log, "query %u run %s since %llu limit %u\n", m->kind,
	    m->run, (unsigned long long)m->since, m->limit);
	fflush(p->log);
	if (strncmp(m->run, "dead", 4) == 0) {
		refuse(c, m->request, ERROR_SchemaValidationError,
		    "there is no such run");
		return 0;
	}
	p->request = m->request;
	p->credit = m->credit;
	p->row_size = m->kind == QUERY_file ? 256 : 0;
	p->left = m->kind == QUERY_run ? 1 : m->kind == QUERY_file ? 40 :
	    m->kind == QUERY_runs && m->limit > 20 ? m->limit : 2;
	send_rows(c, p);
	return 0;
}

/* --- one connection --- */

static int
greet(struct channel *c, struct player *p, struct hello *m)
{
	struct welcome w = { .version = "0.1.0", .user_mode = !p->daemon,
	    .tenant = "me", .notice = "a notice" };
	char path[PATH_MAX];

	snprintf(w.state_dir, sizeof(w.state_dir), "%s", p->dir);
	snprintf(path, sizeof(path), "%s/unwelcome", p->dir);
	if (m->protocol != message_protocol() || access(path, F_OK) == 0) {
		refuse(c, 0, ERROR_ConfigError, "another version");
		return 0;
	}
	send_welcome(c, &w);
	c->phase = RUNNING;
	return 0;
}

static int
seen(struct channel *c, enum message number, void *message)
{
	struct player *p = c->owner;
	struct sandbox_opened opened = { .sandbox = "opened sandbox!!" };

	fprintf(p->log, "%s\n", message_rules[number].name);
	fflush(p->log);
	if (number == MSG_hello)
		return greet(c, p, message);
	if (number == MSG_run_request)
		return play_run(c, p, message);
	if (number == MSG_exec_request)
		return play_exec(c, p, message);
	if (number == MSG_query_request)
		return play_query(c, p, message);
	if (number == MSG_exec_credit) {
		p->credit += ((struct exec_credit *)message)->credit;
		flood(c, p);
	} else if (number == MSG_query_credit) {
		p->credit += ((struct query_credit *)message)->credit;
		send_rows(c, p);
	} else if (number == MSG_open_request) {
		opened.request = ((struct open_request *)message)->request;
		write_settings(p, &((struct open_request *)message)->settings);
		send_sandbox_opened(c, &opened);
	} else if (number == MSG_close_request) {
		send_done(c, &(struct done){ .request =
		    ((struct close_request *)message)->request });
	} else if (number == MSG_cancel_request) {
		struct cancel_request *m = message;

		fprintf(p->log, "cancel now %d\n", m->now);
		fflush(p->log);
		send_done(c, &(struct done){ .request = m->request });
		end_run(c, p, STOP_cancelled, "cancelled");
	}
	return 0;
}

static void
serve(struct player *p, int fd)
{
	struct channel c;
	enum received got;

	channel_init(&c, fd, JUDGE, CLIENT, dispatch_table);
	c.owner = p;
	do {
		got = channel_receive(&c);
	} while (got == RECEIVED);
	fprintf(p->log, "%s %s\n", got == RECEIVE_FAULT ? "fault" : "closed",
	    c.why);
	exit(0);
}

static int
listen_at(const char *dir)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int dirfd;

	mkdir(dir, 0700);
	dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(a.sun_path, sizeof(a.sun_path),
	    "/proc/self/fd/%d/control.sock", dirfd);
	unlink(a.sun_path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 16) == -1)
		fatal("listen in %s", dir);
	return fd;
}

int
main(int argc, char **argv)
{
	struct player p = { 0 };
	char path[PATH_MAX];
	int listener, fd, ready = -1;

	log_init("client-judge", LOG_INFO);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--state-dir") == 0)
			p.dir = argv[++i];
		else if (strcmp(argv[i], "--ready-fd") == 0)
			ready = atoi(argv[++i]);
		else if (strcmp(argv[i], "--daemon") == 0)
			p.daemon = true;
	}
	if (p.dir == NULL)
		fatalx("usage: client-judge --state-dir DIR");
	listener = listen_at(p.dir);
	snprintf(path, sizeof(path), "%s/seen", p.dir);
	p.log = fopen(path, "ae");
	if (p.log == NULL)
		fatal("open %s", path);
	fprintf(p.log, "pid %d\n", (int)getpid());
	fflush(p.log);
	if (ready != -1 && (write(ready, "", 1) != 1 || close(ready) == -1))
		fatal("say that it serves");
	signal(SIGCHLD, SIG_IGN);
	alarm(LIFETIME);
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		if (fork() == 0)
			serve(&p, fd);
		close(fd);
	}
	return 0;
}
