/*
 * cycle.c: one run: plan, then think, act, observe, reflect, in straight
 * lines, until there is an answer or a reason to stop.
 * Runs in: cognition-worker.
 * Input: task and model are hostile; whatever they say, every loop ends.
 */
#include "cognition-worker/cycle.h"

#include <stdio.h>
#include <string.h>

#include "cognition-worker/observe.h"
#include "cognition-worker/prompts.h"
#include "cognition-worker/text.h"
#include "ipc/util.h"

static bool
blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

static bool
gives_up(const char *text)
{
	text += strspn(text, " \t\r\n*\"");
	return strncmp(text, PROMPT_CANNOT, strlen(PROMPT_CANNOT)) == 0;
}

/* --- endings --- */

/* Foreign text in a bounded field, never cut inside a character. */
static void
copy_text(char *to, size_t size, const char *from)
{
	autofree char *clean = text_clean(from, strlen(from), 4096, NULL);
	size_t len = text_prefix(clean, strlen(clean), size - 1);

	memcpy(to, clean, len);
	to[len] = '\0';
}

void
cycle_end(struct cycle *c, enum stop stop, enum error error,
    const char *message, const char *hint)
{
	if (c->stop != STOP_none)
		return;
	c->stop = stop;
	c->error = error;
	copy_text(c->message, sizeof(c->message), message);
	copy_text(c->hint, sizeof(c->hint), hint != NULL && hint[0] ? hint :
	    error != ERROR_none ? error_hint(error) : "");
}

/* The model says that it cannot go on, or acts like it. */
static void
end_without_success(struct cycle *c, const char *text)
{
	char message[700];

	if (c->denied_since > 0) {
		snprintf(message, sizeof(message),
		    "policy denied what the run needed: %s", c->denial);
		cycle_end(c, STOP_denied, ERROR_SandboxAccessDenied, message,
		    NULL);
	} else {
		snprintf(message, sizeof(message),
		    "the model gave up: %.600s", text);
		cycle_end(c, STOP_failed, ERROR_none, message,
		    "look at what it tried with 'sallyport logs'");
	}
}

void
cycle_answer(struct cycle *c, const char *answer)
{
	if (c->stop != STOP_none)
		return;
	c->answer = xstrdup(answer);
	if (gives_up(answer))
		end_without_success(c, answer);
	else
		cycle_end(c, STOP_finished, ERROR_none, "", NULL);
}

/* Text in the place of finish, although the model was told of it. */
static void
answer_in_text(struct cycle *c, const char *text)
{
	if (c->denied > 0 && c->succeeded == 0) {
		c->answer = xstrdup(text);
		end_without_success(c, text);
	} else
		cycle_answer(c, text);
}

static void
end_empty(struct cycle *c)
{
	cycle_end(c, STOP_provider_error, ERROR_ProviderError,
	    "the model gave an empty answer, and again when it was asked",
	    "try another model");
}

/* Refused and withheld turns end the run.  True if this was one. */
static bool
end_refused(struct cycle *c, const struct turn *turn)
{
	char message[700];

	if (turn->refused)
		snprintf(message, sizeof(message),
		    "the model refused: %.600s", turn->text);
	else if (turn->finish == FINISH_filter)
		snprintf(message, sizeof(message),
		    "the provider withheld the answer (content filter)");
	else
		return false;
	cycle_end(c, STOP_failed, ERROR_ProviderError, message,
	    "word the task differently, or use another model");
	return true;
}

/* --- plan --- */

/* Calls that came although none could be made: each hears that. */
static void
answer_early_calls(struct cycle *c, struct turn *turn)
{
	struct call *calls = steal_pointer(&turn->calls);
	size_t i, count = turn->ncalls;

	turn->ncalls = 0;
	for (i = 0; i < count; i++) {
		calls[i].asked = -1;
		free(calls[i].problem);
		calls[i].problem = xstrdup("no tools can be called while the "
		    "plan is made");
	}
	conversation_turn(&c->run->conversation, turn->text, calls, count);
	observe(c, calls, count, NULL);
}

/* Keep the plan.  A model that called tools at once has none, and goes on. */
static void
keep_plan(struct cycle *c, struct turn *turn)
{
	struct run *run = c->run;
	const char *plan = blank(turn->text) ?
	    "no plan: the model called tools at once" : turn->text;

	if (turn->ncalls > 0)
		answer_early_calls(c, turn);
	else
		conversation_say(&run->conversation, ROLE_assistant,
		    turn->text);
	conversation_say(&run->conversation, ROLE_user, run->noffered > 0 ?
	    prompt_go : prompt_answer);
	run_phase_completed(run, STEP_plan, 0, plan);
}

static void
plan(struct cycle *c)
{
	struct conversation *talk = &c->run->conversation;
	struct turn turn;
	int tries;

	run_phase_started(c->run, STEP_plan, 0);
	conversation_say(talk, ROLE_user, prompt_plan);
	for (tries = 0; c->stop == STOP_none; tries++) {
		if (ask_model(c, STEP_plan, false, &turn) == 0 &&
		    !end_refused(c, &turn)) {
			if (!blank(turn.text) || turn.ncalls > 0) {
				keep_plan(c, &turn);
				turn_clear(&turn);
				return;
			}
			if (tries > 0)
				end_empty(c);
			conversation_say(talk, ROLE_user, prompt_plan_empty);
		}
		turn_clear(&turn);
	}
}

/* --- think --- */

enum thought { THOUGHT_CALLS, THOUGHT_AGAIN, THOUGHT_NEXT, THOUGHT_END };

/* A turn with text and no calls. */
static enum thought
consider_text(struct cycle *c, const struct turn *turn)
{
	struct conversation *talk = &c->run->conversation;

	if (gives_up(turn->text)) {
		cycle_answer(c, turn->text);
		return THOUGHT_END;
	}
	if (c->run->noffered == 0 || c->told_to_finish) {
		answer_in_text(c, turn->text);
		return THOUGHT_END;
	}
	c->told_to_finish = true;
	conversation_say(talk, ROLE_assistant, turn->text);
	conversation_say(talk, ROLE_user, prompt_text);
	return THOUGHT_AGAIN;
}

static enum thought
consider(struct cycle *c, struct turn *turn, bool *was_empty)
{
	struct conversation *talk = &c->run->conversation;

	/* A call at the end of a cut answer is incomplete, however it looks. */
	if (turn->finish == FINISH_length && turn->ncalls > 0)
		call_clear(&turn->calls[--turn->ncalls]);
	if (turn->ncalls > 0)
		return THOUGHT_CALLS;
	if (end_refused(c, turn))
		return THOUGHT_END;
	if (turn->finish == FINISH_length) {
		if (!blank(turn->text))
			conversation_say(talk, ROLE_assistant, turn->text);
		conversation_say(talk, ROLE_user, prompt_cut);
		return THOUGHT_NEXT;
	}
	if (!blank(turn->text))
		return consider_text(c, turn);
	if (*was_empty) {
		end_empty(c);
		return THOUGHT_END;
	}
	*was_empty = true;
	conversation_say(talk, ROLE_user, c->run->noffered > 0 ?
	    prompt_empty : prompt_answer);
	return THOUGHT_AGAIN;
}

static void
summarise_calls(struct cycle *c, const struct turn *turn)
{
	struct pack p;
	size_t i;

	pack_init(&p, MiB);
	for (i = 0; i < turn->ncalls; i++) {
		pack_raw(&p, i > 0 ? ", " : "calls ", i > 0 ? 2 : 6);
		pack_raw(&p, turn->calls[i].name,
		    strlen(turn->calls[i].name));
	}
	pack_raw(&p, "", 1);
	run_phase_completed(c->run, STEP_think, c->iteration,
	    turn->ncalls > 0 ? (const char *)p.data : turn->text);
	pack_clear(&p);
}

/* Think until there are calls, or this iteration has nothing more to do. */
static enum thought
think(struct cycle *c, struct turn *turn)
{
	enum thought thought = THOUGHT_AGAIN;
	bool was_empty = false;

	run_phase_started(c->run, STEP_think, c->iteration);
	while (thought == THOUGHT_AGAIN) {
		turn_clear(turn);
		if (ask_model(c, STEP_think, c->run->noffered > 0, turn) == -1)
			return THOUGHT_END;
		thought = consider(c, turn, &was_empty);
	}
	summarise_calls(c, turn);
	return thought;
}

/* --- act, observe, reflect --- */

static size_t
count_failed(const struct call *calls, size_t count)
{
	size_t i, failed = 0;

	for (i = 0; i < count; i++)
		failed += calls[i].outcome != OUTCOME_ok;
	return failed;
}

static void
act_and_observe(struct cycle *c, struct said *turn, const char *note)
{
	autofree char *summary = NULL;
	struct run *run = c->run;
	char counts[64];

	run_phase_started(run, STEP_act, c->iteration);
	act(c, turn->calls, turn->ncalls);
	if (run->cancelled != STOP_none) {
		cycle_end(c, run->cancelled, ERROR_none, "", NULL);
		return;
	}
	summary = observe_summary(turn->calls, turn->ncalls);
	run_phase_completed(run, STEP_act, c->iteration, summary);
	run_phase_started(run, STEP_observe, c->iteration);
	snprintf(counts, sizeof(counts), "%zu results, %zu not ok",
	    turn->ncalls, count_failed(turn->calls, turn->ncalls));
	/* Adding results moves the messages: turn->calls itself stays. */
	observe(c, turn->calls, turn->ncalls, note);
	run_phase_completed(run, STEP_observe, c->iteration, counts);
}

static void
reflect_on_failure(struct cycle *c, size_t failed, size_t count)
{
	struct conversation *talk = &c->run->conversation;
	struct turn turn;
	char text[96];

	conversation_say(talk, ROLE_user, prompt_reflect);
	if (ask_model(c, STEP_reflect, false, &turn) == 0) {
		snprintf(text, sizeof(text), "%zu of %zu calls did not "
		    "succeed.", failed, count);
		conversation_say(talk, ROLE_assistant, blank(turn.text) ?
		    text : turn.text);
		conversation_say(talk, ROLE_user, prompt_reflected);
		run_phase_completed(c->run, STEP_reflect, c->iteration,
		    blank(turn.text) ? text : turn.text);
	}
	turn_clear(&turn);
}

/* The model looks back only on failures: looking back costs a call. */
static void
reflect(struct cycle *c, const struct call *calls, size_t count)
{
	size_t failed = count_failed(calls, count);
	autofree char *summary = observe_summary(calls, count);
	struct pack p;

	run_phase_started(c->run, STEP_reflect, c->iteration);
	if (failed > 0 && c->iteration < c->run->start.max_iterations) {
		reflect_on_failure(c, failed, count);
		return;
	}
	pack_init(&p, MiB);
	pack_raw(&p, failed > 0 ? "no iteration is left: " : "as expected: ",
	    failed > 0 ? 22 : 13);
	pack_raw(&p, summary, strlen(summary) + 1);
	run_phase_completed(c->run, STEP_reflect, c->iteration,
	    (const char *)p.data);
	pack_clear(&p);
}

static void
iterate(struct cycle *c)
{
	struct said *said;
	struct turn turn = { 0 };
	struct call *calls;
	char note[256] = "";
	size_t count;

	if (think(c, &turn) != THOUGHT_CALLS) {
		turn_clear(&turn);
		return;
	}
	c->told_to_finish = false;
	if (turn.finish == FINISH_length)
		snprintf(note, sizeof(note), "%s", prompt_cut_call);
	else if (turn.dropped > 0)
		snprintf(note, sizeof(note), "%zu further calls of that "
		    "answer were not run: at most %d calls are taken from one "
		    "answer.", turn.dropped, CALLS_MAX);
	count = turn.ncalls;
	calls = steal_pointer(&turn.calls);
	turn.ncalls = 0;
	said = conversation_turn(&c->run->conversation, turn.text, calls,
	    count);
	turn_clear(&turn);
	act_and_observe(c, said, note);
	if (c->stop == STOP_none)
		reflect(c, calls, count);
}

/* --- the run --- */

static void
begin(struct cycle *c)
{
	struct run *run = c->run;
	autofree char *system = prompt_system(run->start.sandbox,
	    run->noffered > 0);
	autofree char *task = prompt_task(&run->task);

	conversation_say(&run->conversation, ROLE_system, system);
	conversation_say(&run->conversation, ROLE_user, task);
}

static void
use_up(struct cycle *c)
{
	char message[160];

	snprintf(message, sizeof(message), "the run used up its %u iterations "
	    "without an answer", c->run->start.max_iterations);
	cycle_end(c, STOP_max_iterations, ERROR_none, message,
	    "raise --max-iterations, or make the goal smaller");
}

static void
done(struct cycle *c)
{
	struct run_done m = { .stop = (uint8_t)c->stop,
	    .error = (uint8_t)c->error, .answer = BLOB_NONE };

	if (c->answer != NULL)
		m.answer = BLOB(c->answer, strlen(c->answer));
	memcpy(m.message, c->message, strlen(c->message));
	if (strlen(c->hint) < sizeof(m.hint))
		memcpy(m.hint, c->hint, strlen(c->hint));
	run_sent(send_run_done(&c->run->channel, &m));
	free(c->answer);
}

void
cycle(struct run *run)
{
	struct cycle c = { .run = run };

	if (run->cancelled != STOP_none)
		cycle_end(&c, run->cancelled, ERROR_none, "", NULL);
	else if (run->provider == NULL)
		cycle_end(&c, run->broken_error == ERROR_ProviderError ?
		    STOP_provider_error : STOP_failed, run->broken_error,
		    run->broken, run->broken_hint);
	else {
		begin(&c);
		plan(&c);
	}
	while (c.stop == STOP_none) {
		if (c.iteration >= run->start.max_iterations)
			use_up(&c);
		else {
			c.iteration++;
			iterate(&c);
		}
	}
	done(&c);
}
