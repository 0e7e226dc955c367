/*
 * policy_rules.h: asking the judge about rules and calls.
 * Runs in: sallyport.
 * Input: calls and files of our own user; rows of the judge.
 */
#ifndef SALLYPORT_CLI_POLICY_RULES_H
#define SALLYPORT_CLI_POLICY_RULES_H

#include "client/cli/cli.h"

/* An object as JSON into a msgpack map: 0, or -1 with why. */
int	 policy_json_pack(const char *text, size_t len, struct pack *,
	    char *why, size_t size);

/* One line of a table of calls; owned texts. */
struct policy_line {
	char	*tool, *verdict;
	char	*rule;		/* how its name must begin, or NULL */
	struct pack arguments;
};
int	 policy_line_parse(const char *text, size_t len, struct policy_line *,
	    char *why, size_t size);
void	 policy_line_clear(struct policy_line *);

/*
 * Ask about one call.  each() gets the rows until it returns other than 0.
 * The exit status, 0 if all rows came.
 */
int	 policy_ask(struct cli *, uint64_t request,
	    int (*each)(struct cli *, const struct value *row, void *),
	    void *arg);

/*
 * private.c: a supervisor with a configuration file of its own and a state
 * directory that is gone afterwards; without a file the usual one.
 */
struct private_server {
	char	 dir[4096];	/* "" if it is none */
	int	 pidfd;		/* of it, or -1 */
};
int	 private_begin(struct cli *, const char *file, struct private_server *);
void	 private_end(struct cli *, struct private_server *);

#endif
