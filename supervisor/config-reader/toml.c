/*
 * toml.c: lines, keys, headers, arrays and inline tables of TOML 1.0.
 * Runs in: config-reader, and tests.
 * Input: hostile text.  What may be extended by which form follows the rules
 * of the standard on tables; see enum toml_origin.
 */
#include <string.h>

#include "ipc/util.h"
#include "supervisor/config-reader/toml_parts.h"

#define SHOWN		96		/* bytes of a key in a message */

static int	 read_value(struct toml *, struct toml_node *);

static char
peek(const struct toml *doc)
{
	return doc->at < doc->end ? *doc->at : '\0';
}

static void
skip_blanks(struct toml *doc)
{
	while (peek(doc) == ' ' || peek(doc) == '\t')
		doc->at++;
}

static int
skip_comment(struct toml *doc)
{
	uint8_t c;

	if (peek(doc) != '#')
		return 0;
	for (; doc->at < doc->end && *doc->at != '\n'; doc->at++) {
		c = (uint8_t)*doc->at;
		if (c == '\r' && doc->at + 1 < doc->end && doc->at[1] == '\n')
			return 0;
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return toml_fail(doc, "control character 0x%02x in a "
			    "comment", c);
	}
	return 0;
}

/* Blanks and a comment up to the end of the line or of the file. */
static int
end_line(struct toml *doc)
{
	skip_blanks(doc);
	if (skip_comment(doc) == -1)
		return -1;
	if (doc->at == doc->end)
		return 0;
	if (*doc->at == '\r' && doc->at + 1 < doc->end && doc->at[1] == '\n')
		doc->at++;
	if (*doc->at != '\n')
		return toml_fail(doc, "there is more in the line than one "
		    "entry; texts need quotes");
	doc->at++;
	doc->line++;
	return 0;
}

/* Blanks, comments and line ends, as arrays allow them. */
static int
skip_lines(struct toml *doc)
{
	skip_blanks(doc);
	while (peek(doc) == '#' || peek(doc) == '\n' || peek(doc) == '\r') {
		if (doc->at < doc->end && end_line(doc) == -1)
			return -1;
		skip_blanks(doc);
	}
	return 0;
}

static bool
is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* One part of a key, with the blanks around it. */
static int
read_part(struct toml *doc, const char **key, size_t *len)
{
	skip_blanks(doc);
	if (peek(doc) == '"' || peek(doc) == '\'') {
		if (toml_read_text(doc, false, key, len) == -1)
			return -1;
	} else {
		*key = doc->at;
		while (doc->at < doc->end && is_bare(*doc->at))
			doc->at++;
		*len = (size_t)(doc->at - *key);
		if (*len == 0)
			return toml_fail(doc, "a key is missing; keys other "
			    "than A-Z a-z 0-9 _ - need quotes");
	}
	skip_blanks(doc);
	return 0;
}

static int
already(struct toml *doc, const struct toml_node *n, const char *what)
{
	char shown[SHOWN];

	return toml_fail(doc, "'%s' %s in line %u",
	    toml_shown(n, shown, sizeof(shown)), what, n->line);
}

/* Into (or to a new) table of a [header], before its last part. */
static struct toml_node *
enter_for_header(struct toml *doc, struct toml_node *table, const char *key,
    size_t len)
{
	struct toml_node *n = toml_find(doc, table, key, len);

	if (n == NULL) {
		n = toml_add(doc, table, key, len, TOML_TABLE);
		if (n != NULL)
			n->origin = TOML_IMPLIED;
		return n;
	}
	if (n->type == TOML_ARRAY && n->origin == TOML_TABLES)
		return n->last;
	if (n->type != TOML_TABLE || n->origin == TOML_CLOSED) {
		already(doc, n, "already has its value");
		return NULL;
	}
	return n;
}

/* The table of [header]: its last part. */
static struct toml_node *
open_table(struct toml *doc, struct toml_node *table, const char *key,
    size_t len)
{
	struct toml_node *n = toml_find(doc, table, key, len);

	if (n == NULL)
		n = toml_add(doc, table, key, len, TOML_TABLE);
	else if (n->type != TOML_TABLE || n->origin != TOML_IMPLIED)
		n = (already(doc, n, "is already defined"), NULL);
	if (n == NULL)
		return NULL;
	n->origin = TOML_HEADER;
	n->line = doc->line;
	return n;
}

/* A new element of [[header]]. */
static struct toml_node *
open_element(struct toml *doc, struct toml_node *table, const char *key,
    size_t len)
{
	struct toml_node *n = toml_find(doc, table, key, len);

	if (n == NULL) {
		if ((n = toml_add(doc, table, key, len, TOML_ARRAY)) == NULL)
			return NULL;
		n->origin = TOML_TABLES;
	} else if (n->type != TOML_ARRAY || n->origin != TOML_TABLES) {
		already(doc, n, "is already defined");
		return NULL;
	}
	n = toml_add(doc, n, NULL, 0, TOML_TABLE);
	if (n != NULL)
		n->origin = TOML_HEADER;
	return n;
}

/* At '[': the table that the following lines belong to, or NULL. */
static struct toml_node *
read_header(struct toml *doc)
{
	struct toml_node *table = doc->root;
	const char *key;
	bool element;
	size_t len;

	doc->at++;
	if ((element = peek(doc) == '['))
		doc->at++;
	doc->section = ++doc->sections;
	while (table != NULL) {
		if (read_part(doc, &key, &len) == -1)
			return NULL;
		if (peek(doc) != '.')
			break;
		doc->at++;
		table = enter_for_header(doc, table, key, len);
	}
	if (table == NULL)
		return NULL;
	if (peek(doc) != ']' || (element &&
	    (doc->end - doc->at < 2 || doc->at[1] != ']'))) {
		toml_fail(doc, "the header does not end with %s",
		    element ? "]]" : "]");
		return NULL;
	}
	doc->at += element ? 2 : 1;
	table = element ? open_element(doc, table, key, len) :
	    open_table(doc, table, key, len);
	return table != NULL && end_line(doc) == 0 ? table : NULL;
}

/* Into (or to a new) table of a dotted key, before its last part. */
static struct toml_node *
enter_for_key(struct toml *doc, struct toml_node *table, const char *key,
    size_t len)
{
	struct toml_node *n = toml_find(doc, table, key, len);

	if (n == NULL) {
		if ((n = toml_add(doc, table, key, len, TOML_TABLE)) == NULL)
			return NULL;
	} else if (n->type != TOML_TABLE || !(n->origin == TOML_IMPLIED ||
	    (n->origin == TOML_DOTTED && n->section == doc->section))) {
		already(doc, n, "is already defined");
		return NULL;
	}
	n->origin = TOML_DOTTED;
	n->section = doc->section;
	return n;
}

/* key = value, or a.b.key = value, within a table. */
static int
read_entry(struct toml *doc, struct toml_node *table)
{
	struct toml_node *n;
	const char *key;
	size_t len;

	for (;;) {
		if (read_part(doc, &key, &len) == -1)
			return -1;
		if (peek(doc) != '.')
			break;
		doc->at++;
		if ((table = enter_for_key(doc, table, key, len)) == NULL)
			return -1;
	}
	if (peek(doc) != '=')
		return toml_fail(doc, "a key is not followed by =");
	doc->at++;
	skip_blanks(doc);
	if ((n = toml_find(doc, table, key, len)) != NULL)
		return already(doc, n, "is already defined");
	if ((n = toml_add(doc, table, key, len, TOML_BOOLEAN)) == NULL)
		return -1;
	return read_value(doc, n);
}

static int
read_array(struct toml *doc, struct toml_node *array)
{
	struct toml_node *n;

	array->type = TOML_ARRAY;
	doc->at++;
	for (;;) {
		if (skip_lines(doc) == -1)
			return -1;
		if (peek(doc) == ']')
			break;
		n = toml_add(doc, array, NULL, 0, TOML_BOOLEAN);
		if (n == NULL || read_value(doc, n) == -1 ||
		    skip_lines(doc) == -1)
			return -1;
		if (peek(doc) == ']')
			break;
		if (peek(doc) != ',')
			return toml_fail(doc, "the array that begins in line "
			    "%u needs , or ] here", array->line);
		doc->at++;
	}
	doc->at++;
	return 0;
}

/* { key = value, ... } in one line, without a comma before }. */
static int
read_inline_table(struct toml *doc, struct toml_node *table)
{
	unsigned outer = doc->section;

	table->type = TOML_TABLE;
	doc->section = ++doc->sections;
	doc->at++;
	skip_blanks(doc);
	while (peek(doc) != '}' || table->count > 0) {
		if (read_entry(doc, table) == -1)
			return -1;
		skip_blanks(doc);
		if (peek(doc) == '}')
			break;
		if (peek(doc) != ',')
			return toml_fail(doc, "the inline table needs , or } "
			    "here, in the same line");
		doc->at++;
	}
	doc->at++;
	doc->section = outer;
	return 0;
}

static int
read_value(struct toml *doc, struct toml_node *n)
{
	switch (peek(doc)) {
	case '"':
	case '\'':
		n->type = TOML_TEXT;
		return toml_read_text(doc, true, &n->text.data, &n->text.len);
	case '[':
		return read_array(doc, n);
	case '{':
		return read_inline_table(doc, n);
	default:
		return toml_read_plain(doc, n);
	}
}

static int
read_document(struct toml *doc)
{
	struct toml_node *table = doc->root;

	for (;;) {
		if (skip_lines(doc) == -1)
			return -1;
		if (doc->at == doc->end)
			return 0;
		if (*doc->at == '[') {
			if ((table = read_header(doc)) == NULL)
				return -1;
		} else if (read_entry(doc, table) == -1 ||
		    end_line(doc) == -1) {
			return -1;
		}
	}
}

/* The line of the first byte that is not UTF-8. */
static int
check_encoding(struct toml *doc)
{
	const char *p = doc->at, *eol;

	if (utf8_valid(doc->at, (size_t)(doc->end - doc->at)))
		return 0;
	for (; p < doc->end; p = eol + 1, doc->line++) {
		eol = memchr(p, '\n', (size_t)(doc->end - p));
		if (eol == NULL || !utf8_valid(p, (size_t)(eol - p)))
			break;
	}
	return toml_fail(doc, "the text is not UTF-8");
}

struct toml *
toml_parse(const void *bytes, size_t len, struct toml_problem *problem)
{
	struct toml *doc = xcalloc(1, sizeof(*doc));

	doc->problem = problem;
	doc->line = 1;
	doc->root = toml_alloc(doc, sizeof(*doc->root));
	doc->root->type = TOML_TABLE;
	doc->root->origin = TOML_HEADER;
	doc->root->line = 1;
	/* Keys point into the text: the document keeps a copy of it. */
	doc->at = toml_alloc(doc, len + 1);
	memcpy((char *)doc->at, bytes, len);
	doc->end = doc->at + len;
	if (len >= 3 && memcmp(doc->at, "\xef\xbb\xbf", 3) == 0)
		doc->at += 3;
	if (len > TOML_BYTES)
		toml_fail(doc, "the file is larger than %u bytes", TOML_BYTES);
	if (doc->failed || check_encoding(doc) == -1 ||
	    read_document(doc) == -1) {
		toml_free(doc);
		return NULL;
	}
	return doc;
}
