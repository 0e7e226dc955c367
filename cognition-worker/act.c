/*
 * act.c: asks the judge for calls, and tells the model what came of them.
 * Runs in: cognition-worker.
 * Input: calls of a model, results of tools: hostile.
 */
#include <stdio.h>
#include <string.h>

#include "cognition-worker/cycle.h"
#include "cognition-worker/observe.h"
#include "cognition-worker/tools.h"
#include "ipc/util.h"
#include "ipc/value.h"

static bool
is_finish(const struct call *call)
{
	return strcmp(call->name, "finish") == 0;
}

static void
do_not_run(struct call *call, const char *problem)
{
	call->tool = NULL;
	if (call->problem == NULL)
		call->problem = xstrdup(problem);
}

/* Ask for one call; run->asked[place] will hold its answer. */
static void
ask(struct cycle *c, struct call *call)
{
	call->asked = (int)run_ask(c->run, call);
}

/* The answer to a call that was asked for, or NULL. */
static const struct asked *
answer_of(const struct cycle *c, const struct call *call)
{
	return call->tool == NULL || call->asked < 0 ? NULL :
	    &c->run->asked[call->asked];
}

static void
note_denial(struct cycle *c, const struct call *call, const struct value *r)
{
	autofree char *reason = value_get_text(r, "message");
	char shown[200];

	text_escape(shown, sizeof(shown), reason ? reason : "",
	    reason ? strlen(reason) : 0);
	snprintf(c->denial, sizeof(c->denial), "%s%s%s", call->name,
	    reason ? ": " : "", shown);
	c->denied++;
	c->denied_since++;
}

static void
take_outcome(struct cycle *c, struct call *call)
{
	const struct asked *a = answer_of(c, call);

	if (a == NULL || !a->answered)
		return;
	call->outcome = a->outcome;
	if (a->outcome == OUTCOME_denied)
		note_denial(c, call, a->result);
	if (a->outcome != OUTCOME_ok || is_finish(call))
		return;
	c->succeeded++;
	c->denied_since = 0;
}

/*
 * Everything but finish, all outstanding together and in order.  A finish was
 * written without having seen what the calls beside it would bring: it counts
 * only if all of them succeeded.
 */
static int
act_others(struct cycle *c, struct call *calls, size_t count)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < count; i++)
		if (calls[i].tool != NULL && !is_finish(&calls[i]))
			ask(c, &calls[i]);
	if (run_answers(c->run) == -1)
		return -1;
	for (i = 0; i < count; i++) {
		if (is_finish(&calls[i]))
			continue;
		take_outcome(c, &calls[i]);
		failed += calls[i].outcome != OUTCOME_ok;
	}
	return failed;
}

static char *
answer_in(const struct call *call)
{
	autovalue struct value *arguments = NULL;
	const char *why;

	arguments = value_decode(call->packed.data, call->packed.len, &why);
	return value_get_text(arguments, "answer");
}

static void
act_finish(struct cycle *c, struct call *call)
{
	autofree char *answer = answer_in(call);

	if (answer == NULL || answer[strspn(answer, " \t\r\n")] == '\0') {
		do_not_run(call, "the answer is empty: call finish with the "
		    "complete answer");
		return;
	}
	ask(c, call);
	if (run_answers(c->run) == -1)
		return;
	take_outcome(c, call);
	if (call->outcome == OUTCOME_ok)
		cycle_answer(c, answer);
}

void
act(struct cycle *c, struct call *calls, size_t count)
{
	struct run *run = c->run;
	int failed;
	size_t i;

	for (i = 0; i < count; i++) {
		calls[i].asked = -1;
		tools_check(run->offered, run->noffered, &calls[i]);
	}
	if ((failed = act_others(c, calls, count)) == -1)
		return;
	for (i = 0; i < count && run->cancelled == STOP_none; i++) {
		if (!is_finish(&calls[i]) || calls[i].tool == NULL)
			continue;
		if (c->stop != STOP_none)
			do_not_run(&calls[i], "the run had ended");
		else if (failed > 0)
			do_not_run(&calls[i], "finish was not carried out, "
			    "because a call beside it did not succeed: look "
			    "at the results, then finish or go on");
		else
			act_finish(c, &calls[i]);
	}
}

void
observe(struct cycle *c, struct call *calls, size_t count, const char *note)
{
	struct run *run = c->run;
	const struct asked *a;
	size_t i;

	for (i = 0; i < count; i++) {
		autofree char *text = NULL;

		a = answer_of(c, &calls[i]);
		text = observe_call(&calls[i],
		    a != NULL && a->answered ? a->result : NULL);
		conversation_result(&run->conversation, &calls[i], text);
		history_add(&run->history, &calls[i]);
		pack_clear(&calls[i].packed);	/* it may be large */
	}
	run_forget(run);
	if (note != NULL && note[0] != '\0')
		conversation_say(&run->conversation, ROLE_user, note);
}
