/*
 * args.c: reading a command line by the tables of the verbs.
 * Runs in: sallyport.
 * Input: the arguments of our own user; anything not in a table is refused.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "client/cli/cli.h"

const struct option_row common_options[] = {
	{ "json", 0, OPT_flag, NULL, 0,
	    "print JSON, one object per line, instead of text" },
	{ "state-dir", 0, OPT_text, "DIR", 0,
	    "use (or start) the supervisor of this state directory" },
	{ "config", 0, OPT_text, "FILE", 0,
	    "configuration of a supervisor that is started" },
	{ "help", 'h', OPT_flag, NULL, 0, "print this help" },
};
const size_t common_options_count = nitems(common_options);

void
args_clear(struct args *a)
{
	free(a->given);
	free(a->operands);
	memset(a, 0, sizeof(*a));
}

static int
wrong(struct args *a, const char *hint, const char *fmt, const char *word)
{
	autofree char *shown = sallyport_escape(word, strlen(word), false);

	snprintf(a->why, sizeof(a->why), fmt, shown);
	snprintf(a->hint, sizeof(a->hint), "%s", hint);
	return -1;
}

/* --- the verb --- */

static bool
noun_known(const char *noun)
{
	for (size_t i = 0; i < verbs_count; i++)
		if (strcmp(verbs[i]->noun, noun) == 0)
			return true;
	return false;
}

static int
verb_unknown(struct args *a, const char *noun, const char *word)
{
	const char *known[64], *found;
	char hint[200];
	size_t n = 0;

	for (size_t i = 0; i < verbs_count && n < nitems(known); i++) {
		if (noun == NULL)
			known[n++] = verbs[i]->noun;
		else if (strcmp(verbs[i]->noun, noun) == 0)
			known[n++] = verbs[i]->name;
	}
	found = nearest(word, known, n);
	if (found != NULL)
		snprintf(hint, sizeof(hint), "did you mean '%s%s%s'?",
		    noun != NULL ? noun : "", noun != NULL ? " " : "", found);
	else
		snprintf(hint, sizeof(hint),
		    "'sallyport help' lists the commands");
	return wrong(a, hint, "there is no command '%s'", word);
}

/* Find the verb; the number of words that name it, or -1. */
static int
find_verb(struct args *a, int argc, char **argv)
{
	const struct verb *v, *standard = NULL;
	const char *noun, *name;

	if (argc < 2)
		return wrong(a, "'sallyport help' lists the commands",
		    "%s", "no command given");
	noun = argv[1];
	name = argc > 2 ? argv[2] : "-";
	if (!noun_known(noun))
		return verb_unknown(a, NULL, noun);
	for (size_t i = 0; i < verbs_count; i++) {
		v = verbs[i];
		if (strcmp(v->noun, noun) != 0)
			continue;
		if (v->name != NULL && strcmp(v->name, name) == 0) {
			a->verb = v;
			return 3;
		}
		if (v->name == NULL || v->standard)
			standard = v;
	}
	if (standard != NULL && (standard->name == NULL || name[0] == '-')) {
		a->verb = standard;
		return 2;
	}
	if (name[0] == '-') {	/* sallyport files --help */
		for (size_t i = 0; a->verb == NULL && i < verbs_count; i++)
			if (strcmp(verbs[i]->noun, noun) == 0)
				a->verb = verbs[i];
		return 2;
	}
	return verb_unknown(a, noun, name);
}

/* --- options --- */

static const struct option_row *
option_at(const struct verb *v, size_t i)
{
	if (i < v->noptions)
		return &v->options[i];
	i -= v->noptions;
	return i < common_options_count ? &common_options[i] : NULL;
}

static const struct option_row *
option_find(const struct verb *v, const char *name, size_t len, char letter)
{
	const struct option_row *row;

	for (size_t i = 0; (row = option_at(v, i)) != NULL; i++) {
		if (letter != 0 && row->letter == letter)
			return row;
		if (letter == 0 && strlen(row->name) == len &&
		    memcmp(row->name, name, len) == 0)
			return row;
	}
	return NULL;
}

static int
option_unknown(struct args *a, const char *word)
{
	const struct option_row *row;
	const char *known[64], *found;
	char name[64], hint[200];
	size_t n = 0;

	for (size_t i = 0; n < nitems(known) &&
	    (row = option_at(a->verb, i)) != NULL; i++)
		known[n++] = row->name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="),
	    word[1] == '-' ? word + 2 : "");
	found = nearest(name, known, n);
	if (found != NULL)
		snprintf(hint, sizeof(hint), "did you mean '--%s'?", found);
	else
		snprintf(hint, sizeof(hint),
		    "'sallyport %s%s%s --help' lists the options",
		    a->verb->noun, a->verb->name != NULL ? " " : "",
		    a->verb->name != NULL ? a->verb->name : "");
	return wrong(a, hint, "unknown option '%s'", word);
}

static bool
is_choice(const char *choices, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = choices; len > 0; at = strchr(at, '|') + 1) {
		if (strncmp(at, word, len) == 0 &&
		    (at[len] == '|' || at[len] == '\0'))
			return true;
		if (strchr(at, '|') == NULL)
			break;
	}
	return false;
}

static int
take_number(struct args *a, struct given *g)
{
	char what[128];
	char *end = NULL;
	double seconds;

	errno = 0;
	snprintf(what, sizeof(what), "--%s takes a number, at most %llu",
	    g->row->name, (unsigned long long)g->row->most);
	if (g->row->type == OPT_number) {
		g->number = strtoull(g->text, &end, 10);
		if (g->text[0] >= '0' && g->text[0] <= '9' && *end == '\0' &&
		    errno == 0 && g->number <= g->row->most)
			return 0;
	} else {
		seconds = strtod(g->text, &end);
		if (end != g->text && *end == '\0' && isfinite(seconds) &&
		    seconds > 0 && seconds <= (double)g->row->most &&
		    strpbrk(g->text, "xX") == NULL) {
			g->number = (uint64_t)(seconds * 1000 + 0.999);
			return 0;
		}
	}
	return wrong(a, what, "'%s' is not a number that fits", g->text);
}

static int
take_value(struct args *a, const struct option_row *row, const char *text)
{
	struct given *g;
	char hint[200];

	a->given = xrealloc(a->given, (a->ngiven + 1) * sizeof(*a->given));
	g = &a->given[a->ngiven++];
	*g = (struct given){ .row = row, .text = text };
	if (row->type == OPT_later)
		return wrong(a, "'sallyport version' tells which one this is",
		    "--%s is not available in this version", row->name);
	if (row->type == OPT_number || row->type == OPT_seconds)
		return take_number(a, g);
	if (row->type == OPT_choice && !is_choice(row->value, text)) {
		snprintf(hint, sizeof(hint), "--%s takes one of %s", row->name,
		    row->value);
		return wrong(a, hint, "'%s' is not one of the choices", text);
	}
	if (row->type == OPT_flag && strcmp(row->name, "help") == 0)
		a->help = true;
	return 0;
}

/* The option at argv[*i]; *i is moved over its value. */
static int
take_option(struct args *a, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *value = NULL;
	const struct option_row *row;
	size_t len;

	if (word[1] == '-') {
		len = strcspn(word + 2, "=");
		row = option_find(a->verb, word + 2, len, 0);
		if (word[2 + len] == '=')
			value = word + 3 + len;
	} else {
		row = option_find(a->verb, NULL, 0, word[1]);
		if (word[2] != '\0')
			value = word + 2;
	}
	if (row == NULL)
		return option_unknown(a, word);
	if (row->type == OPT_flag) {
		if (value != NULL)
			return wrong(a, "give it without a value",
			    "--%s takes no value", row->name);
		return take_value(a, row, "");
	}
	if (value == NULL && *i + 1 < argc)
		value = argv[++*i];
	if (value == NULL && row->type != OPT_later)
		return wrong(a, row->help, "--%s needs a value", row->name);
	return take_value(a, row, value != NULL ? value : "");
}

int
args_parse(struct args *a, int argc, char **argv)
{
	int i = find_verb(a, argc, argv), status = 0;
	bool options = true;

	if (i == -1)
		return -1;
	a->operands = xcalloc((size_t)argc, sizeof(*a->operands));
	for (; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (take_option(a, argc, argv, &i) == -1 &&
			    status == 0)
				status = -1;
		} else {
			a->operands[a->noperands++] = argv[i];
			options = options && !a->verb->command;
		}
	}
	if (a->help)
		return 0;
	if (status == 0 && a->noperands < a->verb->least)
		return wrong(a, "'--help' shows an example",
		    "expected: %s", a->verb->operands);
	if (status == 0 && a->verb->most >= 0 && a->noperands > a->verb->most)
		return wrong(a, "quote words that belong together",
		    "'%s' is one operand too many", a->operands[a->verb->most]);
	return status;
}

/* --- looking them up --- */

const char *
arg_nth(const struct args *a, const char *name, size_t n)
{
	for (size_t i = 0; i < a->ngiven; i++)
		if (strcmp(a->given[i].row->name, name) == 0 && n-- == 0)
			return a->given[i].text;
	return NULL;
}

static const struct given *
last_given(const struct args *a, const char *name)
{
	const struct given *found = NULL;

	for (size_t i = 0; i < a->ngiven; i++)
		if (strcmp(a->given[i].row->name, name) == 0)
			found = &a->given[i];
	return found;
}

const char *
arg_text(const struct args *a, const char *name)
{
	const struct given *g = last_given(a, name);

	return g != NULL ? g->text : NULL;
}

uint64_t
arg_number(const struct args *a, const char *name, uint64_t standard)
{
	const struct given *g = last_given(a, name);

	return g != NULL ? g->number : standard;
}

bool
arg_flag(const struct args *a, const char *name)
{
	return last_given(a, name) != NULL;
}
