/*
 * explain.h: policy check and explain: the judge says what it would decide,
 * with the code that decides.
 * Runs in: judge.
 * Input: a client's question: a tool's name and arguments, hostile.
 */
#ifndef SALLYPORT_EXPLAIN_H
#define SALLYPORT_EXPLAIN_H

#include "supervisor/judge/client.h"

/*
 * Rows to the client: each list and rule that was tried, in order, {step,
 * origin, result}; then {verdict, rule, origin, reason, problem}.  -1 with the
 * refusal if the question is none.
 */
int	 explain_call(struct client *, struct explain_request *,
	    struct refusal *);

/*
 * A row for each rule in force: {rule, origin, tool, where, action, reason,
 * tests, covered_by}.
 */
void	 explain_rules(struct client *, uint64_t request);

#endif
