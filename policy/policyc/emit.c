/*
 * emit.c: writes a page as a C file of constants, `struct page page_NAME`.
 * Runs in: the build.
 * Input: a checked page, and the shared outer page where the process has one.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/policyc/policyc.h"

static void
emit_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p > 0x7e)
			fprintf(out, "\\%03o", *p);
		else
			fputc(*p, out);
	fputc('"', out);
}

static size_t
emit_filter(FILE *out, const struct source *s, const char *name)
{
	struct sock_filter *bpf;
	size_t count;

	bpf = filter_make(s, &count);
	fprintf(out, "static const struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "\t{ 0x%02x, %u, %u, 0x%08x },\n", bpf[i].code,
		    bpf[i].jt, bpf[i].jf, bpf[i].k);
	fprintf(out, "};\n\n");
	free(bpf);
	return count;
}

static void
emit_lines(FILE *out, const struct source *s, const char *name)
{
	fprintf(out, "static const struct page_line %s[] = {\n", name);
	for (size_t i = 0; i < s->nlines; i++) {
		fputs("\t{ ", out);
		emit_text(out, s->line[i].text);
		fputs(",\n\t  ", out);
		emit_text(out, s->line[i].reason);
		fputs(" },\n", out);
	}
	fputs("};\n\n", out);
}

static size_t
emit_limits(FILE *out, const struct source *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nlimits; i++) {
		if (s->limit[i].none)
			continue;
		if (n++ == 0)
			fputs("static const struct page_limit limits[] = {\n",
			    out);
		fprintf(out, "\t{ %d, UINT64_C(%" PRIu64 ") },\n",
		    s->limit[i].resource, s->limit[i].value);
	}
	if (n != 0)
		fputs("};\n\n", out);
	return n;
}

static void
emit_files(FILE *out, const struct source *s)
{
	if (s->nfiles == 0)
		return;
	fputs("static const struct page_file files[] = {\n", out);
	for (size_t i = 0; i < s->nfiles; i++) {
		fputs("\t{ ", out);
		emit_text(out, s->file[i].path);
		fprintf(out, ", UINT64_C(0x%" PRIx64 "), %s },\n",
		    s->file[i].access, s->file[i].kept ? "true" : "false");
	}
	fputs("};\n\n", out);
}

static bool
is_excepted(const struct source *s, const char *name)
{
	for (size_t i = 0; i < s->nexcept; i++)
		if (strcmp(s->except[i].name, name) == 0)
			return true;
	return false;
}

/* The shared outer page less what this process needs of it. */
static struct source
narrow(const struct source *s, const struct source *outer)
{
	struct source own = *outer;
	size_t found, left = 0;

	own.rule = calloc(outer->nrules, sizeof(*own.rule));
	if (own.rule == NULL)
		abort();
	for (size_t i = 0; i < s->nexcept; i++) {
		found = 0;
		for (size_t k = 0; k < outer->nrules; k++)
			found += strcmp(outer->rule[k].name,
			    s->except[i].name) == 0;
		for (size_t k = 0; k < i; k++)
			if (strcmp(s->except[k].name,
			    s->except[i].name) == 0)
				found = 0;
		if (found == 0)
			fail(s->except[i].at, "'%s' is not on the outer list, "
			    "or excepted twice", s->except[i].name);
	}
	for (size_t k = 0; k < outer->nrules; k++)
		if (!is_excepted(s, outer->rule[k].name))
			own.rule[left++] = outer->rule[k];
	own.nrules = left;
	return own;
}

/* A page with an outer filter: every one that kills by default, or says so. */
static bool
has_outer(const struct source *s)
{
	return s->nexcept != 0 || !s->has_default;
}

static void
emit_outer(FILE *out, const struct source *s, const struct source *outer)
{
	struct source own;
	size_t count;

	if (s->nexcept == 0)
		return;
	own = narrow(s, outer);
	count = emit_filter(out, &own, "outer_filter");
	fprintf(out, "static const struct page outer = {\n"
	    "\t.process = \"outer of %s\",\n"
	    "\t.filter = outer_filter, .filter_len = %zu,\n};\n\n",
	    s->process, count);
	free(own.rule);
}

static void
emit_page(FILE *out, const struct source *s, size_t filter, size_t limits)
{
	fputs("const struct page page_", out);
	for (const char *p = s->process; *p != '\0'; p++)
		fputc(*p == '-' ? '_' : *p, out);
	fprintf(out, " = {\n\t.process = \"%s\",\n", s->process);
	fprintf(out, "\t.run_as = \"%s\",\n",
	    s->run_as != NULL ? s->run_as : "");
	if (limits != 0)
		fprintf(out, "\t.limits = limits, .nlimits = %zu,\n", limits);
	if (s->nfiles != 0)
		fprintf(out, "\t.files = files, .nfiles = %zu,\n", s->nfiles);
	fprintf(out, "\t.landlock = %s,\n", s->file_any ? "false" : "true");
	fprintf(out, "\t.net = UINT64_C(0x%" PRIx64 "),\n", s->net);
	if (filter != 0)
		fprintf(out, "\t.filter = filter, .filter_len = %zu,\n",
		    filter);
	if (has_outer(s))
		fprintf(out, "\t.outer = &%s,\n",
		    s->nexcept != 0 ? "outer" : "page_outer");
	fprintf(out, "\t.lines = lines, .nlines = %zu,\n", s->nlines);
	fprintf(out, "\t.sanitizer = %s,\n};\n", s->overlay ? "true" : "false");
}

void
page_emit(const struct source *s, const struct source *outer, const char *to)
{
	struct place at = { .file = to };
	size_t filter = 0, limits;
	FILE *out;

	out = fopen(to, "we");
	if (out == NULL)
		fail(at, "cannot write: %s", strerror(errno));
	fprintf(out, "/* Made by policyc from %s.policy; change that. */\n"
	    "#include \"policy/confine.h\"\n\n", s->process);
	limits = emit_limits(out, s);
	emit_files(out, s);
	if (!s->no_filter)
		filter = emit_filter(out, s, "filter");
	if (outer != NULL)
		emit_outer(out, s, outer);
	emit_lines(out, s, "lines");
	emit_page(out, s, filter, limits);
	if (fclose(out) != 0) {
		unlink(to);
		fail(at, "cannot write: %s", strerror(errno));
	}
}
