/*
 * launch.h: what the supervisor and its sandbox-launcher say to each other.
 * Runs in: supervisor and sandbox-launcher.
 * Input: the report comes from a process that has read nothing foreign; the
 * supervisor checks its size and its one descriptor all the same.
 */
#ifndef SALLYPORT_LAUNCH_H
#define SALLYPORT_LAUNCH_H

#include <stdint.h>

/* Descriptors that the launcher starts with, beside 0, 1 and 2. */
enum launch_fd {
	LAUNCH_STREAM = 3,	/* the guest's end of its byte stream */
	LAUNCH_REPORT = 4,	/* SEQPACKET to the supervisor */
	LAUNCH_GUEST = 5	/* the guest's binary */
};

/*
 * It is started with one argument, the directory to take the system from: "/".
 * What differs from sandbox to sandbox comes later, as one datagram: so one
 * can be built ahead of its use.
 */
enum launch_number {
	LAUNCH_DISK,		/* bytes of the work directory */
	LAUNCH_INODES,		/* files in the work directory */
	LAUNCH_PROCESSES,	/* tasks at once */
	LAUNCH_OPEN_FILES,	/* descriptors of one process */
	LAUNCH_FILE_SIZE,	/* bytes of one file */
	LAUNCH_DATA,		/* bytes a process may write to; 0: no limit */
	LAUNCH_NUMBERS
};

struct launch_order {
	uint64_t number[LAUNCH_NUMBERS];
};

/*
 * The one report.  With error 0 a pidfd of the sandbox's PID 1, which is a
 * child of the supervisor, comes beside it; by then it executes the guest.
 */
struct launch_report {
	int32_t	error;		/* errno of the step that failed, or 0 */
	char	step[124];	/* what failed, for a person; NUL-terminated */
};

#endif
