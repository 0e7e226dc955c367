/*
 * pack.h: writing msgpack, and reading it strictly in place.
 * Runs in: every process and the guest; needs only libc.
 * Input: unpack_* read hostile bytes; every claimed length is checked against
 * the bytes that are there.  Source: msgpack specification of 2013, no ext.
 */
#ifndef SALLYPORT_PACK_H
#define SALLYPORT_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing buffer; past max bytes it fails, and stays failed. */
struct pack {
	uint8_t	*data;		/* owned */
	size_t	 len;		/* bytes written */
	size_t	 cap;		/* bytes allocated */
	size_t	 max;		/* most bytes it may grow to */
	bool	 failed;	/* something did not fit: do not use data */
};

void	pack_init(struct pack *, size_t max);
void	pack_clear(struct pack *);
void	pack_nil(struct pack *);
void	pack_bool(struct pack *, bool);
void	pack_int(struct pack *, int64_t);
void	pack_uint(struct pack *, uint64_t);
void	pack_real(struct pack *, double);
void	pack_text(struct pack *, const char *);
void	pack_textn(struct pack *, const void *, size_t len);
void	pack_bytes(struct pack *, const void *, size_t len);
void	pack_list(struct pack *, size_t count);
void	pack_map(struct pack *, size_t count);
/* Bytes that are msgpack already. */
void	pack_raw(struct pack *, const void *, size_t len);

/* pack_textn if the bytes are UTF-8, else pack_bytes. */
void	pack_either(struct pack *, const void *, size_t len);

/* Map entries with a literal key. */
void	pack_key_text(struct pack *, const char *key, const char *);
void	pack_key_uint(struct pack *, const char *key, uint64_t);
void	pack_key_int(struct pack *, const char *key, int64_t);
void	pack_key_bool(struct pack *, const char *key, bool);

/* A place in bytes that somebody else wrote. */
struct unpack {
	const uint8_t	*at;
	const uint8_t	*end;
};

/* All return 0, or -1 if the next item is not of that kind or is cut. */
void	unpack_init(struct unpack *, const void *, size_t len);
int	unpack_nil(struct unpack *);
int	unpack_bool(struct unpack *, bool *);
int	unpack_int(struct unpack *, int64_t *);
int	unpack_uint(struct unpack *, uint64_t *);
int	unpack_text(struct unpack *, const char **, size_t *len);
int	unpack_bytes(struct unpack *, const uint8_t **, size_t *len);
int	unpack_list(struct unpack *, uint32_t *count);
int	unpack_map(struct unpack *, uint32_t *count);
bool	unpack_next_is_bytes(const struct unpack *);
bool	unpack_next_is_nil(const struct unpack *);

/*
 * The bounds pass: the bytes are exactly one item, nested at most depth deep,
 * of at most items items; text is UTF-8, no ext types, map keys are text
 * (value_decode also finds keys that are repeated).  Returns 0 or -1
 * with *why set to a static text.
 */
int	msgpack_bounds(const void *, size_t len, unsigned depth, size_t items,
	    const char **why);

#endif
