/*
 * check.c: what can only be said of a whole page: contradictions, repeats, and
 * comparisons that a caller could slip past.
 * Runs in: the build.
 * Input: a page as parse.c read it.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/policyc/policyc.h"

static const char *
base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The same call twice is fine only with two different conditions. */
static void
check_pair(const struct rule *a, const struct rule *b)
{
	if (strcmp(a->name, b->name) != 0)
		return;
	if (strcmp(a->text, b->text) == 0)
		fail(b->at, "syscall '%s' is already at line %u", b->name,
		    a->at.line);
	if (*a->text == '\0' || *b->text == '\0')
		fail(b->at, "syscall '%s' is at line %u, and one of the two "
		    "has no condition", b->name, a->at.line);
	if (a->action != b->action)
		fail(b->at, "syscall '%s' has another verdict at line %u; "
		    "libseccomp does not promise an order", b->name,
		    a->at.line);
}

/*
 * The kernel takes 32 bits of an int argument, a filter sees 64.  Where a
 * match makes things narrower, a whole comparison would be slipped past by
 * setting an upper bit, so it must be masked.
 */
static void
check_masked(const struct source *s, const struct rule *r)
{
	if (r->action == SCMP_ACT_ALLOW || s->action == SCMP_ACT_KILL_PROCESS)
		return;
	for (size_t i = 0; i < r->when.n; i++)
		for (size_t k = 0; k < r->when.chain[i].n; k++)
			if (r->when.chain[i].cmp[k].op != SCMP_CMP_MASKED_EQ)
				fail(r->at, "compare with a mask (argN & INT "
				    "== VALUE): without one, the upper half "
				    "of the register slips past");
}

static void
check_rule(const struct source *s, const struct rule *r)
{
	if (s->no_filter)
		fail(r->at, "a page with 'default none' has no rules");
	if (r->action == s->action)
		fail(r->at, "'%s' gets what the default is anyway", r->name);
	check_masked(s, r);
}

void
page_check(const struct source *s)
{
	struct place at = { .file = s->path, .line = 1 };
	const char *name = base(s->path);
	size_t len = strlen(s->process);

	if (strncmp(name, s->process, len) != 0 ||
	    strcmp(name + len, ".policy") != 0)
		fail(at, "process '%s' belongs into %s.policy", s->process,
		    s->process);
	if (!s->file_none && !s->file_any && s->nfiles == 0)
		fail(at, "the page says nothing of files; 'file none'?");
	for (size_t i = 0; i < s->nfiles; i++)
		if (!s->file[i].overlay && (s->file_none || s->file_any))
			fail(s->file_at, "'file none' and 'file unrestricted' "
			    "exclude other file lines");
	for (size_t i = 0; i < s->nrules; i++) {
		if (s->rule[i].overlay)
			continue;
		check_rule(s, &s->rule[i]);
		for (size_t j = 0; j < i; j++)
			check_pair(&s->rule[j], &s->rule[i]);
	}
}
