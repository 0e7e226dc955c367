/*
 * programs.c: the binaries that are started, and who each of them is.
 * Runs in: supervisor.
 * Input: our own installed files, opened once, before anything is started.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipc/util.h"
#include "supervisor/supervisor.h"

static const struct program_row {
	const char *name;
	const struct page *page;	/* NULL: the launcher confines it */
	uint32_t role;			/* what the judge asks for, or 0 */
} programs[PROGRAM_COUNT] = {
	[PROGRAM_JUDGE] = { "judge", &page_judge, 0 },
	[PROGRAM_DIALER] = { "dialer", &page_dialer, DIALER },
	[PROGRAM_CONFIG] = { "config-reader", &page_config_reader, CONFIG },
	[PROGRAM_COGNITION] = { "cognition-worker", &page_cognition_worker,
	    COGNITION },
	[PROGRAM_STREAM] = { "exec-stream", &page_exec_stream, STREAM },
	[PROGRAM_TRACKER] = { "tracker-record", &page_tracker_record,
	    TRACKER },
	[PROGRAM_LAUNCHER] = { "sandbox-launcher", &page_sandbox_launcher,
	    0 },
	[PROGRAM_GUEST] = { "guest", NULL, 0 },
};

/*
 * PREFIX/bin/sallyportd has its programs in PREFIX/libexec/sallyport; that is
 * also how a build tree lies, so it runs without being installed.
 */
static int
libexec_open(char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return -1;
	self[n] = '\0';
	for (int i = 0; i < 2; i++) {
		if ((slash = strrchr(self, '/')) == NULL)
			return -1;
		*slash = '\0';
	}
	if (snprintf(path, PATH_MAX, "%s/libexec/sallyport", self) >=
	    PATH_MAX)
		return -1;
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* What others may replace is not what was built. */
static int
program_check(int fd, uid_t self)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & 0111) == 0) {
		errno = ENOEXEC;
		return -1;
	}
	if ((st.st_uid != 0 && st.st_uid != self) || (st.st_mode & 022)) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
programs_open(struct supervisor *s)
{
	char path[PATH_MAX] = "libexec/sallyport";
	autoclose int dir = libexec_open(path);

	for (int i = 0; i < PROGRAM_COUNT; i++) {
		s->programs[i] = dir == -1 ? -1 : openat(dir,
		    programs[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (s->programs[i] == -1 ||
		    program_check(s->programs[i], s->uid) == -1) {
			log_line(LOG_ERROR, "open %s/%s: %s%s", path,
			    programs[i].name, strerror(errno),
			    errno == EPERM ? " (it must be root's or yours, "
			    "and nobody else may write it)" : "");
			return -1;
		}
	}
	return 0;
}

const char *
program_name(enum program program)
{
	return programs[program].name;
}

const struct page *
program_page(enum program program)
{
	return programs[program].page;
}

enum program
program_of_role(uint32_t role)
{
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		if (programs[i].role != 0 && programs[i].role == role)
			return (enum program)i;
	}
	return PROGRAM_COUNT;
}

static bool
uid_used(const struct supervisor *s, uid_t uid)
{
	return child_uid_used(s->children, uid) || sandbox_uid_used(s, uid);
}

/* The next one, not the lowest: a uid is not taken again at once. */
static uid_t
uid_next(struct supervisor *s, uint32_t tenant)
{
	uid_t first = UID_BASE + UID_RANGE * (tenant + 1);
	uint32_t offset = s->uid_tenant == tenant ? s->uid_offset : 0;

	do {
		offset = offset % (UID_RANGE - 1) + 1;
	} while (uid_used(s, first + offset));
	s->uid_tenant = tenant;
	s->uid_offset = offset;
	return first + offset;
}

uid_t
uid_for(struct supervisor *s, enum program program, uint32_t tenant)
{
	if (!s->root)
		return s->uid;
	if (program == PROGRAM_JUDGE)
		return UID_BASE + 1;
	if (program == PROGRAM_DIALER)
		return UID_BASE + 2;
	if (program == PROGRAM_CONFIG)
		return UID_BASE + 3;
	if (program == PROGRAM_TRACKER)
		return UID_BASE + UID_RANGE * (tenant + 1);
	return uid_next(s, tenant);
}
