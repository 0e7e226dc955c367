/*
 * guest.h: the door of guest/: the sandbox's PID 1 and the call that it runs.
 * Runs in: the sandbox, with the rights of what it runs; outside the walls.
 * Input: the stream role (trusted not to be hostile, still checked) and the
 * processes and files of the sandbox (hostile).
 */
#ifndef SALLYPORT_GUEST_H
#define SALLYPORT_GUEST_H

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/ipc.h"

#define PIECE		32768u		/* bytes of one data message */
#define QUEUE_HIGH	(128 * KiB)	/* unsent bytes: produce no more */
#define QUEUE_MOST	(1 * MiB)	/* unsent bytes: the channel breaks */
#define INPUT_ROOM	65536u		/* bytes of stdin held for a command */
#define ARGUMENT_BYTES	(2 * MiB)	/* of one vector: the kernel's cap */
#define ARGUMENT_COUNT	65536u
#define ELDERS		2048		/* survivors that can be told apart */
#define DRAINS		32		/* streams of survivors still emptied */
#define KILL_PATIENCE	1500000u	/* us until a kill is given up */
#define DRAIN_PATIENCE	1000000u	/* us to wait for credit after a kill */

/* The argument vector that guest_argument builds up. */
struct arguments {
	uint64_t	 call;
	char		*text;		/* owned: each with its NUL */
	size_t		 len, cap;	/* bytes */
	size_t		 count;		/* whole arguments */
	bool		 open;		/* the newest one goes on */
	bool		 broken;	/* too many, too long or with a NUL */
};

enum call_state {
	IDLE,
	COMMAND,		/* its process runs */
	KILLING,		/* all that is younger than the call must go */
	DRAINING		/* it ended: what its pipes hold is sent */
};

struct call {
	enum call_state	 state;
	uint64_t	 id;
	pid_t		 pid;		/* 0 once it was reaped */
	int		 status;	/* as waitpid(2) gives it */
	bool		 timed_out;
	bool		 killed;	/* by the deadline or by guest_kill */
	uint64_t	 started;	/* us, monotonic */
	uint64_t	 deadline;	/* us, monotonic */
	uint64_t	 give_up;	/* us: end of KILLING or DRAINING */
	uint64_t	 kill_next;	/* us: when to kill once more */
	uint64_t	 wall, cpu;	/* us */
	uint64_t	 peak;		/* bytes, largest process */
	uint64_t	 credit;	/* bytes of guest_output we may send */
	int		 out[2];	/* stdout, stderr: our ends, or -1 */
	size_t		 rest[2];	/* DRAINING: bytes still to be sent */
	int		 in;		/* stdin: our end, or -1 */
	size_t		 in_at, in_len;	/* bytes of input[] that wait */
	size_t		 in_credit;	/* bytes that the peer may still send */
	bool		 in_last;	/* nothing follows */
};

/* A process that was there before the call: not the call's to kill. */
struct elder {
	pid_t		 pid;
	uint64_t	 start;		/* clock ticks after boot */
};

/* A file that is being written piece by piece. */
struct writing {
	bool		 active;
	bool		 failed;	/* said so; the rest is ignored */
	bool		 append;
	uint64_t	 call;
	int		 fd, dir;	/* owned, or -1 */
	char		 path[PATH_MAX + 1];
	char		 name[NAME_MAX + 1];	/* of the target, in dir */
	char		 temporary[64];		/* "" when appending */
	mode_t		 mode;
};

struct guest {
	struct channel	 channel;
	sigset_t	 waiting;	/* signal mask while it waits */
	bool		 init;		/* PID 1 of its own namespace */
	bool		 more;		/* messages may be left unhandled */
	bool		 children;	/* somebody may be there to reap */
	int		 work;		/* the work directory, held open */
	int		 proc;		/* /proc of our namespace, or -1 */
	int		 null;		/* /dev/null, or -1 */
	char		 work_path[256];
	char		 home[256 + 8];	/* "HOME=" work_path */
	struct arguments arguments;
	struct call	 call;
	struct writing	 writing;
	struct elder	 elders[ELDERS];
	size_t		 nelders;
	int		 drains[DRAINS];	/* owned, or -1 */
	unsigned	 ndrains;	/* all in use are below it */
	unsigned	 next_drain;
	uint8_t		 input[INPUT_ROOM];
	uint8_t		 piece[PIECE];
};

/* on_NAME() for every row that a guest may receive, found at link time. */
#define MESSAGE(name, from, to, when)	\
	int	 on_##name(struct channel *, struct name *);
#define FIELD(name, type, ...)
#define END(name)
#include "policy/messages.def"
#undef MESSAGE
#undef FIELD
#undef END

/* start.c: harden the process, then find out where it is. */
void	 start_hardened(void);
int	 start_stream(int fd);	/* a high descriptor; all others are closed */
/* The guest is all zero before it. */
void	 start_guest(struct guest *, int stream, const char *work);
void	 start_report(struct guest *);		/* guest_ready */

/* loop.c */
void	 guest_signals(struct guest *);
void	 guest_step(struct guest *);		/* wait once, then serve */
void	 guest_leave(struct guest *, int status) __attribute__((noreturn));
void	 guest_sent(struct guest *, int status);	/* -1: peer gone */
void	 guest_room(struct guest *);	/* wait until little is unsent */
void	 guest_failure(struct guest *, uint64_t call, int error,
	    const char *what);
uint64_t now_us(void);

/* call.c */
void	 call_step(struct guest *);
void	 call_reaped(struct guest *, pid_t, int status, uint64_t cpu,
	    uint64_t peak);
int	 call_wait(const struct guest *);	/* ms until call_step, or -1 */

/* spawn.c: start it; -1 with errno and *step. */
struct order {
	char		*const *argv;
	int		 cwd;		/* directory */
	int		 fds[3];	/* its 0, 1 and 2; all above 2 */
};
pid_t	 spawn(struct guest *, const struct order *, const char **step);

/* streams.c: pipes of the running call, and of those that left survivors. */
int	 streams_open(struct guest *, bool input, int theirs[3]);
void	 streams_welcome(struct guest *);	/* grants the first input */
size_t	 streams_poll(struct guest *, struct pollfd *);
void	 streams_serve(struct guest *, const struct pollfd *, size_t);
void	 streams_pump(struct guest *);		/* DRAINING: send what fits */
void	 streams_settle(struct guest *);	/* rest[] = what is there now */
bool	 streams_drained(const struct guest *);
void	 streams_release(struct guest *, bool survivors);
#define STREAMS_POLLED	(3 + DRAINS)

/* processes.c */
void	 processes_reap(struct guest *);
void	 processes_note_elders(struct guest *);
unsigned processes_left(struct guest *);	/* alive, of this call */
void	 processes_kill(struct guest *);	/* one round */

/* paths.c: -1 with errno. */
int	 path_copy(char out[PATH_MAX + 1], const struct bytes *);
int	 path_open(struct guest *, const char *path, int flags, mode_t);
/* The directory that holds the last component; its parents are made. */
int	 path_parent(struct guest *, const char *path, bool make,
	    char name[NAME_MAX + 1], bool *slash);
int	 path_make(struct guest *, const char *path);
bool	 path_on_kernel_files(int fd);	/* /proc, /sys and their like */

/* write.c */
void	 writing_abandon(struct guest *);

#endif
