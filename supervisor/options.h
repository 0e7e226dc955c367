/*
 * options.h: what the command line and the environment say.
 * Runs in: supervisor.
 * Input: trusted: whoever starts the supervisor owns it.
 */
#ifndef SALLYPORT_OPTIONS_H
#define SALLYPORT_OPTIONS_H

#include <limits.h>
#include <stdbool.h>

#include "ipc/util.h"

struct options {
	bool		 user;		/* one user's own, leaves when idle */
	bool		 config_named;	/* --config: the file must be there */
	int		 ready_fd;	/* gets one byte when serving, or -1 */
	enum log_level	 log_level;
	char		 state_dir[PATH_MAX];	/* absolute, as all here */
	char		 config[PATH_MAX];
	char		 socket[PATH_MAX];
	char		 sandbox_root[PATH_MAX];	/* "/", or a system's root */
};

#define OPTIONS_GO_ON	(-1)

/*
 * Fill the struct.  Returns OPTIONS_GO_ON, or the status to exit with: 0 after
 * --help and --version, 64 after a message about what is wrong.
 */
int	options_read(struct options *, int argc, char **argv);

#endif
