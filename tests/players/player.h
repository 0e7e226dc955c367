/*
 * player.h: handlers of a player, and the table that finds them.
 * Runs in: players, in the place of the judge.
 * Input: from the real supervisor.
 */
#ifndef SALLYPORT_PLAYER_H
#define SALLYPORT_PLAYER_H

#include "ipc/ipc.h"

message_dispatch *const *player_table(void);

#define MESSAGE(name, from, to, when)	\
	int	on_##name(struct channel *, struct name *);
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#endif
