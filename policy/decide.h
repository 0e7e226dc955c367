/*
 * decide.h: may this call be made?  Pure: no I/O, no allocation.
 * Runs in: judge.
 * Input: the call is hostile, lists and rules are the operator's.
 */
#ifndef SALLYPORT_DECIDE_H
#define SALLYPORT_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/rules.h"
#include "policy/words.h"

enum access { ACCESS_restricted, ACCESS_full };

struct decide_request {
	const char	*tool;		/* as the model spelled it */
	const struct value *arguments;	/* a map */
	enum access	 access;	/* FULL: the operator said so */
	const char *const *allowed;	/* counts for RESTRICTED */
	size_t		 nallowed;
	const char *const *denied;	/* counts for both, and wins */
	size_t		 ndenied;
	struct rules *const *rules;	/* lists; the strictest answer wins */
	size_t		 nrules;
	bool		 sandbox;	/* there is one */
	bool		 person;	/* asked by a client, not by a model */
	uint8_t		*tried;		/* NULL, or for each rule of all lists
					 * in turn: enum rule_result, set */
};

struct verdict {
	enum action	 action;
	char		 rule[128];	/* such as "agents.sandbox.tools.denied" */
	char		 reason[256];	/* for the model and the person */
	const struct rule *by;		/* that decided it, or NULL */
};

/*
 * Deny beats ask beats allow between `denied`, `allowed` and each list of
 * rules, in which the first rule that matches counts.  Ask only narrows: what
 * nothing allows stays denied.
 */
struct verdict	 decide(const struct decide_request *);

/* Could any call of this tool be allowed or asked for? */
bool		 decide_offers(const struct decide_request *);

/* Does the tool need a sandbox (and not only the exec-worker)? */
bool		 tool_needs_sandbox(const char *name);

#endif
