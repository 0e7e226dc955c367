/*
 * content.c: bytes of a file that a guest sends: counted, digested, kept.
 * Runs in: exec-worker, stream role, confined.
 * Input: hostile bytes; how many may come was asked for and is checked before.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "exec-worker/stream/stream.h"

void
content_init(struct content *c, int keep)
{
	content_clear(c);
	c->keep = keep;
	crypto_hash_sha256_init(&c->digest);
	if (keep != KEEP_memfd)
		return;
	c->fd = memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (c->fd == -1) {
		c->failed = true;
		c->error = errno;
	}
}

/* A job of zeros has fd 0, which is never ours. */
void
content_clear(struct content *c)
{
	free(c->data);
	if (c->fd > 0)
		close(c->fd);
	*c = (struct content){ .fd = -1 };
}

static void
add_memory(struct content *c, const uint8_t *data, size_t len)
{
	size_t cap = c->cap > 0 ? c->cap : 4096;

	while (cap < c->len + len)
		cap *= 2;
	if (cap > c->cap) {
		c->data = xrealloc(c->data, cap);
		c->cap = cap;
	}
	memcpy(c->data + c->len, data, len);
	c->len += len;
}

static void
add_memfd(struct content *c, const uint8_t *data, size_t len)
{
	while (len > 0 && !c->failed) {
		ssize_t n = write(c->fd, data, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			c->failed = true;
			c->error = errno;
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

void
content_add(struct content *c, const uint8_t *data, size_t len)
{
	if (len == 0)
		return;
	crypto_hash_sha256_update(&c->digest, data, len);
	c->total += len;
	if (c->keep == KEEP_memory)
		add_memory(c, data, len);
	else if (c->keep == KEEP_memfd)
		add_memfd(c, data, len);
}

void
content_digest(struct content *c, uint8_t digest[32])
{
	crypto_hash_sha256_state state = c->digest;

	crypto_hash_sha256_final(&state, digest);
}

int
content_seal(struct content *c)
{
	if (c->failed || fcntl(c->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
	    F_SEAL_SHRINK | F_SEAL_SEAL) == -1)
		return -1;
	return steal_fd(&c->fd);
}
