/*
 * main.c: the cognition-worker: one run, then the end.
 * Runs in: cognition-worker; holds one model credential, one model socket.
 * Input: the judge; through it, a task and a model, both hostile.
 *
 * Reading order of this room:
 *   cycle.c       plan, think, act, observe, reflect; every way to end
 *   act.c         calls to the judge, results to the model
 *   ask_model.c   one call of the model, reported and recorded
 *   from_judge.c  what the judge says, and waiting for it
 *   prompts.c     what the model is told
 *   provider.c    one interface: openai.c or replay.c
 *   openai.c      turn, stream, retries; openai_request.c, openai_reply.c
 *   http.c        libcurl on a socket that was handed over; http_head.c
 *   sse.c json.c text.c retry.c  small and pure, for hostile bytes
 *   tools.c observe.c            tool schemas, checks, results
 *   replay.c replay_line.c record.c history.c task.c conversation.c
 */
#include <curl/curl.h>
#include <jansson.h>
#include <openssl/rand.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "cognition-worker/cognition.h"
#include "cognition-worker/http.h"
#include "cognition-worker/provider.h"
#include "cognition-worker/tools.h"
#include "ipc/util.h"
#include "ipc/value.h"
#include "policy/confine.h"

#define SELF COGNITION
#include "ipc/dispatch.h"

#define CHANNEL_FD	3
#define CA_FD		4
#define CA_MAX		(4 * MiB)

/* Whatever opens a file or a socket when it is first used is used now. */
static void
initialise(struct http *http)
{
	unsigned char seed[sizeof(size_t)];

	signal(SIGPIPE, SIG_IGN);
	tzset();
	if (sodium_init() == -1 || RAND_bytes(seed, sizeof(seed)) != 1 ||
	    curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    http_init(http) == -1)
		fatalx("initialise the libraries");
	json_object_seed(0);
}

/* The system's CA certificates; none is a reason only when TLS is used. */
static void
map_system_ca(struct run *run)
{
	struct stat st;
	void *data;

	if (fstat(CA_FD, &st) == -1 || st.st_size <= 0 || st.st_size > CA_MAX)
		return;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, CA_FD,
	    0);
	if (data == MAP_FAILED)
		return;
	run->system_ca = (struct bytes){ data, (size_t)st.st_size };
}

static void
use_ca(struct run *run, struct http *http)
{
	struct blob *given = &run->start.ca_bundle;

	http->ca.flags = CURL_BLOB_NOCOPY;
	http->ca.data = (void *)run->system_ca.data;
	http->ca.len = run->system_ca.len;
	if (given->len > 0 && blob_map(given) == 0) {
		http->ca.data = (void *)given->data;
		http->ca.len = given->len;
	}
}

static int
read_task(struct run *run, char *why, size_t size)
{
	autovalue struct value *map = NULL;
	const char *broken = "it cannot be mapped";

	if (blob_map(&run->start.task) == 0)
		map = value_decode(run->start.task.data,
		    run->start.task.len, &broken);
	if (map == NULL)
		return snprintf(why, size, "the task is broken: %s", broken),
		    -1;
	return task_read(&run->task, map, why, size);
}

static int
read_tools(struct run *run, char *why, size_t size)
{
	int count = -1;

	if (run->start.tools.len == 0 || blob_map(&run->start.tools) == 0)
		count = tools_offered(run->start.tools.data,
		    run->start.tools.len, run->offered, why, size);
	if (count == -1)
		return -1;
	run->noffered = (size_t)count;
	return 0;
}

/* What the run needs; what is wrong with it ends the run, not the process. */
static void
prepare(struct run *run, struct http *http)
{
	struct turn why = { 0 };

	use_ca(run, http);
	if (read_task(run, run->broken, sizeof(run->broken)) == -1 ||
	    read_tools(run, run->broken, sizeof(run->broken)) == -1) {
		run->broken_error = ERROR_SchemaValidationError;
		return;
	}
	run->provider = provider_new(run, http, &why);
	run->broken_error = ERROR_ProviderError;
	snprintf(run->broken, sizeof(run->broken), "%s", why.why);
	snprintf(run->broken_hint, sizeof(run->broken_hint), "%s", why.hint);
}

int
main(void)
{
	struct run run = { .socket = -1 };
	struct http http;

	log_init("cognition-worker", LOG_INFO);
	initialise(&http);
	confine(&page_cognition_worker);
	channel_init(&run.channel, CHANNEL_FD, COGNITION, JUDGE,
	    dispatch_table);
	run.channel.owner = &run;
	worker_ready(&run.channel);
	run.channel.phase = RUNNING;

	map_system_ca(&run);
	while (!run.started && run_receive(&run, -1) == 0)
		;
	if (run.started)
		prepare(&run, &http);
	cycle(&run);
	run.channel.phase = ENDING;
	for (;;)		/* until the judge closes the channel */
		run_receive(&run, -1);
}
