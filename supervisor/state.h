/*
 * state.h: the state directory, its lock, and the control socket.
 * Runs in: supervisor.
 * Input: trusted paths; what lies there is checked.
 */
#ifndef SALLYPORT_STATE_H
#define SALLYPORT_STATE_H

#include <stdint.h>
#include <sys/types.h>

#include "supervisor/options.h"

struct state {
	int	 dir;		/* the state directory, owned, or -1 */
	int	 lock;		/* STATE/lock, held, or -1 */
	int	 socket_dir;	/* where the control socket lies, or -1 */
	char	 socket_name[NAME_MAX + 1];
	int	 listener;	/* SEQPACKET, listening, non-blocking, or -1 */
};

void	state_init(struct state *);

/*
 * Make and check the directory, take its lock, bind the socket.  0, or the
 * status to exit with after a log line: 75 if another supervisor has it.
 */
int	state_open(struct state *, const struct options *);

/* Remove the socket, let the lock go. */
void	state_close(struct state *);

/* What a tenant is called on the disk and in what is signed for it. */
void	tenant_name(char name[65], uint32_t tenant);

/* A directory in one of ours, made 0700 if it is missing; -1 with errno. */
int	state_subdirectory(int dir, const char *name);

/* Make each missing directory of an absolute path: 0, or -1 with errno. */
int	directory_make(const char *path, mode_t);

/*
 * The directory of a tenant's record, made if it is missing, for its owner
 * alone.  A descriptor that is the caller's, or -1 with errno.
 */
int	state_record_dir(const struct state *, uint32_t tenant, uid_t owner);

#endif
