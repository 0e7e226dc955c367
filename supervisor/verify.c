/*
 * verify.c: looking at a process from outside, before it is given anything.
 * Runs in: supervisor.
 * Input: /proc/PID, which the kernel writes; a process chooses of it only its
 * name, in which the kernel escapes line ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipc/util.h"
#include "supervisor/supervisor.h"
#include "supervisor/verify.h"

/* The text behind "KEY:\t" at the start of a line, or NULL. */
static const char *
line_find(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *at = text;

	while (at != NULL && *at != '\0') {
		if (strncmp(at, key, len) == 0 && at[len] == ':')
			return at + len + 1;
		at = strchr(at, '\n');
		if (at != NULL)
			at++;
	}
	return NULL;
}

static int
ids_read(const char *text, const char *key, unsigned ids[4])
{
	const char *at = line_find(text, key);

	return at != NULL && sscanf(at, "%u %u %u %u", &ids[0], &ids[1],
	    &ids[2], &ids[3]) == 4 ? 0 : -1;
}

static int
hex_read(const char *text, const char *key, uint64_t *value)
{
	const char *at = line_find(text, key);
	unsigned long long number;

	if (at == NULL || sscanf(at, "%llx", &number) != 1)
		return -1;
	*value = number;
	return 0;
}

static int
number_read(const char *text, const char *key, unsigned *value)
{
	const char *at = line_find(text, key);

	return at != NULL && sscanf(at, "%u", value) == 1 ? 0 : -1;
}

int
status_parse(const char *text, struct status *s)
{
	const char *groups = line_find(text, "Groups");
	const char *state = line_find(text, "State");

	*s = (struct status){ .groups = true };
	if (state != NULL) {
		state += strspn(state, " \t");
		s->ended = *state == 'Z' || *state == 'X';
	}
	if (groups == NULL || ids_read(text, "Uid", s->uid) == -1 ||
	    ids_read(text, "Gid", s->gid) == -1 ||
	    hex_read(text, "CapInh", &s->inheritable) == -1 ||
	    hex_read(text, "CapPrm", &s->permitted) == -1 ||
	    hex_read(text, "CapEff", &s->effective) == -1 ||
	    hex_read(text, "CapAmb", &s->ambient) == -1 ||
	    number_read(text, "NoNewPrivs", &s->no_new_privs) == -1 ||
	    number_read(text, "Seccomp", &s->seccomp) == -1 ||
	    number_read(text, "Seccomp_filters", &s->filters) == -1)
		return -1;
	s->groups = groups[strspn(groups, " \t")] != '\n';
	return 0;
}

bool
status_fits(const struct status *s, const struct expected *e,
    char reason[REASON_SIZE])
{
	reason[0] = '\0';
	for (int i = 0; i < 4; i++) {
		if (s->uid[i] != e->uid || (e->separate &&
		    s->gid[i] != e->uid)) {
			snprintf(reason, REASON_SIZE, "it runs as %u:%u, not "
			    "as %u", s->uid[i], s->gid[i], e->uid);
			return false;
		}
	}
	if (e->separate && s->groups)
		snprintf(reason, REASON_SIZE, "it is in other groups");
	else if ((s->inheritable | s->permitted | s->effective |
	    s->ambient) != 0)
		snprintf(reason, REASON_SIZE, "it has capabilities");
	else if (s->no_new_privs != 1)
		snprintf(reason, REASON_SIZE, "no_new_privs is not set");
	else if (s->seccomp != 2)
		snprintf(reason, REASON_SIZE, "it has no seccomp filter");
	else if (s->filters != e->filters)
		snprintf(reason, REASON_SIZE, "it has %u seccomp filters "
		    "where its page makes %u", s->filters, e->filters);
	return reason[0] == '\0';
}

static int
status_read(pid_t pid, struct status *s)
{
	char path[48], text[8192];
	autoclose int fd = -1;
	size_t len = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	while (len < sizeof(text) - 1 &&
	    (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return status_parse(text, s);
}

int
executable_is(pid_t pid, int binary)
{
	struct stat running, meant;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (fstat(binary, &meant) == -1)
		return 0;
	if (stat(path, &running) == -1)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	return running.st_dev == meant.st_dev &&
	    running.st_ino == meant.st_ino;
}

unsigned
own_filters(void)
{
	struct status s;

	return status_read(getpid(), &s) == 0 ? s.filters : 0;
}

bool
child_verify(const struct supervisor *s, const struct child *c,
    char reason[REASON_SIZE])
{
	struct expected expected = {
		.uid = c->uid,
		.separate = s->root,
		.filters = s->filters + (c->program == PROGRAM_GUEST ?
		    CONFINE_GUEST_FILTERS : CONFINE_FILTERS)
	};
	struct status status;

	if (status_read(c->pid, &status) == -1) {
		snprintf(reason, REASON_SIZE, "its status cannot be read");
		return false;
	}
	if (status.ended) {
		snprintf(reason, REASON_SIZE, "it has already ended");
		return false;
	}
	/*
	 * -1 is no pass: spawn() executed this binary and no other, and the
	 * Landlock rules from before that let it execute nothing else.
	 */
	if (executable_is(c->pid, s->programs[c->program]) == 0) {
		snprintf(reason, REASON_SIZE, "it executes another program");
		return false;
	}
	return status_fits(&status, &expected, reason);
}
