/*
 * overlay.c: what a sanitizer build needs is the same everywhere, so it stands
 * once, as `overlay sanitizer` lines of the outer page, and is moved from
 * there to each page that restricts a process.
 * Runs in: the build, with --overlay sanitizer.
 * Input: two checked pages.
 */
#include <string.h>

#include "policy/policyc/policyc.h"

static bool
names_all(const struct rule *r)
{
	return r->when.n == 0;
}

/* An unconditional line makes the page's narrower ones pointless. */
static void
take_rule(struct source *page, const struct rule *shared)
{
	size_t left = 0;

	for (size_t i = 0; i < page->nrules; i++) {
		const struct rule *have = &page->rule[i];

		if (strcmp(have->name, shared->name) == 0 &&
		    (names_all(have) || strcmp(have->text, shared->text) == 0))
			return;
		if (strcmp(have->name, shared->name) == 0 && names_all(shared))
			continue;
		page->rule[left++] = *have;
	}
	page->rule = more(page->rule, left, sizeof(*page->rule));
	page->rule[left++] = *shared;
	page->nrules = left;
}

static void
take_limit(struct source *page, const struct limit *shared)
{
	for (size_t i = 0; i < page->nlimits; i++)
		if (page->limit[i].resource == shared->resource) {
			page->limit[i] = *shared;
			return;
		}
}

static void
share_rules(struct source *page, struct source *outer)
{
	size_t left = 0;

	for (size_t i = 0; i < outer->nrules; i++) {
		if (!outer->rule[i].overlay)
			outer->rule[left++] = outer->rule[i];
		else if (page->action == SCMP_ACT_KILL_PROCESS)
			take_rule(page, &outer->rule[i]);
	}
	outer->nrules = left;
}

static void
share_files(struct source *page, struct source *outer)
{
	size_t left = 0;

	for (size_t i = 0; i < outer->nfiles; i++) {
		if (!outer->file[i].overlay) {
			outer->file[left++] = outer->file[i];
			continue;
		}
		page->file = more(page->file, page->nfiles,
		    sizeof(*page->file));
		page->file[page->nfiles++] = outer->file[i];
	}
	outer->nfiles = left;
}

void
overlay_share(struct source *page, struct source *outer)
{
	share_rules(page, outer);
	share_files(page, outer);
	for (size_t i = 0; i < outer->nlimits; i++)
		if (outer->limit[i].overlay)
			take_limit(page, &outer->limit[i]);
	outer->nlimits = 0;
}
