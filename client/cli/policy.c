/*
 * policy.c: policy show: the pages that are compiled into this program.
 * Runs in: sallyport.
 * Input: a call that our own user asks about; the pages are ours.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "client/cli/policy.h"

const struct page *const pages[] = {
	&page_supervisor, &page_outer, &page_judge, &page_dialer,
	&page_config_reader, &page_cognition_worker, &page_exec_stream,
	&page_tracker_record, &page_sandbox_launcher, &page_guest,
	&page_sandboxed
};
const size_t pages_count = nitems(pages);

static void
page_json(const struct page *p)
{
	for (size_t i = 0; i < p->nlines; i++) {
		autojson struct json j = { 0 };

		json_open(&j, '{');
		json_key(&j, "process");
		json_text(&j, p->process);
		json_key(&j, "line");
		json_text(&j, p->lines[i].text);
		json_key(&j, "reason");
		json_text(&j, p->lines[i].reason);
		json_close(&j, '}');
		print_json(&j);
	}
}

static void
page_text(const struct page *p)
{
	const char *reason;

	for (size_t i = 0; i < p->nlines; i++) {
		reason = p->lines[i].reason;
		printf(reason != NULL && reason[0] != '\0' ? "%-54s # %s\n" :
		    "%s%s\n", p->lines[i].text, reason != NULL ? reason : "");
	}
	printf("\ncompiled: %u filter instructions, %zu limits, %zu file "
	    "rules%s\n", p->filter_len, p->nlimits, p->nfiles,
	    p->sanitizer ? ", WITH THE SANITIZER OVERLAY" : "");
}

static void
overview(struct cli *cli)
{
	const struct page *p;

	for (size_t i = 0; i < pages_count; i++) {
		p = pages[i];
		if (cli->json) {
			autojson struct json j = { 0 };

			json_open(&j, '{');
			json_key(&j, "process");
			json_text(&j, p->process);
			json_key(&j, "lines");
			json_uint(&j, p->nlines);
			json_key(&j, "instructions");
			json_uint(&j, p->filter_len);
			json_key(&j, "limits");
			json_uint(&j, p->nlimits);
			json_key(&j, "files");
			json_uint(&j, p->nfiles);
			json_key(&j, "sanitizer");
			json_bool(&j, p->sanitizer);
			json_close(&j, '}');
			print_json(&j);
		} else {
			printf("%-20s %3zu lines, %3u filter instructions, "
			    "%2zu limits, %2zu file rules%s\n", p->process,
			    p->nlines, p->filter_len, p->nlimits, p->nfiles,
			    p->sanitizer ? ", sanitizer overlay" : "");
		}
	}
}

static int
page_unknown(struct cli *cli, const char *name)
{
	struct sallyport_error e = { .status = EXIT_usage };
	const char *known[nitems(pages)], *found;

	for (size_t i = 0; i < pages_count; i++)
		known[i] = pages[i]->process;
	found = nearest(name, known, pages_count);
	snprintf(e.message, sizeof(e.message), "there is no page '%.64s'",
	    name);
	snprintf(e.hint, sizeof(e.hint), "%s%s%s", found != NULL ?
	    "did you mean '" : "'sallyport policy show' lists them",
	    found != NULL ? found : "", found != NULL ? "'?" : "");
	return fail_error(cli, &e);
}

static int
policy_show(struct cli *cli)
{
	const char *call = arg_text(&cli->args, "simulate");
	const char *name = cli->args.operands[0];
	const struct page *p = NULL;

	if (cli->args.noperands == 0) {
		if (call != NULL)
			return fail_usage(cli, "--simulate needs PROCESS");
		overview(cli);
		return 0;
	}
	for (size_t i = 0; i < pages_count; i++)
		if (strcmp(pages[i]->process, name) == 0)
			p = pages[i];
	if (p == NULL)
		return page_unknown(cli, name);
	if (call != NULL)
		return policy_simulate(cli, p, call);
	if (cli->json)
		page_json(p);
	else
		page_text(p);
	return 0;
}

static const struct option_row options[] = {
	{ "simulate", 0, OPT_text, "CALL", 0,
	    "what the filters answer to a call: 'openat arg2=0x42'" },
};

const struct verb verb_policy_show = {
	.noun = "policy", .name = "show", .standard = true,
	.operands = "[PROCESS]", .least = 0, .most = 1,
	.summary = "print what is compiled in: what each process may do, "
	    "and why",
	.example = "sallyport policy show cognition-worker\n"
	    "sallyport policy show judge --simulate 'mmap arg2=4'",
	.options = options, .noptions = nitems(options), .run = policy_show
};
