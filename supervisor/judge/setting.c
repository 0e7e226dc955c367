/*
 * setting.c: values of each kind, from text, from TOML, and back.
 * Runs in: judge.
 * Input: decoded files and clients' settings: every type and bound is checked.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/setting.h"

#define INTEGER(name, key, initial, least, most, help) \
	{ key, KIND_integer, #initial, least, most, NULL, help },
#define SIZE(name, key, initial, least, most, help) \
	{ key, KIND_size, initial, least, most, NULL, help },
#define REAL(name, key, initial, least, most, help) \
	{ key, KIND_real, #initial, least, most, NULL, help },
#define FLAG(name, key, initial, help) \
	{ key, KIND_flag, #initial, 0, 0, NULL, help },
#define TEXT(name, key, initial, most, help) \
	{ key, KIND_text, initial, 0, most, NULL, help },
#define CHOICE(name, key, initial, choices, help) \
	{ key, KIND_choice, initial, 0, 0, choices, help },
#define LIST(name, key, initial, most, help) \
	{ key, KIND_list, initial, 0, most, NULL, help },
#define GONE(...)
const struct key_row key_rows[KEY_COUNT] = {
#include "supervisor/judge/keys.def"
};
#undef INTEGER
#undef SIZE
#undef REAL
#undef FLAG
#undef TEXT
#undef CHOICE
#undef LIST
#undef GONE

void
setting_clear(struct setting *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i]);
	free(s->list);
	free(s->text);
	free(s->origin);
	*s = (struct setting){ .integer = 0 };
}

void
setting_copy(struct setting *to, const struct setting *from)
{
	*to = *from;
	to->text = from->text != NULL ? xstrdup(from->text) : NULL;
	to->origin = from->origin != NULL ? xstrdup(from->origin) : NULL;
	to->list = from->count > 0 ?
	    xcalloc(from->count, sizeof(*to->list)) : NULL;
	for (size_t i = 0; i < from->count; i++)
		to->list[i] = xstrdup(from->list[i]);
}

int
refuse(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return -1;
}

/* --- one value of each kind --- */

static int
check_bounds(const struct key_row *row, double n, char *why, size_t size)
{
	if (n >= row->least && n <= row->most)
		return 0;
	return refuse(why, size, "%s must be between %.15g and %.15g",
	    row->name, row->least, row->most);
}

/* "512m", "1g", "4096": a number with a binary unit (powers of 1024). */
static int
parse_size(const char *text, int64_t *out)
{
	static const char units[] = "bkmgt";
	const char *unit;
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || errno != 0 || n < 0)
		return -1;
	if (*end != '\0') {
		unit = strchr(units, *end | 0x20);
		if (unit == NULL || (end[1] != '\0' && strcasecmp(end + 1,
		    "b") != 0 && strcasecmp(end + 1, "ib") != 0))
			return -1;
		for (; unit > units; unit--) {
			if (n > INT64_MAX / 1024)
				return -1;
			n *= 1024;
		}
	}
	*out = n;
	return 0;
}

static int
set_number(const struct key_row *row, struct setting *s, double n, char *why,
    size_t size)
{
	if (check_bounds(row, n, why, size) == -1)
		return -1;
	s->integer = (int64_t)n;
	s->real = n;
	return 0;
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = choices; len > 0 && strchr(text, '|') == NULL;
	    at++) {
		if (strncmp(at, text, len) == 0 &&
		    (at[len] == '|' || at[len] == '\0'))
			return true;
		at = strchr(at, '|');
		if (at == NULL)
			break;
	}
	return false;
}

static int
set_text(const struct key_row *row, struct setting *s, const char *text,
    char *why, size_t size)
{
	if (row->kind == KIND_choice && !is_choice(row->choices, text))
		return refuse(why, size, "%s must be one of %s", row->name,
		    row->choices);
	if (row->kind == KIND_text && strlen(text) > (size_t)row->most)
		return refuse(why, size, "%s is longer than %.0f bytes",
		    row->name, row->most);
	s->text = xstrdup(text);
	return 0;
}

static int
add_item(const struct key_row *row, struct setting *s, const char *item,
    size_t len, char *why, size_t size)
{
	char *copy;

	if ((double)s->count >= row->most)
		return refuse(why, size, "%s has more than %.0f items",
		    row->name, row->most);
	copy = xcalloc(1, len + 1);
	memcpy(copy, item, len);
	s->list = xrealloc(s->list, (s->count + 1) * sizeof(*s->list));
	s->list[s->count++] = copy;
	return 0;
}

static int
set_list_from_text(const struct key_row *row, struct setting *s,
    const char *text, char *why, size_t size)
{
	size_t len;

	for (; *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		if (len > 0 && add_item(row, s, text, len, why, size) == -1)
			return -1;
	}
	return 0;
}

static int
set_number_from_text(const struct key_row *row, struct setting *s,
    const char *text, char *why, size_t size)
{
	int64_t bytes;
	double n;
	char *end;

	if (row->kind == KIND_size) {
		if (parse_size(text, &bytes) == -1)
			return refuse(why, size,
			    "%s must be a size such as 512m or 1g", row->name);
		return set_number(row, s, (double)bytes, why, size);
	}
	errno = 0;
	n = row->kind == KIND_integer ? (double)strtoll(text, &end, 10) :
	    strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !isfinite(n))
		return refuse(why, size, "%s must be %s", row->name,
		    row->kind == KIND_integer ? "an integer" : "a number");
	return set_number(row, s, n, why, size);
}

int
setting_from_text(const struct key_row *row, struct setting *s,
    const char *text, char *why, size_t size)
{
	switch (row->kind) {
	case KIND_integer:
	case KIND_size:
	case KIND_real:
		return set_number_from_text(row, s, text, why, size);
	case KIND_flag:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return refuse(why, size, "%s must be true or false",
			    row->name);
		s->integer = strcmp(text, "true") == 0;
		return 0;
	case KIND_text:
	case KIND_choice:
		return set_text(row, s, text, why, size);
	case KIND_list:
		return set_list_from_text(row, s, text, why, size);
	}
	return -1;
}

char *
text_of(const struct value *v)
{
	char *s;

	if (v->type != VALUE_TEXT ||
	    memchr(v->text.data, '\0', v->text.len) != NULL)
		return NULL;
	s = xcalloc(1, v->text.len + 1);
	memcpy(s, v->text.data, v->text.len);
	return s;
}

static int
set_list_from_value(const struct key_row *row, struct setting *s,
    const struct value *v, char *why, size_t size)
{
	/* A list of one may be written as that one. */
	const struct value *items = v->type == VALUE_LIST ? v->list.items : v;
	size_t count = v->type == VALUE_LIST ? v->list.count : 1;

	for (size_t i = 0; i < count; i++) {
		autofree char *text = text_of(&items[i]);

		if (text == NULL)
			return refuse(why, size, "%s must be a list of strings",
			    row->name);
		if (add_item(row, s, text, strlen(text), why, size) == -1)
			return -1;
	}
	return 0;
}

int
setting_from_value(const struct key_row *row, struct setting *s,
    const struct value *v, char *why, size_t size)
{
	static const char *const expected[] = {
		[KIND_integer] = "an integer",
		[KIND_size] = "a size such as \"512m\"",
		[KIND_real] = "a number", [KIND_flag] = "true or false",
		[KIND_text] = "a string", [KIND_choice] = "a string",
		[KIND_list] = "a list of strings"
	};
	autofree char *text = text_of(v);

	if (row->kind == KIND_list)
		return set_list_from_value(row, s, v, why, size);
	if (row->kind == KIND_flag && v->type == VALUE_BOOL) {
		s->integer = v->boolean;
		return 0;
	}
	if (text != NULL && (row->kind == KIND_text ||
	    row->kind == KIND_choice || row->kind == KIND_size))
		return setting_from_text(row, s, text, why, size);
	if (v->type == VALUE_INT && (row->kind == KIND_integer ||
	    row->kind == KIND_size || row->kind == KIND_real))
		return set_number(row, s, (double)v->integer, why, size);
	if (v->type == VALUE_REAL && row->kind == KIND_real)
		return set_number(row, s, v->real, why, size);
	return refuse(why, size, "%s must be %s", row->name,
	    expected[row->kind]);
}

void
setting_pack(struct pack *p, const struct key_row *row,
    const struct setting *s)
{
	switch (row->kind) {
	case KIND_integer:
	case KIND_size:
		pack_int(p, s->integer);
		break;
	case KIND_real:
		pack_real(p, s->real);
		break;
	case KIND_flag:
		pack_bool(p, s->integer);
		break;
	case KIND_text:
	case KIND_choice:
		pack_text(p, s->text);
		break;
	case KIND_list:
		pack_list(p, s->count);
		for (size_t i = 0; i < s->count; i++)
			pack_text(p, s->list[i]);
		break;
	}
}
