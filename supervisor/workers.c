/*
 * workers.c: what each kind of worker is given when it is started.
 * Runs in: supervisor.
 * Input: numbers from the judge.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ipc/util.h"
#include "supervisor/supervisor.h"

#define WORKER_FDS	(2 + CONFIG_FILES)

static const char *const level_digits[] = { "0", "1", "2", "3" };

int
judge_start(struct supervisor *s)
{
	char name[] = "judge", option[] = "--log-level", level[2];
	char *argv[] = { name, option, level, NULL };
	struct spawn sp = { .program = PROGRAM_JUDGE, .nfds = 1, .dir = -1,
	    .argv = argv };
	const char *step = "make a channel";
	autoclose int theirs = -1;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	s->judge.fd = ends[0];
	theirs = ends[1];
	/* Our end only: how the judge waits is the judge's affair. */
	if (fcntl(s->judge.fd, F_SETFL, O_NONBLOCK) == -1)
		return -1;
	sp.fds = &theirs;
	sp.uid = uid_for(s, PROGRAM_JUDGE, 0);
	snprintf(level, sizeof(level), "%s",
	    level_digits[s->options.log_level]);
	if (spawn(s, &sp, &step) == NULL) {
		log_line(LOG_ERROR, "start the judge: %s: %s", step,
		    strerror(errno));
		return -1;
	}
	return 0;
}

/* Descriptors 4 on, by role; dir is what the tracker works in. */
static size_t
worker_fds(struct supervisor *s, const struct worker *w, int *fds)
{
	size_t n = 0;

	if (w->program == PROGRAM_STREAM && w->stream != -1)
		fds[n++] = w->stream;
	if (w->program == PROGRAM_COGNITION)
		fds[n++] = s->ca_bundle;
	if (w->program != PROGRAM_CONFIG)
		return n;
	for (uint32_t i = 0; i < s->config.count; i++) {
		fds[n++] = s->config.file[i].fd;
		lseek(fds[n - 1], 0, SEEK_SET);
	}
	return n;
}

int
worker_announce(struct supervisor *s, const struct child *c, int channel)
{
	struct spawned m = { .process = c->number, .pid = (uint32_t)c->pid,
	    .uid = c->uid, .channel = channel };

	log_line(LOG_DEBUG, "started %s number=%u pid=%d uid=%u",
	    program_name(c->program), c->number, c->pid, c->uid);
	return send_spawned(&s->judge, &m);
}

struct child *
worker_spawn(struct supervisor *s, const struct worker *w, int *channel,
    const char **step)
{
	autoclose int ours = -1, theirs = -1, dir = -1;
	int fds[WORKER_FDS], ends[2];
	char name[32], *argv[] = { name, NULL };
	struct spawn sp = { .program = w->program, .fds = fds, .argv = argv };
	struct child *c;

	*step = "make a channel";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return NULL;
	ours = ends[0];
	fds[0] = theirs = ends[1];
	sp.uid = uid_for(s, w->program, w->tenant);
	sp.nfds = 1 + worker_fds(s, w, fds + 1);
	*step = "open the directory of the record";
	if (w->program == PROGRAM_TRACKER &&
	    (dir = state_record_dir(&s->state, w->tenant, sp.uid)) == -1)
		return NULL;
	sp.dir = dir;
	snprintf(name, sizeof(name), "%s", program_name(w->program));
	if ((c = spawn(s, &sp, step)) == NULL)
		return NULL;
	c->number = w->number;
	*channel = steal_fd(&ours);
	return c;
}

int
worker_start(struct supervisor *s, const struct worker *w, const char **step)
{
	autoclose int channel = -1;
	struct child *c = worker_spawn(s, w, &channel, step);

	if (c == NULL)
		return -1;
	*step = "tell the judge";
	return worker_announce(s, c, channel);
}
