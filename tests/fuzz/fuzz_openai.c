/*
 * fuzz_openai.c: any bytes as a reply of chat completions.  A turn that is
 * accepted must survive what we do with it: the check of its calls, the next
 * request, the recording and the replay.
 * Runs in: the fuzzer.
 * Input: hostile; the first byte chooses between a stream and a document.
 */
#include <stdlib.h>
#include <string.h>

#include "cognition-worker/json.h"
#include "cognition-worker/openai.h"
#include "cognition-worker/replay.h"
#include "cognition-worker/sse.h"
#include "cognition-worker/tools.h"
#include "ipc/util.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_stream(struct openai_reply *r, const uint8_t *data, size_t size)
{
	const uint8_t *at = data;
	struct sse s;
	int status = 0;

	sse_init(&s, 1u << 20);
	while (status == 0 && sse_feed(&s, &at, data + size) == SSE_EVENT)
		status = openai_event(r, (const char *)s.data.data,
		    s.data.len);
	if (status == 0 && sse_end(&s) == SSE_EVENT)
		openai_event(r, (const char *)s.data.data, s.data.len);
	sse_clear(&s);
}

/* The turn as the next request of a conversation: valid JSON again. */
static void
ask_again(const struct conversation *c)
{
	const struct tool *offered[] = { tool_find("save_file") };
	struct wish wish = { STEP_think, 1, true };
	autofree char *text = openai_request(&(struct openai_request){
		"m", c, offered, 1, &wish, true });
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (j == NULL)
		abort();
	json_decref(j);
}

static void
record_and_replay(const struct turn *turn)
{
	static const uint8_t task[32];
	struct history none = { 0 };
	autofree char *line = record_line(task, STEP_think, &none, turn);
	struct turn again = { 0 };
	json_t *j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	char why[512];
	size_t i;

	if (j == NULL || replay_fit(j, task, STEP_think, &none, why) != FIT ||
	    replay_reply(j, &again) == -1 || again.ncalls != turn->ncalls ||
	    strcmp(again.text, turn->text) != 0)
		abort();
	for (i = 0; i < turn->ncalls; i++)
		if (strcmp(again.calls[i].arguments,
		    turn->calls[i].arguments) != 0)
			abort();
	turn_clear(&again);
	json_decref(j);
}

static void
use(struct turn *turn)
{
	const struct tool *offered[] = { tool_find("save_file"),
	    tool_find("finish") };
	struct conversation c = { 0 };
	size_t i, count = turn->ncalls;

	if (!utf8_valid(turn->text, strlen(turn->text)))
		abort();
	record_and_replay(turn);
	for (i = 0; i < count; i++)
		tools_check(offered, 2, &turn->calls[i]);
	conversation_turn(&c, turn->text, steal_pointer(&turn->calls), count);
	turn->ncalls = 0;
	ask_again(&c);
	conversation_clear(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct openai_reply r;
	struct openai_error e;
	struct turn turn = { 0 };

	if (size == 0)
		return 0;
	openai_reply_init(&r);
	if (data[0] & 1)
		read_stream(&r, data + 1, size - 1);
	else
		openai_plain(&r, (const char *)data + 1, size - 1);
	if (openai_complete(&r, &turn) == 0)
		use(&turn);
	else if (r.why[0] == '\0')
		abort();
	openai_error(&e, (const char *)data + 1, size - 1);
	turn_clear(&turn);
	openai_reply_clear(&r);
	return 0;
}
