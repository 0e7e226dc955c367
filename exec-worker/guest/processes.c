/*
 * processes.c: who is there, who belongs to the call, and ending those.
 * Runs in: the guest, which inherits every orphan of the sandbox.
 * Input: /proc of the sandbox; the processes in it are hostile and fork.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "exec-worker/guest/guest.h"
#include "ipc/util.h"

#define SEEN	8192			/* processes looked at, at most */
#define ROUNDS	64			/* of stopping what forks meanwhile */

enum kin {
	STRANGER,			/* not known yet; at last: not ours */
	YOUNG,				/* of the running call */
	OLD				/* an elder, or a descendant of one */
};

struct process {
	pid_t		 pid, parent;
	uint64_t	 start;		/* clock ticks after boot */
	char		 state;		/* 'R', 'S', 'T', 'Z' ... */
	bool		 alive;
	enum kin	 kin;
};

/* What /proc shows at one moment, by rising pid. */
struct snapshot {
	size_t		 n;
	struct process	 all[SEEN];
};

/* --- reaping --- */

static struct elder *
elder_find(struct guest *g, pid_t pid)
{
	for (size_t i = 0; i < g->nelders; i++) {
		if (g->elders[i].pid == pid)
			return &g->elders[i];
	}
	return NULL;
}

static uint64_t
cpu_us(const struct rusage *u)
{
	return ((uint64_t)u->ru_utime.tv_sec + (uint64_t)u->ru_stime.tv_sec) *
	    1000000 + (uint64_t)u->ru_utime.tv_usec +
	    (uint64_t)u->ru_stime.tv_usec;
}

void
processes_reap(struct guest *g)
{
	struct elder *elder;
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		elder = elder_find(g, pid);
		if (elder != NULL)
			*elder = g->elders[--g->nelders];
		else
			call_reaped(g, pid, status, cpu_us(&usage),
			    (uint64_t)usage.ru_maxrss * 1024);
	}
	if (pid == -1 && errno == ECHILD)
		g->children = false;
}

/* --- looking --- */

/*
 * The fields 3, 4, 20 and 22 of proc(5) PID/stat; a name may hold anything.
 * A process whose first thread has ended looks dead, but others may run.
 */
static int
process_parse(struct process *p, const char *text)
{
	const char *at = strrchr(text, ')');
	int parent;
	long threads;

	if (at == NULL || sscanf(at, ") %c %d %*d %*d %*d %*d %*u %*u %*u %*u"
	    " %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu", &p->state, &parent,
	    &threads, (unsigned long long *)&p->start) != 4)
		return -1;
	p->parent = parent;
	p->alive = (p->state != 'Z' && p->state != 'X') || threads > 1;
	return 0;
}

static int
process_read(int proc, const char *pid, struct process *p)
{
	char path[64], text[1024];
	autoclose int fd = -1;
	ssize_t n;

	*p = (struct process){ .pid = (pid_t)strtol(pid, NULL, 10) };
	snprintf(path, sizeof(path), "%.20s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || (n = read(fd, text, sizeof(text) - 1)) <= 0)
		return -1;
	text[n] = '\0';
	return process_parse(p, text);
}

static struct process *
snapshot_find(struct snapshot *s, pid_t pid)
{
	size_t low = 0, high = s->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->all[middle].pid == pid)
			return &s->all[middle];
		if (s->all[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*
 * Kin is inherited: what an elder forks is old, what the guest inherits and
 * no elder forked is young.  In a namespace of its own there are no strangers.
 */
static void
snapshot_sort_kin(struct guest *g, struct snapshot *s)
{
	struct process *p, *parent;
	const struct elder *e;
	bool changed = true;

	for (p = s->all; p < s->all + s->n; p++) {
		e = elder_find(g, p->pid);
		if (e != NULL && e->start == p->start)
			p->kin = OLD;
		else if (p->parent == getpid())
			p->kin = YOUNG;
	}
	while (changed) {
		changed = false;
		for (p = s->all; p < s->all + s->n; p++) {
			parent = snapshot_find(s, p->parent);
			if (p->kin != STRANGER || parent == NULL ||
			    parent->kin == STRANGER)
				continue;
			p->kin = parent->kin;
			changed = true;
		}
	}
	for (p = s->all; p < s->all + s->n; p++) {
		if (g->init && p->kin == STRANGER)
			p->kin = YOUNG;
	}
}

/* NULL if /proc cannot be read. */
static struct snapshot *
snapshot_take(struct guest *g)
{
	struct snapshot *s;
	struct dirent *e;
	DIR *dir;
	int fd;

	fd = openat(g->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	s = malloc(sizeof(*s));
	if (s != NULL)
		s->n = 0;
	while (s != NULL && s->n < SEEN && (e = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)e->d_name[0]) &&
		    process_read(g->proc, e->d_name, &s->all[s->n]) == 0 &&
		    s->all[s->n].pid != getpid())
			s->n++;
	}
	closedir(dir);
	if (s != NULL)
		snapshot_sort_kin(g, s);
	return s;
}

/* --- what the call needs --- */

void
processes_note_elders(struct guest *g)
{
	autofree struct snapshot *s = NULL;

	/* What was old stays old; everybody else of ours becomes so now. */
	g->nelders = 0;
	s = snapshot_take(g);
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		if (s->all[i].kin != STRANGER && s->all[i].alive &&
		    g->nelders < ELDERS)
			g->elders[g->nelders++] = (struct elder){
			    .pid = s->all[i].pid, .start = s->all[i].start };
	}
}

unsigned
processes_left(struct guest *g)
{
	autofree struct snapshot *s = snapshot_take(g);
	unsigned count = 0;

	if (s == NULL)
		return 1;		/* somebody is; who, cannot be seen */
	for (size_t i = 0; i < s->n; i++)
		count += s->all[i].kin == YOUNG && s->all[i].alive;
	return count;
}

static void
kill_young(const struct snapshot *s)
{
	for (const struct process *p = s->all; p < s->all + s->n; p++) {
		if (p->kin == YOUNG)
			kill(p->pid, SIGKILL);
	}
}

/* How many of them still ran.  A dead leader hides what its threads do. */
static unsigned
stop_young(const struct snapshot *s)
{
	unsigned count = 0;

	for (const struct process *p = s->all; p < s->all + s->n; p++) {
		if (p->kin != YOUNG || !p->alive || p->state == 'T')
			continue;
		if (p->state == 'Z' || p->state == 'X')
			kill(p->pid, SIGKILL);
		else
			count += kill(p->pid, SIGSTOP) == 0;
	}
	return count;
}

/* Wake the old ones, but not who was stopped before all were. */
static void
wake_old(struct snapshot *now, struct snapshot *before)
{
	const struct process *p, *was;

	for (p = now->all; p < now->all + now->n; p++) {
		was = snapshot_find(before, p->pid);
		if (p->kin == OLD && (was == NULL || was->state != 'T'))
			kill(p->pid, SIGCONT);
	}
}

/*
 * kill(-1) reaches everybody at one instant: the kernel lets no fork slip
 * through.  With elders about, everybody is stopped in that instant instead,
 * and then looked at in peace.
 */
static void
kill_namespace(struct guest *g)
{
	autofree struct snapshot *before = NULL, *now = NULL;

	if (g->nelders > 0)
		before = snapshot_take(g);
	if (before == NULL) {
		kill(-1, SIGKILL);
		return;
	}
	kill(-1, SIGSTOP);
	now = snapshot_take(g);
	if (now == NULL) {
		kill(-1, SIGKILL);
		return;
	}
	kill_young(now);
	wake_old(now, before);
}

/*
 * Without a namespace of its own: stop the young until a look finds none that
 * still runs, then kill them.
 */
static void
kill_descendants(struct guest *g)
{
	struct snapshot *s;
	unsigned running = 1;

	for (unsigned i = 0; i < ROUNDS && running > 0; i++) {
		s = snapshot_take(g);
		if (s == NULL)
			break;
		running = stop_young(s);
		if (running == 0 || i == ROUNDS - 1)
			kill_young(s);
		free(s);
	}
	if (running > 0 && g->call.pid > 0)
		kill(-g->call.pid, SIGKILL);
}

void
processes_kill(struct guest *g)
{
	if (g->init)
		kill_namespace(g);
	else
		kill_descendants(g);
}
