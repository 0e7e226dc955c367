/*
 * tools.c: tools list and show, from the compiled-in table.
 * Runs in: sallyport.  Input: none that is foreign.
 */
#include <string.h>

#include "client/cli/cli.h"
#include "policy/tools.h"

static void
tool_json(const struct tool *t, const struct sallyport_tool *s)
{
	autojson struct json j = { 0 };

	json_open(&j, '{');
	json_key(&j, "name");
	json_text(&j, t->name);
	json_key(&j, "executor");
	json_text(&j, s->executor);
	json_key(&j, "effect");
	json_text(&j, s->effect);
	json_key(&j, "offered");
	json_bool(&j, t->offered);
	json_key(&j, "description");
	json_text(&j, t->description);
	json_key(&j, "parameters");
	json_open(&j, '[');
	for (size_t i = 0; i < t->nparams; i++) {
		json_open(&j, '{');
		json_key(&j, "name");
		json_text(&j, t->params[i].name);
		json_key(&j, "type");
		json_text(&j, param_type_name(t->params[i].type));
		json_key(&j, "required");
		json_bool(&j, t->params[i].required);
		json_key(&j, "bound");
		json_uint(&j, t->params[i].bound);
		json_key(&j, "description");
		json_text(&j, t->params[i].description);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	print_json(&j);
}

static int
tools_list(struct cli *cli)
{
	struct sallyport_tool s;

	for (size_t i = 0; sallyport_tool(i, &s); i++) {
		if (cli->json)
			tool_json(tool_find(s.name), &s);
		else
			printf("%-20s %-8s %-12s %s\n", s.name, s.executor,
			    s.effect, s.offered ? s.description :
			    "(not offered to models)");
	}
	return 0;
}

static const char *
bound_unit(enum param_type type)
{
	switch (type) {
	case PARAM_text:
	case PARAM_content:
	case PARAM_any:
		return "bytes";
	case PARAM_list:
		return "items";
	case PARAM_integer:
	case PARAM_number:
	case PARAM_flag:
		break;
	}
	return "at most";
}

static void
tool_text(const struct tool *t, const struct sallyport_tool *s)
{
	const struct param *p;

	printf("%s: executed by the %s, effect %s%s\n%s\n", t->name,
	    s->executor, s->effect, t->offered ? "" :
	    ", not offered to models", t->description);
	for (size_t i = 0; i < t->nparams; i++) {
		p = &t->params[i];
		printf("  %-12s %s, %s, %llu %s\n    %s\n", p->name,
		    param_type_name(p->type), p->required ? "required" :
		    "optional", (unsigned long long)p->bound,
		    bound_unit(p->type), p->description);
	}
}

static int
tools_show(struct cli *cli)
{
	const char *name = cli->args.operands[0], *found, *known[64];
	const struct tool *t = tool_find(name);
	struct sallyport_tool s;
	struct sallyport_error e = { .status = EXIT_usage };
	size_t n = 0;

	for (size_t i = 0; sallyport_tool(i, &s); i++) {
		if (n < nitems(known))
			known[n++] = s.name;
		if (t == NULL || strcmp(s.name, name) != 0)
			continue;
		if (cli->json)
			tool_json(t, &s);
		else
			tool_text(t, &s);
		return 0;
	}
	found = nearest(name, known, n);
	snprintf(e.message, sizeof(e.message), "there is no tool '%.64s'",
	    name);
	snprintf(e.hint, sizeof(e.hint), "%s%s%s", found != NULL ?
	    "did you mean '" : "'sallyport tools list' lists them",
	    found != NULL ? found : "", found != NULL ? "'?" : "");
	return fail_error(cli, &e);
}

const struct verb verb_tools_list = {
	.noun = "tools", .name = "list", .standard = true, .operands = "",
	.summary = "list the built-in tools",
	.example = "sallyport tools list", .run = tools_list
};

const struct verb verb_tools_show = {
	.noun = "tools", .name = "show", .operands = "NAME",
	.least = 1, .most = 1,
	.summary = "describe one tool and its parameters",
	.example = "sallyport tools show execute_python --json",
	.run = tools_show
};
