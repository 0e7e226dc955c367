/*
 * decode.h: the decoders that dispatch.h calls; nobody else needs them.
 * Runs in: every process.  Input: hostile.
 */
#ifndef SALLYPORT_DECODE_H
#define SALLYPORT_DECODE_H

#include "ipc/ipc.h"

/*
 * Fill the struct from the fields of one message, or channel_fault().  Bytes
 * are borrowed from the datagram, descriptors move from fds into the struct.
 * clear_NAME() closes what the handler did not take.
 */
#define MESSAGE(name, from, to, when)					\
	int	 decode_##name(struct channel *, struct unpack *,	\
		    int *fds, size_t nfds, struct name *);		\
	void	 clear_##name(struct name *);
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#endif
