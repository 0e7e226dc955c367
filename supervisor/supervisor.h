/*
 * supervisor.h: the door of the supervisor's room.
 * Runs in: supervisor, as root or as the user who started it.
 * Input: nothing hostile: its only partner is the judge, by messages.def.
 */
#ifndef SALLYPORT_SUPERVISOR_H
#define SALLYPORT_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/ipc.h"
#include "policy/confine.h"
#include "supervisor/cgroup.h"
#include "supervisor/children.h"
#include "supervisor/options.h"
#include "supervisor/signing.h"
#include "supervisor/state.h"

#define CONFIG_FILES	8	/* at most */
#define START_TIME	10000u	/* ms from fork to verified, at most */
#define STOP_TIME	30000u	/* ms from SIGTERM to leave_request */
#define LEAVE_TIME	5000u	/* ms that killed children may take to go */
#define SPARE_AFTER	5u	/* ms from one sandbox to the next, ahead */
#define SPARE_TIME	60000u	/* ms that one built ahead waits for its use */

/* Host uids when started by root; see uid_for. */
#define UID_BASE	1900000000u
#define UID_RANGE	65536u	/* uids of one tenant */
#define TENANTS_MOST	30000u

struct config_source {
	char	 path[PATH_MAX];
	uint8_t	 digest[32];	/* SHA-256 of the bytes */
	int	 fd;		/* sealed memfd with exactly those, owned */
};

struct configuration_files {
	struct config_source file[CONFIG_FILES];
	uint32_t	 count;
};

/* What a child is started with; see spawn(). */
struct spawn {
	enum program	 program;
	uid_t		 uid;
	const int	*fds;		/* become 3, 4, ...; borrowed */
	size_t		 nfds;
	int		 dir;		/* working directory, or -1: / */
	char *const	*argv;
	uint32_t	 cgroup;	/* number of the group to join, or 0 */
};

struct sandbox;

struct supervisor {
	struct options	 options;
	struct state	 state;
	struct signing	 signing;
	struct cgroups	 cgroups;
	struct configuration_files config;
	struct channel	 judge;
	struct child	*children;	/* all that runs, owned */
	struct sandbox	*sandboxes;	/* with a cgroup or a launcher, owned */
	int		 programs[PROGRAM_COUNT];	/* O_PATH */
	int		 ca_bundle;	/* sealed memfd */
	int		 null;		/* /dev/null */
	bool		 root;		/* each process gets its own uid */
	uid_t		 uid;		/* ours */
	unsigned	 filters;	/* seccomp's, that children inherit */
	uint32_t	 uid_tenant;	/* whose uid was given last, ... */
	uint32_t	 uid_offset;	/* ... and its place in the range */
	uint32_t	 cgroup_last;	/* last number given */
	uint32_t	 spare_tenant;	/* for whom a sandbox is built ahead */
	uint64_t	 spare_at;	/* mono ms; 0: none is due */
	uint64_t	 spare_until;	/* mono ms; 0: there is none */
	unsigned	 signals;	/* SIGTERM and SIGINT so far */
	uint64_t	 stop_by;	/* mono ms; 0: not stopping */
	bool		 leaving;	/* the loop ends */
	int		 status;	/* to exit with */
};

/* End the loop; the first status stays. */
void	supervisor_leave(struct supervisor *, int status);

/* --- programs.c --- */
/* Open all binaries of libexec: 0, or -1 after a log line. */
int	programs_open(struct supervisor *);
const char *program_name(enum program);
const struct page *program_page(enum program);	/* NULL for the guest */
/* The program of a role that the judge may ask for, or PROGRAM_COUNT. */
enum program program_of_role(uint32_t role);
/* The uid for a new process: the fixed one, or the tenant's next free. */
uid_t	uid_for(struct supervisor *, enum program, uint32_t tenant);

/* --- config_files.c --- */
/* Open, check, hash: 0, or -1 after a log line, leaving *files as it was. */
int	config_files_read(struct configuration_files *files,
	    const struct options *);
void	config_files_clear(struct configuration_files *);
int	config_files_send(struct supervisor *);
/* The system's CA bundle as a sealed memfd, empty if there is none. */
int	ca_bundle_read(void);

/* --- spawn.c --- */
/*
 * Fork and execute.  Returns when the program runs: the child, which is in
 * s->children, or NULL with errno and *step.
 */
struct child *spawn(struct supervisor *, const struct spawn *,
	    const char **step);

/* --- workers.c --- */
/* Start the judge and say the first words to it: 0, or -1. */
int	judge_start(struct supervisor *);
/* A worker as the judge asks for it; stream is a guest's, or -1. */
struct worker {
	enum program	 program;
	uint32_t	 number;
	uint32_t	 tenant;
	int		 stream;
};
/* Start it: the child and our end of its channel, or NULL. */
struct child *worker_spawn(struct supervisor *, const struct worker *,
	    int *channel, const char **step);
int	worker_announce(struct supervisor *, const struct child *,
	    int channel);
/* Start it and tell the judge: 0, or -1 with errno and *step. */
int	worker_start(struct supervisor *, const struct worker *,
	    const char **step);

/* --- sandbox.c --- */
int	sandbox_start(struct supervisor *, const struct sandbox_request *,
	    const char **step);
/* Build one ahead if it is due; end one that nobody has used for long. */
void	sandbox_ahead(struct supervisor *);
/* End the one that was built ahead, if any. */
void	sandbox_drop(struct supervisor *);
/*
 * The sockets, at most `most`, of launchers that were told to go on and have
 * not reported yet.
 */
size_t	sandbox_reports(const struct supervisor *, int *fds, size_t most);
void	sandbox_report(struct supervisor *, int fd);
bool	sandbox_pending(const struct supervisor *);
bool	sandbox_uid_used(const struct supervisor *, uid_t);
/* A launcher or guest is gone; true if its group counted an oom kill. */
bool	sandbox_ended(struct supervisor *, const struct child *);
/* Remove the groups of sandboxes that are gone. */
void	sandbox_clean(struct supervisor *);

/* --- serve.c --- */
void	serve(struct supervisor *);
void	children_reap(struct supervisor *);
/* Kill and wait for everything. */
void	children_end(struct supervisor *);

/* --- notify.c --- */
void	notify_ready(struct supervisor *);
void	notify_stopping(void);

#endif
