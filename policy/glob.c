/*
 * glob.c: patterns that are matched from left to right without going back:
 * the first place where a piece fits is as good as any later one.
 * Runs in: judge.
 * Input: the text is hostile; work is counted in steps and bounded.
 */
#include <string.h>

#include "ipc/util.h"
#include "policy/glob.h"

#define CONTINUES(c)	(((uint8_t)(c) & 0xc0) == 0x80)	/* in UTF-8 */

/* One symbol of a pattern as it was written. */
enum { END_OF_GLOB = -1, ANY_TEXT = -2, ANY_CHARACTER = -3 };

static int
symbol(const char **at)
{
	int c = (uint8_t)**at;

	if (c == '\0')
		return END_OF_GLOB;
	++*at;
	if (c == '*')
		return ANY_TEXT;
	if (c == '?')
		return ANY_CHARACTER;
	if (c == '\\' && **at != '\0')
		return (uint8_t)*(*at)++;
	return c;
}

static void
piece_add(struct glob_piece *p, int c, size_t most)
{
	if (p->text == NULL)
		p->text = xcalloc(1, most);
	if (c == ANY_CHARACTER) {
		if (p->any == NULL)
			p->any = xcalloc(most, sizeof(*p->any));
		p->any[p->len] = true;
	}
	p->text[p->len++] = (char)c;
}

int
glob_compile(struct glob *g, const char *pattern, const char **why)
{
	size_t most = strlen(pattern) + 1, piece = 0;
	const char *at = pattern, *from;
	int c;

	*g = (struct glob){ .count = 0 };
	*why = "longer than 4095 bytes";
	if (most > GLOB_MAX)
		return -1;
	g->source = xstrdup(pattern);
	for (g->count = 1; (c = symbol(&at)) != END_OF_GLOB;)
		g->count += c == ANY_TEXT;
	g->pieces = xcalloc(g->count, sizeof(*g->pieces));
	*why = NULL;
	for (from = at = pattern; (c = symbol(&at)) != END_OF_GLOB;
	    from = at) {
		if (c == ANY_TEXT)
			piece++;
		else
			piece_add(&g->pieces[piece], c, most);
		if (c == '\\' && at == from + 1)
			*why = "a backslash at the end";
	}
	for (size_t i = 0; i < g->count; i++)
		if (g->pieces[i].any != NULL && g->pieces[i].len > GLOB_PIECE)
			*why = "more than 64 bytes without a '*' where there "
			    "is a '?'";
	if (*why == NULL)
		return 0;
	glob_clear(g);
	return -1;
}

void
glob_clear(struct glob *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->pieces[i].text);
		free(g->pieces[i].any);
	}
	free(g->pieces);
	free(g->source);
	*g = (struct glob){ .count = 0 };
}

bool
glob_is_exact(const struct glob *g)
{
	return g->count == 1 && g->pieces[0].any == NULL;
}

/* --- matching --- */

/* The piece begins at text: where it ends there, or NULL. */
static const char *
fits(const struct glob_piece *p, const char *text, const char *end)
{
	for (size_t i = 0; i < p->len; i++) {
		if (text == end || (!p->any[i] && *text != p->text[i]))
			return NULL;
		text++;
		for (int k = 0; p->any[i] && k < 3 && text < end &&
		    CONTINUES(*text); k++)
			text++;
	}
	return text;
}

/* The piece ends at end: where it begins, or NULL. */
static const char *
fits_before(const struct glob_piece *p, const char *text, const char *end)
{
	for (size_t i = p->len; i-- > 0;) {
		if (text == end || (!p->any[i] && end[-1] != p->text[i]))
			return NULL;
		end--;
		for (int k = 0; p->any[i] && k < 3 && text < end &&
		    CONTINUES(*end); k++)
			end--;
	}
	return end;
}

static const char *
begins(const struct glob_piece *p, const char *text, const char *end)
{
	if (p->any != NULL)
		return fits(p, text, end);
	if ((size_t)(end - text) < p->len)
		return NULL;
	return p->len == 0 || memcmp(text, p->text, p->len) == 0 ?
	    text + p->len : NULL;
}

static const char *
ends(const struct glob_piece *p, const char *text, const char *end)
{
	if (p->any != NULL)
		return fits_before(p, text, end);
	if ((size_t)(end - text) < p->len)
		return NULL;
	return p->len == 0 || memcmp(end - p->len, p->text, p->len) == 0 ?
	    end - p->len : NULL;
}

/* The end of the first place where the piece is; NULL: none, or no steps. */
static const char *
find(const struct glob_piece *p, const char *text, const char *end,
    size_t *steps)
{
	size_t cost = p->any != NULL ? GLOB_PIECE : 1;
	size_t len = (size_t)(end - text), look = len;
	const char *found = NULL;

	if (p->len == 0)
		return text;
	if (look > *steps / cost)
		look = *steps / cost;
	if (p->any == NULL)
		found = memmem(text, look, p->text, p->len);
	for (size_t i = 0; p->any != NULL && i < look && found == NULL; i++)
		if (fits(p, text + i, end) != NULL)
			found = text + i;
	if (found == NULL) {
		*steps = look < len ? 0 : *steps - look * cost;
		return NULL;
	}
	*steps -= (size_t)(found - text) * cost;
	return p->any != NULL ? fits(p, found, end) : found + p->len;
}

enum glob_result
glob_match(const struct glob *g, const void *data, size_t len, size_t *steps)
{
	const char *text = len > 0 ? data : "", *end = text + len;
	size_t fixed = g->pieces[0].len + g->pieces[g->count - 1].len + 1;

	if (*steps < fixed) {
		*steps = 0;
		return GLOB_exhausted;
	}
	*steps -= fixed;
	text = begins(&g->pieces[0], text, end);
	if (text == NULL || g->count == 1)
		return text == end && text != NULL ? GLOB_yes : GLOB_no;
	end = ends(&g->pieces[g->count - 1], text, end);
	if (end == NULL)
		return GLOB_no;
	for (size_t i = 1; i + 1 < g->count; i++) {
		text = find(&g->pieces[i], text, end, steps);
		if (text == NULL)
			return *steps == 0 ? GLOB_exhausted : GLOB_no;
	}
	return GLOB_yes;
}

/* --- one pattern and another --- */

static bool
takes(int a, int b)
{
	if (a == ANY_CHARACTER)
		return b == ANY_CHARACTER || (b >= 0 && b < 0x80);
	return a == b && a != ANY_TEXT;
}

bool
glob_covers(const struct glob *a, const struct glob *b)
{
	const char *at = a->source, *bt = b->source, *a_star = NULL;
	const char *b_star = NULL, *a_next, *b_next;

	while (*bt != '\0') {
		a_next = at;
		b_next = bt;
		if (*at == '*') {
			a_star = ++at;
			b_star = bt;
		} else if (takes(symbol(&a_next), symbol(&b_next))) {
			at = a_next;
			bt = b_next;
		} else if (a_star != NULL) {
			(void)symbol(&b_star);
			bt = b_star;
			at = a_star;
		} else {
			return false;
		}
	}
	while (*at == '*')
		at++;
	return *at == '\0';
}
