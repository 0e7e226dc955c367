/*
 * client.h: those who are connected to the control socket.
 * Runs in: judge.
 * Input: hostile; who a client is comes from SO_PEERCRED and nothing else.
 */
#ifndef SALLYPORT_JUDGE_CLIENT_H
#define SALLYPORT_JUDGE_CLIENT_H

#include "supervisor/judge/judge.h"
#include "supervisor/judge/provider.h"

#define CLIENT_QUEUE	(16u * MiB)	/* more unread: it is dropped */
#define CLIENT_SLOW	(256u * KiB)	/* more unread: live text is left out */
#define CLIENT_ROWS	64u		/* of one query on their way */
#define CLIENT_QUERIES	8u
#define CLIENT_WATCHES	16u
#define CLIENT_CREDIT	(4u * MiB)	/* output of one call on its way */

struct client {
	LIST_ENTRY(client) next;
	struct judge	*judge;
	struct channel	 channel;	/* owner is this struct */
	uint32_t	 uid, pid;
	bool		 gone;		/* freed by the sweep */
	unsigned	 nqueries, nwatches;
	struct event	*timer;		/* until hello */
};

/* A new connection on the control socket. */
void	 client_accept(evutil_socket_t, short, void *judge);
struct client *client_new(struct judge *, int fd, uint32_t uid, uint32_t pid);
/* Drop it; its attached runs and sandboxes are told. */
void	 client_drop(struct client *, const char *why);
bool	 client_slow(const struct client *);	/* reads too slowly for live */
void	 client_sweep(struct judge *);

/* Answers: both are allowed for NULL. */
void	 client_refuse(struct client *, uint64_t request,
	    const struct refusal *);
void	 client_done(struct client *, uint64_t request, const char *message);

/* May this client end or use that run? */
bool	 client_may(const struct client *, const struct run *);

/*
 * A copy of the configuration with the request's settings, or NULL with the
 * refusal.  Through a daemon's socket limits may only shrink.
 */
struct config *client_config(struct client *, struct blob *settings,
	    struct refusal *);

#endif
