/*
 * query.h: questions to the record, of clients and of those who catch up.
 * Runs in: judge.
 * Input: hostile on both sides; rows need credit from whoever receives them.
 */
#ifndef SALLYPORT_JUDGE_QUERY_H
#define SALLYPORT_JUDGE_QUERY_H

#include "policy/words.h"
#include "supervisor/judge/judge.h"
#include "supervisor/judge/provider.h"

struct query {
	LIST_ENTRY(query) next;
	struct judge	*judge;
	struct client	*client;	/* who gets the rows, or NULL */
	struct watch	*watch;		/* or who catches up, or NULL */
	uint64_t	 request;	/* the client's number */
	uint64_t	 id;		/* ours */
	bool		 sent;		/* the tracker has it */
	enum query_kind	 kind;
	char		 run[37];
	uint64_t	 since;
	uint32_t	 limit;
	uint32_t	 credit;	/* rows that may still come */
	uint8_t		*path;		/* owned */
	size_t		 path_len;
};

/* A new query for a client or a watch; NULL if there are too many. */
struct query *query_new(struct judge *, enum query_kind, const char *run);
/* Send it, now or when the tracker is there. */
void	 query_begin(struct query *);
void	 query_credit_add(struct query *, uint32_t rows);
void	 query_free(struct query *);		/* cancels it if it was sent */
struct query *query_find(struct judge *, uint64_t id);
struct query *query_of(struct client *, uint64_t request);

void	 query_send_waiting(struct judge *);
void	 query_all_lost(struct judge *, const char *why);
void	 query_drop_client(struct client *);
/* What a client hears when its question is answered in the negative. */
int	 query_refusal(const struct query_done *, const char *run,
	    struct refusal *);

#endif
