/*
 * confine_missing.c: a confine() that does nothing, to show that a supervisor
 * refuses a worker whose filter is missing.
 * Runs in: one test build of a worker; never installed.
 * Input: none.
 */
#include "policy/confine.h"

void
confine(const struct page *page)
{
	(void)page;
}
