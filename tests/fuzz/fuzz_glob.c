/*
 * fuzz_glob.c: a pattern matches what a plain table of all prefixes says; and
 * one that covers another matches whatever the other does.
 * Runs in: the fuzzer.
 * Input: hostile; three lines: two patterns and a text.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/glob.h"

#define TEXT_MAX	200u

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((uint8_t)*text >= 0x80)
			return false;
	return true;
}

/* fits[n]: the symbols so far match the first n bytes of the text. */
static bool
reference(const char *pattern, const char *text)
{
	size_t len = strlen(text);
	bool fits[TEXT_MAX + 1] = { true };

	for (; *pattern != '\0'; pattern++) {
		bool literal = *pattern == '\\' && pattern[1] != '\0';

		if (literal)
			pattern++;
		if (*pattern == '*' && !literal) {
			for (size_t n = 1; n <= len; n++)
				fits[n] |= fits[n - 1];
			continue;
		}
		for (size_t n = len; n > 0; n--)
			fits[n] = fits[n - 1] && (*pattern == text[n - 1] ||
			    (*pattern == '?' && !literal));
		fits[0] = false;
	}
	return fits[len];
}

static bool
check(const struct glob *g, const char *text)
{
	size_t steps = 1u << 24;
	enum glob_result got = glob_match(g, text, strlen(text), &steps);

	if (got == GLOB_exhausted)
		abort();
	if (is_ascii(g->source) && is_ascii(text) &&
	    (got == GLOB_yes) != reference(g->source, text))
		abort();
	return got == GLOB_yes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char lines[3][TEXT_MAX + 1] = { "", "", "" };
	struct glob a, b;
	const char *why;
	size_t line = 0, at = 0;

	for (size_t i = 0; i < size && line < 3; i++) {
		if (data[i] == '\n') {
			line++;
			at = 0;
		} else if (at < TEXT_MAX && data[i] != '\0') {
			lines[line][at++] = (char)data[i];
		}
	}
	if (!utf8_valid(lines[2], strlen(lines[2])) ||
	    glob_compile(&a, lines[0], &why) == -1)
		return 0;
	if (glob_compile(&b, lines[1], &why) == 0) {
		bool first = check(&a, lines[2]);

		if (check(&b, lines[2]) && !first && glob_covers(&a, &b))
			abort();
		glob_clear(&b);
	}
	glob_clear(&a);
	return 0;
}
