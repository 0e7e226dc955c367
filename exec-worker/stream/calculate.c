/*
 * calculate.c: the tool `calculator`.
 * Runs in: exec-worker, stream role, confined; no sandbox is needed.
 * Input: an expression of a model.
 */
#include <string.h>

#include "exec-worker/stream/calculator.h"
#include "exec-worker/stream/stream.h"

static void
fail(struct stream *s, struct job *j, const char *message, const char *hint)
{
	struct tool_done m = { .call = j->call, .outcome = OUTCOME_failed,
	    .error = ERROR_SchemaValidationError, .exit_code = -1 };
	struct result r;

	result_init(&r);
	result_error(&r, ERROR_SchemaValidationError, message, hint);
	result_send(s, &r, &m);
	job_free(j);
}

static void
pack_number(struct result *r, const struct number *n)
{
	result_key(r, "value");
	switch (n->type) {
	case NUMBER_INTEGER:
		pack_int(&r->pack, n->integer);
		break;
	case NUMBER_REAL:
		pack_real(&r->pack, n->real);
		break;
	case NUMBER_TRUTH:
		pack_bool(&r->pack, n->truth);
		break;
	}
}

/* Takes the job: it never waits behind one that needs the guest. */
void
answer_calculator(struct stream *s, struct job *j)
{
	struct tool_done m = { .call = j->call, .exit_code = -1 };
	const char *reason = "cannot be mapped";
	const struct value *expression;
	struct number n;
	struct result r;
	char why[1024];

	if (blob_map(&j->arguments) == -1 || (j->args = value_decode(
	    j->arguments.data, j->arguments.len, &reason)) == NULL) {
		fail(s, j, reason, NULL);
		return;
	}
	if (tool_check(j->tool, j->args, why, sizeof(why)) == -1) {
		fail(s, j, why, NULL);
		return;
	}
	expression = value_get(j->args, "expression");
	if (calculate(expression->text.data, expression->text.len, &n, why,
	    sizeof(why)) == -1) {
		fail(s, j, why, "numbers, + - * / // % **, parentheses, "
		    "comparisons, pi, e, tau, and functions such as sqrt(2)");
		return;
	}
	result_init(&r);
	pack_number(&r, &n);
	result_send(s, &r, &m);
	job_free(j);
}
