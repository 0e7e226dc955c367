/*
 * acts.h: things that no confined process may do, each tried for real.
 * Runs in: probe builds of the workers, and the driver as a control.
 * Input: none.
 */
#ifndef SALLYPORT_ACTS_H
#define SALLYPORT_ACTS_H

#include <stddef.h>
#include <sys/types.h>

struct act {
	const char	*name;		/* for the table */
	int		(*attempt)(void);	/* 0 it worked, else errno */
};

extern const struct act acts[];
extern const size_t nacts;

/*
 * Before confinement: what an act needs to be a fair attempt, such as the
 * parent's number and memory below 4 GiB.  Ends the process on failure.
 */
void	 acts_prepare(void);

#endif
