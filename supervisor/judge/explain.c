/*
 * explain.c: what would be decided about a call, and why; the rules in force.
 * Runs in: judge.
 * Input: a client's question; nothing is recorded and nothing is executed.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/explain.h"

#define ROW_MAX	(256u * KiB)

struct explaining {
	struct client		*client;
	uint64_t		 request;
	const struct config	*config;
	struct decide_request	 question;
	struct verdict		 verdict;
};

static void
send_map(struct client *c, uint64_t request, struct pack *p)
{
	struct row m = { .request = request };

	m.row = BLOB(p->data, p->len);
	if (!p->failed)
		(void)send_row(&c->channel, &m);
	pack_clear(p);
}

static void
step(const struct explaining *e, const char *name, const char *origin,
    const char *result)
{
	struct pack p;

	pack_init(&p, ROW_MAX);
	pack_map(&p, 3);
	pack_key_text(&p, "step", name);
	pack_key_text(&p, "origin", origin);
	pack_key_text(&p, "result", result);
	send_map(e->client, e->request, &p);
}

static const char *
result_text(unsigned result)
{
	static const char *const texts[] = {
		[RULE_untried] = "not tried",
		[RULE_other_tool] = "speaks of another tool",
		[RULE_other_arguments] = "speaks of other arguments",
		[RULE_may_match] = "may match",
		[RULE_matches] = "matches",
		[RULE_exhausted] = "cannot be sure: the arguments are too long"
	};

	return result < nitems(texts) ? texts[result] : "?";
}

static void
list_step(const struct explaining *e, enum key key, const char *name)
{
	const char *const *list;
	const char *result = "does not list it";
	size_t count;

	list = config_list(e->config, key, &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], e->question.tool) == 0)
			result = "lists it";
	step(e, name, config_origin(e->config, key), result);
}

static void
rule_steps(const struct explaining *e)
{
	const struct decide_request *q = &e->question;
	size_t at = 0;

	for (size_t i = 0; i < q->nrules; i++)
		for (size_t k = 0; k < q->rules[i]->count; k++, at++)
			if (q->tried[at] != RULE_untried)
				step(e, q->rules[i]->list[k].name,
				    q->rules[i]->list[k].origin,
				    result_text(q->tried[at]));
}

/* The place where what decided was written. */
static const char *
origin_of(const struct explaining *e)
{
	static const struct { const char *rule; enum key key; } keys[] = {
		{ "agents.sandbox.tools.allowed",
		    KEY_agents_sandbox_tools_allowed },
		{ "agents.sandbox.tools.denied",
		    KEY_agents_sandbox_tools_denied },
		{ "agents.sandbox.mode", KEY_agents_sandbox_mode },
	};

	if (e->verdict.by != NULL)
		return e->verdict.by->origin;
	for (size_t i = 0; i < nitems(keys); i++)
		if (strcmp(keys[i].rule, e->verdict.rule) == 0)
			return config_origin(e->config, keys[i].key);
	return "built in";
}

static void
send_verdict(const struct explaining *e)
{
	const struct tool *tool = tool_find(e->question.tool);
	char problem[1024] = "";
	struct pack p;

	if (tool != NULL)
		(void)tool_check(tool, e->question.arguments, problem,
		    sizeof(problem));
	pack_init(&p, ROW_MAX);
	pack_map(&p, 5);
	pack_key_text(&p, "verdict", action_name(e->verdict.action));
	pack_key_text(&p, "rule", e->verdict.rule);
	pack_key_text(&p, "origin", origin_of(e));
	pack_key_text(&p, "reason", e->verdict.reason);
	pack_text(&p, "problem");
	if (problem[0] != '\0')
		pack_text(&p, problem);
	else
		pack_nil(&p);
	send_map(e->client, e->request, &p);
}

static void
explain(struct explaining *e, const struct value *arguments)
{
	struct decide_request *q = &e->question;
	autofree uint8_t *tried = NULL;
	size_t count = 0;

	call_ask(q, e->config);
	for (size_t i = 0; i < q->nrules; i++)
		count += q->rules[i]->count;
	q->tried = tried = xcalloc(count + 1, sizeof(*tried));
	q->arguments = arguments;
	q->sandbox = strcmp(config_text(e->config, KEY_agents_sandbox_mode),
	    "none") != 0;
	e->verdict = decide(q);
	list_step(e, KEY_agents_sandbox_tools_denied,
	    "agents.sandbox.tools.denied");
	rule_steps(e);
	list_step(e, KEY_agents_sandbox_tools_allowed,
	    "agents.sandbox.tools.allowed");
	send_verdict(e);
}

int
explain_call(struct client *c, struct explain_request *m, struct refusal *no)
{
	struct explaining e = { .client = c, .request = m->request };
	autovalue struct value *arguments = NULL;
	const char *why = "they cannot be mapped";
	struct config *config;

	e.question.tool = m->tool;
	if (m->arguments.len > 0 && blob_map(&m->arguments) == 0)
		arguments = value_decode(m->arguments.data, m->arguments.len,
		    &why);
	if (arguments == NULL || arguments->type != VALUE_MAP)
		return refusal_set(no, EXIT_data, ERROR_SchemaValidationError,
		    "arguments: %s", arguments == NULL ? why : "not a map");
	e.config = config = client_config(c, &m->settings, no);
	if (config == NULL)
		return -1;
	explain(&e, arguments);
	config_free(config);
	client_done(c, m->request, "");
	return 0;
}

static void
rule_row(struct client *c, uint64_t request, const struct rule *r)
{
	struct pack p;

	pack_init(&p, ROW_MAX);
	pack_map(&p, 8);
	pack_key_text(&p, "rule", r->name);
	pack_key_text(&p, "origin", r->origin);
	pack_key_text(&p, "tool", r->tool.source);
	pack_text(&p, "where");
	pack_map(&p, r->nwhere);
	for (size_t i = 0; i < r->nwhere; i++)
		pack_key_text(&p, r->where[i].param,
		    r->where[i].value.source);
	pack_key_text(&p, "action", action_name(r->action));
	pack_key_text(&p, "reason", r->reason);
	pack_key_uint(&p, "tests", r->ntests);
	pack_text(&p, "covered_by");
	if (r->covered != NULL)
		pack_text(&p, r->covered->name);
	else
		pack_nil(&p);
	send_map(c, request, &p);
}

void
explain_rules(struct client *c, uint64_t request)
{
	size_t count;
	struct rules *const *lists = config_rules(c->judge->config, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < lists[i]->count; k++)
			rule_row(c, request, &lists[i]->list[k]);
	client_done(c, request, "");
}
