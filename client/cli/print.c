/*
 * print.c: printing what others wrote so that a terminal stays what it is.
 * Runs in: sallyport.
 * Input: hostile texts of models, sandboxes and servers.
 */
#include <string.h>

#include "client/cli/cli.h"

void
print_foreign(FILE *out, const void *data, size_t len, bool lines)
{
	autofree char *text = sallyport_escape(data, len, lines);

	fputs(text, out);
}

/* Where a cut after at most `width` bytes does not split a character. */
static size_t
cut_at(const char *text, size_t width)
{
	while (width > 0 && (text[width] & 0xc0) == 0x80)
		width--;
	return width;
}

void
print_short(FILE *out, const void *data, size_t len, size_t width)
{
	autofree char *text = NULL;
	size_t take = len < width * 4 ? len : cut_at(data, width * 4);

	text = sallyport_escape(data, take, false);
	if (strlen(text) <= width && take == len) {
		fputs(text, out);
		return;
	}
	fprintf(out, "%.*s...", (int)(strlen(text) <= width ? strlen(text) :
	    cut_at(text, width)), text);
}

void
print_value(FILE *out, const struct value *v, bool lines)
{
	autojson struct json j = { 0 };

	if (v == NULL || v->type == VALUE_NIL)
		return;
	if (v->type == VALUE_TEXT || v->type == VALUE_BYTES) {
		print_foreign(out, v->text.data, v->text.len, lines);
		return;
	}
	json_value(&j, v);
	fputs(j.text, out);
}

void
print_json(struct json *j)
{
	autofree char *text = json_take(j);

	puts(text);
}

bool
entry_is(const struct value *map, const char *key, const char *word)
{
	const struct value *v = value_get(map, key);

	return v != NULL && value_is_text(v, word);
}

const char *
style(FILE *out, const char *sequence)
{
	const char *off = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((off != NULL && off[0] != '\0') || !isatty(fileno(out)) ||
	    (term != NULL && strcmp(term, "dumb") == 0))
		return "";
	return sequence;
}

/* Bytes at the end that may be the beginning of a character. */
static size_t
unfinished(const uint8_t *s, size_t len)
{
	size_t need;

	for (size_t back = 1; back <= 3 && back <= len; back++) {
		uint8_t c = s[len - back];

		if ((c & 0xc0) == 0x80)
			continue;
		need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
		return need > back ? back : 0;
	}
	return 0;
}

void
foreign_print(struct foreign *f, FILE *out, const void *data, size_t len)
{
	autofree uint8_t *joined = xcalloc(1, f->len + len + 1);
	size_t all = f->len + len, rest;

	memcpy(joined, f->kept, f->len);
	memcpy(joined + f->len, data, len);
	rest = unfinished(joined, all);
	print_foreign(out, joined, all - rest, true);
	memcpy(f->kept, joined + all - rest, rest);
	f->len = rest;
}

void
foreign_end(struct foreign *f, FILE *out)
{
	print_foreign(out, f->kept, f->len, true);
	f->len = 0;
}
