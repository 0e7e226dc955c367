/*
 * config_files.c: what the operator wrote, opened, checked and fixed; nothing
 * here looks at what it says.
 * Runs in: supervisor, at the start and at SIGHUP.
 * Input: files that their owner and mode vouch for; their bytes go on unread.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipc/util.h"
#include "supervisor/supervisor.h"

#define CONFIG_MOST	(1u << 20)	/* bytes of one file */
#define BUNDLE_MOST	(4u << 20)	/* bytes of the CA bundle */
#define BUNDLE		"/etc/ssl/certs/ca-certificates.crt"

/* All of a file, or NULL with errno. */
static uint8_t *
file_read(int fd, size_t most, size_t *len)
{
	autofree uint8_t *data = NULL;
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)most) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	data = xcalloc(1, most);
	for (*len = 0; *len < most && n != 0; *len += (size_t)n) {
		n = read(fd, data + *len, most - *len);
		if (n == -1)
			return NULL;
	}
	return steal_pointer(&data);
}

static int
config_refuse(const char *path, const char *why)
{
	log_line(LOG_ERROR, "read configuration %s: %s", path, why);
	return -1;
}

/*
 * The bytes are copied into a sealed memfd: what was hashed is what is parsed,
 * even if somebody writes the file in between.
 */
static int
config_file_read(struct config_source *source, int fd)
{
	autofree uint8_t *data = NULL;
	struct stat st;
	size_t len = 0;

	if (fstat(fd, &st) == -1)
		return config_refuse(source->path, strerror(errno));
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & 022) != 0)
		return config_refuse(source->path, "others may write it: it "
		    "must belong to root or to you (chown), and only its "
		    "owner may write it (chmod go-w)");
	if ((data = file_read(fd, CONFIG_MOST, &len)) == NULL)
		return config_refuse(source->path, errno == EFBIG ?
		    "it is larger than 1 MiB" : errno == EINVAL ?
		    "it is no regular file" : strerror(errno));
	crypto_hash_sha256(source->digest, data, len);
	source->fd = memfd_sealed("configuration", data, len);
	return source->fd == -1 ? config_refuse(source->path,
	    strerror(errno)) : 0;
}

int
config_files_read(struct configuration_files *files, const struct options *o)
{
	struct configuration_files read = { .count = 0 };
	struct config_source *source = &read.file[0];
	autoclose int fd = -1;

	if (o->config[0] != '\0') {
		snprintf(source->path, sizeof(source->path), "%s", o->config);
		fd = open(o->config, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd == -1 && (o->config_named || errno != ENOENT))
			return config_refuse(o->config, strerror(errno));
		if (fd == -1)
			log_line(LOG_INFO, "no configuration file %s: "
			    "defaults apply", o->config);
		else if (config_file_read(source, fd) == -1)
			return -1;
		else
			read.count = 1;
	}
	config_files_clear(files);
	*files = read;
	return 0;
}

void
config_files_clear(struct configuration_files *files)
{
	for (uint32_t i = 0; i < files->count; i++)
		close_fd(&files->file[i].fd);
	files->count = 0;
}

int
config_files_send(struct supervisor *s)
{
	for (uint32_t i = 0; i < s->config.count; i++) {
		const struct config_source *source = &s->config.file[i];
		struct config_file m = { .index = i };

		snprintf(m.path, sizeof(m.path), "%s", source->path);
		memcpy(m.digest, source->digest, sizeof(m.digest));
		if (send_config_file(&s->judge, &m) == -1)
			return -1;
	}
	return 0;
}

int
ca_bundle_read(void)
{
	autoclose int fd = open(BUNDLE, O_RDONLY | O_CLOEXEC);
	autofree uint8_t *data = NULL;
	size_t len = 0;

	if (fd != -1)
		data = file_read(fd, BUNDLE_MOST, &len);
	if (data == NULL)
		log_line(LOG_WARNING, "no CA bundle in %s: providers with "
		    "HTTPS cannot be checked; install ca-certificates",
		    BUNDLE);
	return memfd_sealed("ca-bundle", data, data != NULL ? len : 0);
}
