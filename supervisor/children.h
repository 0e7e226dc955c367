/*
 * children.h: the table of processes that the supervisor has started.
 * Runs in: supervisor.
 * Input: numbers that the judge chose; pids from the kernel.
 */
#ifndef SALLYPORT_CHILDREN_H
#define SALLYPORT_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum program {
	PROGRAM_JUDGE,
	PROGRAM_DIALER,
	PROGRAM_CONFIG,
	PROGRAM_COGNITION,
	PROGRAM_STREAM,
	PROGRAM_TRACKER,
	PROGRAM_LAUNCHER,
	PROGRAM_GUEST,
	PROGRAM_COUNT
};

struct child {
	struct child	*next;
	uint32_t	 number;	/* the judge's; 0: judge or launcher */
	enum program	 program;
	pid_t		 pid;
	int		 pidfd;		/* owned */
	uid_t		 uid;
	uint64_t	 deadline;	/* mono ms; 0: it is verified */
	uint32_t	 cgroup;	/* its sandbox's number, or 0 */
};

#define CHILDREN_MOST	8192

/* Add one; takes the pidfd. */
struct child *child_add(struct child **, pid_t, int pidfd);
struct child *child_find(struct child *, uint32_t number);	/* not 0 */
struct child *child_find_pid(struct child *, pid_t);
struct child *child_find_program(struct child *, enum program);
bool	child_uid_used(const struct child *, uid_t);
size_t	child_count(const struct child *);
/* The child whose time to be verified is over first, or NULL. */
struct child *child_due(struct child *);
void	child_kill(const struct child *);
/* Take it out of the table and free it. */
void	child_remove(struct child **, struct child *);

#endif
