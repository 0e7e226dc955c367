/*
 * loop.h: a channel in a libevent loop; the only place where the two meet.
 * Runs in: judge, stream role, tracker, dialer.
 * Input: as ipc.h.
 */
#ifndef SALLYPORT_LOOP_H
#define SALLYPORT_LOOP_H

#include <event2/event.h>

#include "ipc/ipc.h"

/*
 * An event base that needs only epoll and no descriptors made later.
 * Must be called before the filter is on.
 */
struct event_base *loop_new(void);

/*
 * Serve the channel: messages go to their handlers; closed(channel, why) is
 * called once when the peer closes (why is NULL) or is at fault.  It may
 * channel_clear() and free the channel.
 */
void	 loop_add(struct event_base *, struct channel *,
	    void (*closed)(struct channel *, const char *why));
void	 loop_remove(struct channel *);

/* Stop and resume reading from a peer (back-pressure). */
void	 loop_pause(struct channel *);
void	 loop_resume(struct channel *);

#endif
