/*
 * verify.h: looking at a process from outside, before it is given anything.
 * Runs in: supervisor.
 * Input: /proc/PID/status, which the kernel writes.
 */
#ifndef SALLYPORT_VERIFY_H
#define SALLYPORT_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct status {
	unsigned	 uid[4];	/* real, effective, saved, files */
	unsigned	 gid[4];
	bool		 groups;	/* it has supplementary groups */
	bool		 ended;		/* it waits to be reaped */
	uint64_t	 inheritable, permitted, effective, ambient;
	unsigned	 no_new_privs;
	unsigned	 seccomp;	/* 2: filters */
	unsigned	 filters;
};

/* What a process must look like. */
struct expected {
	uid_t		 uid;
	unsigned	 filters;
	bool		 separate;	/* uids of its own: no groups either */
};

#define REASON_SIZE	256

/* Read the text of /proc/PID/status: 0, or -1 if a line is missing. */
int	status_parse(const char *text, struct status *);

/* True if it is confined; else reason says what is missing. */
bool	status_fits(const struct status *, const struct expected *,
	    char reason[REASON_SIZE]);

/*
 * 1 if the process executes that binary, 0 if another, -1 if we may not see:
 * without root, a process that made itself undumpable hides it.
 */
int	executable_is(pid_t, int binary);

struct supervisor;
struct child;

/* All of it for one child. */
bool	child_verify(const struct supervisor *, const struct child *,
	    char reason[REASON_SIZE]);

/* Seccomp filters of the calling process. */
unsigned own_filters(void);

#endif
