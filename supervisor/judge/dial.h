/*
 * dial.h: which connections a run may have, and those it waits for.
 * Runs in: judge.
 * Input: hosts that a cognition-worker names and sockets that the dialer
 * brings; both may lie.
 */
#ifndef SALLYPORT_JUDGE_DIAL_H
#define SALLYPORT_JUDGE_DIAL_H

#include <sys/socket.h>

#include "supervisor/judge/judge.h"

struct dial {
	LIST_ENTRY(dial) next;
	uint64_t	 id;
	struct run	*run;		/* NULL: nobody waits any more */
	uint16_t	 port;
	bool		 private_allowed;
	bool		 sent;		/* the dialer has it */
	char		 host[254];
};

/* Dial for a run, at once or as soon as there is a dialer. */
void	 dial_begin(struct run *, const char *host, uint16_t port);
void	 dial_end(struct dial *, int socket);	/* borrowed; -1: refused */
void	 dial_refuse(struct dial *, const char *reason);
struct dial *dial_find(struct judge *, uint64_t id);
void	 dial_forget(struct judge *, const struct run *);

void	 dialer_want(struct judge *);
void	 dialer_usable(struct judge *);
void	 dialer_lost(struct judge *, const char *why, bool fault);
void	 dialer_retry_init(struct judge *);

/* True if nothing outside this machine's own networks is at the address. */
bool	 address_private(const struct sockaddr *);

/* 0, or -1 with why if the socket is not what was asked for. */
int	 dial_check(int fd, const struct dial *, const char **why);

#endif
