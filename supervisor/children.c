/*
 * children.c: the table of processes that the supervisor has started.
 * Runs in: supervisor.
 * Input: numbers that the judge chose; pids from the kernel.
 */
#include <signal.h>
#include <sys/pidfd.h>

#include "ipc/util.h"
#include "supervisor/children.h"

struct child *
child_add(struct child **table, pid_t pid, int pidfd)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->pid = pid;
	c->pidfd = pidfd;
	c->next = *table;
	*table = c;
	return c;
}

struct child *
child_find(struct child *table, uint32_t number)
{
	struct child *c = table;

	while (c != NULL && (c->number != number || number == 0))
		c = c->next;
	return c;
}

struct child *
child_find_pid(struct child *table, pid_t pid)
{
	struct child *c = table;

	while (c != NULL && c->pid != pid)
		c = c->next;
	return c;
}

struct child *
child_find_program(struct child *table, enum program program)
{
	struct child *c = table;

	while (c != NULL && c->program != program)
		c = c->next;
	return c;
}

bool
child_uid_used(const struct child *table, uid_t uid)
{
	for (const struct child *c = table; c != NULL; c = c->next) {
		if (c->uid == uid)
			return true;
	}
	return false;
}

size_t
child_count(const struct child *table)
{
	size_t n = 0;

	for (const struct child *c = table; c != NULL; c = c->next)
		n++;
	return n;
}

struct child *
child_due(struct child *table)
{
	struct child *due = NULL;

	for (struct child *c = table; c != NULL; c = c->next) {
		if (c->deadline != 0 &&
		    (due == NULL || c->deadline < due->deadline))
			due = c;
	}
	return due;
}

/* By descriptor: a pid that was given to somebody else is never hit. */
void
child_kill(const struct child *c)
{
	pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
}

void
child_remove(struct child **table, struct child *c)
{
	struct child **at = table;

	while (*at != NULL && *at != c)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = c->next;
	close_fd(&c->pidfd);
	free(c);
}
