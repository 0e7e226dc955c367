/*
 * outputs.c: recorded files: contents by digest, entries by run and path.
 * Runs in: tracker-record, and tests.
 * Input: contents and paths are hostile; a path is a key and never opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "ipc/util.h"
#include "tracker-worker/record/record.h"

#define ENTRY_FIELDS	5
/* One writer per record: one name, and what a crash left is written over. */
#define UNFINISHED	"unfinished"

int
outputs_dir(int record)
{
	if (mkdirat(record, "outputs", 0700) == -1 && errno != EEXIST)
		return -1;
	return openat(record, "outputs",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* "ab" and "cdef...": where a digest lives below outputs/. */
static void
name_parts(const uint8_t digest[DIGEST_LEN], char dir[3],
    char name[2 * DIGEST_LEN - 1])
{
	char hex[2 * DIGEST_LEN + 1];

	sodium_bin2hex(hex, sizeof(hex), digest, DIGEST_LEN);
	memcpy(dir, hex, 2);
	dir[2] = '\0';
	memcpy(name, hex + 2, 2 * DIGEST_LEN - 1);
}

static int
open_part(int dir, const char *name)
{
	return openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Its directory, made and on the disk if it is new; -1 with errno. */
static int
make_part(int dir, const char *name)
{
	int fd = open_part(dir, name);

	if (fd != -1 || errno != ENOENT)
		return fd;
	if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
		return -1;
	if (fsync(dir) == -1)
		return -1;
	return open_part(dir, name);
}

static int
write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	for (; len > 0; len -= (size_t)n, data += n) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return -1;
	}
	return fsync(fd);
}

/* Write beside it, then rename: the name never has half the content. */
static int
write_content(int part, const char *name, const void *data, size_t len)
{
	autoclose int fd = openat(part, UNFINISHED,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int saved;

	if (fd == -1)
		return errno;
	if (write_all(fd, data, len) == -1 ||
	    renameat(part, UNFINISHED, part, name) == -1) {
		saved = errno;
		unlinkat(part, UNFINISHED, 0);
		return saved;
	}
	return fsync(part) == -1 ? errno : 0;
}

/* True if the content is there already, as long as it should be. */
static bool
is_kept(int part, const char *name, size_t len)
{
	autoclose int fd = openat(part, name,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (size_t)st.st_size == len;
}

int
output_store(int dir, const uint8_t digest[DIGEST_LEN], const void *data,
    size_t len)
{
	char part_name[3], name[2 * DIGEST_LEN - 1];
	uint8_t found[DIGEST_LEN];
	autoclose int part = -1;

	crypto_hash_sha256(found, len > 0 ? data : (const void *)"", len);
	if (memcmp(found, digest, DIGEST_LEN) != 0)
		return REFUSED;
	name_parts(digest, part_name, name);
	if ((part = make_part(dir, part_name)) == -1)
		return errno;
	if (is_kept(part, name, len))
		return 0;
	return write_content(part, name, data, len);
}

int
output_open(int dir, const uint8_t digest[DIGEST_LEN])
{
	char part_name[3], name[2 * DIGEST_LEN - 1];
	autoclose int part = -1;

	name_parts(digest, part_name, name);
	if ((part = open_part(dir, part_name)) == -1)
		return -1;
	return openat(part, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

int
file_put(struct store *s, MDB_txn *txn, const uint8_t run[16],
    const struct file_entry *f)
{
	struct store_key k;
	struct pack p;
	int rc;

	pack_init(&p, 16 * KiB);
	pack_list(&p, ENTRY_FIELDS);
	pack_bytes(&p, f->path.data, f->path.len);
	pack_uint(&p, f->size);
	pack_uint(&p, f->mode);
	pack_int(&p, f->modified);
	pack_bytes(&p, f->digest, DIGEST_LEN);
	key_file(&k, run, f->path.data, f->path.len);
	rc = p.failed ? MDB_BAD_VALSIZE :
	    store_put(txn, s->files, &k, p.data, p.len);
	pack_clear(&p);
	return rc;
}

int
file_read(struct file_entry *f, const MDB_val *v)
{
	struct unpack u;
	uint32_t count;
	uint64_t mode;
	size_t len;

	unpack_init(&u, v->mv_data, v->mv_size);
	if (unpack_list(&u, &count) == -1 || count != ENTRY_FIELDS ||
	    unpack_bytes(&u, &f->path.data, &f->path.len) == -1 ||
	    unpack_uint(&u, &f->size) == -1 || unpack_uint(&u, &mode) == -1 ||
	    unpack_int(&u, &f->modified) == -1 ||
	    unpack_bytes(&u, &f->digest, &len) == -1 || len != DIGEST_LEN)
		return MDB_CORRUPTED;
	f->mode = (uint32_t)mode;
	return 0;
}

size_t
file_count(struct store *s, MDB_txn *txn, const uint8_t run[16])
{
	struct store_key k;
	MDB_cursor *cursor;
	MDB_val key, value;
	size_t n = 0;
	int rc;

	if (mdb_cursor_open(txn, s->files, &cursor) != 0)
		return 0;
	key_run(&k, run);
	key = key_val(&k);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && key.mv_size >= 16 &&
	    memcmp(key.mv_data, run, 16) == 0) {
		n++;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return n;
}
