/*
 * signing.c: signing heads of chains with Ed25519, each place once.
 * Runs in: supervisor.
 * Input: numbers and hashes from the judge: 40 bytes, nothing to parse; files
 * that only we may have written.
 *
 * The secret key lies in a page that is locked, left out of core files and
 * wiped in every child (MADV_WIPEONFORK): only this process can sign.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <sodium.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/signing.h"

#define SECRET_PAGE	4096
#define KEY_NAME	"signing.key"	/* seed, 32 bytes */
#define PUBLIC_NAME	"signing.pub"	/* PEM */
#define HEAD_NAME	"head-"		/* and the tenant's name */
#define FILE_MOST	1024		/* bytes of any file here */

struct signed_head {
	struct signed_head *next;
	struct checkpoint c;
};

void
signing_init(struct signing *s)
{
	*s = (struct signing){ .dir = -1 };
}

void
signing_clear(struct signing *s)
{
	struct signed_head *h;

	if (s->secret != NULL) {
		sodium_memzero(s->secret, SECRET_PAGE);
		munmap(s->secret, SECRET_PAGE);
	}
	while ((h = s->heads) != NULL) {
		s->heads = h->next;
		free(h);
	}
	close_fd(&s->dir);
	signing_init(s);
}

/* --- files --- */

/* Whole or not at all, and on the disk when it returns: 0, or -1. */
static int
file_replace(int dir, const char *name, const void *data, size_t len)
{
	autoclose int fd = -1;
	char fresh[128];

	snprintf(fresh, sizeof(fresh), ".new-%.100s", name);
	fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	errno = ENOSPC;		/* of a write that was cut */
	if (write(fd, data, len) != (ssize_t)len || fsync(fd) == -1 ||
	    renameat(dir, fresh, dir, name) == -1)
		return -1;
	return fsync(dir);
}

/* Bytes read, or -1 with errno; EPERM if others may read or write it. */
static ssize_t
file_read(int dir, const char *name, char *data, size_t size)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0) {
		errno = EPERM;
		return -1;
	}
	return read(fd, data, size);
}

static int
broken(const char *name, const char *why)
{
	log_line(LOG_ERROR, "IntegrityError: keys/%s: %s; the record cannot "
	    "be vouched for: bring the file back from a backup, or put the "
	    "state directory aside and begin a new one", name, why);
	return EXIT_integrity;
}

/* --- the key --- */

static int
secret_make(struct signing *s)
{
	s->secret = mmap(NULL, SECRET_PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->secret == MAP_FAILED) {
		s->secret = NULL;
		return -1;
	}
	if (madvise(s->secret, SECRET_PAGE, MADV_WIPEONFORK) == -1 ||
	    madvise(s->secret, SECRET_PAGE, MADV_DONTDUMP) == -1)
		return -1;
	if (mlock(s->secret, SECRET_PAGE) == -1)
		log_line(LOG_INFO, "the signing key cannot be locked in "
		    "memory: %s", strerror(errno));
	return 0;
}

/* The public key as openssl(1) reads it: SubjectPublicKeyInfo of RFC 8410. */
static int
public_write(struct signing *s)
{
	uint8_t der[44] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65,
	    0x70, 0x03, 0x21, 0x00 };
	char base64[64], pem[160];
	int n;

	memcpy(der + 12, s->key, 32);
	sodium_bin2base64(base64, sizeof(base64), der, sizeof(der),
	    sodium_base64_VARIANT_ORIGINAL);
	n = snprintf(pem, sizeof(pem), "-----BEGIN PUBLIC KEY-----\n%s\n"
	    "-----END PUBLIC KEY-----\n", base64);
	return file_replace(s->dir, PUBLIC_NAME, pem, (size_t)n);
}

static int
key_open(struct signing *s)
{
	uint8_t *seed = s->secret + crypto_sign_SECRETKEYBYTES;
	ssize_t n = file_read(s->dir, KEY_NAME, (char *)seed,
	    crypto_sign_SEEDBYTES + 1);

	if (n == -1 && errno == EPERM)
		return broken(KEY_NAME, "others may read it (chmod 600), or "
		    "it is not ours");
	if (n != -1 && n != crypto_sign_SEEDBYTES)
		return broken(KEY_NAME, "it is no key");
	if (n == -1 && errno != ENOENT)
		return broken(KEY_NAME, strerror(errno));
	if (n == -1 && s->heads != NULL)
		return broken(KEY_NAME, "it is gone, but heads were signed "
		    "with it");
	if (n == -1) {
		randombytes_buf(seed, crypto_sign_SEEDBYTES);
		if (file_replace(s->dir, KEY_NAME, seed,
		    crypto_sign_SEEDBYTES) == -1) {
			log_line(LOG_ERROR, "keep the signing key: %s",
			    strerror(errno));
			return EXIT_record;
		}
	}
	crypto_sign_seed_keypair(s->key, s->secret, seed);
	sodium_memzero(seed, crypto_sign_SEEDBYTES + 1);
	return 0;
}

/* --- heads --- */

static struct signed_head *
head_find(const struct signing *s, const char *tenant)
{
	struct signed_head *h = s->heads;

	while (h != NULL && strcmp(h->c.tenant, tenant) != 0)
		h = h->next;
	return h;
}

static struct signed_head *
head_add(struct signing *s, const char *tenant)
{
	struct signed_head *h = xcalloc(1, sizeof(*h));

	snprintf(h->c.tenant, sizeof(h->c.tenant), "%s", tenant);
	h->next = s->heads;
	s->heads = h;
	return h;
}

/* The checkpoint's text, and a line with its signature. */
static int
head_read(struct signing *s, const char *name)
{
	char text[FILE_MOST];
	struct checkpoint c;
	const char *rest, *end;
	ssize_t n = file_read(s->dir, name, text, sizeof(text) - 1);
	size_t len;

	if (n == -1)
		return broken(name, errno == EPERM ? "others may read or "
		    "write it (chmod 600), or it is not ours" :
		    strerror(errno));
	text[n] = '\0';
	if (checkpoint_read(&c, text, &rest) == -1 ||
	    strcmp(c.tenant, name + strlen(HEAD_NAME)) != 0 ||
	    strncmp(rest, "signature ", 10) != 0 ||
	    sodium_base642bin(c.signature, sizeof(c.signature), rest + 10,
	    strlen(rest + 10), NULL, &len, &end,
	    sodium_base64_VARIANT_ORIGINAL) == -1 ||
	    len != sizeof(c.signature) || strcmp(end, "\n") != 0)
		return broken(name, "it is no signed head");
	head_add(s, c.tenant)->c = c;
	return 0;
}

static int
heads_read(struct signing *s)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;
	int status = 0;

	if (dir == NULL) {
		log_line(LOG_ERROR, "read keys: %s", strerror(errno));
		close_fd(&fd);
		return EXIT_record;
	}
	while (status == 0 && (d = readdir(dir)) != NULL) {
		if (strncmp(d->d_name, HEAD_NAME, strlen(HEAD_NAME)) == 0)
			status = head_read(s, d->d_name);
	}
	closedir(dir);
	return status;
}

/* A head that another key signed, or that was changed, is not ours. */
static int
heads_check(const struct signing *s)
{
	char text[CHECKPOINT_MAX], name[80];

	for (struct signed_head *h = s->heads; h != NULL; h = h->next) {
		size_t len = checkpoint_text(text, &h->c);

		if (crypto_sign_verify_detached(h->c.signature,
		    (uint8_t *)text, len, s->key) == 0)
			continue;
		snprintf(name, sizeof(name), HEAD_NAME "%s", h->c.tenant);
		return broken(name, "its signature does not fit");
	}
	return 0;
}

int
signing_open(struct signing *s, const struct state *state)
{
	struct stat st;
	int status;

	if (secret_make(s) == -1)
		fatal("make room for the signing key");
	if ((s->dir = state_subdirectory(state->dir, "keys")) == -1 ||
	    fstat(s->dir, &st) == -1) {
		log_line(LOG_ERROR, "open the directory of keys: %s",
		    strerror(errno));
		return EXIT_record;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return broken(".", "nobody else may look into it (chmod 700)");
	if ((status = heads_read(s)) != 0 || (status = key_open(s)) != 0 ||
	    (status = heads_check(s)) != 0)
		return status;
	if (faccessat(s->dir, PUBLIC_NAME, F_OK, 0) == -1 &&
	    public_write(s) == -1)
		log_line(LOG_WARNING, "write keys/" PUBLIC_NAME ": %s",
		    strerror(errno));
	return 0;
}

struct checkpoint
signing_last(const struct signing *s, uint32_t tenant)
{
	struct checkpoint none = { .place = 0 };
	const struct signed_head *h;

	tenant_name(none.tenant, tenant);
	h = head_find(s, none.tenant);
	return h != NULL ? h->c : none;
}

/* On the disk before anybody hears of it: no place is ever signed twice. */
static int
head_keep(struct signing *s, const struct checkpoint *c)
{
	char text[FILE_MOST], base64[96], name[80];
	struct signed_head *h;
	size_t len = checkpoint_text(text, c);

	sodium_bin2base64(base64, sizeof(base64), c->signature,
	    sizeof(c->signature), sodium_base64_VARIANT_ORIGINAL);
	len += (size_t)snprintf(text + len, sizeof(text) - len,
	    "signature %s\n", base64);
	snprintf(name, sizeof(name), HEAD_NAME "%s", c->tenant);
	if (file_replace(s->dir, name, text, len) == -1)
		return -1;
	h = head_find(s, c->tenant);
	if (h == NULL)
		h = head_add(s, c->tenant);
	h->c = *c;
	return 0;
}

enum sign_result
signing_sign(struct signing *s, uint32_t tenant, struct checkpoint *c)
{
	struct checkpoint last = signing_last(s, tenant);
	char text[CHECKPOINT_MAX];
	size_t len;

	if (c->place <= last.place)
		return SIGN_refused;
	memcpy(c->tenant, last.tenant, sizeof(c->tenant));
	c->at = now_wall_ms();
	len = checkpoint_text(text, c);
	if (crypto_sign_detached(c->signature, NULL, (uint8_t *)text, len,
	    s->secret) != 0) {
		errno = EIO;
		return SIGN_failed;
	}
	return head_keep(s, c) == 0 ? SIGN_done : SIGN_failed;
}
