/*
 * handlers.h: prototypes of on_NAME() for the files that hold the handlers.
 * Runs in: judge.  Input: none.
 */
#ifndef SALLYPORT_JUDGE_HANDLERS_H
#define SALLYPORT_JUDGE_HANDLERS_H

#include "ipc/ipc.h"

#define MESSAGE(name, from, to, when)	\
	int	 on_##name(struct channel *, struct name *);
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#endif
