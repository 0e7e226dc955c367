/*
 * request.c: what a client can ask of the judge.
 * Runs in: programs that use libsallyport.
 * Input: structs of the calling program; what does not fit the protocol's
 * bounds is refused here, with the field's name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/lib/internal.h"
#include "ipc/util.h"

#define OUTPUT_WINDOW	(1u << 20)	/* bytes of exec_output under way */
#define ROW_WINDOW	64		/* rows under way */
#define FILE_WINDOW	4		/* rows of up to 1 MiB under way */

#define autopack	__attribute__((cleanup(pack_clear)))

static struct request *
request_new(struct sallyport *h)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->number = ++h->last_request;
	r->next = h->requests;
	h->requests = r;
	return r;
}

/* The number if it was sent, else 0 with the reason in h->error. */
static uint64_t
sent(struct sallyport *h, struct request *r, int status)
{
	uint64_t number = r->number;

	if (status == 0)
		return number;
	if (errno == EMSGSIZE)
		error_set(&h->error, EXIT_data, ERROR_none,
		    "the request is larger than the protocol allows");
	else
		error_set(&h->error, EXIT_unavailable, ERROR_none,
		    "send to the supervisor: %s", strerror(errno));
	request_end(h, number);
	return 0;
}

/* Copy a text into a field; -1 with h->error if it does not fit. */
static int
fill(struct sallyport *h, char *field, size_t size, const char *what,
    const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len >= size)
		return error_set(&h->error, EXIT_data, ERROR_none,
		    "%s is longer than %zu bytes", what, size - 1);
	if (!utf8_valid(text != NULL ? text : "", len))
		return error_set(&h->error, EXIT_data, ERROR_none,
		    "%s is not UTF-8", what);
	memcpy(field, text != NULL ? text : "", len + 1 > size ? size :
	    len + 1);
	return 0;
}

#define FILL(h, m, field, text)	\
	fill(h, (m).field, sizeof((m).field), #field, text)

static void
pack_settings(struct pack *p, const struct sallyport_setting *s, size_t count)
{
	pack_list(p, count);
	for (size_t i = 0; i < count; i++) {
		pack_list(p, 3);
		pack_text(p, s[i].key);
		pack_text(p, s[i].value);
		pack_text(p, s[i].origin);
	}
}

static void
pack_task(struct pack *p, const struct sallyport_run *run)
{
	pack_map(p, 4);
	pack_key_text(p, "goal", run->goal);
	pack_text(p, "constraints");
	pack_list(p, run->nconstraints);
	for (size_t i = 0; i < run->nconstraints; i++)
		pack_text(p, run->constraints[i]);
	pack_text(p, "context");
	pack_list(p, run->ncontext);
	for (size_t i = 0; i < run->ncontext; i++) {
		pack_map(p, 2);
		pack_key_text(p, "name", run->context[i].name);
		pack_text(p, "content");
		pack_either(p, run->context[i].content, run->context[i].len);
	}
	pack_text(p, "metadata");
	pack_map(p, 0);
}

static int
no_text(struct sallyport *h, const char *what, const char *hint)
{
	error_set(&h->error, EXIT_data, ERROR_none, "%s is not UTF-8", what);
	error_hint_set(&h->error, "%s", hint);
	return -1;
}

/* Texts of a task are UTF-8; files of the context may be anything. */
static int
check_task(struct sallyport *h, const struct sallyport_run *run)
{
	if (run->goal == NULL || run->goal[0] == '\0')
		return error_set(&h->error, EXIT_usage, ERROR_none,
		    "the goal is empty");
	if (!utf8_valid(run->goal, strlen(run->goal)))
		return no_text(h, "the goal", "convert it with iconv(1), or "
		    "pass what is no text as a context file");
	for (size_t i = 0; i < run->nconstraints; i++)
		if (!utf8_valid(run->constraints[i],
		    strlen(run->constraints[i])))
			return no_text(h, "a constraint",
			    "convert it with iconv(1)");
	for (size_t i = 0; i < run->ncontext; i++)
		if (!utf8_valid(run->context[i].name,
		    strlen(run->context[i].name)))
			return no_text(h, "the name of a context file",
			    "give the file a name that is text");
	return 0;
}

static int
check_settings(struct sallyport *h, const struct sallyport_setting *s,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!utf8_valid(s[i].key, strlen(s[i].key)) ||
		    !utf8_valid(s[i].value, strlen(s[i].value)))
			return error_set(&h->error, EXIT_config,
			    ERROR_ConfigError, "a setting from %s is not "
			    "UTF-8", s[i].origin);
	return 0;
}

static int
too_large(struct sallyport *h, const char *what, unsigned mib)
{
	error_set(&h->error, EXIT_data, ERROR_none,
	    "%s is larger than %u MiB", what, mib);
	error_hint_set(&h->error, "pass the part of it that is needed");
	return -1;
}

static int
fill_run(struct sallyport *h, struct run_request *m,
    const struct sallyport_run *run)
{
	if (check_task(h, run) == -1 ||
	    check_settings(h, run->settings, run->nsettings) == -1 ||
	    FILL(h, *m, provider, run->provider) == -1 ||
	    FILL(h, *m, model, run->model) == -1 ||
	    FILL(h, *m, sandbox, run->sandbox) == -1)
		return -1;
	if (run->replay_len > 64 * MiB)
		return too_large(h, "the replay file", 64);
	if (run->ca_bundle_len > 4 * MiB)
		return too_large(h, "the CA bundle", 4);
	if (run->credential != NULL && strlen(run->credential) > 4096)
		return error_set(&h->error, EXIT_config, ERROR_ConfigError,
		    "the model key is longer than 4096 bytes");
	m->max_iterations = run->max_iterations;
	m->timeout = run->timeout;
	m->detach = run->detach;
	m->deltas = run->deltas;
	m->record = run->record;
	m->replay = BLOB(run->replay, run->replay_len);
	m->ca_bundle = BLOB(run->ca_bundle, run->ca_bundle_len);
	m->credential = run->credential != NULL ?
	    BLOB(run->credential, strlen(run->credential)) : BLOB_NONE;
	return 0;
}

uint64_t
sallyport_run(struct sallyport *h, const struct sallyport_run *run)
{
	struct run_request m = { 0 };
	autopack struct pack task, settings;
	struct request *r;

	pack_init(&task, 64 * MiB);
	pack_init(&settings, 64 * KiB);
	if (fill_run(h, &m, run) == -1)
		return 0;
	pack_task(&task, run);
	pack_settings(&settings, run->settings, run->nsettings);
	if (task.failed || settings.failed) {
		too_large(h, task.failed ? "the task with its context" :
		    "the list of settings", task.failed ? 64 : 0);
		return 0;
	}
	r = request_new(h);
	r->run = true;
	m.request = r->number;
	m.task = BLOB(task.data, task.len);
	m.settings = BLOB(settings.data, settings.len);
	return sent(h, r, send_run_request(&h->channel, &m));
}

uint64_t
sallyport_watch(struct sallyport *h, const char *run, uint64_t since,
    bool deltas)
{
	struct watch_request m = { .since = since, .deltas = deltas };
	struct request *r;

	if (FILL(h, m, run, run) == -1)
		return 0;
	r = request_new(h);
	m.request = r->number;
	return sent(h, r, send_watch_request(&h->channel, &m));
}

uint64_t
sallyport_cancel(struct sallyport *h, const char *run, bool now)
{
	struct cancel_request m = { .now = now };
	struct request *r;

	if (FILL(h, m, run, run) == -1)
		return 0;
	r = request_new(h);
	m.request = r->number;
	return sent(h, r, send_cancel_request(&h->channel, &m));
}

uint64_t
sallyport_sandbox_open(struct sallyport *h, const struct sallyport_sandbox *s)
{
	struct open_request m = { .keep = s->keep };
	autopack struct pack settings;
	struct request *r;

	pack_init(&settings, 64 * KiB);
	if (FILL(h, m, sandbox, s->sandbox) == -1 ||
	    check_settings(h, s->settings, s->nsettings) == -1)
		return 0;
	pack_settings(&settings, s->settings, s->nsettings);
	if (settings.failed) {
		error_set(&h->error, EXIT_config, ERROR_ConfigError,
		    "the settings are larger than 64 KiB");
		return 0;
	}
	r = request_new(h);
	m.request = r->number;
	m.settings = BLOB(settings.data, settings.len);
	return sent(h, r, send_open_request(&h->channel, &m));
}

/* The arguments of the tool, by its row in policy/tools.def. */
static int
pack_arguments(struct sallyport *h, struct pack *p,
    const struct sallyport_exec *x)
{
	const char *code = x->tool == NULL ? "argv" :
	    strcmp(x->tool, "execute_python") == 0 ? "code" : "command";

	pack_map(p, x->working_dir != NULL ? 2 : 1);
	pack_text(p, code);
	if (x->tool == NULL)
		pack_list(p, x->argc);
	for (size_t i = 0; x->tool == NULL && i < x->argc; i++) {
		if (!utf8_valid(x->argv[i], strlen(x->argv[i])))
			return error_set(&h->error, EXIT_data, ERROR_none,
			    "argument %zu is not UTF-8", i + 1);
		pack_text(p, x->argv[i]);
	}
	if (x->tool != NULL)
		pack_text(p, x->command != NULL ? x->command : "");
	if (x->working_dir != NULL)
		pack_key_text(p, "working_dir", x->working_dir);
	return p->failed ? too_large(h, "the command", 16) : 0;
}

uint64_t
sallyport_exec(struct sallyport *h, const struct sallyport_exec *x)
{
	struct exec_request m = { .timeout = x->timeout,
	    .credit = OUTPUT_WINDOW };
	autopack struct pack arguments;
	struct request *r;

	pack_init(&arguments, 16 * MiB);
	if (FILL(h, m, sandbox, x->sandbox) == -1 ||
	    FILL(h, m, tool, x->tool != NULL ? x->tool : "execute_command") ==
	    -1 || pack_arguments(h, &arguments, x) == -1)
		return 0;
	if (x->input_len > 64 * MiB) {
		too_large(h, "the standard input", 64);
		return 0;
	}
	r = request_new(h);
	r->window = OUTPUT_WINDOW;
	m.request = r->number;
	m.arguments = BLOB(arguments.data, arguments.len);
	m.input = BLOB(x->input, x->input_len);
	return sent(h, r, send_exec_request(&h->channel, &m));
}

uint64_t
sallyport_sandbox_close(struct sallyport *h, const char *sandbox)
{
	struct close_request m = { 0 };
	struct request *r;

	if (FILL(h, m, sandbox, sandbox) == -1)
		return 0;
	r = request_new(h);
	m.request = r->number;
	return sent(h, r, send_close_request(&h->channel, &m));
}

static const uint8_t query_kinds[] = {
	[SALLYPORT_RUNS] = QUERY_runs,
	[SALLYPORT_SHOW] = QUERY_run,
	[SALLYPORT_EVENTS] = QUERY_events,
	[SALLYPORT_FILES] = QUERY_files,
	[SALLYPORT_FILE] = QUERY_file,
	[SALLYPORT_STATE] = QUERY_state,
	[SALLYPORT_AUDIT] = QUERY_audit,
	[SALLYPORT_KEY] = QUERY_key,
};

uint64_t
sallyport_query(struct sallyport *h, const struct sallyport_question *q)
{
	struct query_request m = { .since = q->since, .limit = q->limit };
	struct request *r;

	if (FILL(h, m, run, q->run) == -1)
		return 0;
	if (q->path != NULL)
		m.path = (struct bytes){ (const uint8_t *)q->path,
		    strlen(q->path) };
	r = request_new(h);
	r->raw = q->kind == SALLYPORT_FILE;
	r->window = r->raw ? FILE_WINDOW : ROW_WINDOW;
	m.request = r->number;
	m.kind = query_kinds[q->kind];
	m.credit = (uint32_t)r->window;
	return sent(h, r, send_query_request(&h->channel, &m));
}

uint64_t
sallyport_config(struct sallyport *h, const struct sallyport_setting *s,
    size_t count)
{
	struct config_request m = { 0 };
	autopack struct pack settings;
	struct request *r;

	pack_init(&settings, 64 * KiB);
	if (check_settings(h, s, count) == -1)
		return 0;
	pack_settings(&settings, s, count);
	if (settings.failed) {
		error_set(&h->error, EXIT_config, ERROR_ConfigError,
		    "the settings are larger than 64 KiB");
		return 0;
	}
	r = request_new(h);
	m.request = r->number;
	m.settings = BLOB(settings.data, settings.len);
	return sent(h, r, send_config_request(&h->channel, &m));
}

uint64_t
sallyport_explain(struct sallyport *h, const struct sallyport_call *call)
{
	struct explain_request m = { 0 };
	autopack struct pack settings;
	struct request *r;

	pack_init(&settings, 64 * KiB);
	if (FILL(h, m, tool, call->tool) == -1 ||
	    check_settings(h, call->settings, call->nsettings) == -1)
		return 0;
	pack_settings(&settings, call->settings, call->nsettings);
	if (settings.failed || call->len > 16 * MiB) {
		too_large(h, settings.failed ? "the list of settings" :
		    "the list of arguments", settings.failed ? 0 : 16);
		return 0;
	}
	r = request_new(h);
	m.request = r->number;
	m.settings = BLOB(settings.data, settings.len);
	m.arguments = BLOB(call->arguments, call->len);
	return sent(h, r, send_explain_request(&h->channel, &m));
}

uint64_t
sallyport_rules(struct sallyport *h)
{
	struct request *r = request_new(h);
	struct rules_request m = { .request = r->number };

	return sent(h, r, send_rules_request(&h->channel, &m));
}
