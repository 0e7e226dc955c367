/*
 * glob.h: patterns of rules: '*' is any text (also none, also with slashes and
 * newlines), '?' one character, '\' takes the next one literally.
 * Runs in: judge.
 * Input: the pattern is the operator's, the text is hostile.
 */
#ifndef SALLYPORT_GLOB_H
#define SALLYPORT_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GLOB_MAX	4096	/* bytes of a pattern */
#define GLOB_PIECE	64	/* bytes of a piece that has a '?' */

/* What stands between two '*'. */
struct glob_piece {
	char		*text;	/* owned, without backslashes */
	bool		*any;	/* [len] a '?' is here; NULL: nowhere */
	size_t		 len;	/* bytes */
};

struct glob {
	struct glob_piece *pieces;	/* owned; one more than there are '*' */
	size_t		 count;
	char		*source;	/* owned: as it was written */
};

enum glob_result { GLOB_no, GLOB_yes, GLOB_exhausted };

/* Take a pattern apart.  0, or -1 with *why (static); then it is empty. */
int	 glob_compile(struct glob *, const char *pattern, const char **why);
void	 glob_clear(struct glob *);

/* No wildcard in it: it matches one text only. */
bool	 glob_is_exact(const struct glob *);

/*
 * Does the whole text match?  Takes at most one step for each byte of the
 * text that is looked at (GLOB_PIECE for pieces with '?') from *steps; when
 * they are used up the answer is GLOB_exhausted.  No allocation.
 */
enum glob_result glob_match(const struct glob *, const void *text, size_t len,
	    size_t *steps);

/*
 * Every text that b matches is matched by a.  May say false where it is true,
 * never true where it is false.
 */
bool	 glob_covers(const struct glob *a, const struct glob *b);

#endif
