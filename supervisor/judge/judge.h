/*
 * judge.h: the judge's own state, its bounds, and what its files share.
 * Runs in: judge, unprivileged; no file, no socket of its own making.
 * Input: hostile; workers and clients are bounded by the numbers below.
 */
#ifndef SALLYPORT_JUDGE_H
#define SALLYPORT_JUDGE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include "ipc/ipc.h"
#include "supervisor/judge/config.h"

#define RUNS_MAX	64	/* runs and open sandboxes at once */
#define CLIENTS_MAX	128	/* connections at once */
#define QUERIES_MAX	64	/* questions to the record at once */
#define CALLS_MAX	64	/* tool calls that wait in one run */
#define CALLS_BYTES	(64u * MiB)	/* their arguments and inputs */
#define DIALS_MAX	4	/* connections one run waits for */
#define FILES_MAX	100000	/* files kept of one run */
#define NOTES_MAX	1000	/* log lines of one worker */

#define START_MS	30000	/* a process must be usable by then */
#define GRACE_MS	2000	/* from asking a run to end to killing it */
#define COLLECT_MS	60000	/* for copying a run's files out */
#define COLLECT_SOON_MS	10000	/* the same for a run that did not finish */
#define RECORD_MS	20000	/* for the last event to be on the disk */
#define HELLO_MS	5000	/* a client must say hello by then */
#define IDLE_MS		3000	/* user mode: how long nothing is left to do */
#define LEAVE_MS	10000	/* after SIGTERM everything ends by then */

struct call;
struct client;
struct dial;
struct process;
struct query;
struct run;
struct watch;

/* An event that was sent to the tracker and is not known to be kept. */
struct unsaved {
	TAILQ_ENTRY(unsaved) next;
	uint64_t	 token;
	struct run	*run;		/* NULL once it is gone */
	size_t		 size;		/* bytes */
	bool		 event;		/* has a place in the chain ... */
	bool		 failed;	/* ... unless it could not be kept */
	uint8_t		 digest[32];	/* of the event */
};

/* The chain over all events of a tenant that are on the disk. */
struct chain {
	uint64_t	 place;		/* of the newest; 0: none yet */
	uint8_t		 head[32];	/* zeros before the first */
};

/* One tenant: its tracker, and what that has not confirmed yet. */
struct tenant {
	uint32_t	 index;		/* as the supervisor counts them */
	char		 name[65];
	struct process	*tracker;	/* NULL: not there now */
	uint64_t	 next_token;	/* of the next append */
	TAILQ_HEAD(unsaved_list, unsaved) unsaved;	/* oldest first */
	struct event	*retry;		/* back-off after its death */
	unsigned	 deaths;	/* in a row */
	bool		 settled;	/* its ledger was compared */
	char		 damage[512];	/* how it contradicts, or "" */
	struct chain	 chain;		/* checkpoint.c */
	uint64_t	 signed_place;	/* newest checkpoint; 0: none */
	uint64_t	 signed_at;	/* ms since 1970 */
	uint8_t		 signed_head[32], signature[64];
	bool		 signing;	/* the supervisor was asked */
	bool		 sign_again;	/* a run ended meanwhile */
	struct event	*sign_timer;
};

/* The configuration that is being read (load.c). */
struct loading {
	bool		 busy;
	uint32_t	 wanted;	/* files announced */
	uint32_t	 announced;	/* config_file rows seen */
	uint32_t	 asked;		/* index of the file being parsed */
	char		(*paths)[4097];	/* [wanted], owned */
	struct config	*config;	/* the new one, owned */
	struct process	*reader;
};

LIST_HEAD(process_list, process);
LIST_HEAD(run_list, run);
LIST_HEAD(client_list, client);
LIST_HEAD(watch_list, watch);
LIST_HEAD(query_list, query);
LIST_HEAD(dial_list, dial);

struct judge {
	struct event_base *base;
	message_dispatch *const *table;	/* of main.c; tests have theirs */
	struct channel	 supervisor;
	bool		 assumed;	/* `assume` came */
	bool		 user_mode;	/* one user's own, leaves when idle */
	bool		 separate_uids;
	bool		 cgroups;
	uint32_t	 owner;		/* uid that started the supervisor */
	char		 state_dir[4097];	/* for people, never opened */
	int		 listener;	/* control socket */
	struct event	*accepting;	/* NULL: not served yet */
	bool		 serving;	/* `serving` was sent */
	bool		 stopping;	/* SIGTERM came, or we leave */
	bool		 left;		/* leave_request was sent */
	int		 log_level;	/* of the command line */
	struct config	*config;	/* in force, owned */
	struct loading	 loading;
	uint8_t		 signing_key[32];	/* public */
	struct tenant	 tenant;	/* the only one so far */
	struct process	*dialer;	/* NULL: not there now */
	struct event	*dialer_retry;
	unsigned	 dialer_deaths;	/* in a row */
	struct process_list processes;
	struct run_list	 runs;
	struct client_list clients;
	struct watch_list watches;
	struct query_list queries;
	struct dial_list dials;
	unsigned	 nruns, nclients, nqueries;
	uint32_t	 next_process;	/* its number, never 0 */
	uint64_t	 next_id;	/* of calls, dials and queries */
	struct event	*sweep;		/* frees what a handler has ended */
	struct event	*tick;		/* while somebody reads slowly */
	struct event	*idle;		/* user mode: time to leave */
};

/* All of it, empty, with its timers; main.c and the tests begin here. */
void		 judge_init(struct judge *, struct event_base *,
		    message_dispatch *const *table);
void		 judge_clear(struct judge *);

struct event	*timer_new(struct judge *, event_callback_fn, void *);
void		 timer_start(struct event *, unsigned ms);
void		 timer_free(struct event **);	/* NULL is allowed */

/* Free what was ended, once no handler is at work on it. */
void		 judge_sweep_soon(struct judge *);

/* Ask the supervisor to end everything with this exit status. */
void		 judge_leave(struct judge *, unsigned status);

/* SIGTERM: end the runs, then leave; now: without waiting for them. */
void		 judge_stop(struct judge *, bool now);

/* Open the control socket to clients, once all that needs is there. */
void		 judge_serve(struct judge *);

/* idle.c: leave when nothing has been left to do for a while. */
bool		 idle_reached(const struct judge *);
void		 idle_look(struct judge *);
void		 idle_expired(evutil_socket_t, short, void *judge);

/* load.c: reading the configuration through a config-reader. */
void		 load_begin(struct judge *, uint32_t files);
int		 load_file(struct judge *, uint32_t index, const char *path);
void		 load_usable(struct judge *);
int		 load_parsed(struct judge *, struct configuration *);
void		 load_failed(struct judge *, int status, const char *why);

/* back-off: milliseconds before the next try after so many deaths. */
unsigned	 backoff_ms(unsigned deaths);

#endif
