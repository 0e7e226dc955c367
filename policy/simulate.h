/*
 * simulate.h: what a page's filter answers to a system call, without making it.
 * Runs in: the client (`policy show`), tests.
 * Input: a page and a call that a person asks about.
 */
#ifndef SALLYPORT_SIMULATE_H
#define SALLYPORT_SIMULATE_H

#include <linux/seccomp.h>

#include "policy/confine.h"

/* Bits of an x32 call's number on the x86-64 architecture. */
#define SIMULATE_X32	0x40000000u

/*
 * Run one page's own filter on a call: the SECCOMP_RET_* word as the kernel
 * would have it.  An ill-formed program answers SECCOMP_RET_KILL_PROCESS; a
 * page without a filter answers SECCOMP_RET_ALLOW.
 */
uint32_t simulate_page(const struct page *, const struct seccomp_data *);

/* The same with the page's outer filter on top: the stricter answer. */
uint32_t simulate_process(const struct page *, const struct seccomp_data *);

/* The architecture that this build's processes use (AUDIT_ARCH_*). */
uint32_t simulate_arch(void);

/* "allow", "kill" or "errno 38 (ENOSYS)" into text; returns text. */
char	*simulate_text(uint32_t answer, char *text, size_t size);

#endif
