/*
 * ipc.h: messages between processes, as policy/messages.def has them.
 * Runs in: every process and the guest.
 * Input: hostile; a message that breaks its row ends the peer that sent it.
 */
#ifndef SALLYPORT_IPC_H
#define SALLYPORT_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/pack.h"

/* Who can be at an end of a channel; used as bits in messages.def. */
enum party {
	SUPERVISOR	= 1 << 0,
	JUDGE		= 1 << 1,
	COGNITION	= 1 << 2,
	STREAM		= 1 << 3,
	TRACKER		= 1 << 4,
	DIALER		= 1 << 5,
	CONFIG		= 1 << 6,
	GUEST		= 1 << 7,
	CLIENT		= 1 << 8
};

/* How far a channel is; both ends keep it themselves; bits in messages.def. */
enum phase {
	STARTING	= 1 << 0,	/* the peer is not verified yet */
	RUNNING		= 1 << 1,	/* work goes on */
	ENDING		= 1 << 2,	/* the last word was said */
	ANY		= STARTING | RUNNING | ENDING
};

#define MESSAGE_MAX	65536		/* bytes of one datagram or frame */
#define MESSAGE_FDS	8		/* descriptors beside one datagram */
#define BLOB_INLINE	16384		/* bytes; a larger blob is a memfd */
#define KiB		1024u
#define MiB		(1024u * 1024u)

struct bytes {
	const uint8_t	*data;		/* borrowed */
	size_t		 len;
};

/*
 * Bytes that may be large.  To send: set data and len (small ones travel
 * inside, large ones are copied into a sealed memfd) or fd and len (passed on
 * as it is).  Received: data is set if it came inside; else fd is a sealed
 * memfd of len bytes, checked, and not mapped until blob_map().
 */
struct blob {
	const uint8_t	*data;
	size_t		 len;		/* bytes; 0 is 'none' */
	int		 fd;		/* -1 if inside */
	bool		 mapped;	/* data is our mapping of fd */
};

#define BLOB_NONE	((struct blob){ .fd = -1 })
#define BLOB(d, l)	((struct blob){ .data = (const uint8_t *)(d), \
			    .len = (l), .fd = -1 })

int	 blob_map(struct blob *);	/* 0, or -1 with errno */
void	 blob_clear(struct blob *);	/* unmap, close */
/* Take a received blob out of its message: copied if inside, else moved. */
struct blob blob_take(struct blob *);	/* blob_free() it */
void	 blob_free(struct blob *);
/* A sealed memfd with these bytes, or -1 with errno. */
int	 memfd_sealed(const char *name, const void *, size_t len);
/* 0 if fd is a memfd sealed against write, grow and shrink, of len bytes. */
int	 memfd_check(int fd, size_t len);

/* struct NAME for each row of messages.def. */
#define MEMBER_u8(f)		uint8_t f;
#define MEMBER_u32(f)		uint32_t f;
#define MEMBER_u64(f)		uint64_t f;
#define MEMBER_i64(f)		int64_t f;
#define MEMBER_flag(f)		bool f;
#define MEMBER_id(f)		uint8_t f[16];
#define MEMBER_hash(f)		uint8_t f[32];
#define MEMBER_text(f, n)	char f[(n) + 1];
#define MEMBER_bytes(f, n)	struct bytes f;
#define MEMBER_blob(f, n)	struct blob f;
#define MEMBER_secret(f, n)	struct blob f;
#define MEMBER_descriptor(f)	int f;

#define MESSAGE(name, from, to, when)	struct name {
#define FIELD(name, type, ...)		MEMBER_##type(__VA_ARGS__)
#define END(name)			};
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#define MESSAGE(name, from, to, when)	MSG_##name,
#define FIELD(name, type, ...)
#define END(name)
enum message {
#include "policy/messages.def"
	MSG_COUNT
};
#undef MESSAGE
#undef FIELD
#undef END

struct message_rule {
	const char	*name;
	unsigned	 from;		/* enum party bits */
	unsigned	 to;
	unsigned	 when;		/* enum phase bits */
	unsigned	 arity;		/* fields */
};

extern const struct message_rule message_rules[MSG_COUNT];
uint32_t	 message_protocol(void);	/* digest of messages.def */

struct channel;
struct outgoing;

/* Decodes the fields of one message and calls its handler. */
typedef int	 message_dispatch(struct channel *, struct unpack *,
		    int *fds, size_t nfds);

struct channel {
	int		 fd;		/* owned */
	enum party	 self;
	enum party	 peer;
	enum phase	 phase;
	bool		 framed;	/* byte stream (guest), not SEQPACKET */
	void		*owner;		/* what the room's handlers find */
	message_dispatch *const *table;	/* [MSG_COUNT], from dispatch.h */
	char		 why[160];	/* why the last receive failed */
	bool		 broken;	/* no more sending */
	bool		*gone;		/* channel_clear() sets it */
	uint8_t		*in;		/* receive buffer, owned */
	uint8_t		*out;		/* of the last large message, owned */
	size_t		 out_cap;	/* bytes of that */
	size_t		 in_at;		/* where unread bytes begin (framed) */
	size_t		 in_len;	/* where they end */
	struct outgoing	*head, **tail;	/* waiting to be sent, owned */
	size_t		 queued;	/* bytes waiting */
	size_t		 queue_max;	/* more than that breaks the channel */
	void		(*changed)(struct channel *);	/* loop.c: look again */
	void		*reading, *writing;	/* struct event, loop.c */
	void		(*closed)(struct channel *, const char *why);
};

enum received {
	RECEIVED = 1,		/* one message was handled */
	RECEIVE_AGAIN = 0,	/* nothing there (non-blocking descriptor) */
	RECEIVE_CLOSED = -1,	/* the peer closed; why says so */
	RECEIVE_FAULT = -2	/* the peer broke the contract; why says how */
};

void	 channel_init(struct channel *, int fd, enum party self,
	    enum party peer, message_dispatch *const *table);
/*
 * Closes the descriptor and frees what waits.  A handler may clear the channel
 * that it is called for, and must then not touch the message's bytes again.
 */
void	 channel_clear(struct channel *);

/*
 * Read and handle one message.  On a blocking descriptor it waits.  A handler
 * returns 0, or -1 after channel_fault() if the content breaks the contract.
 */
enum received channel_receive(struct channel *);
int	 channel_fault(struct channel *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));	/* returns -1 */

/* Send what waits: 0 all gone, 1 more waits, -1 broken. */
int	 channel_flush(struct channel *);

/*
 * int send_NAME(struct channel *, const struct NAME *): 0, or -1 with
 * errno: EPIPE (peer gone), EMSGSIZE (a field over its bound), EPERM (not
 * ours to send, or not in this phase), ENOBUFS (peer does not read).
 * Descriptors and blobs in the struct stay the caller's.
 */
#define MESSAGE(name, from, to, when)	\
	int	 send_##name(struct channel *, const struct name *);
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

/*
 * What every worker does when it is confined: send `ready` on its channel and
 * turn log lines into `note` messages.  A probe build replaces this object.
 */
void	 worker_ready(struct channel *);

#endif
