/*
 * provider.h: which model provider a run uses, and what it may reach.
 * Runs in: judge.
 * Input: names and addresses from the client and the configuration.
 */
#ifndef SALLYPORT_JUDGE_PROVIDER_H
#define SALLYPORT_JUDGE_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "policy/words.h"
#include "supervisor/judge/config.h"

struct provider {
	char		 name[33];	/* "openai", "replay" */
	char		 base_url[513];	/* "" for replay */
	char		 model[129];
	char		 host[254];	/* the only host it may reach, or "" */
	uint16_t	 port;
	bool		 private_allowed;	/* a person named that host */
	uint32_t	 timeout;	/* ms, one model call */
	bool		 stream;
	char		 notice[513];	/* for the user, or "" */
};

/* Why a request of a client cannot be met. */
struct refusal {
	int		 status;	/* exit status */
	enum error	 error;
	char		 message[2049];
	char		 hint[513];
};

/* Fills r; returns -1, so that callers can return it. */
int	 refusal_set(struct refusal *r, int status, enum error, const char *fmt,
	    ...) __attribute__((format(printf, 4, 5)));

/* What a run_request says about its model. */
struct choice {
	const char	*provider;	/* "" is 'found by itself' */
	const char	*model;		/* "" is the configured */
	bool		 credential;	/* a key came along */
	bool		 replay;	/* recorded turns came along */
};

/*
 * request.provider, else replay if turns came along, else the configured
 * default, else openai if a key or an address is there, else replay with a
 * notice.  0, or -1 with the refusal.
 */
int	 provider_choose(struct provider *, const struct choice *,
	    const struct config *, struct refusal *);

/* True if the provider's configuration names exactly this destination. */
bool	 provider_may_dial(const struct provider *, const char *host,
	    uint32_t port);

#endif
