/*
 * openai.h: chat completions: requests, and replies put together.
 * Runs in: cognition-worker.
 * Input: replies are hostile.  Source: OpenAI API, POST /v1/chat/completions.
 */
#ifndef SALLYPORT_OPENAI_H
#define SALLYPORT_OPENAI_H

#include <stdbool.h>
#include <stddef.h>

#include "cognition-worker/provider.h"
#include "ipc/pack.h"

struct tool;

/* The body of a request, JSON, to be freed. */
struct openai_request {
	const char	*model;
	const struct conversation *conversation;
	const struct tool *const *tools;
	size_t		 ntools;
	const struct wish *wish;
	bool		 stream;
};
char	*openai_request(const struct openai_request *);

/* A call whose pieces arrive one by one. */
struct openai_part {
	long long	 index;		/* as the server counts */
	char		*id;		/* the first one said counts */
	char		*name;
	struct pack	 arguments;
	bool		 custom;	/* a kind of call never offered */
	bool		 shown;		/* its name went out as a delta */
};

/* What a server says that went wrong. */
struct openai_error {
	char		 message[512];	/* escaped */
	char		 code[64];
	char		 type[64];
};

/* A reply that is being put together. */
struct openai_reply {
	struct pack	 text;
	struct pack	 thinking;	/* not kept longer than it is shown */
	size_t		 shown;		/* bytes of text sent as deltas */
	struct openai_part parts[CALLS_MAX];
	size_t		 nparts;
	size_t		 dropped;	/* calls above CALLS_MAX */
	size_t		 bytes;		/* of text and arguments, bounded */
	bool		 refused;
	bool		 done;		/* the end mark came */
	enum finish	 finish;
	uint64_t	 input_tokens;
	uint64_t	 output_tokens;
	struct openai_error error;	/* message is empty: none */
	char		 why[512];	/* broken: how */
};

void	openai_reply_init(struct openai_reply *);
void	openai_reply_clear(struct openai_reply *);

/* One event of a stream.  0, 1 if it was the end mark, -1 with why set. */
int	openai_event(struct openai_reply *, const char *, size_t len);
/* A whole reply that was not streamed.  0, or -1 with why set. */
int	openai_plain(struct openai_reply *, const char *, size_t len);
/* It is over: check that it is complete and fill the turn.  0 or -1. */
int	openai_complete(struct openai_reply *, struct turn *);
/* The body of an error status.  Leaves message empty if it has no form. */
void	openai_error(struct openai_error *, const char *, size_t len);

#endif
