/*
 * watch.h: clients that follow a run, live or from the record.
 * Runs in: judge.
 * Input: slow clients: live text is left out for them, and recorded events
 * are read again from the record once they have caught up.
 */
#ifndef SALLYPORT_JUDGE_WATCH_H
#define SALLYPORT_JUDGE_WATCH_H

#include "supervisor/judge/run.h"

struct watch {
	LIST_ENTRY(watch) next;
	struct client	*client;
	struct run	*run;		/* NULL: not live (any more) */
	uint64_t	 request;	/* of watch_request, or 0 */
	uint8_t		 id[16];	/* the run's */
	char		 name[37];	/* prefix until resolved */
	bool		 resolving;	/* name may be a prefix */
	bool		 deltas;
	bool		 behind;	/* to be read from the record */
	bool		 final;		/* it was not live when that began */
	struct query	*query;		/* that does so, or NULL */
	uint64_t	 seen;		/* seq of the newest event sent */
};

struct watch *watch_new(struct client *, struct run *, bool deltas);
void	 watch_free(struct watch *);
/* watch_request; -1 with the refusal. */
int	 watch_begin(struct client *, const struct watch_request *,
	    struct refusal *);

/* Somebody follows what a run says while it says it. */
bool	 watch_live(const struct run *);
/* A recorded event, or a live one (seq 0). */
void	 watch_event(struct run *, const struct run_event *);
/* A line of --record: to the run's own client. */
void	 watch_turn(struct run *, struct turn_recorded *);
/* The run is over: its last word. */
void	 watch_ended(struct run *);
/* The client does not keep up with the lines of --record. */
bool	 watch_turn_blocked(const struct run *);

/* From the record: a row, and the end of the rows. 0, or -1 if malformed. */
int	 watch_row(struct watch *, struct query_row *);
void	 watch_rows_end(struct watch *, const struct query_done *);
/* The record cannot be read: it is refused, and over. */
void	 watch_lost(struct watch *, const struct refusal *);

/* Once in a while, while somebody is slow. */
void	 watch_tick(evutil_socket_t, short, void *judge);
void	 watch_tick_soon(struct judge *);
void	 watch_drop_client(struct client *);

#endif
