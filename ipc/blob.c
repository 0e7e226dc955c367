/*
 * blob.c: bytes that may be large: inside a message, or a sealed memfd.
 * Runs in: every process.
 * Input: a received descriptor is hostile until its seals and size are seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "ipc/ipc.h"
#include "ipc/util.h"

#define SEALS	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
#define NEEDED	(F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)

int
memfd_sealed(const char *name, const void *data, size_t len)
{
	autoclose int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const uint8_t *at = data;
	ssize_t n;

	if (fd == -1)
		return -1;
	for (size_t left = len; left > 0; left -= (size_t)n, at += n) {
		n = write(fd, at, left);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return -1;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		return -1;
	return steal_fd(&fd);
}

int
memfd_check(int fd, size_t len)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals == -1 || (seals & NEEDED) != NEEDED)
		return -1;
	if (fstat(fd, &st) == -1 || (uint64_t)st.st_size != len)
		return -1;
	return 0;
}

int
blob_map(struct blob *b)
{
	void *p;

	if (b->data != NULL || b->len == 0)
		return 0;
	p = mmap(NULL, b->len, PROT_READ, MAP_PRIVATE, b->fd, 0);
	if (p == MAP_FAILED)
		return -1;
	b->data = p;
	b->mapped = true;
	return 0;
}

void
blob_clear(struct blob *b)
{
	if (b->mapped)
		munmap((void *)b->data, b->len);
	if (b->fd >= 0)
		close(b->fd);
	*b = BLOB_NONE;
}

struct blob
blob_take(struct blob *b)
{
	struct blob taken = *b;
	uint8_t *copy = NULL;

	if (b->fd == -1 && b->len > 0) {
		copy = xcalloc(1, b->len);
		memcpy(copy, b->data, b->len);
	}
	if (b->fd == -1)
		taken.data = copy;
	*b = BLOB_NONE;
	return taken;
}

void
blob_free(struct blob *b)
{
	if (b->fd == -1 && !b->mapped)
		free((void *)b->data);
	blob_clear(b);
}
