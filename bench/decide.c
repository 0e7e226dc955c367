/*
 * decide.c: how long a decision takes, with 100 and 1,000 rules with patterns
 * on arguments, the last of which is the one that matches.
 * Runs in: the benchmark, as the user who runs it.
 * Input: none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipc/util.h"
#include "policy/decide.h"

#define ROUNDS	20000

static double took[ROUNDS];

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void
add(struct rules *list, const char *pattern)
{
	struct rule *r = rules_add(list);
	const char *why;

	r->where = xcalloc(1, sizeof(*r->where));
	r->nwhere = 1;
	r->where[0].param = xstrdup("command");
	r->reason = xstrdup("benchmark");
	snprintf(r->name, sizeof(r->name), "rules[%zu]", list->count - 1);
	if (glob_compile(&r->tool, "execute_shell", &why) == -1 ||
	    glob_compile(&r->where[0].value, pattern, &why) == -1)
		fatalx("%s: %s", pattern, why);
}

/* Patterns as people write them; none of them matches but the last. */
static struct rules *
make_rules(size_t count)
{
	static const char *const forms[] = {
		"git push%zu*", "*rm -rf /data%zu*", "*.example%zu.org*",
		"*curl*http://host%zu*|*sh*", "make target%zu",
		"ssh ?%zu*@*",
	};
	struct rules *list = rules_new();
	char pattern[128];

	for (size_t i = 0; i + 1 < count; i++) {
		snprintf(pattern, sizeof(pattern), forms[i % nitems(forms)],
		    i);
		add(list, pattern);
	}
	add(list, "*report.txt");
	return list;
}

static struct value *
make_arguments(size_t len)
{
	static const char work[] = "python3 -m build --out dist && grep -rn "
	    "'needle' src | sort -u >";
	autofree char *command = xcalloc(1, len + 16);
	const char *why;
	struct value *v;
	struct pack p;

	for (size_t i = 0; i < len; i++)
		command[i] = work[i % (sizeof(work) - 1)];
	strcat(command, "report.txt");
	pack_init(&p, len + 1024);
	pack_map(&p, 1);
	pack_key_text(&p, "command", command);
	v = value_decode(p.data, p.len, &why);
	pack_clear(&p);
	return v;
}

static void
row(size_t rules, size_t len)
{
	struct rules *list = make_rules(rules);
	struct value *arguments = make_arguments(len);
	struct decide_request q = {
		.tool = "execute_shell", .arguments = arguments,
		.access = ACCESS_full, .rules = &list, .nrules = 1,
		.sandbox = true,
	};
	struct verdict v;
	double start;

	for (size_t i = 0; i < ROUNDS; i++) {
		start = now_us();
		v = decide(&q);
		took[i] = now_us() - start;
		if (v.action != ACTION_deny || v.by == NULL)
			fatalx("decided wrongly: %s", v.reason);
	}
	qsort(took, ROUNDS, sizeof(*took), compare);
	printf("| %zu rules, a command of %zu bytes | %.2f | %.2f | %.2f |\n",
	    rules, len + 10, took[ROUNDS / 2], took[ROUNDS / 100 * 99],
	    took[ROUNDS - 1]);
	value_free(arguments);
	rules_drop(list);
}

int
main(void)
{
	log_init("bench", LOG_INFO);
	printf("\nOne decision, %d times (the last rule matches)\n\n", ROUNDS);
	printf("| what | median us | 99%% us | max us |\n|---|---|---|---|\n");
	row(100, 60);
	row(100, 1000);
	row(1000, 60);
	row(1000, 1000);
	return 0;
}
