/*
 * decide.h: may this call be made?  Pure: no I/O, no allocation.
 * Runs in: judge; the client links it for `policy explain` (offline).
 * Input: the tool name is hostile, the rules are the operator's.
 */
#ifndef SALLYPORT_DECIDE_H
#define SALLYPORT_DECIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/words.h"

enum access { ACCESS_restricted, ACCESS_full };

struct decide_request {
	const char	*tool;		/* as the model spelled it */
	enum access	 access;	/* FULL: the operator said so */
	const char *const *allowed;	/* counts for RESTRICTED */
	size_t		 nallowed;
	const char *const *denied;	/* counts for both, and wins */
	size_t		 ndenied;
	bool		 sandbox;	/* there is one */
	bool		 person;	/* asked by a client, not by a model */
};

struct verdict {
	enum action	 action;
	char		 rule[128];	/* such as "agents.sandbox.tools.denied" */
	char		 reason[256];	/* for the model and the person */
};

struct verdict	 decide(const struct decide_request *);

/* Does the tool need a sandbox (and not only the exec-worker)? */
bool		 tool_needs_sandbox(const char *name);

#endif
