/*
 * process.h: the processes that the judge asked for, and how far each is.
 * Runs in: judge.
 * Input: their channels are hostile; nothing is sent before `verified`.
 */
#ifndef SALLYPORT_JUDGE_PROCESS_H
#define SALLYPORT_JUDGE_PROCESS_H

#include "supervisor/judge/judge.h"

enum process_state {
	PROCESS_asked,		/* the supervisor was asked for it */
	PROCESS_starting,	/* its channel is here, `ready` is not */
	PROCESS_verifying,	/* the supervisor looks at it from outside */
	PROCESS_usable,		/* confined: it may be given work */
	PROCESS_gone		/* nothing of it counts; freed by the sweep */
};

struct process {
	LIST_ENTRY(process) next;
	struct judge	*judge;
	struct run	*run;		/* whose it is, or NULL */
	uint32_t	 number;	/* the judge's number for it */
	enum party	 role;		/* a GUEST has no channel to us */
	enum process_state state;
	uint32_t	 pid, uid;	/* once spawned */
	struct channel	 channel;	/* owner is this struct */
	bool		 has_channel;
	bool		 closed;	/* its end of the channel is closed */
	bool		 exited;	/* the supervisor has reaped it */
	bool		 out_of_memory;	/* its cgroup counted an oom kill */
	uint32_t	 status;	/* as waitpid(2), if exited */
	char		 cgroup[129];	/* guest: "v1", "v2", or why none */
	unsigned	 notes;		/* log lines it has sent */
	struct event	*timer;		/* start-up, later its exit */
};

const char	*role_name(enum party);

/* Ask for a worker; NULL if the supervisor cannot be asked. */
struct process	*process_ask(struct judge *, enum party role, struct run *);

/* Ask for a sandbox: its stream role and its guest. 0, or -1. */
int		 process_ask_sandbox(struct run *);

struct process	*process_find(struct judge *, uint32_t number);

/* True if it may be sent work. */
bool		 process_usable(const struct process *);

/* Steps, driven by the supervisor's answers. */
void		 process_spawned(struct process *, struct spawned *);
void		 process_verified(struct process *, const struct verified *);
void		 process_exited(struct process *, const struct exited *);

/* It is not wanted any more: killed, forgotten, its run is not told. */
void		 process_kill(struct process *);

/* It cannot be used: killed, and its owner told why. */
void		 process_lost(struct process *, const char *why, bool fault);

/* Called by the sweep: frees those that are gone. */
void		 process_sweep(struct judge *);

#endif
