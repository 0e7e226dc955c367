/*
 * task.h: the task of a run, as the client sent it.
 * Runs in: cognition-worker.
 * Input: a msgpack map from a client, through the judge, which did not look
 * inside.  Hostile.
 */
#ifndef SALLYPORT_TASK_H
#define SALLYPORT_TASK_H

#include <stddef.h>
#include <stdint.h>

struct value;

struct context {
	char	*name;		/* what the person called it, cleaned */
	char	*content;	/* cleaned; cut if it is very long */
};

struct task {
	char		*goal;
	char		**constraints;
	size_t		 nconstraints;
	struct context	*contexts;
	size_t		 ncontexts;
	uint8_t		 digest[32];	/* task_digest() of all of it */
};

#define TASK_LIST_MAX		1024		/* constraints or contexts */
#define CONTEXT_SHOWN_MAX	(512 * 1024)	/* bytes of one context */

/*
 * Fill the task from a map {goal, constraints, context, metadata}.  Metadata
 * is not for the model and not part of the digest.  0, or -1 with why set.
 */
int	task_read(struct task *, const struct value *map, char *why,
	    size_t size);
void	task_clear(struct task *);

/*
 * SHA-256 over the msgpack list [goal, [constraint...], [[name, content]...]]
 * of a task map: what replay compares.
 */
void	task_digest(const struct value *map, uint8_t digest[32]);

#endif
