/*
 * condition.c: "arg1 in A, B && arg2 & C == 0" as alternatives for libseccomp.
 * Runs in: the build.
 * Input: the part of a line after its colon; what cannot be said exactly is
 * a build error, never an approximation.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policyc/policyc.h"

struct reader {
	const char	*p;
	struct place	 at;
};

static void
skip(struct reader *r)
{
	while (*r->p == ' ' || *r->p == '\t')
		r->p++;
}

static bool
take(struct reader *r, const char *token)
{
	size_t len = strlen(token);

	skip(r);
	if (strncmp(r->p, token, len) != 0)
		return false;
	r->p += len;
	return true;
}

static uint64_t	 value_read(struct reader *);

static uint64_t
term_read(struct reader *r)
{
	const char *from;
	uint64_t value;

	if (take(r, "~"))
		return ~term_read(r);
	if (take(r, "(")) {
		value = value_read(r);
		if (!take(r, ")"))
			fail(r->at, "')' is missing");
		return value;
	}
	skip(r);
	from = r->p;
	while (isalnum((unsigned char)*r->p) || *r->p == '_')
		r->p++;
	if (!name_value(from, (size_t)(r->p - from), &value))
		fail(r->at, "unknown constant '%.*s'", (int)(r->p - from), from);
	return value;
}

/* NAME | NAME ...; a single '|' only, '||' is the next alternative. */
static uint64_t
value_read(struct reader *r)
{
	uint64_t value = term_read(r);

	for (;;) {
		skip(r);
		if (r->p[0] != '|' || r->p[1] == '|')
			return value;
		r->p++;
		value |= term_read(r);
	}
}

static void
alternative(struct condition *c, struct place at, struct scmp_arg_cmp cmp)
{
	if (c->n == ALTERNATIVES)
		fail(at, "more than %d alternatives", ALTERNATIVES);
	c->chain = more(c->chain, c->n, sizeof(*c->chain));
	c->chain[c->n++] = (struct chain){ .n = 1, .cmp = { cmp } };
}

/* Either "== VALUE" after the mask, or nothing: any bit of the mask. */
static void
masked_read(struct condition *c, struct reader *r, unsigned arg)
{
	uint64_t mask = value_read(r), value;

	if (mask == 0)
		fail(r->at, "a mask of 0 matches everything");
	if (take(r, "==")) {
		value = value_read(r);
		if ((value & ~mask) != 0)
			fail(r->at, "the value has bits outside the mask: "
			    "it never matches");
		alternative(c, r->at, (struct scmp_arg_cmp){ arg,
		    SCMP_CMP_MASKED_EQ, mask, value });
		return;
	}
	for (int bit = 0; bit < 64; bit++)
		if ((mask & (UINT64_C(1) << bit)) != 0)
			alternative(c, r->at, (struct scmp_arg_cmp){ arg,
			    SCMP_CMP_MASKED_EQ, UINT64_C(1) << bit,
			    UINT64_C(1) << bit });
}

static struct condition
comparison_read(struct reader *r)
{
	struct condition c = { 0 };
	unsigned arg;

	if (!take(r, "arg") || *r->p < '0' || *r->p > '5')
		fail(r->at, "a comparison begins with arg0 to arg5, not '%s'",
		    r->p);
	arg = (unsigned)(*r->p++ - '0');
	if (take(r, "==")) {
		alternative(&c, r->at, (struct scmp_arg_cmp){ arg, SCMP_CMP_EQ,
		    value_read(r), 0 });
	} else if (take(r, "!=")) {
		alternative(&c, r->at, (struct scmp_arg_cmp){ arg, SCMP_CMP_NE,
		    value_read(r), 0 });
	} else if (take(r, "in ")) {
		do {
			alternative(&c, r->at, (struct scmp_arg_cmp){ arg,
			    SCMP_CMP_EQ, value_read(r), 0 });
		} while (take(r, ","));
	} else {
		skip(r);
		if (r->p[0] != '&' || r->p[1] == '&')
			fail(r->at, "expected ==, !=, & or in, not '%s'", r->p);
		r->p++;
		masked_read(&c, r, arg);
	}
	return c;
}

/* Two masks of one argument become one; all else would lie to libseccomp. */
static void
chain_add(struct chain *chain, struct scmp_arg_cmp cmp, struct place at)
{
	for (size_t i = 0; i < chain->n; i++) {
		struct scmp_arg_cmp *have = &chain->cmp[i];

		if (have->arg != cmp.arg)
			continue;
		if (have->op != SCMP_CMP_MASKED_EQ || cmp.op != have->op ||
		    (have->datum_a & cmp.datum_a) != 0)
			fail(at, "arg%u is compared twice in one alternative: "
			    "write several lines", cmp.arg);
		have->datum_a |= cmp.datum_a;
		have->datum_b |= cmp.datum_b;
		return;
	}
	chain->cmp[chain->n++] = cmp;
}

static struct condition
both(const struct condition *a, const struct condition *b, struct place at)
{
	struct condition c = { 0 };

	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++) {
			struct chain chain = a->chain[i];

			for (size_t k = 0; k < b->chain[j].n; k++)
				chain_add(&chain, b->chain[j].cmp[k], at);
			if (c.n == ALTERNATIVES)
				fail(at, "more than %d alternatives",
				    ALTERNATIVES);
			c.chain = more(c.chain, c.n, sizeof(*c.chain));
			c.chain[c.n++] = chain;
		}
	free(a->chain);
	free(b->chain);
	return c;
}

void
condition_read(struct condition *out, const char *text, struct place at)
{
	struct reader r = { .p = text, .at = at };

	*out = (struct condition){ 0 };
	do {
		struct condition c = comparison_read(&r);

		while (take(&r, "&&")) {
			struct condition next = comparison_read(&r);

			c = both(&c, &next, at);
		}
		for (size_t i = 0; i < c.n; i++) {
			if (out->n == ALTERNATIVES)
				fail(at, "more than %d alternatives",
				    ALTERNATIVES);
			out->chain = more(out->chain, out->n,
			    sizeof(*out->chain));
			out->chain[out->n++] = c.chain[i];
		}
		free(c.chain);
	} while (take(&r, "||"));
	skip(&r);
	if (*r.p != '\0')
		fail(at, "cannot read '%s'", r.p);
}
