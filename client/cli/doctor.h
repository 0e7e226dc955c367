/*
 * doctor.h: one check of `doctor` and what it found.
 * Runs in: sallyport.  Input: the machine it runs on.
 */
#ifndef SALLYPORT_CLI_DOCTOR_H
#define SALLYPORT_CLI_DOCTOR_H

#include "client/cli/cli.h"

enum check_state {
	CHECK_ok,
	CHECK_limited,		/* works, with less; not a failure */
	CHECK_missing
};

struct finding {
	enum check_state state;
	char		 detail[512];	/* may quote others: escaped */
};

/* Fill *f. */
void	 found(struct finding *, enum check_state, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* doctor_kernel.c: what the kernel offers; the namespaces are really tried. */
void	 check_kernel(struct cli *, struct finding *);
void	 check_landlock(struct cli *, struct finding *);
void	 check_seccomp(struct cli *, struct finding *);
void	 check_user_namespace(struct cli *, struct finding *);
void	 check_pid_namespace(struct cli *, struct finding *);
void	 check_net_namespace(struct cli *, struct finding *);
void	 check_mount_namespace(struct cli *, struct finding *);

/* doctor_system.c: what is installed, and whether it works together. */
void	 check_cgroup(struct cli *, struct finding *);
void	 check_python(struct cli *, struct finding *);
void	 check_programs(struct cli *, struct finding *);
void	 check_supervisor(struct cli *, struct finding *);
void	 check_sandbox(struct cli *, struct finding *);

#endif
