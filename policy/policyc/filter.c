/*
 * filter.c: the page's rules as BPF, made by libseccomp.
 * Runs in: the build, so that no process compiles a filter when it starts.
 * Input: a checked page.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/policyc/policyc.h"

static void
must(int rc, struct place at, const char *what)
{
	if (rc != 0)
		fail(at, "libseccomp, %s: %s", what, strerror(-rc));
}

static void
add(scmp_filter_ctx ctx, const struct rule *r)
{
	if (r->nr < 0)
		return;		/* another architecture's call */
	if (r->when.n == 0)
		must(seccomp_rule_add_exact_array(ctx, r->action, r->nr, 0,
		    NULL), r->at, r->name);
	for (size_t i = 0; i < r->when.n; i++)
		must(seccomp_rule_add_exact_array(ctx, r->action, r->nr,
		    (unsigned)r->when.chain[i].n, r->when.chain[i].cmp),
		    r->at, r->name);
}

/* libseccomp writes to a descriptor only. */
static struct sock_filter *
export(scmp_filter_ctx ctx, struct place at, size_t *count)
{
	struct sock_filter *bpf;
	struct stat st;
	int fd;

	fd = memfd_create("bpf", MFD_CLOEXEC);
	if (fd == -1)
		fail(at, "memfd_create: %s", strerror(errno));
	must(seccomp_export_bpf(ctx, fd), at, "export");
	if (fstat(fd, &st) == -1 || st.st_size <= 0 ||
	    (size_t)st.st_size % sizeof(*bpf) != 0)
		fail(at, "the filter has a strange size");
	*count = (size_t)st.st_size / sizeof(*bpf);
	if (*count > BPF_MAXINSNS)
		fail(at, "the filter has %zu instructions, %d is the most",
		    *count, BPF_MAXINSNS);
	bpf = calloc(*count, sizeof(*bpf));
	if (bpf == NULL)
		abort();
	if (pread(fd, bpf, (size_t)st.st_size, 0) != st.st_size)
		fail(at, "cannot read the filter back");
	close(fd);
	return bpf;
}

struct sock_filter *
filter_make(const struct source *s, size_t *count)
{
	struct place at = { .file = s->path, .line = 1 };
	struct sock_filter *bpf;
	scmp_filter_ctx ctx;

	ctx = seccomp_init(s->action);
	if (ctx == NULL)
		fail(at, "libseccomp cannot start");
	must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS), at, "foreign architecture");
	/* A binary tree: a page of 300 calls costs 9 comparisons, not 300. */
	must(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), at,
	    "binary tree");
	for (size_t i = 0; i < s->nrules; i++)
		add(ctx, &s->rule[i]);
	bpf = export(ctx, at, count);
	seccomp_release(ctx);
	return bpf;
}
