/*
 * rules.h: rules on tools and on their arguments, as an operator writes them:
 * the first one that matches a call says allow, ask or deny.
 * Runs in: judge.
 * Input: rules are the operator's; a call's name and arguments are hostile.
 */
#ifndef SALLYPORT_RULES_H
#define SALLYPORT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/value.h"
#include "policy/glob.h"
#include "policy/words.h"

#define RULES_MAX	4096	/* of one file */
#define RULE_WHERE	16	/* parameters that one rule looks at */
#define RULE_TESTS	256	/* match and not_match of one rule */
#define RULE_REASON	200	/* bytes */
#define RULES_STEPS	(32u * 1024 * 1024)	/* of glob_match, one call */

/* The parameter of that name has a value that the pattern matches. */
struct rule_where {
	char		*param;		/* owned */
	struct glob	 value;
};

struct rule {
	struct glob	 tool;
	struct rule_where *where;	/* [nwhere], owned: all must match */
	size_t		 nwhere;
	enum action	 action;
	char		*reason;	/* owned; "" if none was written */
	char		 name[128];	/* "...tools.rules[2] (FILE:LINE)" */
	char		*origin;	/* owned: "PATH:LINE" */
	size_t		 ntests;	/* that it passed at load */
	const struct rule *covered;	/* by this one: it never matches */
};

/* The rules of one file, in its order; never changed once in force. */
struct rules {
	struct rule	*list;		/* [count], owned */
	size_t		 count;
	unsigned	 holders;
};

struct rules	*rules_new(void);		/* none, held once */
struct rules	*rules_hold(struct rules *);	/* NULL is allowed */
void		 rules_drop(struct rules *);	/* NULL is allowed */
/* A fresh, empty rule at the end. */
struct rule	*rules_add(struct rules *);

enum rule_result {
	RULE_untried,		/* one before it matched */
	RULE_other_tool,
	RULE_other_arguments,
	RULE_may_match,		/* it depends on arguments not known here */
	RULE_matches,
	RULE_exhausted		/* the arguments are too long to be sure */
};

/*
 * Is the call one that the rule speaks of?  arguments NULL: not known.  A list
 * or map matches an ask or deny if anything in it does, an allow if everything
 * in it does.  Pure; steps as in glob_match.
 */
enum rule_result rule_try(const struct rule *, const char *tool,
	    const struct value *arguments, size_t *steps);

/* What must not stand in a rule: 0, or -1 with a line that says why. */
int		 rule_check(const struct rule *, char *why, size_t size);

/*
 * Set `covered` of each: an earlier rule matches every call that
 * it matches.  Rules that are not found to be covered may still be.
 */
void		 rules_cover(struct rules *);

#endif
