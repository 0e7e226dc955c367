/*
 * sallyport.h: the door of libsallyport: run agents and sandboxes, read the
 * record.  A program includes this header only and links libsallyport.a,
 * msgpack and libsodium.
 * Runs in: any program, with its user's rights.
 * Input: what the events carry was written by models and sandboxes: hostile on
 * a terminal, so escape it (sallyport_escape).
 *
 * One handle is one connection, to be used by one thread at a time.  Requests
 * return at once with a number above 0; what becomes of them comes back as
 * events, which are read with sallyport_next().  When there is no memory left
 * the process is ended, as it is by the rest of the program.
 */
#ifndef SALLYPORT_H
#define SALLYPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sallyport;		/* a connection */
struct value;			/* a decoded tree; see sallyport_event_json */

/* What went wrong, in the words of the manual. */
struct sallyport_error {
	int	 status;	/* exit status that fits, see sallyport(1) */
	char	 name[32];	/* "SandboxAccessDenied", or "" if none fits */
	char	 message[2049];	/* one line or more, not escaped */
	char	 hint[513];	/* what can be done, or "" */
};

struct sallyport_options {
	const char *state_dir;	/* NULL: as the environment says */
	const char *config;	/* configuration for a supervisor that is
				 * started; NULL: the usual file */
	const char *server;	/* sallyportd; NULL: beside this program, or
				 * where it is installed */
	bool	    no_start;	/* do not start a supervisor */
};

struct sallyport_server {
	const char *version;
	const char *tenant;	/* whom the supervisor takes us for */
	const char *state_dir;	/* where its record is */
	const char *notice;	/* what the user should know, or "" */
	bool	    user_mode;	/* our own supervisor, not the daemon */
	bool	    started;	/* by this connection */
};

/*
 * Connect to the supervisor of this user and state directory, else to the
 * daemon (unless a state directory was named), else start one.  NULL with
 * *error filled.  The server must run as root or as ourselves.
 */
struct sallyport *sallyport_connect(const struct sallyport_options *,
	    struct sallyport_error *);
/* Close the connection; what was not detached or kept ends with it. */
void	 sallyport_free(struct sallyport *);
const struct sallyport_server *sallyport_server(const struct sallyport *);

/* What the last failed call on this handle ran into; valid until the next. */
const struct sallyport_error *sallyport_last_error(const struct sallyport *);

/* "0.1.0" */
const char *sallyport_version(void);

/* Settings: configuration values; they may only narrow --------- */

struct sallyport_setting {
	const char *key;	/* "agents.sandbox.mode" */
	const char *value;	/* as it would be written in the file */
	const char *origin;	/* where it came from, for people: "-c" */
};

/* Runs ---------- */

struct sallyport_context {
	const char *name;	/* shown to the model */
	const void *content;	/* text or any bytes */
	size_t	    len;
};

struct sallyport_run {
	const char *goal;			/* UTF-8, needed */
	const char *const *constraints;		/* [nconstraints] */
	size_t	    nconstraints;
	const struct sallyport_context *context;	/* [ncontext] */
	size_t	    ncontext;
	const struct sallyport_setting *settings;	/* [nsettings] */
	size_t	    nsettings;
	const char *provider;	/* NULL: found by itself */
	const char *model;	/* NULL: the configured one */
	const char *sandbox;	/* "native", "none"; NULL: the configured */
	uint32_t    max_iterations;	/* 0: as configured */
	uint32_t    timeout;	/* seconds, 0: as configured */
	bool	    detach;	/* goes on without this connection */
	bool	    deltas;	/* send model text as it arrives */
	bool	    record;	/* send SALLYPORT_TURN lines */
	const void *replay;	/* turns to play, or NULL */
	size_t	    replay_len;
	const void *ca_bundle;	/* PEM, or NULL: the system's */
	size_t	    ca_bundle_len;
	const char *credential;	/* model key, or NULL; never logged */
};

/*
 * Start a run.  Answered by SALLYPORT_ACCEPTED, any number of SALLYPORT_EVENT
 * and SALLYPORT_TURN, then SALLYPORT_ENDED; or by SALLYPORT_REFUSED.
 */
uint64_t sallyport_run(struct sallyport *, const struct sallyport_run *);

/*
 * Follow a run (UUID or a unique prefix of at least 4 characters) from the
 * event after `since` on: SALLYPORT_EVENT, then SALLYPORT_ENDED; or REFUSED.
 */
uint64_t sallyport_watch(struct sallyport *, const char *run, uint64_t since,
	    bool deltas);
/* End a run; now: without waiting for its tools.  DONE or REFUSED. */
uint64_t sallyport_cancel(struct sallyport *, const char *run, bool now);

/* Sandboxes without a model ---------- */

struct sallyport_sandbox {
	const char *sandbox;	/* "native"; NULL: the configured one */
	const struct sallyport_setting *settings;
	size_t	    nsettings;
	bool	    keep;	/* outlives this connection */
};

struct sallyport_exec {
	const char *sandbox;	/* id as SALLYPORT_OPENED gave it, or prefix */
	const char *tool;	/* NULL: the command in argv */
	char *const *argv;	/* [argc], no shell; used if tool is NULL */
	size_t	    argc;
	const char *command;	/* for execute_shell, code for execute_python */
	const char *working_dir;	/* NULL: the work directory */
	const void *input;	/* standard input, or NULL for none */
	size_t	    input_len;	/* at most 64 MiB */
	uint32_t    timeout;	/* ms; 0: as configured */
};

/* Answered by SALLYPORT_OPENED or SALLYPORT_REFUSED. */
uint64_t sallyport_sandbox_open(struct sallyport *,
	    const struct sallyport_sandbox *);
/* SALLYPORT_OUTPUT as it comes, then SALLYPORT_EXITED; or REFUSED. */
uint64_t sallyport_exec(struct sallyport *, const struct sallyport_exec *);
/* DONE or REFUSED. */
uint64_t sallyport_sandbox_close(struct sallyport *, const char *sandbox);

/* The record ---------- */

enum sallyport_query {
	SALLYPORT_RUNS,		/* newest first */
	SALLYPORT_SHOW,		/* one run in full */
	SALLYPORT_EVENTS,	/* of a run, after `since` */
	SALLYPORT_FILES,	/* recorded files of a run */
	SALLYPORT_FILE,		/* the bytes of one, in pieces */
	SALLYPORT_STATE,	/* what the run stored with set_state */
	SALLYPORT_AUDIT,	/* all events in order, with checkpoints; of
				 * other runs than `run` only the digests */
	SALLYPORT_KEY		/* the public key, and the newest signed head */
};

struct sallyport_question {
	enum sallyport_query kind;
	const char *run;	/* UUID or prefix; NULL for SALLYPORT_RUNS */
	uint64_t    since;	/* sequence number, for SALLYPORT_EVENTS */
	uint32_t    limit;	/* rows; 0 is all */
	const char *path;	/* for SALLYPORT_FILE, literal bytes */
};

/* Any number of SALLYPORT_ROW, then SALLYPORT_DONE; or SALLYPORT_REFUSED. */
uint64_t sallyport_query(struct sallyport *, const struct sallyport_question *);
/* The effective configuration: one SALLYPORT_ROW per key, then DONE. */
uint64_t sallyport_config(struct sallyport *,
	    const struct sallyport_setting *, size_t count);

/*
 * What policy would say to a call: a SALLYPORT_ROW {step, origin, result} for
 * each list and rule that was tried, then {verdict, rule, origin, reason,
 * problem}, then DONE; or SALLYPORT_REFUSED.  Nothing is done or recorded.
 */
struct sallyport_call {
	const char *tool;
	const void *arguments;	/* a msgpack map */
	size_t	    len;
	const struct sallyport_setting *settings;
	size_t	    nsettings;
};
uint64_t sallyport_explain(struct sallyport *, const struct sallyport_call *);
/* The rules on tools in force: a SALLYPORT_ROW for each, then DONE. */
uint64_t sallyport_rules(struct sallyport *);

/* Tools ---------- */

struct sallyport_tool {
	const char *name;
	const char *executor;	/* "sandbox", "record" or "judge" */
	const char *effect;	/* "read", "local", "remote", "destructive" */
	const char *description;
	bool	    offered;	/* to models */
};

/* The built-in tools from 0 on; false past the last.  Texts are static. */
bool	 sallyport_tool(size_t index, struct sallyport_tool *);

/* Events ---------- */

enum sallyport_kind {
	SALLYPORT_REFUSED,	/* status, error, message, hint */
	SALLYPORT_ACCEPTED,	/* run, provider, model, message (a notice) */
	SALLYPORT_EVENT,	/* run, seq, at, type, body */
	SALLYPORT_TURN,		/* run, data: a line for a replay file */
	SALLYPORT_ENDED,	/* run, stop, status, body */
	SALLYPORT_DONE,		/* message */
	SALLYPORT_ROW,		/* body, or data for SALLYPORT_FILE */
	SALLYPORT_OPENED,	/* run (the sandbox's id), body (its limits) */
	SALLYPORT_OUTPUT,	/* source, data */
	SALLYPORT_EXITED	/* outcome, exit_code, signal ..., body */
};

struct sallyport_event {
	enum sallyport_kind kind;
	uint64_t    request;	/* what it answers; 0: a run's event */
	char	    run[37];	/* UUID, lower case */
	uint64_t    seq;	/* in the record; 0: live only */
	uint64_t    at;		/* ms since 1970 UTC */
	unsigned    code;	/* enum event_type */
	const char *type;	/* "tool.decided" */
	const struct value *body;	/* a map, or NULL */
	const void *data;
	size_t	    len;
	int	    source;	/* 1 standard output, 2 standard error */
	int	    status;	/* exit status */
	const char *stop;	/* stop reason */
	const char *error;	/* error name, "" if none */
	const char *message;
	const char *hint;
	const char *provider;
	const char *model;
	const char *outcome;	/* "ok", "failed", "timed_out" ... */
	int64_t	    exit_code;	/* -1: none */
	uint32_t    signal;	/* 0: none */
	bool	    timed_out;
	uint64_t    wall;	/* microseconds */
	uint64_t    cpu;	/* microseconds */
	uint64_t    peak;	/* bytes */
};

/* A descriptor for poll(2), and the events to poll it for. */
int	 sallyport_fd(const struct sallyport *);
short	 sallyport_poll_events(const struct sallyport *);

/*
 * The next event: 1 with *event set (valid until the next call on the
 * handle), 0 if there was none within timeout milliseconds (-1 waits for
 * ever) or a signal came, -1 if the connection is over (sallyport_last_error
 * says why).  Taking the next event gives credit for the one before.
 */
int	 sallyport_next(struct sallyport *, int timeout,
	    const struct sallyport_event **event);

/*
 * Read on until the request has its last event, leaving out the others: 1
 * with the event, or -1.  A signal does not end it.
 */
int	 sallyport_wait(struct sallyport *, uint64_t request,
	    const struct sallyport_event **event);

/*
 * The event as one JSON object (as --output-format stream-json prints it;
 * a row as --json does), without a newline.  free() it.
 */
char	*sallyport_event_json(const struct sallyport_event *);

/*
 * Copy foreign text for a terminal: control characters, bidirectional
 * overrides and invalid UTF-8 become visible; newline and tab stay if
 * lines is true.  free() it.
 */
char	*sallyport_escape(const void *, size_t len, bool lines);

#endif
