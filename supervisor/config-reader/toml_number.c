/*
 * toml_number.c: values without quotes or brackets: numbers, true, false.
 * Runs in: config-reader, and tests.
 * Input: hostile text.  Dates, times, inf and nan are refused by name.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/config-reader/toml_parts.h"

#define PLAIN_MAX	128		/* bytes of such a value */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The run of characters that a value can hold; 0 or -1. */
static int
read_token(struct toml *doc, char *token, size_t size)
{
	static const char also[] = "+-._:";
	size_t n = 0;
	char c;

	while (doc->at < doc->end) {
		c = *doc->at;
		if (!is_digit(c) && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') &&
		    (c == '\0' || strchr(also, c) == NULL))
			break;
		if (n + 1 == size)
			return toml_fail(doc, "a number of more than %zu "
			    "characters", size - 1);
		token[n++] = c;
		doc->at++;
	}
	token[n] = '\0';
	return n > 0 ? 0 : toml_fail(doc, "a value is missing");
}

/* Digits of a base with single underscores between them. */
static bool
digits_valid(const char *s, size_t len, const char *allowed)
{
	size_t i;

	if (len == 0 || s[0] == '_' || s[len - 1] == '_')
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] == '_' ? s[i - 1] == '_' :
		    strchr(allowed, s[i]) == NULL)
			return false;
	}
	return true;
}

static void
drop_underscores(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++)
		if (*s != '_')
			*to++ = *s;
	*to = '\0';
}

static int
convert_integer(struct toml *doc, struct toml_node *into, char *digits,
    int base)
{
	drop_underscores(digits);
	errno = 0;
	into->type = TOML_INTEGER;
	into->integer = strtoll(digits, NULL, base);
	return errno == 0 ? 0 : toml_fail(doc, "the number does not fit into "
	    "64 bits");
}

/* 0x, 0o, 0b: no sign; 1 if it is none of them. */
static int
read_prefixed(struct toml *doc, struct toml_node *into, char *token)
{
	static const struct {
		char		 letter;
		int		 base;
		const char	*digits;
	} forms[] = {
		{ 'x', 16, "0123456789abcdefABCDEF" },
		{ 'o', 8, "01234567" },
		{ 'b', 2, "01" },
	};
	size_t i;

	if (token[0] != '0')
		return 1;
	for (i = 0; i < nitems(forms); i++) {
		if (token[1] != forms[i].letter)
			continue;
		if (!digits_valid(token + 2, strlen(token + 2),
		    forms[i].digits))
			return toml_fail(doc, "not a number of base %d",
			    forms[i].base);
		return convert_integer(doc, into, token + 2, forms[i].base);
	}
	return 1;
}

/* Length of the decimal digits and underscores at s. */
static size_t
decimal_span(const char *s)
{
	return strspn(s, "0123456789_");
}

/* [sign] integer [. digits] [e [sign] digits]; true if it has that form. */
static bool
decimal_form(const char *s, bool *real)
{
	static const char ten[] = "0123456789";
	size_t n;

	*real = false;
	s += *s == '+' || *s == '-';
	n = decimal_span(s);
	if (!digits_valid(s, n, ten) || (s[0] == '0' && n > 1))
		return false;
	s += n;
	if (*s == '.') {
		*real = true;
		n = decimal_span(++s);
		if (!digits_valid(s, n, ten))
			return false;
		s += n;
	}
	if (*s == 'e' || *s == 'E') {
		*real = true;
		s++;
		s += *s == '+' || *s == '-';
		n = decimal_span(s);
		if (!digits_valid(s, n, ten))
			return false;
		s += n;
	}
	return *s == '\0';
}

static int
convert_real(struct toml *doc, struct toml_node *into, char *token)
{
	drop_underscores(token);
	into->type = TOML_REAL;
	into->real = strtod(token, NULL);
	return isfinite(into->real) ? 0 : toml_fail(doc, "the number is too "
	    "large");
}

/* What TOML knows and we do not use: say so rather than 'syntax error'. */
static int
refuse(struct toml *doc, const char *token)
{
	const char *s = token + (*token == '+' || *token == '-');
	char shown[PLAIN_MAX];

	if (strcmp(s, "inf") == 0 || strcmp(s, "nan") == 0)
		return toml_fail(doc, "%s is not used here: write a number", s);
	if ((strspn(token, "0123456789") == 4 && token[4] == '-') ||
	    (strspn(token, "0123456789") == 2 && token[2] == ':'))
		return toml_fail(doc, "dates are not used here: write a text "
		    "in quotes");
	text_escape(shown, sizeof(shown), token, strlen(token));
	return toml_fail(doc, "'%s' is not a value; texts need quotes", shown);
}

int
toml_read_plain(struct toml *doc, struct toml_node *into)
{
	char token[PLAIN_MAX];
	bool real;
	int status;

	if (read_token(doc, token, sizeof(token)) == -1)
		return -1;
	if (strcmp(token, "true") == 0 || strcmp(token, "false") == 0) {
		into->type = TOML_BOOLEAN;
		into->boolean = token[0] == 't';
		return 0;
	}
	if ((status = read_prefixed(doc, into, token)) != 1)
		return status;
	if (!decimal_form(token, &real))
		return refuse(doc, token);
	if (real)
		return convert_real(doc, into, token);
	return convert_integer(doc, into, token, 10);
}
