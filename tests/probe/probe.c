/*
 * probe.c: makes a worker's binary, confined exactly as it always is, try one
 * forbidden act instead of working.
 * Runs in: a probe build of each worker; the linker puts __wrap_confine in the
 * place of confine (--wrap).
 * Input: descriptor 9, from the driver: the number of the act, one byte.
 */
#include <unistd.h>

#include "policy/confine.h"
#include "tests/probe/acts.h"
#include "tests/probe/probe.h"

void	__real_confine(const struct page *);
void	__wrap_confine(const struct page *);

static unsigned char chosen = PROBE_NONE;

/* Before main(), because a confined worker may not be able to read. */
static void __attribute__((constructor))
choose(void)
{
	if (read(PROBE_FD, &chosen, 1) == 1)
		close(PROBE_FD);
	acts_prepare();
}

void
__wrap_confine(const struct page *page)
{
	static const char reached = 'r';

	__real_confine(page);
	/* The driver counts nothing as refused that never came this far. */
	if (write(PROBE_REACHED, &reached, 1) != 1)
		_exit(PROBE_LOST);
	if (chosen >= nacts)
		_exit(0);
	_exit(acts[chosen].attempt());
}
