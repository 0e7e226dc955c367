/*
 * close.h: closing a descriptor before its variable goes out of scope.
 * Runs in: supervisor.
 * Input: none.
 */
#ifndef SALLYPORT_CLOSE_H
#define SALLYPORT_CLOSE_H

#include "ipc/util.h"

/* Close it if it is open, keep errno, and leave -1. */
static inline void
close_now(int *fd)
{
	int taken = steal_fd(fd);

	close_pointer(&taken);
}

#endif
