/*
 * text.h: any bytes as text that may be shown to a model.
 * Runs in: cognition-worker.
 * Input: hostile bytes.
 */
#ifndef SALLYPORT_TEXT_H
#define SALLYPORT_TEXT_H

#include <stddef.h>

/*
 * The bytes as UTF-8 without U+0000: what does not fit becomes U+FFFD, and is
 * counted in *replaced (may be NULL).  Past most bytes only head and tail are
 * kept, with a line "[... N bytes left out ...]" between them.
 */
char	*text_clean(const void *, size_t len, size_t most, size_t *replaced);

/* The longest prefix of at most most bytes that does not cut a character. */
size_t	 text_prefix(const char *, size_t len, size_t most);

#endif
