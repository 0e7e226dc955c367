/*
 * bench.h: paired measurements and what they are made against.
 * Runs in: the benchmark, as the user who runs it.
 * Input: none.
 */
#ifndef SALLYPORT_BENCH_H
#define SALLYPORT_BENCH_H

#include <stddef.h>

/* Bare namespaces and mounts around `true`; 0, or -1 if it failed. */
int	 floor_sandbox(void);

/* Start a program, wait for it; 0 if it ended with 0. */
int	 spawn_wait(char *const argv[]);

/* Bytes that this program's supervisor and everything below it holds. */
double	 family_bytes(const char *state_dir);

struct sample {
	const char	*name;
	int		(*once)(void *);	/* 0, or -1 */
	void		*arg;
	void		(*before)(void *);	/* not counted; or NULL */
};

struct rounds {
	size_t		 count;		/* after one that does not count */
	unsigned	 rest;		/* us before each sample: what is done
					   in the background has been done */
};

/*
 * Run the samples in turn (A B C A B C ...) and print a row each: minimum,
 * median and maximum in milliseconds and the median of the ratio to the
 * first, round by round.
 */
void	 measure(const char *title, const struct sample *, size_t count,
	    const struct rounds *);

#endif
