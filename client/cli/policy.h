/*
 * policy.h: the pages, and asking their filters about a call.
 * Runs in: sallyport.  Input: a call that our own user wrote.
 */
#ifndef SALLYPORT_CLI_POLICY_H
#define SALLYPORT_CLI_POLICY_H

#include <linux/seccomp.h>

#include "client/cli/cli.h"
#include "policy/confine.h"

extern const struct page *const pages[];
extern const size_t pages_count;

/*
 * "openat arg0=3 arg2=0x42 [arch=i386|x32]" as the kernel would see it: 0,
 * or -1 with why.
 */
int	 policy_call_parse(const char *call, struct seccomp_data *, char *why,
	    size_t size);
int	 policy_simulate(struct cli *, const struct page *, const char *call);

#endif
