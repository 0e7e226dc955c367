/*
 * arguments.c: do the arguments of a call fit its tool?
 * Runs in: cognition-worker (so that the model hears what was wrong), judge,
 * and again in whoever executes the call.
 * Input: hostile.  Pure: no I/O, nothing is kept.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/tools.h"

struct problems {
	char	*text;
	size_t	 size;
	size_t	 at;
	int	 count;
};

__attribute__((format(printf, 2, 3)))
static void
problem(struct problems *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	p->count++;
	if (p->at + 2 >= p->size)
		return;
	if (p->at > 0)
		p->text[p->at++] = '\n';
	va_start(ap, fmt);
	n = vsnprintf(p->text + p->at, p->size - p->at, fmt, ap);
	va_end(ap);
	if (n > 0)
		p->at += (size_t)n < p->size - p->at ? (size_t)n :
		    p->size - p->at - 1;
}

static void
check_text(const struct param *param, const struct value *v,
    struct problems *p)
{
	bool content = param->type == PARAM_content;

	if (v->type != VALUE_TEXT && !(content && v->type == VALUE_BYTES)) {
		problem(p, "%s: expected a string, got %s", param->name,
		    value_type_name(v->type));
		return;
	}
	if (v->text.len > param->bound)
		problem(p, "%s: %zu bytes, at most %llu are allowed",
		    param->name, v->text.len,
		    (unsigned long long)param->bound);
	if (!content && memchr(v->text.data, '\0', v->text.len) != NULL)
		problem(p, "%s: must not hold U+0000", param->name);
}

static void
check_number(const struct param *param, const struct value *v,
    struct problems *p)
{
	double number = 0;

	if (v->type == VALUE_INT) {
		number = (double)v->integer;
	} else if (v->type == VALUE_REAL && param->type == PARAM_number) {
		number = v->real;
	} else {
		problem(p, "%s: expected %s, got %s", param->name,
		    param->type == PARAM_integer ? "an integer" : "a number",
		    value_type_name(v->type));
		return;
	}
	/* Written so that NaN fails too. */
	if (!(number >= 0 && number <= (double)param->bound))
		problem(p, "%s: must be between 0 and %llu", param->name,
		    (unsigned long long)param->bound);
	else if (param->type == PARAM_number && number == 0)
		problem(p, "%s: must be above 0", param->name);
}

static void
check_list(const struct param *param, const struct value *v,
    struct problems *p)
{
	if (v->type != VALUE_LIST) {
		problem(p, "%s: expected an array, got %s", param->name,
		    value_type_name(v->type));
		return;
	}
	if (v->list.count == 0 || v->list.count > param->bound)
		problem(p, "%s: expected 1 to %llu items, got %zu",
		    param->name, (unsigned long long)param->bound,
		    v->list.count);
	for (size_t i = 0; i < v->list.count; i++) {
		const struct value *item = &v->list.items[i];

		/* Bytes are allowed: a command line need not be UTF-8. */
		if ((item->type != VALUE_TEXT && item->type != VALUE_BYTES) ||
		    memchr(item->text.data, '\0', item->text.len) != NULL) {
			problem(p, "%s/%zu: expected a string without U+0000",
			    param->name, i);
			return;
		}
	}
}

static void
check_param(const struct param *param, const struct value *v,
    struct problems *p)
{
	struct pack size;

	switch (param->type) {
	case PARAM_text:
	case PARAM_content:
		check_text(param, v, p);
		break;
	case PARAM_integer:
	case PARAM_number:
		check_number(param, v, p);
		break;
	case PARAM_flag:
		if (v->type != VALUE_BOOL)
			problem(p, "%s: expected true or false, got %s",
			    param->name, value_type_name(v->type));
		break;
	case PARAM_list:
		check_list(param, v, p);
		break;
	case PARAM_any:
		pack_init(&size, param->bound);
		value_pack(&size, v);
		if (size.failed)
			problem(p, "%s: larger than %llu bytes", param->name,
			    (unsigned long long)param->bound);
		pack_clear(&size);
		break;
	}
}

static const struct param *
param_find(const struct tool *tool, const struct value *key)
{
	for (size_t i = 0; i < tool->nparams; i++) {
		if (value_is_text(key, tool->params[i].name))
			return &tool->params[i];
	}
	return NULL;
}

int
tool_check(const struct tool *tool, const struct value *arguments,
    char *why, size_t size)
{
	struct problems p = { .text = why, .size = size };
	char name[80];

	why[0] = '\0';
	if (arguments == NULL || arguments->type != VALUE_MAP) {
		problem(&p, "arguments: expected an object");
		return -1;
	}
	for (size_t i = 0; i < arguments->map.count; i++) {
		const struct value_pair *pair = &arguments->map.pairs[i];
		const struct param *param = param_find(tool, &pair->key);

		if (param != NULL)
			check_param(param, &pair->value, &p);
		else
			problem(&p, "%s: %s has no such parameter",
			    text_escape(name, sizeof(name),
			    pair->key.text.data, pair->key.text.len),
			    tool->name);
	}
	for (size_t i = 0; i < tool->nparams; i++) {
		if (tool->params[i].required &&
		    value_get(arguments, tool->params[i].name) == NULL)
			problem(&p, "%s: is required", tool->params[i].name);
	}
	return p.count > 0 ? -1 : 0;
}
