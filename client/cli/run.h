/*
 * run.h: one run as `sallyport run` sees it.
 * Runs in: sallyport.
 * Input: options of our own user; events, which are hostile.
 */
#ifndef SALLYPORT_CLI_RUN_H
#define SALLYPORT_CLI_RUN_H

#include "client/cli/cli.h"

enum output_format { FORMAT_text, FORMAT_json, FORMAT_stream };

/* What was asked for; owns what `run` points into. */
struct plan {
	enum output_format format;
	enum show_level	 level;
	struct sallyport_run run;
	struct settings	 settings;
	struct content	 goal, replay, bundle;
	struct content	*files;			/* [run.ncontext] */
	struct sallyport_context *context;
	const char	**constraints;
	FILE		*record;		/* --record, or NULL */
};

int	 run_verb(struct cli *);

/* 0, or the exit status after saying what is wrong; plan_clear() always. */
int	 plan_make(struct cli *, struct plan *);
void	 plan_clear(struct plan *);

/* run_end.c: the last word, in the format asked for; the exit status. */
int	 run_end(struct cli *, const struct plan *, const char *provider,
	    const struct sallyport_event *);

#endif
