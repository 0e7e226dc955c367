/*
 * observe.c: what became of a call, told to the model and to people.
 * Runs in: cognition-worker.
 * Input: results of tools: hostile.
 */
#include "cognition-worker/observe.h"

#include <string.h>

#include "cognition-worker/json.h"
#include "cognition-worker/text.h"
#include "ipc/util.h"
#include "ipc/value.h"

#define SHORT_TEXT	2048u	/* where many texts make a result too large */

static json_t *
result_json(const struct call *call, const struct value *result, size_t most)
{
	json_t *o = json_object(), *fields;

	json_object_set_new(o, "outcome",
	    json_string(outcome_name(call->outcome)));
	if (result == NULL) {
		json_object_set_new(o, "error",
		    json_string(error_name(ERROR_SchemaValidationError)));
		json_object_set_new(o, "message", json_string(call->problem ?
		    call->problem : "the call was not run"));
		return o;
	}
	fields = json_from_value(result, most);
	json_object_update_missing(o, fields);
	json_decref(fields);
	return o;
}

static char *
dump(const struct call *call, const struct value *result, size_t most)
{
	json_t *o = result_json(call, result, most);
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));

	json_decref(o);
	if (text == NULL)
		fatalx("tell a result: text that is not UTF-8");
	return text;
}

char *
observe_call(const struct call *call, const struct value *result)
{
	char *text = dump(call, result, OBSERVED_TEXT_MAX), *cut;

	if (strlen(text) > OBSERVED_MAX) {
		free(text);
		text = dump(call, result, SHORT_TEXT);
	}
	if (strlen(text) > OBSERVED_MAX) {
		cut = text_clean(text, strlen(text), OBSERVED_MAX, NULL);
		free(text);
		text = cut;
	}
	return text;
}

char *
observe_summary(const struct call *calls, size_t count)
{
	struct pack p;
	size_t i;

	pack_init(&p, CALLS_MAX * (CALL_NAME_MAX + 32) + 1);
	for (i = 0; i < count; i++) {
		if (i > 0)
			pack_raw(&p, ", ", 2);
		pack_raw(&p, calls[i].name, strlen(calls[i].name));
		pack_raw(&p, " ", 1);
		pack_raw(&p, outcome_name(calls[i].outcome),
		    strlen(outcome_name(calls[i].outcome)));
	}
	pack_raw(&p, "", 1);
	return (char *)p.data;
}
