/*
 * toml_text.c: the four string forms of TOML.
 * Runs in: config-reader, and tests.
 * Input: hostile text, already known to be UTF-8.
 */
#include <string.h>

#include "ipc/util.h"
#include "supervisor/config-reader/toml_parts.h"

/* A string as it is read; it is never longer than what it was read from. */
struct reading {
	char	quote;		/* " or ' */
	bool	multiline;
	unsigned line;		/* where it begins */
	char	*out;		/* next byte of the result */
};

static bool
ahead(const struct toml *doc, const char *what)
{
	size_t len = strlen(what);

	return (size_t)(doc->end - doc->at) >= len &&
	    memcmp(doc->at, what, len) == 0;
}

static void
put_utf8(struct reading *r, uint32_t c)
{
	if (c < 0x80) {
		*r->out++ = (char)c;
	} else if (c < 0x800) {
		*r->out++ = (char)(0xc0 | c >> 6);
		*r->out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*r->out++ = (char)(0xe0 | c >> 12);
		*r->out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*r->out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*r->out++ = (char)(0xf0 | c >> 18);
		*r->out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*r->out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*r->out++ = (char)(0x80 | (c & 0x3f));
	}
}

static int
read_code_point(struct toml *doc, struct reading *r, int digits)
{
	uint32_t c = 0;
	int i, d;

	for (i = 0; i < digits; i++) {
		if (doc->at == doc->end ||
		    (d = hex_digit(*doc->at)) == -1)
			return toml_fail(doc, "\\%c needs %d hexadecimal "
			    "digits", digits == 4 ? 'u' : 'U', digits);
		c = c << 4 | (uint32_t)d;
		doc->at++;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return toml_fail(doc, "escape %X is not a Unicode character",
		    c);
	put_utf8(r, c);
	return 0;
}

/* A backslash at the end of a line swallows all white space that follows. */
static int
skip_line_end(struct toml *doc)
{
	bool newline = false;

	while (doc->at < doc->end) {
		if (ahead(doc, "\r\n"))
			doc->at++;
		if (*doc->at == '\n') {
			newline = true;
			doc->line++;
		} else if (*doc->at != ' ' && *doc->at != '\t') {
			break;
		}
		doc->at++;
	}
	return newline ? 0 : toml_fail(doc, "a backslash before white space "
	    "must be the last thing in its line");
}

static int
read_escape(struct toml *doc, struct reading *r)
{
	/* \e is of TOML 1.1; the conformance cases that we follow have it. */
	static const char names[] = "btnfre\"\\";
	static const char meant[] = "\b\t\n\f\r\x1b\"\\";
	const char *found;
	char c;

	doc->at++;
	if (doc->at == doc->end)
		return toml_fail(doc, "the string does not end");
	c = *doc->at;
	if (r->multiline && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
		return skip_line_end(doc);
	doc->at++;
	if (c == 'u')
		return read_code_point(doc, r, 4);
	if (c == 'U')
		return read_code_point(doc, r, 8);
	if (c == '\0' || (found = strchr(names, c)) == NULL)
		return toml_fail(doc, "unknown escape after a backslash; use "
		    "'single quotes' for literal backslashes");
	*r->out++ = meant[found - names];
	return 0;
}

/* One to five quotes in a multi-line string: the last three end it. */
static bool
read_quotes(struct toml *doc, struct reading *r)
{
	size_t n = 0;

	while (n < 5 && doc->at < doc->end && *doc->at == r->quote) {
		doc->at++;
		n++;
	}
	memset(r->out, r->quote, n < 3 ? n : n - 3);
	r->out += n < 3 ? n : n - 3;
	return n >= 3;
}

/* One character that is neither a quote nor an escape. */
static int
read_literal(struct toml *doc, struct reading *r)
{
	char c = *doc->at;

	if (c == '\n' || ahead(doc, "\r\n")) {
		if (!r->multiline)
			return toml_fail(doc, "the string does not end in its "
			    "line");
		if (c == '\r')
			*r->out++ = *doc->at++;
		doc->line++;
	} else if ((uint8_t)c < 0x20 ? c != '\t' : c == 0x7f) {
		return toml_fail(doc, "control character 0x%02x in a string",
		    (uint8_t)c);
	}
	*r->out++ = *doc->at++;
	return 0;
}

/* 0 at the end of the string, -1 if it is broken. */
static int
read_rest(struct toml *doc, struct reading *r)
{
	int status = 0;

	while (doc->at < doc->end && status == 0) {
		if (*doc->at == r->quote && !r->multiline) {
			doc->at++;
			return 0;
		}
		if (*doc->at == r->quote) {
			if (read_quotes(doc, r))
				return 0;
		} else if (*doc->at == '\\' && r->quote == '"') {
			status = read_escape(doc, r);
		} else {
			status = read_literal(doc, r);
		}
	}
	if (status == 0)
		doc->line = r->line;
	return toml_fail(doc, "the string does not end");
}

/* Bytes that the result can have at most: up to where the string ends. */
static size_t
room_needed(const struct toml *doc, const struct reading *r)
{
	const char *p;

	for (p = doc->at; p < doc->end; p++) {
		if (*p == '\\' && r->quote == '"' && p + 1 < doc->end)
			p++;
		else if (!r->multiline && (*p == r->quote || *p == '\n'))
			break;
		else if (r->multiline && *p == r->quote &&
		    doc->end - p >= 3 && p[1] == *p && p[2] == *p)
			break;
	}
	return (size_t)(p - doc->at) + 5;
}

int
toml_read_text(struct toml *doc, bool multiline_allowed, const char **text,
    size_t *len)
{
	struct reading r = { .quote = *doc->at, .line = doc->line };
	char *start;

	r.multiline = ahead(doc, r.quote == '"' ? "\"\"\"" : "'''");
	if (r.multiline && !multiline_allowed)
		return toml_fail(doc, "a key cannot be a multi-line string");
	doc->at += r.multiline ? 3 : 1;
	if (r.multiline && ahead(doc, "\r\n"))
		doc->at++;
	if (r.multiline && ahead(doc, "\n")) {
		doc->at++;
		doc->line++;
	}
	r.out = start = toml_alloc(doc, room_needed(doc, &r));
	if (read_rest(doc, &r) == -1)
		return -1;
	*text = start;
	*len = (size_t)(r.out - start);
	return 0;
}
