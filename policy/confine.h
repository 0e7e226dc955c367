/*
 * confine.h: a process page as constants, and putting it in force.
 * Runs in: confine_before_exec in a child of the supervisor, confine in each
 * worker.  Input: none that is foreign; policyc made the pages when we built.
 */
#ifndef SALLYPORT_CONFINE_H
#define SALLYPORT_CONFINE_H

#include <linux/filter.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page_limit {
	int		 resource;	/* RLIMIT_* */
	uint64_t	 value;
};

struct page_file {
	const char	*path;		/* absolute; "." is the given directory */
	uint64_t	 access;	/* LANDLOCK_ACCESS_FS_*, before exec */
	bool		 kept;		/* still allowed after confine() */
};

struct page_line {			/* for `policy show` and doctor */
	const char	*text;
	const char	*reason;
};

struct page {
	const char	*process;	/* "cognition-worker" */
	const struct page_limit *limits;
	size_t		 nlimits;
	const struct page_file *files;
	size_t		 nfiles;
	const char	*run_as;	/* "tenant-range"; "" where nobody runs */
	bool		 landlock;	/* false: `file unrestricted` */
	uint64_t	 net;		/* LANDLOCK_NET_* that stay allowed */
	const struct sock_filter *filter;	/* for this architecture */
	unsigned short	 filter_len;	/* 0: `default none` */
	const struct page *outer;	/* filter before exec, or NULL */
	const struct page_line *lines;
	size_t		 nlines;
	bool		 sanitizer;	/* has the overlay: never installed */
};

/* One object per page, made by policyc from policy/NAME.policy. */
extern const struct page page_supervisor, page_judge, page_dialer,
    page_config_reader, page_cognition_worker, page_exec_stream,
    page_tracker_record, page_sandbox_launcher, page_guest, page_sandboxed,
    page_outer;

/*
 * In a fork of the supervisor, after the uid is set and before exec: Landlock
 * for the binary, its loader and libraries (the files of page_outer) and what
 * the page names, rlimits (lowered only), no_new_privs, then the outer filter.
 * dir is the working directory of a process whose page has "file .", or -1.
 * Descriptors that are open stay usable.  0, or -1 with errno and *step;
 * ENOTSUP: the kernel's Landlock is older than the floor.
 */
int	confine_before_exec(const struct page *, int binary, int dir,
	    const char **step);

/*
 * In the worker, after its libraries are initialised and before it reads
 * anything: an empty (or "kept" only) Landlock rule set, then the page's
 * filter.  "." is the working directory.  Ends the process with a log line if anything
 * is refused.
 */
void	confine(const struct page *);

/*
 * In the sandbox-launcher, the last step before it executes the guest (an
 * open descriptor of its binary): page_guest's rlimits and Landlock, seen from
 * the root as it is now, page_sandboxed's filter and page_guest's.  All that
 * the guest ever spawns inherits them.  0, or -1 with errno and *step.
 */
int	confine_guest(int guest, const char **step);

/*
 * Put only a page's filter in force, for a process that has no outer filter
 * (the supervisor).  Sets no_new_privs.  0, or -1 with errno and *step.
 */
int	confine_filter(const struct page *, const char **step);

/* Filters that /proc/PID/status must count above the supervisor's own. */
#define CONFINE_FILTERS		2	/* outer, page */
#define CONFINE_GUEST_FILTERS	3	/* outer, sandboxed, guest */

#endif
