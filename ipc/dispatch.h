/*
 * dispatch.h: include once per binary, after #define SELF JUDGE (or another
 * party): makes `dispatch_table`, which decodes each message that SELF may
 * receive and calls on_NAME().  A missing handler is a link error.
 * Runs in: every process.  Input: hostile.
 */
#ifndef SELF
#error "define SELF as the party of this binary"
#endif

#include "ipc/decode.h"

#define MESSAGE(name, from, to, when)					\
int	 on_##name(struct channel *, struct name *);		\
static inline int							\
dispatch_##name(struct channel *c, struct unpack *u, int *fds, size_t n)\
{									\
	struct name m;							\
	int status = -1;						\
									\
	if (decode_##name(c, u, fds, n, &m) == 0)			\
		status = on_##name(c, &m);				\
	clear_##name(&m);						\
	return status;							\
}
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#define MESSAGE(name, from, to, when)	\
	[MSG_##name] = ((to) & SELF) ? dispatch_##name : NULL,
#define FIELD(name, type, ...)
#define END(name)
static message_dispatch *const dispatch_table[MSG_COUNT] = {
#include "policy/messages.def"
};
#undef MESSAGE
#undef FIELD
#undef END
