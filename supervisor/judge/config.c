/*
 * config.c: the typed table of configuration values.
 * Runs in: judge.
 * Input: decoded files and clients' settings; unknown keys are refused.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/rule_load.h"
#include "supervisor/judge/setting.h"

#define INTEGER(...)
#define SIZE(...)
#define REAL(...)
#define FLAG(...)
#define TEXT(...)
#define CHOICE(...)
#define LIST(...)
#define GONE(key, instead)	{ key, instead },
static const struct gone_row {
	const char	*name;		/* a key, or "table.*" */
	const char	*instead;
} gone_rows[] = {
#include "supervisor/judge/keys.def"
};

struct config {
	struct setting	settings[KEY_COUNT];
	struct rules	**rules;	/* [nrules], each held; owned array */
	size_t		nrules;
};

/* --- finding a key, and saying what was probably meant --- */

static size_t
distance(const char *a, const char *b)
{
	size_t row[128], n = strlen(b), corner, above;

	if (n >= nitems(row) || strlen(a) >= nitems(row))
		return SIZE_MAX;
	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		corner = row[0];
		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			above = row[k];
			if (a[i - 1] != b[k - 1])
				corner++;
			if (row[k] + 1 < corner)
				corner = row[k] + 1;
			if (row[k - 1] + 1 < corner)
				corner = row[k - 1] + 1;
			row[k] = corner;
			corner = above;
		}
	}
	return row[n];
}

static const struct gone_row *
find_gone(const char *name)
{
	for (size_t i = 0; i < nitems(gone_rows); i++) {
		const char *gone = gone_rows[i].name;
		size_t len = strlen(gone);

		if (strcmp(gone, name) == 0 || (gone[len - 1] == '*' &&
		    strncmp(gone, name, len - 1) == 0))
			return &gone_rows[i];
	}
	return NULL;
}

static int
find_key(const char *name, char *why, size_t size)
{
	const struct gone_row *gone;
	const char *nearest = NULL;
	size_t least = 8, d;
	char clean[128];

	for (int k = 0; k < KEY_COUNT; k++) {
		if (strcmp(key_rows[k].name, name) == 0)
			return k;
		d = distance(name, key_rows[k].name);
		if (d < least) {
			least = d;
			nearest = key_rows[k].name;
		}
	}
	text_escape(clean, sizeof(clean), name, strlen(name));
	gone = find_gone(name);
	if (gone != NULL)
		return refuse(why, size, "%s is not taken: %s", clean,
		    gone->instead);
	if (nearest != NULL)
		return refuse(why, size, "unknown key %s; did you mean %s?",
		    clean, nearest);
	return refuse(why, size,
	    "unknown key %s; 'sallyport config show' lists every key", clean);
}

/* --- the door --- */

struct config *
config_new(void)
{
	struct config *c = xcalloc(1, sizeof(*c));
	char why[256];

	for (int k = 0; k < KEY_COUNT; k++) {
		if (setting_from_text(&key_rows[k], &c->settings[k],
		    key_rows[k].initial, why, sizeof(why)) == -1)
			fatalx("default of a key: %s", why);
	}
	return c;
}

struct config *
config_copy(const struct config *from)
{
	struct config *c = xcalloc(1, sizeof(*c));

	for (int k = 0; k < KEY_COUNT; k++)
		setting_copy(&c->settings[k], &from->settings[k]);
	if (from->nrules > 0)
		c->rules = xcalloc(from->nrules, sizeof(*c->rules));
	for (; c->nrules < from->nrules; c->nrules++)
		c->rules[c->nrules] = rules_hold(from->rules[c->nrules]);
	return c;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (int k = 0; k < KEY_COUNT; k++)
		setting_clear(&c->settings[k]);
	for (size_t i = 0; i < c->nrules; i++)
		rules_drop(c->rules[i]);
	free(c->rules);
	free(c);
}

static const struct setting *
setting_of(const struct config *c, enum key key, bool fits)
{
	if (!fits)
		fatalx("key %s asked for as another type", key_rows[key].name);
	return &c->settings[key];
}

int64_t
config_int(const struct config *c, enum key key)
{
	enum kind kind = key_rows[key].kind;

	return setting_of(c, key, kind == KIND_integer ||
	    kind == KIND_size)->integer;
}

double
config_real(const struct config *c, enum key key)
{
	return setting_of(c, key, key_rows[key].kind == KIND_real)->real;
}

bool
config_flag(const struct config *c, enum key key)
{
	return setting_of(c, key, key_rows[key].kind == KIND_flag)->integer;
}

const char *
config_text(const struct config *c, enum key key)
{
	enum kind kind = key_rows[key].kind;

	return setting_of(c, key, kind == KIND_text ||
	    kind == KIND_choice)->text;
}

const char *const *
config_list(const struct config *c, enum key key, size_t *count)
{
	const struct setting *s = setting_of(c, key,
	    key_rows[key].kind == KIND_list);

	*count = s->count;
	return (const char *const *)s->list;
}

struct rules *const *
config_rules(const struct config *c, size_t *count)
{
	*count = c->nrules;
	return c->rules;
}

const char *
config_origin(const struct config *c, enum key key)
{
	const char *origin = c->settings[key].origin;

	return origin != NULL ? origin : "default";
}

bool
config_is_default(const struct config *c, enum key key)
{
	return c->settings[key].origin == NULL;
}

static void
replace(struct config *c, int key, struct setting *new, const char *origin)
{
	setting_clear(&c->settings[key]);
	c->settings[key] = *new;
	c->settings[key].origin = xstrdup(origin);
}

int
config_set(struct config *c, const char *name, const char *text,
    const char *origin, char *why, size_t size)
{
	struct setting new = { .integer = 0 };
	int key = find_key(name, why, size);

	if (key == -1)
		return -1;
	if (setting_from_text(&key_rows[key], &new, text, why, size) == -1) {
		setting_clear(&new);
		return -1;
	}
	replace(c, key, &new, origin);
	return 0;
}

struct loading {
	struct config		*config;
	const struct value	*lines;
	const char		*path;
	char			*why;
	size_t			 size;
};

static int
load_key(struct loading *l, const char *name, const struct value *v)
{
	struct setting new = { .integer = 0 };
	char origin[4200], why[512];
	int64_t line = value_get_int(l->lines, name, 0);
	int key = find_key(name, why, sizeof(why));

	if (key != -1 && setting_from_value(&key_rows[key], &new, v, why,
	    sizeof(why)) == -1) {
		setting_clear(&new);
		key = -1;
	}
	if (key == -1)
		return refuse(l->why, l->size, "%s:%lld: %s", l->path,
		    (long long)line, why);
	snprintf(origin, sizeof(origin), "%s:%lld", l->path, (long long)line);
	replace(l->config, key, &new, origin);
	return 0;
}

static int
load_rules(struct loading *l, const struct value *list)
{
	struct config *c = l->config;
	struct rules *rules = rules_load(list, l->lines, l->path, l->why,
	    l->size);

	if (rules == NULL)
		return -1;
	c->rules = xrealloc(c->rules, (c->nrules + 1) * sizeof(*c->rules));
	c->rules[c->nrules++] = rules;
	return 0;
}

static int
load_entry(struct loading *, const char *name, const struct value *);

static int
load_table(struct loading *l, const char *prefix, const struct value *table)
{
	for (size_t i = 0; i < table->map.count; i++) {
		const struct value_pair *pair = &table->map.pairs[i];
		char name[256];
		int n;

		n = snprintf(name, sizeof(name), "%s%s%.*s", prefix,
		    prefix[0] != '\0' ? "." : "", (int)pair->key.text.len,
		    pair->key.text.data);
		if (n < 0 || (size_t)n >= sizeof(name))
			return refuse(l->why, l->size,
			    "%s: a key is longer than 255 bytes", l->path);
		if (load_entry(l, name, &pair->value) == -1)
			return -1;
	}
	return 0;
}

static int
load_entry(struct loading *l, const char *name, const struct value *v)
{
	if (strcmp(name, RULES_KEY) == 0)
		return load_rules(l, v);
	return v->type == VALUE_MAP ? load_table(l, name, v) :
	    load_key(l, name, v);
}

int
config_load(struct config *c, const struct value *map,
    const struct value *lines, const char *path, char *why, size_t size)
{
	struct config *trial = config_copy(c), swap;
	struct loading l = { trial, lines, path, why, size };
	int status;

	if (map->type != VALUE_MAP)
		status = refuse(why, size, "%s: no table", path);
	else
		status = load_table(&l, "", map);
	if (status == 0) {
		swap = *c;
		*c = *trial;
		*trial = swap;
	}
	config_free(trial);
	return status;
}

int
config_set_all(struct config *c, const struct value *settings, char *why,
    size_t size)
{
	if (settings->type != VALUE_LIST)
		return refuse(why, size, "settings are no list");
	for (size_t i = 0; i < settings->list.count; i++) {
		const struct value *row = &settings->list.items[i];
		autofree char *key = NULL, *text = NULL, *origin = NULL;
		char clean[512];

		if (row->type != VALUE_LIST || row->list.count != 3)
			return refuse(why, size, "a setting is no triple");
		key = text_of(&row->list.items[0]);
		text = text_of(&row->list.items[1]);
		origin = text_of(&row->list.items[2]);
		if (key == NULL || text == NULL || origin == NULL)
			return refuse(why, size, "a setting is not text");
		if (config_set(c, key, text, origin, clean,
		    sizeof(clean)) == -1)
			return refuse(why, size, "%s: %s", origin, clean);
	}
	return 0;
}

void
config_row(const struct config *c, enum key key, struct pack *p)
{
	const struct key_row *row = &key_rows[key];

	pack_map(p, 5);
	pack_key_text(p, "key", row->name);
	pack_text(p, "value");
	setting_pack(p, row, &c->settings[key]);
	pack_key_text(p, "default", row->initial);
	pack_key_text(p, "origin", config_origin(c, key));
	pack_key_text(p, "help", row->help);
}
