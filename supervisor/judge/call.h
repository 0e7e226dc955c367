/*
 * call.h: one tool call: queued, decided, recorded, executed, done.
 * Runs in: judge.  Input: the call and its outcome are hostile.
 */
#ifndef SALLYPORT_JUDGE_CALL_H
#define SALLYPORT_JUDGE_CALL_H

#include "policy/decide.h"
#include "policy/tools.h"
#include "supervisor/judge/run.h"

#define OUTPUT_CREDIT	(256u * KiB)	/* of output on its way to us */

enum call_state {
	CALL_queued,
	CALL_recording,		/* waits until the decision is on the disk */
	CALL_executing		/* may have an effect from here on */
};

struct call {
	TAILQ_ENTRY(call) next;
	struct run	*run;
	enum call_state	 state;
	uint64_t	 id;		/* ours, for the executor */
	uint64_t	 number;	/* in the run, growing */
	uint64_t	 request;	/* the client's number for it */
	bool		 person;	/* asked by a client, not by a model */
	struct client	*client;	/* that waits for it, or NULL */
	char		 name[65];
	const struct tool *tool;	/* NULL: unknown */
	struct blob	 arguments;	/* a msgpack map, owned, mapped */
	struct blob	 input;		/* stdin, owned */
	uint32_t	 timeout;	/* ms; 0 is the configured */
	uint64_t	 credit;	/* bytes of output it may still send */
	uint64_t	 consumed;	/* bytes not granted again yet */
	uint64_t	 token;		/* of tool.decided */
	uint64_t	 began;		/* ms, monotonic; 0: not executed */
	uint64_t	 received;	/* bytes of output that came live */
	bool		 cancelled;
	struct verdict	 verdict;
};

/*
 * Take a call into the run's queue: the struct and its blobs become the
 * queue's.  -1 with *why if it breaks a bound (and everything is freed).
 */
int	 call_add(struct run *, struct call *, const char **why);
void	 call_free(struct call *);

/* The lists and rules of the configuration, into a question. */
void	 call_ask(struct decide_request *, const struct config *);
/* Whether the model may know of this tool in this run. */
bool	 call_offered(const struct run *, const struct tool *);
/* List of the names offered, as msgpack. */
void	 call_offer(const struct run *, struct pack *);

/* Begin the next call if none is under way. */
void	 call_next(struct run *);
/* tool.decided is on the disk: execute. */
void	 call_recorded(struct call *);
/* A piece of its output: shown, or passed to the client.  -1: a fault. */
int	 call_output(struct call *, struct tool_output *, const char **why);
/* Let it send more output. */
void	 call_grant(struct call *, uint64_t credit);
/* The executor's answer: recorded and handed on.  -1 with *why: a fault. */
int	 call_done(struct call *, struct tool_done *, const char **why);
/* We know the outcome without an executor. */
void	 call_fail(struct call *, enum outcome, enum error, const char *why);
/* Ask the executor to give it up. */
void	 call_cancel(struct call *);
/* The run ends: nothing that waits is executed, what runs is not known. */
void	 call_end_all(struct run *, const char *why);
/* A client is gone: nobody waits for its calls. */
void	 call_drop_client(struct judge *, const struct client *);
/* The tracker's calls by id. */
struct call *call_find(struct judge *, uint64_t id);

#endif
