/*
 * launcher.h: the door of the launcher: the stages of building one sandbox.
 * Runs in: sandbox-launcher, with a host uid that owns nothing there.
 * Input: arguments from the supervisor; nothing that a model or a tool wrote.
 */
#ifndef SALLYPORT_LAUNCHER_H
#define SALLYPORT_LAUNCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/launch.h"

#define INSIDE_ID	1000	/* uid and gid of everything in the sandbox */

struct launch {
	uint64_t	 number[LAUNCH_NUMBERS]; /* by enum launch_number */
	const char	*root;		/* where the system is taken from */
	int		 executed;	/* closes when the guest is executed */
	int		 error;		/* errno of the first failure */
	char		 step[124];	/* what failed */
};

/* Note what failed, with errno; returns -1.  The first failure stays. */
int	launch_failed(struct launch *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Become 'root' of a user namespace that maps INSIDE_ID to our own ids. */
int	user_enter(struct launch *);

/*
 * Start PID 1 of the new namespaces as a child of our parent; wait until it
 * has executed the guest or failed.  Returns its pidfd, or -1.
 */
int	sandbox_start(struct launch *);

/* In PID 1: assemble the file system and leave the old one behind. */
int	root_build(struct launch *);
int	etc_build(struct launch *);	/* the sandbox's own /etc */
int	dev_build(struct launch *);
int	proc_build(struct launch *);
/* Attach what is at `from`, seen from dir, to `to` in the new root. */
int	bind_at(struct launch *, int dir, const char *from, const char *to,
	    uint64_t attributes);

/* In PID 1: limits, no capability, Landlock, the filter, only our files. */
int	rights_drop(struct launch *);

#endif
