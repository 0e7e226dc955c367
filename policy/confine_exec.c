/*
 * confine_exec.c: what is done to a process by the one that executes it.
 * Runs in: a forked child of the supervisor after its uid is set; the
 * sandbox-launcher before it becomes the guest; the supervisor itself.
 * Input: pages, which are constants, and descriptors of our own binaries.
 */
#include <errno.h>

#include "ipc/util.h"
#include "policy/confine_steps.h"
#include "policy/landlock.h"

#define SCOPE	(LANDLOCK_SCOPE_ABSTRACT_SOCKET | LANDLOCK_SCOPE_SIGNALS)

/* Execute this binary, read its libraries and what the page names. */
static int
landlock_for_exec(const struct page *page, int binary, int dir)
{
	autoclose int rules = -1;

	rules = landlock_new(page->net, SCOPE);
	if (rules == -1 ||
	    landlock_allow(rules, binary, LANDLOCK_FS_EXECUTE |
	    LANDLOCK_FS_READ_FILE) == -1 ||
	    step_files(rules, &page_outer, -1, false) == -1 ||
	    step_files(rules, page, dir, false) == -1)
		return -1;
	return landlock_enforce(rules);
}

int
confine_before_exec(const struct page *page, int binary, int dir,
    const char **step)
{
	*step = "no_new_privs";
	if (step_no_new_privs() == -1)
		return -1;
	*step = "landlock";
	if (page->landlock && landlock_for_exec(page, binary, dir) == -1)
		return -1;
	*step = "rlimits";
	if (step_limits(page) == -1)
		return -1;
	*step = "outer seccomp filter";
	if (page->outer != NULL)
		return step_filter(page->outer->filter,
		    page->outer->filter_len);
	return 0;
}

/*
 * The rules speak of the sandbox's own tree.  Landlock comes last because it
 * forbids mounting; nothing is mounted after this.
 */
static int
landlock_for_guest(int guest)
{
	autoclose int rules = -1;

	rules = landlock_new(page_guest.net, SCOPE);
	if (rules == -1 || step_files(rules, &page_guest, -1, false) == -1)
		return -1;
	/* A sealed memfd is on no mount: Landlock has no say in it. */
	if (landlock_allow(rules, guest, LANDLOCK_FS_EXECUTE |
	    LANDLOCK_FS_READ_FILE) == -1 && errno != EBADFD)
		return -1;
	return landlock_enforce(rules);
}

int
confine_guest(int guest, const char **step)
{
	*step = "no_new_privs";
	if (step_no_new_privs() == -1)
		return -1;
	*step = "landlock";
	if (landlock_for_guest(guest) == -1)
		return -1;
	*step = "rlimits";
	if (step_limits(&page_guest) == -1)
		return -1;
	/*
	 * Where both filters answer with an errno, the kernel takes the one
	 * that was put on last: the guest page's answers are the exact ones.
	 */
	*step = "sandboxed seccomp filter";
	if (step_filter(page_sandboxed.filter, page_sandboxed.filter_len) == -1)
		return -1;
	*step = "guest seccomp filter";
	return step_filter(page_guest.filter, page_guest.filter_len);
}

int
confine_filter(const struct page *page, const char **step)
{
	*step = "no_new_privs";
	if (step_no_new_privs() == -1)
		return -1;
	*step = "seccomp filter";
	return step_filter(page->filter, page->filter_len);
}
