/*
 * forgets.c: a confine() that confines nothing and loses some memory, to show
 * that a leak is found.
 * Runs in: one leak build of the dialer; never installed.
 * Input: none.
 */
#include "ipc/util.h"
#include "policy/confine.h"

static void *volatile held;

void
confine(const struct page *page)
{
	(void)page;
	held = xcalloc(1, 4321);
	held = NULL;
}
