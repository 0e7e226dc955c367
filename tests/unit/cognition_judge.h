/*
 * cognition_judge.h: plays the judge and the dialer to a cognition-worker, and
 * starts the scripted model server for it.
 * Runs in: unit tests.  Include once.
 * Input: messages of the worker under test.
 */
#ifndef SALLYPORT_COGNITION_JUDGE_H
#define SALLYPORT_COGNITION_JUDGE_H

#include "tests/unit/as_judge.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>

#include "policy/words.h"

/* What a case wants of its run; nought is the usual. */
struct play {
	const char	*script;	/* JSON for the model server */
	const char	*goal;
	const char	*const *constraints;	/* ends in NULL */
	const char	*const *tools;		/* ends in NULL */
	const char	*provider;	/* default openai */
	const char	*replay;	/* content of a replay file */
	const char	*key;
	const char	*base_url;	/* instead of the server's */
	const char	*cases;		/* a file of cases, and which one */
	const char	*case_id;
	uint32_t	 iterations;	/* default 10 */
	uint32_t	 timeout;	/* ms, default 10000 */
	uint32_t	 cancel_after;	/* ms after the start; 0 never */
	bool		 stream;
	bool		 tls;
	bool		 no_ca;		/* do not give the CA along, */
	const char	*other_ca;	/* or another one */
	bool		 refuse;	/* the judge lets nothing be dialed */
	bool		 record;
	bool		 deny_all;	/* every tool but finish is denied */
	bool		 hang;		/* no tool ever answers */
	bool		 fail_shell;	/* execute_shell ends with 1, once */
};

/* What the worker did. */
struct seen {
	bool		 done;
	uint8_t		 stop;
	uint8_t		 error;
	char		 message[1025];
	char		 hint[513];
	struct pack	 answer;	/* all texts end in NUL */
	struct pack	 text;		/* deltas */
	struct pack	 phases;	/* "plan0 think1 ..." */
	struct pack	 tools;		/* "save_file execute_shell ..." */
	struct pack	 lines;		/* turn_recorded, with newlines */
	struct pack	 notes;
	unsigned	 dials;
	unsigned	 models;	/* model_completed */
	uint64_t	 output_tokens;
	char		 host[254];
	long		 rss;		/* KiB at the start */
	long		 peak;		/* KiB at the end */
	uint64_t	 ms;		/* from run_start to run_done */
	int		 status;	/* wait status of the worker */
};

static const struct play	*play;
static struct seen		 seen;
static pid_t			 server;
static int			 server_port;
static char			 server_dir[] = "/tmp/sallyport-model.XXXXXX";

static void
add_text(struct pack *p, const void *data, size_t len, const char *after)
{
	if (p->len > 0)
		p->len--;	/* the NUL */
	pack_raw(p, data, len);
	pack_raw(p, after, strlen(after) + 1);
}

static const char *
text_of(const struct pack *p)
{
	return p->len > 0 ? (const char *)p->data : "";
}

/* --- the judge's half --- */

static int
see_dial(struct channel *c, struct dial_model_request *m)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)server_port) };
	struct model_refused no = { .reason = "policy names no such host" };
	struct model_socket yes = { .socket = -1 };
	int status;

	seen.dials++;
	snprintf(seen.host, sizeof(seen.host), "%s", m->host);
	if (play->refuse)
		return send_model_refused(c, &no);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	yes.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(yes.socket, (struct sockaddr *)&a, sizeof(a)) == -1) {
		snprintf(no.reason, sizeof(no.reason), "%s", strerror(errno));
		status = send_model_refused(c, &no);
	} else
		status = send_model_socket(c, &yes);
	close(yes.socket);
	return status;
}

static void
pack_failure(struct pack *p, const char *error, const char *message)
{
	pack_map(p, 2);
	pack_key_text(p, "error", error);
	pack_key_text(p, "message", message);
}

static int
see_call(struct channel *c, struct tool_request *m)
{
	static bool failed_once;
	struct tool_result r = { .call = m->call, .outcome = OUTCOME_ok };
	struct pack p;
	int status;

	if (seen.tools.len == 0)
		failed_once = false;
	add_text(&seen.tools, m->tool, strlen(m->tool), " ");
	if (play->hang)
		return 0;
	pack_init(&p, MiB);
	if (play->deny_all && strcmp(m->tool, "finish") != 0) {
		r.outcome = OUTCOME_denied;
		pack_failure(&p, "SandboxAccessDenied", "not on the list");
	} else if (play->fail_shell && !failed_once &&
	    strcmp(m->tool, "execute_shell") == 0) {
		failed_once = true;
		r.outcome = OUTCOME_failed;
		pack_failure(&p, "SandboxExecutionError", "exit code 1");
	} else {
		pack_map(&p, 1);
		pack_text(&p, "stdout");
		pack_bytes(&p, "a\0b\xff" "c", 5);
	}
	r.result = BLOB(p.data, p.len);
	status = send_tool_result(c, &r);
	pack_clear(&p);
	return status;
}

static int
see_done(struct run_done *m)
{
	assert_int_equal(blob_map(&m->answer), 0);
	add_text(&seen.answer, m->answer.data, m->answer.len, "");
	seen.stop = m->stop;
	seen.error = m->error;
	memcpy(seen.message, m->message, sizeof(seen.message));
	memcpy(seen.hint, m->hint, sizeof(seen.hint));
	seen.done = true;
	return 0;
}

static int
driver_seen(struct channel *c, enum message number, void *m)
{
	struct phase_started *phase = m;
	struct turn_recorded *line = m;
	struct model_completed *model = m;
	struct model_delta *delta = m;
	char text[64];

	if (number == MSG_dial_model_request)
		return see_dial(c, m);
	if (number == MSG_tool_request)
		return see_call(c, m);
	if (number == MSG_run_done)
		return see_done(m);
	if (number == MSG_note)
		add_text(&seen.notes, ((struct note *)m)->line,
		    strlen(((struct note *)m)->line), "\n");
	if (number == MSG_phase_started) {
		snprintf(text, sizeof(text), "%s%u", step_name(phase->step),
		    phase->iteration);
		add_text(&seen.phases, text, strlen(text), " ");
	} else if (number == MSG_model_delta && delta->kind == DELTA_text)
		add_text(&seen.text, delta->text.data, delta->text.len, "");
	else if (number == MSG_model_completed) {
		seen.models++;
		seen.output_tokens += model->output_tokens;
	} else if (number == MSG_turn_recorded) {
		assert_int_equal(blob_map(&line->line), 0);
		add_text(&seen.lines, line->line.data, line->line.len, "\n");
	}
	return 0;
}

/* --- the model server --- */

static void
path_in(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", server_dir, name);
}

static void
server_exec(int out)
{
	char script[128], requests[128];
	const char *argv[16] = { "python3", "tests/servers/model_server.py" };
	size_t n = 2;

	path_in(script, sizeof(script), "script.json");
	path_in(requests, sizeof(requests), "requests");
	argv[n++] = "--requests";
	argv[n++] = requests;
	if (play->tls) {
		argv[n++] = "--tls";
		argv[n++] = server_dir;
	}
	if (play->cases != NULL) {
		argv[n++] = "--cases";
		argv[n++] = play->cases;
		argv[n++] = "--case";
		argv[n++] = play->case_id;
		if (play->stream)
			argv[n++] = "--plan";
	} else
		argv[n++] = script;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, 1);
	execv("/usr/bin/python3", (char **)argv);
	_exit(127);
}

static void
server_start(void)
{
	char path[128], line[64] = "";
	int ends[2];
	FILE *f;

	path_in(path, sizeof(path), "requests");
	unlink(path);
	path_in(path, sizeof(path), "script.json");
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(play->script != NULL ? play->script : "[]", f);
	fclose(f);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	server = fork();
	assert_true(server >= 0);
	if (server == 0)
		server_exec(ends[1]);
	close(ends[1]);
	f = fdopen(ends[0], "r");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_non_null(fgets(path, sizeof(path), f));
	assert_non_null(fgets(path, sizeof(path), f));
	fclose(f);
	server_port = atoi(line);
	assert_true(server_port > 0);
}

static void
server_stop(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

/* A file of the server's directory, to be freed; "" if it is not there. */
static char *
server_file(const char *name)
{
	char path[128], *data = xcalloc(1, 32 * MiB);
	FILE *f;

	path_in(path, sizeof(path), name);
	if ((f = fopen(path, "r")) != NULL) {
		data[fread(data, 1, 32 * MiB - 1, f)] = '\0';
		fclose(f);
	}
	return data;
}

/* --- a run --- */

static long
status_number(pid_t pid, const char *key)
{
	char path[64], line[256];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			value = atol(line + strlen(key));
	fclose(f);
	return value;
}

/* KiB by which the worker grew; the sanitizers' own memory says nothing. */
static long
grown(void)
{
#ifdef __SANITIZE_ADDRESS__
	return 0;
#else
	return seen.peak - seen.rss;
#endif
}

static const char *const usual_tools[] = {
	"execute_shell", "save_file", "load_file", "calculator", "finish", NULL
};

static size_t
count_texts(const char *const *texts)
{
	size_t n = 0;

	while (texts != NULL && texts[n] != NULL)
		n++;
	return n;
}

static void
pack_texts(struct pack *p, const char *const *texts)
{
	size_t i, n = count_texts(texts);

	pack_list(p, n);
	for (i = 0; i < n; i++)
		pack_text(p, texts[i]);
}

static void
send_start(struct worker *w)
{
	struct run_start m = {
		.task = BLOB_NONE, .tools = BLOB_NONE, .replay = BLOB_NONE,
		.ca_bundle = BLOB_NONE, .credential = BLOB_NONE,
		.max_iterations = play->iterations ? play->iterations : 10,
		.request_timeout = play->timeout ? play->timeout : 10000,
		.stream = play->stream, .record = play->record,
		.model = "test-model", .sandbox = "native"
	};
	autofree char *ca = server_file("ca.pem");
	struct pack task, list;

	pack_init(&task, MiB);
	pack_init(&list, MiB);
	pack_map(&task, 2);
	pack_key_text(&task, "goal", play->goal ? play->goal : "do it");
	pack_text(&task, "constraints");
	pack_texts(&task, play->constraints);
	pack_texts(&list, play->tools ? play->tools : usual_tools);
	m.task = BLOB(task.data, task.len);
	m.tools = BLOB(list.data, list.len);
	if (play->replay != NULL)
		m.replay = BLOB(play->replay, strlen(play->replay));
	if (play->other_ca != NULL)
		m.ca_bundle = BLOB(play->other_ca, strlen(play->other_ca));
	else if (play->tls && !play->no_ca)
		m.ca_bundle = BLOB(ca, strlen(ca));
	if (play->key != NULL)
		m.credential = BLOB(play->key, strlen(play->key));
	snprintf(m.provider, sizeof(m.provider), "%s",
	    play->provider ? play->provider : "openai");
	if (play->base_url != NULL)
		snprintf(m.base_url, sizeof(m.base_url), "%s", play->base_url);
	else
		snprintf(m.base_url, sizeof(m.base_url), "%s://127.0.0.1:%d/v1",
		    play->tls ? "https" : "http", server_port);
	assert_int_equal(send_run_start(&w->c, &m), 0);
	pack_clear(&task);
	pack_clear(&list);
}

static void
play_clear(void)
{
	pack_clear(&seen.answer);
	pack_clear(&seen.text);
	pack_clear(&seen.phases);
	pack_clear(&seen.tools);
	pack_clear(&seen.lines);
	pack_clear(&seen.notes);
	memset(&seen, 0, sizeof(seen));
}

static void
play_begin(const struct play *wanted)
{
	play = wanted;
	play_clear();
	pack_init(&seen.answer, 32 * MiB);
	pack_init(&seen.text, 256 * MiB);
	pack_init(&seen.phases, MiB);
	pack_init(&seen.tools, MiB);
	pack_init(&seen.lines, 64 * MiB);
	pack_init(&seen.notes, MiB);
}

/* Play a run to its end; what happened is in `seen`. */
static void
play_run(const struct play *wanted)
{
	uint64_t begun, limit;
	struct worker w;

	play_begin(wanted);
	if (play->provider == NULL)
		server_start();
	worker_start(&w, COGNITION, "cognition-worker",
	    &page_cognition_worker, "/");
	seen.rss = status_number(w.pid, "VmRSS:");
	begun = now_mono_ms();
	limit = (play->timeout ? play->timeout : 10000) * 3ull + 10000;
	send_start(&w);
	if (play->cancel_after > 0) {
		worker_until(&w, &seen.done, (int)play->cancel_after);
		begun = now_mono_ms();
		assert_int_equal(send_run_cancel(&w.c, &(struct run_cancel){
			.stop = STOP_cancelled }), 0);
	}
	worker_until(&w, &seen.done, (int)limit);
	seen.ms = now_mono_ms() - begun;
	seen.peak = status_number(w.pid, "VmHWM:");
	seen.status = worker_end(&w);
	if (play->provider == NULL)
		server_stop();
}

#endif
