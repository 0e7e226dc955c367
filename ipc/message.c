/*
 * message.c: encoder, decoder and rule of each row of policy/messages.def.
 * Runs in: every process and the guest.
 * Input: decoders read hostile bytes; a field that does not fit is a fault.
 */
#include <errno.h>
#include <string.h>

#include "ipc/decode.h"
#include "ipc/send.h"
#include "ipc/util.h"
#include "protocol.h"

#define MESSAGE(name, from, to, when)	{ #name, from, to, when, 0
#define FIELD(name, type, ...)		+ 1
#define END(name)			},
const struct message_rule message_rules[MSG_COUNT] = {
#include "policy/messages.def"
};
#undef MESSAGE
#undef FIELD
#undef END

uint32_t
message_protocol(void)
{
	return PROTOCOL_DIGEST;
}

/* --- writing one field --- */

static void
put_text(struct outgoing_message *o, const char *s, size_t bound)
{
	size_t len = strnlen(s, bound + 1);

	if (len > bound || !utf8_valid(s, len))
		o->error = EMSGSIZE;
	else
		pack_textn(&o->pack, s, len);
}

static void
put_bytes(struct outgoing_message *o, const struct bytes *b, size_t bound)
{
	if (b->len > bound)
		o->error = EMSGSIZE;
	else
		pack_bytes(&o->pack, b->data, b->len);
}

static void
put_descriptor(struct outgoing_message *o, int fd, bool owned)
{
	if (fd < 0 || o->nfds == MESSAGE_FDS) {
		o->error = fd < 0 ? EBADF : EMSGSIZE;
		return;
	}
	o->owned[o->nfds] = owned;
	o->fds[o->nfds++] = fd;
}

/* Inside while the message stays small; else beside it, as a memfd. */
static void
put_blob(struct outgoing_message *o, const struct blob *b, size_t bound,
    bool secret)
{
	bool inside = !secret && b->len <= BLOB_INLINE &&
	    o->pack.len + b->len <= MESSAGE_MAX - 16384;
	int fd;

	if (b->len > bound) {
		o->error = EMSGSIZE;
	} else if (b->len == 0) {
		pack_bytes(&o->pack, "", 0);
	} else if (b->data != NULL && inside) {
		pack_bytes(&o->pack, b->data, b->len);
	} else if (b->fd >= 0) {
		pack_uint(&o->pack, b->len);
		put_descriptor(o, b->fd, false);
	} else {
		fd = memfd_sealed("blob", b->data, b->len);
		if (fd == -1) {
			o->error = errno;
			return;
		}
		pack_uint(&o->pack, b->len);
		put_descriptor(o, fd, true);
		if (o->error != 0)
			close(fd);
	}
}

#define PUT_u8(f)		pack_uint(&o.pack, m->f);
#define PUT_u32(f)		pack_uint(&o.pack, m->f);
#define PUT_u64(f)		pack_uint(&o.pack, m->f);
#define PUT_i64(f)		pack_int(&o.pack, m->f);
#define PUT_flag(f)		pack_bool(&o.pack, m->f);
#define PUT_id(f)		pack_bytes(&o.pack, m->f, 16);
#define PUT_hash(f)		pack_bytes(&o.pack, m->f, 32);
#define PUT_text(f, n)		put_text(&o, m->f, n);
#define PUT_bytes(f, n)		put_bytes(&o, &m->f, n);
#define PUT_blob(f, n)		put_blob(&o, &m->f, n, false);
#define PUT_secret(f, n)	put_blob(&o, &m->f, n, true);
#define PUT_descriptor(f)						\
	pack_nil(&o.pack);						\
	put_descriptor(&o, m->f, false);

#define MESSAGE(name, from, to, when)					\
int									\
send_##name(struct channel *c, const struct name *m)			\
{									\
	struct outgoing_message o;					\
									\
	if (outgoing_begin(&o, c, MSG_##name) == -1)			\
		return -1;						\
	(void)m;
#define FIELD(name, type, ...)	PUT_##type(__VA_ARGS__)
#define END(name)							\
	return outgoing_end(&o, c);					\
}
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

/* --- reading one field --- */

struct incoming {
	struct channel	*channel;
	struct unpack	*u;
	int		*fds;
	size_t		 nfds;
	size_t		 used;		/* descriptors that fields have taken */
};

static int
get_u(struct incoming *in, uint64_t most, uint64_t *n, const char *field)
{
	if (unpack_uint(in->u, n) == -1 || *n > most)
		return channel_fault(in->channel, "%s is no number or too large",
		    field);
	return 0;
}

static int
get_i64(struct incoming *in, int64_t *n, const char *field)
{
	if (unpack_int(in->u, n) == -1)
		return channel_fault(in->channel, "%s is no number", field);
	return 0;
}

static int
get_flag(struct incoming *in, bool *value, const char *field)
{
	if (unpack_bool(in->u, value) == -1)
		return channel_fault(in->channel, "%s is no truth value", field);
	return 0;
}

static int
get_fixed(struct incoming *in, uint8_t *out, size_t len, const char *field)
{
	const uint8_t *data;
	size_t n;

	if (unpack_bytes(in->u, &data, &n) == -1 || n != len)
		return channel_fault(in->channel, "%s is not %zu bytes", field,
		    len);
	memcpy(out, data, len);
	return 0;
}

static int
get_text(struct incoming *in, char *out, size_t bound, const char *field)
{
	const char *data;
	size_t n;

	if (unpack_text(in->u, &data, &n) == -1 || n > bound)
		return channel_fault(in->channel, "%s is no text or too long",
		    field);
	if (!utf8_valid(data, n) || memchr(data, '\0', n) != NULL)
		return channel_fault(in->channel, "%s is not clean UTF-8",
		    field);
	memcpy(out, data, n);
	out[n] = '\0';
	return 0;
}

static int
get_bytes(struct incoming *in, struct bytes *out, size_t bound,
    const char *field)
{
	if (unpack_bytes(in->u, &out->data, &out->len) == -1 ||
	    out->len > bound)
		return channel_fault(in->channel, "%s is no bytes or too long",
		    field);
	return 0;
}

static int
get_descriptor(struct incoming *in, int *out, const char *field)
{
	if (in->used == in->nfds)
		return channel_fault(in->channel, "%s has no descriptor",
		    field);
	*out = in->fds[in->used];
	in->fds[in->used++] = -1;
	return 0;
}

static int
get_nil_descriptor(struct incoming *in, int *out, const char *field)
{
	if (unpack_nil(in->u) == -1)
		return channel_fault(in->channel, "%s is no descriptor", field);
	return get_descriptor(in, out, field);
}

static int
get_blob(struct incoming *in, struct blob *out, uint64_t bound, bool secret,
    const char *field)
{
	uint64_t len;
	size_t n;

	if (unpack_next_is_bytes(in->u)) {
		if (unpack_bytes(in->u, &out->data, &n) == -1 || n > bound ||
		    n > BLOB_INLINE || (secret && n > 0))
			return channel_fault(in->channel,
			    "%s is cut or too long", field);
		out->len = n;
		return 0;
	}
	if (unpack_uint(in->u, &len) == -1 || len == 0 || len > bound ||
	    len > SIZE_MAX)
		return channel_fault(in->channel, "%s is no blob or too long",
		    field);
	if (get_descriptor(in, &out->fd, field) == -1)
		return -1;
	out->len = (size_t)len;
	if (memfd_check(out->fd, out->len) == -1)
		return channel_fault(in->channel,
		    "%s is not sealed or not of its size", field);
	return 0;
}

#define NUMBER(f, most)							\
	if (status == 0 && (status = get_u(&in, most, &n, #f)) == 0)	\
		m->f = n;
#define GET_u8(f)		NUMBER(f, UINT8_MAX)
#define GET_u32(f)		NUMBER(f, UINT32_MAX)
#define GET_u64(f)		NUMBER(f, UINT64_MAX)
#define GET_(call)		if (status == 0) status = call;
#define GET_i64(f)		GET_(get_i64(&in, &m->f, #f))
#define GET_flag(f)		GET_(get_flag(&in, &m->f, #f))
#define GET_id(f)		GET_(get_fixed(&in, m->f, 16, #f))
#define GET_hash(f)		GET_(get_fixed(&in, m->f, 32, #f))
#define GET_text(f, b)		GET_(get_text(&in, m->f, b, #f))
#define GET_bytes(f, b)		GET_(get_bytes(&in, &m->f, b, #f))
#define GET_blob(f, b)		GET_(get_blob(&in, &m->f, b, false, #f))
#define GET_secret(f, b)	GET_(get_blob(&in, &m->f, b, true, #f))
#define GET_descriptor(f)	GET_(get_nil_descriptor(&in, &m->f, #f))

#define START_u8(f)
#define START_u32(f)
#define START_u64(f)
#define START_i64(f)
#define START_flag(f)
#define START_id(f)
#define START_hash(f)
#define START_text(f, b)
#define START_bytes(f, b)
#define START_blob(f, b)	m->f.fd = -1;
#define START_secret(f, b)	m->f.fd = -1;
#define START_descriptor(f)	m->f = -1;

#define CLEAR_u8(f)
#define CLEAR_u32(f)
#define CLEAR_u64(f)
#define CLEAR_i64(f)
#define CLEAR_flag(f)
#define CLEAR_id(f)
#define CLEAR_hash(f)
#define CLEAR_text(f, b)
#define CLEAR_bytes(f, b)
#define CLEAR_blob(f, b)	blob_clear(&m->f);
#define CLEAR_secret(f, b)	blob_clear(&m->f);
#define CLEAR_descriptor(f)	if (m->f >= 0) close(m->f);

/* Every descriptor starts as -1, so that clearing is always safe. */
#define MESSAGE(name, from, to, when)					\
static void								\
start_##name(struct name *m)						\
{									\
	memset(m, 0, sizeof(*m));
#define FIELD(name, type, ...)	START_##type(__VA_ARGS__)
#define END(name)		}
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#define MESSAGE(name, from, to, when)					\
int									\
decode_##name(struct channel *c, struct unpack *u, int *fds,		\
    size_t nfds, struct name *m)					\
{									\
	struct incoming in = { c, u, fds, nfds, 0 };			\
	uint64_t n;							\
	int status = 0;							\
									\
	(void)n;							\
	start_##name(m);
#define FIELD(name, type, ...)	GET_##type(__VA_ARGS__)
#define END(name)							\
	if (status == 0 && u->at != u->end)				\
		status = channel_fault(c, "bytes behind its end");	\
	if (status == 0 && in.used != nfds)				\
		status = channel_fault(c, "descriptors too many");	\
	return status;							\
}
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

#define MESSAGE(name, from, to, when)					\
void									\
clear_##name(struct name *m)						\
{									\
	(void)m;
#define FIELD(name, type, ...)	CLEAR_##type(__VA_ARGS__)
#define END(name)		}
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END
