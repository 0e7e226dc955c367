/*
 * fuzz_message.c: the message decoders, from a hostile peer's datagrams.
 * Runs in: libFuzzer.
 * Input: two bytes choose sender and phase, the rest is a datagram.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/util.h"
#include "ipc/value.h"

#define EVERYBODY	0x1ff
#define SELF		EVERYBODY
#include "ipc/dispatch.h"

static void
look_at(struct blob *b)
{
	const char *why;

	if (b->fd == -1 && b->data != NULL)
		value_free(value_decode(b->data, b->len, &why));
}

#define LOOK_u8(f)
#define LOOK_u32(f)
#define LOOK_u64(f)
#define LOOK_i64(f)
#define LOOK_flag(f)
#define LOOK_id(f)
#define LOOK_hash(f)
#define LOOK_text(f, n)		if (m->f[0] == '\xff') abort();
#define LOOK_bytes(f, n)	if (m->f.len > (n)) abort();
#define LOOK_blob(f, n)		look_at(&m->f);
#define LOOK_secret(f, n)	look_at(&m->f);
#define LOOK_descriptor(f)
#define MESSAGE(name, from, to, when)					\
int									\
on_##name(struct channel *c, struct name *m)				\
{									\
	(void)c;							\
	(void)m;
#define FIELD(name, type, ...)	LOOK_##type(__VA_ARGS__)
#define END(name)							\
	return 0;							\
}
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct channel c;
	int sv[2];

	if (len < 3 || len > MESSAGE_MAX)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sv) == -1)
		abort();
	channel_init(&c, sv[0], EVERYBODY, 1 << (data[0] % 9), dispatch_table);
	c.phase = 1 << (data[1] % 3);
	if (send(sv[1], data + 2, len - 2, 0) == (ssize_t)(len - 2))
		channel_receive(&c);
	channel_clear(&c);
	close(sv[1]);
	return 0;
}
