/*
 * policyc.h: what the parts of the page compiler share.
 * Runs in: the build, as whoever runs make; never installed.
 * Input: policy/NAME.policy, written by us; any doubt is a build error.
 */
#ifndef SALLYPORT_POLICYC_H
#define SALLYPORT_POLICYC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seccomp.h>

#define CHAIN_MAX	6	/* a system call has six arguments */
#define ALTERNATIVES	256	/* most chains of one condition */

/* Where a line stands, for errors and for what is emitted. */
struct place {
	const char	*file;
	unsigned	 line;
};

/* Comparisons that all must hold; one rule of libseccomp. */
struct chain {
	size_t		 n;
	struct scmp_arg_cmp cmp[CHAIN_MAX];
};

/* Chains of which one must hold; n is 0 for 'always'. */
struct condition {
	size_t		 n;
	struct chain	*chain;
};

struct rule {			/* one call of a syscall, deny or kill line */
	struct place	 at;
	char		*name;
	int		 nr;		/* negative: not on this architecture */
	uint32_t	 action;	/* SCMP_ACT_* */
	char		*text;		/* the condition as written, or "" */
	struct condition when;
	bool		 overlay;
};

struct limit {
	struct place	 at;
	int		 resource;	/* RLIMIT_* */
	uint64_t	 value;
	bool		 none;		/* an overlay lifts it */
	bool		 overlay;
};

struct file {
	struct place	 at;
	char		*path;
	uint64_t	 access;
	bool		 kept;
	bool		 overlay;
};

struct except {
	struct place	 at;
	char		*name;
};

struct line {
	char		*text;
	char		*reason;
};

/* One page as read. */
struct source {
	const char	*path;
	bool		 overlay;	/* --overlay sanitizer is in force */
	char		*process;
	char		*run_as;
	struct place	 file_at;	/* of `file none` or `unrestricted` */
	bool		 file_none, file_any;
	uint64_t	 net;		/* LANDLOCK_ACCESS_NET_* */
	bool		 has_net;
	uint32_t	 action;	/* for what no line names */
	bool		 has_default;
	bool		 no_filter;	/* `default none` */
	struct except	*except;	/* names taken off the outer list */
	size_t		 nexcept;
	struct rule	*rule;
	size_t		 nrules;
	struct limit	*limit;
	size_t		 nlimits;
	struct file	*file;
	size_t		 nfiles;
	struct line	*line;
	size_t		 nlines;
};

/* parse.c: read a page; ends the build at the first error. */
void	 page_read(struct source *, const char *path, bool overlay);

/*
 * overlay.c: the overlay lines of the outer page hold for every process: move
 * them from there to the page.
 */
void	 overlay_share(struct source *page, struct source *outer);

/* check.c: what can only be said of the whole page. */
void	 page_check(const struct source *);

/* condition.c: "arg1 in A, B && arg2 & C == 0" as alternatives. */
void	 condition_read(struct condition *, const char *text, struct place);

/* names.c: words to numbers.  False: unknown. */
bool	 name_value(const char *name, size_t len, uint64_t *value);
bool	 name_limit(const char *name, int *resource);
bool	 name_access(const char *name, uint64_t *access);
bool	 name_errno(const char *name, unsigned *number);

/* filter.c: the page's rules through libseccomp; calloc'ed instructions. */
struct sock_filter *filter_make(const struct source *, size_t *count);

/* emit.c: the C file; outer is the shared page or NULL. */
void	 page_emit(const struct source *, const struct source *outer,
	    const char *to);

/* main.c: "file:line: message" and exit status 1. */
void	 fail(struct place, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3), noreturn));
void	*more(void *array, size_t count, size_t size);	/* room for one more */
char	*copy(const char *, size_t len);

#endif
