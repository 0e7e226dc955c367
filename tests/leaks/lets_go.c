/*
 * lets_go.c: a supervisor that confines nobody, accepts everybody, and lets
 * its workers end by themselves, so that leaks can be looked for as they do.
 * Runs in: the leak build of the supervisor, whose linker puts these in the
 * place of the real ones (--wrap); never installed.
 * Input: none.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "ipc/util.h"
#include "policy/confine.h"
#include "supervisor/supervisor.h"
#include "supervisor/verify.h"

#define PATIENCE	20000u		/* ms until the real end comes */

int	__wrap_confine_before_exec(const struct page *, int, int,
	    const char **);
bool	__wrap_child_verify(const struct supervisor *, const struct child *,
	    char *);
void	__real_child_kill(const struct child *);
void	__wrap_child_kill(const struct child *);
void	__real_children_end(struct supervisor *);
void	__wrap_children_end(struct supervisor *);

int
__wrap_confine_before_exec(const struct page *page, int binary, int dir,
    const char **step)
{
	(void)page;
	(void)binary;
	(void)dir;
	(void)step;
	return 0;
}

bool
__wrap_child_verify(const struct supervisor *s, const struct child *c,
    char *reason)
{
	(void)s;
	(void)c;
	(void)reason;
	return true;
}

/* The judge closes its channel as well: a worker leaves by itself. */
void
__wrap_child_kill(const struct child *c)
{
	if (c->program == PROGRAM_LAUNCHER || c->program == PROGRAM_GUEST)
		__real_child_kill(c);
}

/* First the judge is let go, with it the workers; what stays is killed. */
void
__wrap_children_end(struct supervisor *s)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	uint64_t end = now_mono_ms() + PATIENCE;

	s->leaving = true;
	shutdown(s->judge.fd, SHUT_RDWR);
	for (struct child *c = s->children; c != NULL; c = c->next)
		child_kill(c);
	while (s->children != NULL && now_mono_ms() < end) {
		children_reap(s);
		nanosleep(&pause, NULL);
	}
	__real_children_end(s);
}
