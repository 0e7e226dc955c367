/*
 * confine.c: what a worker does to itself before it reads anything.
 * Runs in: each worker, with that worker's rights, the last time that it can
 * open files.
 * Input: the worker's own page.  From here on everything may be hostile.
 */
#include <errno.h>

#include "ipc/util.h"
#include "policy/confine_steps.h"
#include "policy/landlock.h"

#ifdef __SANITIZE_ADDRESS__
/*
 * Looking for leaks needs clone and ptrace, which no overlay gives; symbols
 * would need the binary's file.  The report has offsets for addr2line.
 */
const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0:symbolize=0:allocator_may_return_null=1";
}
#endif

/* The second rule set stacks on the one from before exec: both must allow. */
static void
enter_landlock(const struct page *page)
{
	autoclose int rules = -1;

	rules = landlock_new(page->net, LANDLOCK_SCOPE_ABSTRACT_SOCKET |
	    LANDLOCK_SCOPE_SIGNALS);
	if (rules == -1)
		fatal("confine %s: landlock rule set", page->process);
	if (step_files(rules, page, -1, true) == -1)
		fatal("confine %s: landlock rules", page->process);
	if (landlock_enforce(rules) == -1)
		fatal("confine %s: landlock", page->process);
}

static int
compare(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/*
 * glibc's allocator asks for randomness when it is first used, its qsort for
 * the size of memory when it first sorts more than 1 KiB.  Later uses make no
 * such call, so it happens here and is on no page.
 */
static void
warm_up(void)
{
	char *array = xcalloc(1, 2048);

	qsort(array, 2048, 1, compare);
	free(array);
}

void
confine(const struct page *page)
{
	warm_up();
	if (step_no_new_privs() == -1)
		fatal("confine %s: no_new_privs", page->process);
	if (page->landlock)
		enter_landlock(page);
	if (page->filter_len != 0 &&
	    step_filter(page->filter, page->filter_len) == -1)
		fatal("confine %s: seccomp filter", page->process);
}
