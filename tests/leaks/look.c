/*
 * look.c: looks for leaks at the very end of a process, and says in any case
 * what it found: a process of which no line is there has not been looked at.
 * Runs in: the leak builds of every process, see the Makefile; never
 * installed.  Looking needs clone and ptrace, so none of them is confined.
 * Input: none.
 */
#include <errno.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

const char	*__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "leak_check_at_exit=0:allocator_may_return_null=1";
}

/* Atomic, whatever others write: the log is shared. */
static void
look(void)
{
	char line[128];
	int len;

	/* The supervisor is not, so that nobody looks into it. */
	if (prctl(PR_SET_DUMPABLE, 1) == -1)
		return;
	len = snprintf(line, sizeof(line), "leaks process=%s found=%d\n",
	    program_invocation_short_name,
	    __lsan_do_recoverable_leak_check());
	if (write(STDERR_FILENO, line, (size_t)len) != len)
		_exit(71);
}

/* Registered before main(): runs after all that main() registers. */
static void __attribute__((constructor))
look_at_exit(void)
{
	atexit(look);
}
