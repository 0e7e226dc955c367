/*
 * policy_json.c: calls that a person writes as JSON, as the judge takes them.
 * Runs in: sallyport.
 * Input: text of our own user; the judge checks what it means.
 */
#include <jansson.h>
#include <string.h>

#include "client/cli/policy_rules.h"

#define MIB	(1u << 20)

static void
pack_json(struct pack *p, const json_t *v)
{
	const char *key;
	json_t *item;
	size_t i;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		pack_map(p, json_object_size(v));
		json_object_foreach((json_t *)v, key, item) {
			pack_text(p, key);
			pack_json(p, item);
		}
		break;
	case JSON_ARRAY:
		pack_list(p, json_array_size(v));
		json_array_foreach((json_t *)v, i, item)
			pack_json(p, item);
		break;
	case JSON_STRING:
		pack_textn(p, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		pack_int(p, json_integer_value(v));
		break;
	case JSON_REAL:
		pack_real(p, json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		pack_bool(p, json_is_true(v));
		break;
	case JSON_NULL:
		pack_nil(p);
		break;
	}
}

static json_t *
load(const char *text, size_t len, char *why, size_t size)
{
	json_error_t e;
	json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES |
	    JSON_ALLOW_NUL, &e);

	if (v == NULL) {
		snprintf(why, size, "not JSON: %s", e.text);
	} else if (!json_is_object(v)) {
		snprintf(why, size, "not a JSON object");
		json_decref(v);
		v = NULL;
	}
	return v;
}

int
policy_json_pack(const char *text, size_t len, struct pack *p, char *why,
    size_t size)
{
	json_t *v = load(text, len, why, size);

	pack_init(p, 16 * MIB);
	if (v == NULL)
		return -1;
	pack_json(p, v);
	json_decref(v);
	if (!p->failed)
		return 0;
	snprintf(why, size, "larger than 16 MiB");
	return -1;
}

static char *
text_entry(const json_t *v, const char *key)
{
	const char *text = json_string_value(json_object_get(v, key));

	return text != NULL ? xstrdup(text) : NULL;
}

/* Nothing may stand in a line that would be passed over. */
static int
check_line(const json_t *v, char *why, size_t size)
{
	static const char *const known[] = { "tool", "arguments", "verdict",
	    "rule" };
	const char *key, *found;
	json_t *item;

	json_object_foreach((json_t *)v, key, item) {
		found = NULL;
		for (size_t i = 0; i < nitems(known); i++)
			if (strcmp(known[i], key) == 0)
				found = key;
		if (found == NULL || (strcmp(key, "arguments") != 0 &&
		    !json_is_string(item))) {
			snprintf(why, size, "a call has the strings tool, "
			    "verdict and rule, and the object arguments; not "
			    "'%.40s'", key);
			return -1;
		}
	}
	return 0;
}

int
policy_line_parse(const char *text, size_t len, struct policy_line *l,
    char *why, size_t size)
{
	json_t *v = load(text, len, why, size), *arguments;
	int status;

	*l = (struct policy_line){ .tool = NULL };
	pack_init(&l->arguments, 16 * MIB);
	if (v == NULL)
		return -1;
	status = check_line(v, why, size);
	arguments = json_object_get(v, "arguments");
	if (json_is_object(arguments))
		pack_json(&l->arguments, arguments);
	else
		pack_map(&l->arguments, 0);
	l->tool = text_entry(v, "tool");
	l->verdict = text_entry(v, "verdict");
	l->rule = text_entry(v, "rule");
	if (status == 0 && (l->tool == NULL || l->verdict == NULL ||
	    (arguments != NULL && !json_is_object(arguments)))) {
		snprintf(why, size, "a call needs the strings tool and "
		    "verdict, and arguments that are an object");
		status = -1;
	}
	if (status == 0 && strcmp(l->verdict, "allow") != 0 &&
	    strcmp(l->verdict, "ask") != 0 && strcmp(l->verdict, "deny") != 0) {
		snprintf(why, size, "verdict must be allow, ask or deny");
		status = -1;
	}
	json_decref(v);
	return status;
}

void
policy_line_clear(struct policy_line *l)
{
	free(l->tool);
	free(l->verdict);
	free(l->rule);
	pack_clear(&l->arguments);
}
