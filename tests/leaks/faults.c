/*
 * faults.c: a confine() that confines as always and then reads a byte behind
 * its memory, to show that the sanitizer's report of a confined process
 * arrives.
 * Runs in: one sanitizer build of the dialer; never installed.
 * Input: none.
 */
#include "ipc/util.h"
#include "policy/confine.h"

void	__real_confine(const struct page *);
void	__wrap_confine(const struct page *);

void
__wrap_confine(const struct page *page)
{
	volatile char *bytes = xcalloc(1, 7);

	__real_confine(page);
	log_line(LOG_INFO, "behind it: %d", bytes[7]);
}
