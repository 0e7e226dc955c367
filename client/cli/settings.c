/*
 * settings.c: configuration values from -c and from the environment.
 * Runs in: sallyport.
 * Input: arguments and environment of our own user; the judge checks them.
 */
#include <ctype.h>
#include <string.h>

#include "client/cli/cli.h"

#define PREFIX	"SALLYPORT_"

static void
add(struct settings *s, char *key, char *value, char *origin)
{
	s->list = xrealloc(s->list, (s->count + 1) * sizeof(*s->list));
	s->list[s->count++] = (struct sallyport_setting){
		key, value, origin
	};
}

void
settings_clear(struct settings *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free((char *)s->list[i].key);
		free((char *)s->list[i].value);
		free((char *)s->list[i].origin);
	}
	free(s->list);
	*s = (struct settings){ 0 };
}

/* "AGENTS__SANDBOX__MODE" is "agents.sandbox.mode". */
static char *
key_of(const char *name, size_t len)
{
	char *key = xcalloc(1, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (name[i] == '_' && i + 1 < len && name[i + 1] == '_') {
			key[n++] = '.';
			i++;
		} else {
			key[n++] = (char)tolower((unsigned char)name[i]);
		}
	}
	return key;
}

static char *
origin_of(const char *name, size_t len)
{
	static const char word[] = "environment ";
	char *origin = xcalloc(1, sizeof(word) + len);

	memcpy(origin, word, sizeof(word) - 1);
	memcpy(origin + sizeof(word) - 1, name, len);
	return origin;
}

/* What the official client of OpenAI takes; our own name comes after it. */
static void
from_openai(struct settings *s, const char *entry)
{
	static const char name[] = "OPENAI_BASE_URL";
	size_t len = sizeof(name) - 1;

	if (strncmp(entry, name, len) == 0 && entry[len] == '=' &&
	    entry[len + 1] != '\0')
		add(s, xstrdup("providers.openai.base_url"),
		    xstrdup(entry + len + 1), origin_of(entry, len));
}

/* One NAME=VALUE of the environment, if it is a setting. */
static void
from_environment(struct settings *s, const char *entry)
{
	static const char *const tables[] = { "AGENTS_", "PROVIDERS_" };
	const char *equals = strchr(entry, '=');
	size_t len = equals != NULL ? (size_t)(equals - entry) : 0;
	size_t prefix = strlen(PREFIX);

	if (len <= prefix || strncmp(entry, PREFIX, prefix) != 0)
		return;
	if (memmem(entry, len, "__", 2) == NULL) {
		for (size_t i = 0; i < nitems(tables); i++)
			if (strncmp(entry + prefix, tables[i],
			    strlen(tables[i])) == 0)
				fprintf(stderr, "sallyport: %.*s is not a "
				    "setting: write two underscores for a "
				    "dot\n", (int)len, entry);
		return;
	}
	add(s, key_of(entry + prefix, len - prefix), xstrdup(equals + 1),
	    origin_of(entry, len));
}

int
settings_collect(const struct args *a, char *const *environment,
    struct settings *s, char *why, size_t size)
{
	const char *text, *equals;
	char *key;

	for (size_t i = 0; environment[i] != NULL; i++)
		from_openai(s, environment[i]);
	for (size_t i = 0; environment[i] != NULL; i++)
		from_environment(s, environment[i]);
	/* What comes later in the list wins: the command line. */
	for (size_t i = 0; (text = arg_nth(a, "set", i)) != NULL; i++) {
		equals = strchr(text, '=');
		if (equals == NULL || equals == text) {
			snprintf(why, size, "-c takes KEY=VALUE");
			return -1;
		}
		key = xcalloc(1, (size_t)(equals - text) + 1);
		memcpy(key, text, (size_t)(equals - text));
		add(s, key, xstrdup(equals + 1), xstrdup("-c"));
	}
	return 0;
}
