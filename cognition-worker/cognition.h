/*
 * cognition.h: the door of cognition-worker/: one run, and its talk with the
 * judge.
 * Runs in: cognition-worker.
 * Input: what the judge sends is checked by ipc/; task and model are hostile.
 */
#ifndef SALLYPORT_COGNITION_H
#define SALLYPORT_COGNITION_H

#include "cognition-worker/conversation.h"
#include "cognition-worker/history.h"
#include "cognition-worker/task.h"
#include "ipc/ipc.h"
#include "policy/words.h"

struct provider;
struct value;

/* A tool call that the judge has been asked for. */
struct asked {
	uint64_t	 call;		/* its number in the run */
	bool		 answered;
	enum outcome	 outcome;
	struct value	*result;	/* owned; a map */
};

struct run {
	struct channel	 channel;	/* to the judge */
	bool		 started;	/* run_start has come */
	struct run_start start;		/* its blobs are ours */
	enum stop	 cancelled;	/* STOP_none until run_cancel */

	bool		 dialing;	/* a socket was asked for */
	int		 socket;	/* the answer, owned; -1 if none */
	char		 refused[257];	/* or why there is none */

	struct asked	 asked[CALLS_MAX];	/* the calls of this turn */
	size_t		 nasked;
	uint64_t	 last_call;	/* number given out last */

	struct task	 task;
	struct bytes	 system_ca;	/* PEM, from descriptor 4 */
	const struct tool *offered[64];	/* tools the model may call */
	size_t		 noffered;
	struct provider	*provider;	/* owned; NULL if it cannot be had, */
	enum error	 broken_error;	/* because of this */
	char		 broken[1024];
	char		 broken_hint[256];
	struct conversation conversation;
	struct history	 history;	/* every call so far */
};

void	 run_clear(struct run *);

/*
 * Wait at most so many milliseconds (-1: for ever) for one message from the
 * judge and handle it.  Ends the process when the judge is gone or at fault.
 * Returns 0, or -1 if the run is cancelled.
 */
int	 run_receive(struct run *, int timeout);

/* As long as that, hearing run_cancel.  0, or -1 if the run is cancelled. */
int	 run_sleep(struct run *, uint64_t ms);

/*
 * A connected socket to host and port, from the judge.  -1 if it was refused
 * (run->refused says why) or the run is cancelled (run->cancelled).
 */
int	 run_dial(struct run *, const char *host, uint32_t port);

/* Ask for a call; the answer is in run->asked.  Returns its place there. */
size_t	 run_ask(struct run *, const struct call *);
/* Wait for all that was asked.  0, or -1 if the run is cancelled. */
int	 run_answers(struct run *);
void	 run_forget(struct run *);	/* the answers were used */

void	 run_phase_started(struct run *, enum step, uint32_t iteration);
void	 run_phase_completed(struct run *, enum step, uint32_t iteration,
	    const char *summary);
/* Text as it arrives, in pieces of at most 16 KiB, cut between characters. */
void	 run_delta(struct run *, enum delta, const char *, size_t len);

/* End the process silently if a send failed because the judge is gone. */
void	 run_sent(int status);

/* cycle.c: the whole run, up to and with run_done. */
void	 cycle(struct run *);

#endif
