/*
 * send.h: between message.c, which encodes, and channel.c, which sends.
 * Runs in: every process.  Input: ours.
 */
#ifndef SALLYPORT_SEND_H
#define SALLYPORT_SEND_H

#include "ipc/ipc.h"

struct outgoing_message {
	struct pack	 pack;
	int		 fds[MESSAGE_FDS];
	bool		 owned[MESSAGE_FDS];	/* ours to close */
	size_t		 nfds;
	int		 error;			/* errno, 0 if none failed */
};

/* Check the rule and write the head; -1 with errno EPERM or EPIPE. */
int	 outgoing_begin(struct outgoing_message *, struct channel *,
	    enum message);
/* Send or queue it, and release it; -1 with errno. */
int	 outgoing_end(struct outgoing_message *, struct channel *);

#endif
