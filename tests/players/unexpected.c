/*
 * unexpected.c: a handler for every message, weak, so that a player writes
 * only those that it waits for.
 * Runs in: players.  Input: from the real supervisor.
 */
#define SELF JUDGE
#include "ipc/dispatch.h"
#include "tests/players/player.h"

#define MESSAGE(name, from, to, when)					\
	__attribute__((weak)) int					\
	on_##name(struct channel *c, struct name *m)			\
	{								\
		(void)m;						\
		return channel_fault(c, "unexpected " #name);		\
	}
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

message_dispatch *const *
player_table(void)
{
	return dispatch_table;
}
