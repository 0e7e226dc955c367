/*
 * cli.h: what the verbs of the command line share.
 * Runs in: sallyport, with the user's rights.
 * Input: arguments, files and environment of our own user; everything that
 * comes back from the supervisor is hostile on a terminal.
 */
#ifndef SALLYPORT_CLI_H
#define SALLYPORT_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "client/lib/json.h"
#include "client/sallyport.h"
#include "ipc/util.h"
#include "ipc/value.h"
#include "policy/words.h"

/* Options ---------- */

enum option_type {
	OPT_flag,
	OPT_text,
	OPT_number,		/* 0 .. most */
	OPT_seconds,		/* above 0, fractions allowed; kept as ms */
	OPT_choice,		/* one of value, "a|b|c" */
	OPT_later		/* known, and refused: not in this version */
};

struct option_row {
	const char	*name;		/* without the dashes */
	char		 letter;	/* or 0 */
	enum option_type type;
	const char	*value;		/* "FILE", or the choices; NULL: flag */
	uint64_t	 most;		/* numbers: the largest; seconds too */
	const char	*help;
};

struct given {
	const struct option_row *row;
	const char	*text;
	uint64_t	 number;
};

struct args;
struct cli;

struct verb {
	const char	*noun;		/* "runs" */
	const char	*name;		/* "list"; NULL: the noun is the verb */
	bool		 standard;	/* meant if only the noun is given */
	bool		 command;	/* options end at the first operand */
	const char	*operands;	/* "RUN PATH", for the usage line */
	int		 least, most;	/* operands; most -1: any number */
	const char	*summary;	/* one line */
	const char	*example;	/* lines, each a command */
	const struct option_row *options;
	size_t		 noptions;
	int		(*run)(struct cli *);	/* returns the exit status */
};

extern const struct verb *const verbs[];
extern const size_t verbs_count;
extern const struct option_row common_options[];
extern const size_t common_options_count;

struct args {
	const struct verb *verb;
	struct given	 *given;	/* owned, in the order given */
	size_t		  ngiven;
	char		**operands;	/* owned array, borrowed texts */
	int		  noperands;
	bool		  help;
	char		  why[512];	/* what is wrong */
	char		  hint[256];
};

/*
 * Read a command line.  0, or -1 with why; verb is NULL if not even that is
 * known.
 */
int	 args_parse(struct args *, int argc, char **argv);
void	 args_clear(struct args *);
/* The last one given, else NULL or the default. */
const char *arg_text(const struct args *, const char *name);
uint64_t arg_number(const struct args *, const char *name, uint64_t);
bool	 arg_flag(const struct args *, const char *name);
/* The nth one given, else NULL; for options that may be repeated. */
const char *arg_nth(const struct args *, const char *name, size_t n);

/* The known word nearest to an unknown one, or NULL if none is near. */
const char *nearest(const char *word, const char *const *known, size_t count);

void	 help_print(FILE *, const struct verb *);
void	 help_overview(FILE *);

/* The command at work ---------- */

struct cli {
	struct args	 args;
	bool		 json;
	struct sallyport *h;	/* owned, or NULL */
};

/* Connect by the common options; 0, or the exit status after saying why. */
int	 cli_connect(struct cli *);

/*
 * Say what is wrong on stderr and, with --json, as an object on stdout.
 * Return the exit status.
 */
int	 fail_error(struct cli *, const struct sallyport_error *);
int	 fail_event(struct cli *, const struct sallyport_event *);
int	 fail_usage(struct cli *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
int	 fail_with(struct cli *, int status, enum error, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));

/* Is this a UUID or a prefix of 4 characters or more? */
bool	 run_name_ok(const char *);

/* Ends a verb: 0, or 73 if stdout could not be written. */
int	 output_end(struct cli *, int status);

/* settings.c: from -c, the environment and --config; owned arrays. */
struct settings {
	struct sallyport_setting *list;
	size_t	 count;
};
/* 0, or -1 with why: a -c that is not KEY=VALUE. */
int	 settings_collect(const struct args *, char *const *environment,
	    struct settings *, char *why, size_t size);
void	 settings_clear(struct settings *);

/* print.c ---------- */

/* Foreign bytes for people; lines keeps newlines and tabs. */
void	 print_foreign(FILE *, const void *, size_t len, bool lines);
/* The same, never more than width columns or so, on one line. */
void	 print_short(FILE *, const void *, size_t len, size_t width);
/* A value for people: text as it is, the rest as JSON; NULL is nothing. */
void	 print_value(FILE *, const struct value *, bool lines);
/* A JSON line on stdout. */
void	 print_json(struct json *);
/* Text of a map's entry, or "" ; for comparing, not for printing. */
bool	 entry_is(const struct value *map, const char *key, const char *word);
/* Colour for a stream: "" unless it is a terminal and NO_COLOR is unset. */
const char *style(FILE *, const char *sequence);
#define BOLD	"\033[1m"
#define DIM	"\033[2m"
#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define YELLOW	"\033[33m"
#define PLAIN	"\033[0m"

/* A stream of foreign bytes whose characters may be cut between pieces. */
struct foreign {
	uint8_t	 kept[4];
	size_t	 len;
};
void	 foreign_print(struct foreign *, FILE *, const void *, size_t len);
void	 foreign_end(struct foreign *, FILE *);

/* signals.c ---------- */

void	 signals_catch(void);
unsigned signals_seen(void);	/* SIGINT, SIGTERM and SIGHUP so far */
/*
 * The next event of cli->h: 1, 0 after timeout ms (-1: none), -1 if the
 * connection is over, 2 if a signal came.
 */
int	 event_wait(struct cli *, int timeout, const struct sallyport_event **);

/* show.c: a run's progress, for people ---------- */

enum show_level { SHOW_tools, SHOW_text, SHOW_thinking };

struct show {
	FILE		*out;		/* standard error */
	bool		 terminal;
	enum show_level	 level;
	bool		 waiting;	/* the indicator is on the screen */
	bool		 in_text;	/* a line of model text is open */
	struct foreign	 text;
	char		 step[64];	/* what the run is doing */
	uint64_t	 since;		/* ms, monotonic: since when */
};

void	 show_init(struct show *, FILE *, enum show_level);
void	 show_event(struct show *, const struct sallyport_event *);
void	 show_waiting(struct show *);	/* call a few times a second */
void	 show_clear(struct show *);	/* take the indicator away */
/* One line about an event, for logs. */
void	 show_line(FILE *, uint64_t seq, const char *ts, const char *type,
	    const struct value *body);

/* rows.c: queries, row by row ---------- */

/*
 * Ask, and hand each row to each(); the exit status.  each returns 0, or the
 * status to end with.
 */
int	 rows(struct cli *, const struct sallyport_question *,
	    int (*each)(struct cli *, const struct sallyport_event *, void *),
	    void *arg);
/* The row as JSON: times in ms become RFC 3339. */
void	 row_json(struct cli *, const struct value *);
/* A row's time (ms or text) for people, or "-". */
const char *row_time(char dst[32], const struct value *map, const char *key);

/* runs.c: one line of runs list, or the row as JSON. */
void	 runs_print(struct cli *, const struct value *row);

/* when.c: points in time ---------- */

/* RFC 3339 in UTC, a date, or "7d" (ago); NULL changes nothing.  0 or -1. */
int	 when_parse(const char *, uint64_t *ms);
struct period {
	uint64_t since, until;	/* ms since 1970; until is outside */
};
/* --since and --until: 0, or the exit status. */
int	 period_read(struct cli *, struct period *);

/* files.c of the library's user: read a whole file, "-" is stdin */
struct content {
	char	*data;		/* owned, NUL-terminated beyond len */
	size_t	 len;
};
int	 content_read(const char *path, size_t most, struct content *,
	    char *why, size_t size);
void	 content_clear(struct content *);

#endif
