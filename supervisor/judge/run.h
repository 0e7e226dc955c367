/*
 * run.h: one run, or one opened sandbox (a run without a model).
 * Runs in: judge.
 * Input: hostile: everything that its workers say is bounded here.
 */
#ifndef SALLYPORT_JUDGE_RUN_H
#define SALLYPORT_JUDGE_RUN_H

#include "ipc/value.h"
#include "policy/words.h"
#include "supervisor/judge/journal.h"
#include "supervisor/judge/judge.h"
#include "supervisor/judge/limits.h"
#include "supervisor/judge/provider.h"

enum run_state {
	RUN_starting,		/* its processes are being made */
	RUN_opening,		/* the sandbox was told to start */
	RUN_running,
	RUN_stopping,		/* asked to end; killed after GRACE_MS */
	RUN_collecting,		/* its files are copied out */
	RUN_recording,		/* run.completed is on its way to the disk */
	RUN_over		/* freed by the sweep */
};

enum sandbox_mode { SANDBOX_none, SANDBOX_native };

TAILQ_HEAD(call_list, call);

struct run {
	LIST_ENTRY(run)	 next;
	struct judge	*judge;
	struct tenant	*tenant;
	struct client	*client;	/* attached, or NULL */
	uint64_t	 request;	/* its run_request or open_request */
	uint32_t	 owner;		/* uid that may end it */
	uint8_t		 id[16];
	char		 name[37];	/* id as text */
	bool		 model;		/* false: an opened sandbox */
	bool		 keep;		/* outlives the client */
	bool		 record;	/* send turn_line to the client */
	enum run_state	 state;
	enum sandbox_mode mode;
	struct config	*config;	/* a copy with the request's settings */
	struct provider	 provider;
	struct process	*cognition, *stream, *guest;
	bool		 guest_up;	/* guest_spawned came */
	bool		 sandbox_ready;
	struct journal	 journal;
	struct event	*timer;		/* of the state */
	struct event	*deadline;	/* of the whole run */
	struct blob	 task, replay;	/* kept until run_start */
	struct blob	 ca_bundle, credential;	/* the same */
	char		*goal;		/* owned */
	uint8_t		 task_digest[32];
	uint32_t	 max_iterations;
	uint32_t	 timeout;	/* seconds */

	/* what cognition has said so far */
	uint32_t	 iteration;
	enum step	 step;
	bool		 in_step;
	uint64_t	 step_at;	/* ms, when the step began */
	uint64_t	 messages;	/* of cognition; bounded */
	uint64_t	 last_call;	/* numbers of calls only grow */
	unsigned	 dials;		/* connections it waits for */

	/* calls: one at a time, the rest waits */
	struct call	*current;
	struct call_list calls;
	size_t		 ncalls, calls_bytes;
	struct event	*call_timer;	/* if its executor does not answer */

	uint64_t	 began_mono, began_wall;	/* ms */
	uint64_t	 input_tokens, output_tokens, tool_calls;
	struct spent	 spent;

	/* how it ends */
	bool		 started;	/* run.started is in the journal */
	bool		 done;		/* cognition has had its last word */
	bool		 unrecordable;	/* nothing more can be recorded */
	bool		 interrupted;	/* waits for a new tracker to end */
	bool		 hurry;		/* do not copy files out */
	enum stop	 stop;
	enum error	 error;
	char		 message[1025], hint[513];
	struct blob	 answer;	/* UTF-8; copied or moved here */
	struct pack	 summary;	/* body of run.completed, once known */
	uint64_t	 end_token;	/* of run.completed, or 0 */
	uint64_t	 store_token;	/* of the file being stored, or 0 */
	uint32_t	 files;		/* kept */
	uint64_t	 files_bytes;
	struct pack	 file_event;	/* body of its file.recorded */
};

/* What a client asks for. */
struct run_order {
	struct client	*client;
	uint64_t	 request;
	bool		 model;		/* a run; else an open sandbox */
	bool		 keep;		/* or: detach */
	const char	*sandbox;	/* mode, "" is the configured */
	struct config	*config;	/* taken */
};

/* A new run in the judge's list, or NULL with the refusal. */
struct run	*run_new(struct judge *, const struct run_order *,
		    struct refusal *);
/* It was refused after all: forgotten without a trace. */
void		 run_discard(struct run *);
/* Ask for its processes. */
void		 run_begin(struct run *);
/* Something it waited for is there. */
void		 run_advance(struct run *);
/* Find by full id, or by a unique prefix of 4 characters; NULL. */
struct run	*run_find(struct judge *, const char *id, bool *ambiguous);

/* End it; the first reason stays. now: without asking anybody. */
struct ending {
	enum stop	 stop;
	enum error	 error;
	bool		 now;
	const char	*message;
	const char	*hint;		/* NULL: the error's own */
};
void		 run_stop(struct run *, const struct ending *);
/* In RUN_stopping something has ended: is it everything? */
void		 run_settle(struct run *);
/* A process of its own is gone. */
void		 run_lost(struct run *, struct process *, const char *why,
		    bool fault);
/* The record: everything up to token is kept; or nothing more can be. */
void		 run_recorded(struct run *, uint64_t token);
void		 run_unrecorded(struct run *, const char *why);
/* Its record is not what was signed: nothing may be done. */
void		 run_damaged(struct run *, const char *why);
/* The tracker died: nothing goes on, but the next one may note the end. */
void		 run_interrupted(struct run *, const char *why);

/* finish.c: collecting files, the last event, the last word to clients. */
void		 run_finish(struct run *);
void		 run_release(struct run *);	/* kill its processes */
void		 run_complete(struct run *);
void		 run_record_end(struct run *);
void		 run_over(struct run *);
void		 run_summary(struct run *, struct pack *);
int		 run_file(struct run *, struct file_collected *);
void		 run_file_stored(struct run *);

/* Called by the sweep: frees those that are over. */
void		 run_sweep(struct judge *);

/*
 * events.c: build an event, chain it, send it to the tracker and to those
 * who watch.  The token to wait for, or 0 if it could not be recorded.
 */
uint64_t	 record_event(struct run *, enum event_type, struct pack *,
		    bool durable);
void		 event_run_started(struct run *);
void		 event_phase_started(struct run *);
void		 event_phase_completed(struct run *, const struct blob *);
void		 event_model_completed(struct run *,
		    const struct model_completed *);
void		 event_delta(struct run *, const struct model_delta *);
void		 event_output(struct run *, const struct call *,
		    const struct tool_output *);
void		 event_requested(struct run *, const struct call *);
uint64_t	 event_decided(struct run *, const struct call *);
void		 event_completed(struct run *, const struct call *,
		    const struct tool_done *);

#endif
