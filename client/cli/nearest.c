/*
 * nearest.c: which known word was probably meant.
 * Runs in: sallyport.  Input: words of our own user.
 */
#include <string.h>

#include "client/cli/cli.h"

#define WORD_MAX_LEN	48

/* Damerau-Levenshtein distance (adjacent swaps count once). */
static unsigned
distance(const char *a, size_t la, const char *b, size_t lb)
{
	unsigned d[WORD_MAX_LEN + 1][WORD_MAX_LEN + 1], best, cost;

	for (size_t i = 0; i <= la; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			cost = a[i - 1] != b[j - 1];
			best = d[i - 1][j - 1] + cost;
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const char *
nearest(const char *word, const char *const *known, size_t count)
{
	size_t len = strlen(word), other;
	const char *found = NULL;
	unsigned best = 1 + (unsigned)len / 3, d;

	if (len == 0 || len > WORD_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		other = strlen(known[i]);
		if (other > WORD_MAX_LEN)
			continue;
		d = distance(word, len, known[i], other);
		/* A beginning that fits says more than its length. */
		if (len >= 3 && strncmp(word, known[i], len) == 0)
			d = 1;
		if (d <= best && (found == NULL || d < best)) {
			best = d;
			found = known[i];
		}
	}
	return found;
}
