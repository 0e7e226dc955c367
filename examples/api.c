/*
 * api.c: libsallyport from a program: a command in a sandbox, then a run
 * whose events are printed as they come.
 * Runs in: an ordinary user's program.
 * Input: what the sandbox and the model write is hostile on a terminal.
 *
 *   make
 *   cc -Iclient examples/api.c build/lib/libsallyport.a -lmsgpackc -o api
 *   ./api build/bin/sallyportd
 */
#include <stdio.h>
#include <stdlib.h>

#include <sallyport.h>

static const char goal[] = "Write a Python script that finds all primes up "
    "to 100, save it as primes.py, run it and report the output";

static int
complain(const char *name, const char *message, const char *hint)
{
	fprintf(stderr, "%s: %s\nhint: %s\n", name, message, hint);
	return 1;
}

static int
complain_last(struct sallyport *h)
{
	const struct sallyport_error *e = sallyport_last_error(h);

	return complain(e->name, e->message, e->hint);
}

/* One command in a sandbox that ends with the connection. */
static int
one_command(struct sallyport *h)
{
	char *argv[] = { "sh", "-c", "uname -sr; echo hello >&2", NULL };
	struct sallyport_sandbox sandbox = { .sandbox = "native" };
	struct sallyport_exec command = { .argv = argv, .argc = 3,
	    .timeout = 5000 };
	const struct sallyport_event *e;
	char id[37], *text;
	uint64_t request;

	request = sallyport_sandbox_open(h, &sandbox);
	if (request == 0 || sallyport_wait(h, request, &e) == -1)
		return complain_last(h);
	if (e->kind == SALLYPORT_REFUSED)
		return complain(e->error, e->message, e->hint);
	snprintf(id, sizeof(id), "%s", e->run);
	printf("sandbox %s\n", id);

	command.sandbox = id;
	request = sallyport_exec(h, &command);
	if (request == 0)
		return complain_last(h);
	while (sallyport_next(h, -1, &e) >= 0) {
		if (e == NULL || e->request != request)
			continue;
		if (e->kind == SALLYPORT_REFUSED)
			return complain(e->error, e->message, e->hint);
		if (e->kind == SALLYPORT_OUTPUT) {
			text = sallyport_escape(e->data, e->len, true);
			printf("%s: %s", e->source == 1 ? "stdout" : "stderr",
			    text);
			free(text);
		}
		if (e->kind == SALLYPORT_EXITED) {
			printf("exit %lld after %llu us\n",
			    (long long)e->exit_code,
			    (unsigned long long)e->wall);
			request = sallyport_sandbox_close(h, id);
			return request == 0 || sallyport_wait(h, request,
			    &e) == -1 ? complain_last(h) : 0;
		}
	}
	return complain_last(h);
}

/* A run; every event is one line of JSON. */
static int
one_run(struct sallyport *h)
{
	static const char *const constraints[] = { "Be brief." };
	struct sallyport_run run = {
		.goal = goal,
		.constraints = constraints,
		.nconstraints = getenv("OPENAI_API_KEY") != NULL,
		.credential = getenv("OPENAI_API_KEY"),
		.max_iterations = 10
	};
	const struct sallyport_event *e;
	uint64_t request = sallyport_run(h, &run);
	char *json;

	if (request == 0)
		return complain_last(h);
	while (sallyport_next(h, -1, &e) >= 0) {
		if (e == NULL || e->request != request)
			continue;
		if (e->kind == SALLYPORT_REFUSED)
			return complain(e->error, e->message, e->hint);
		if (e->kind == SALLYPORT_ACCEPTED)
			printf("run %s with %s\n", e->run, e->provider);
		if (e->kind != SALLYPORT_EVENT && e->kind != SALLYPORT_ENDED)
			continue;
		json = sallyport_event_json(e);
		puts(json);
		free(json);
		if (e->kind == SALLYPORT_ENDED) {
			printf("ended as %s, status %d\n", e->stop,
			    e->status);
			return e->status;
		}
	}
	return complain_last(h);
}

int
main(int argc, char **argv)
{
	struct sallyport_options options = {
		.server = argc > 1 ? argv[1] : NULL
	};
	struct sallyport_error error;
	struct sallyport *h = sallyport_connect(&options, &error);
	int status;

	if (h == NULL)
		return complain(error.name, error.message, error.hint);
	printf("sallyport %s, supervisor %s, record in %s\n",
	    sallyport_version(), sallyport_server(h)->version,
	    sallyport_server(h)->state_dir);
	status = one_command(h);
	if (status == 0)
		status = one_run(h);
	sallyport_free(h);
	return status;
}
