/*
 * cgroup.h: one control group per native sandbox, v1 or v2.
 * Runs in: supervisor.
 * Input: the kernel's files, and limits that the judge took from the
 * configuration.
 */
#ifndef SALLYPORT_CGROUP_H
#define SALLYPORT_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_controller { CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CPU,
	CGROUP_CONTROLLERS };

struct cgroups {
	int	 version;	/* 1, 2, or 0: none can be made */
	char	 said[128];	/* "v1", "v2", or why there is none */
	/* Where ours are made; with v2 only the first, for all controllers. */
	char	 base[CGROUP_CONTROLLERS][PATH_MAX];
	char	 own[PATH_MAX];	/* v2: the group that we made room in, or "" */
};

struct cgroup_limits {
	uint64_t memory;	/* bytes */
	uint32_t processes;
	uint32_t cpu;		/* thousandths of one CPU */
};

/*
 * Find out what can be made, and make the base; leftovers of supervisors that
 * are gone are removed.  Never fails: see version and said.
 */
void	cgroups_init(struct cgroups *);
void	cgroups_clear(struct cgroups *);

/*
 * A group by its number, without limits if they are NULL: 0, or -1 with errno
 * and *step.
 */
int	cgroup_make(const struct cgroups *, uint32_t number,
	    const struct cgroup_limits *, const char **step);
int	cgroup_limit(const struct cgroups *, uint32_t number,
	    const struct cgroup_limits *, const char **step);
/* The calling process joins it: 0, or -1 with errno. */
int	cgroup_join(const struct cgroups *, uint32_t number);
/* True if the kernel killed something in it for want of memory. */
bool	cgroup_out_of_memory(const struct cgroups *, uint32_t number);
/* 0 if it is gone; -1 while something is still in it: try again later. */
int	cgroup_remove(const struct cgroups *, uint32_t number);

#endif
