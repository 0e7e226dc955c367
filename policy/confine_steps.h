/*
 * confine_steps.h: single steps of confining, shared by the two sides of exec.
 * Runs in: children of the supervisor, workers, the launcher.
 * Input: pages, which are constants.
 */
#ifndef SALLYPORT_CONFINE_STEPS_H
#define SALLYPORT_CONFINE_STEPS_H

#include "policy/confine.h"

/* Each: 0, or -1 with errno.  All of them can be repeated. */
int	 step_limits(const struct page *);
int	 step_no_new_privs(void);
int	 step_filter(const struct sock_filter *, unsigned short len);

/*
 * Add the page's files to a rule set: all of them, or only the kept ones.
 * dir stands for "."; -1 is the working directory.  A path that does not exist
 * is left out: there is nothing to allow.
 */
int	 step_files(int rules, const struct page *, int dir, bool kept_only);

#endif
