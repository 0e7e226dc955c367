/*
 * limits.c: counting what a run spends, and ending it at a limit.
 * Runs in: judge.
 * Input: outcomes of calls are hostile; 0 is no limit everywhere.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ipc/loop.h"
#include "ipc/util.h"
#include "supervisor/judge/call.h"
#include "supervisor/judge/limits.h"

#define BYTES_A_TOKEN	4	/* where a provider reports no tokens */

bool
limits_over(const struct run *r)
{
	return r->spent.stop != STOP_none;
}

void
limits_stop(struct run *r)
{
	struct ending e = {
		.stop = r->spent.stop, .error = ERROR_none,
		.message = r->spent.why,
		.hint = r->spent.stop == STOP_budget ?
		    "raise the limit, or give the run a smaller task" :
		    "look at the calls with 'sallyport logs', and give the "
		    "model what it lacks",
	};

	run_stop(r, &e);
}

__attribute__((format(printf, 3, 4)))
static void
reached(struct run *r, enum stop stop, const char *fmt, ...)
{
	va_list ap;

	if (limits_over(r))
		return;
	r->spent.stop = stop;
	va_start(ap, fmt);
	vsnprintf(r->spent.why, sizeof(r->spent.why), fmt, ap);
	va_end(ap);
}

static uint64_t
limit(const struct run *r, enum key key)
{
	return (uint64_t)config_int(r->config, key);
}

/* --- the model --- */

void
limits_model(struct run *r, const struct model_completed *m)
{
	uint64_t output = m->output_tokens;
	uint64_t most = limit(r, KEY_agents_limits_tokens);
	double dear = config_real(r->config, KEY_agents_limits_cost);

	if (m->input_tokens == 0 && output == 0)
		output = m->reply.len / BYTES_A_TOKEN + 1;
	r->spent.tokens += m->input_tokens + output;
	r->spent.cost += ((double)m->input_tokens * config_real(r->config,
	    KEY_providers_openai_prices_input) + (double)output *
	    config_real(r->config, KEY_providers_openai_prices_output)) / 1e6;
	if (most > 0 && r->spent.tokens > most)
		reached(r, STOP_budget, "%llu tokens were used; "
		    "agents.limits.tokens is %llu",
		    (unsigned long long)r->spent.tokens,
		    (unsigned long long)most);
	if (dear > 0 && r->spent.cost > dear)
		reached(r, STOP_budget, "the model cost %.6g; "
		    "agents.limits.cost is %.6g", r->spent.cost, dear);
}

/* --- tools --- */

/* Limits bound what a model does, not what a person types. */
static bool
counts(const struct call *c)
{
	return c->run->model && !c->person;
}

/* Time and output that are used up. */
static void
look(struct run *r)
{
	uint64_t seconds = limit(r, KEY_agents_limits_tool_seconds);
	uint64_t bytes = limit(r, KEY_agents_limits_output_bytes);

	/* Both ends of a call are cut to whole milliseconds. */
	if (seconds > 0 && r->spent.tool_time + 1 >= seconds * 1000)
		reached(r, STOP_budget, "tools ran for %llu ms; "
		    "agents.limits.tool_seconds is %llu",
		    (unsigned long long)r->spent.tool_time,
		    (unsigned long long)seconds);
	if (bytes > 0 && r->spent.output > bytes)
		reached(r, STOP_budget, "tools gave %llu bytes of output; "
		    "agents.limits.output_bytes is %llu",
		    (unsigned long long)r->spent.output,
		    (unsigned long long)bytes);
}

void
limits_judge(struct call *c)
{
	struct run *r = c->run;
	uint64_t calls = limit(r, KEY_agents_limits_tool_calls);

	/* finish is the judge's own: an answer may always be given. */
	if (!counts(c) || c->tool->executor == JUDGE)
		return;
	if (calls > 0 && r->tool_calls >= calls)
		reached(r, STOP_budget, "%llu tools were called; "
		    "agents.limits.tool_calls is %llu",
		    (unsigned long long)r->tool_calls,
		    (unsigned long long)calls);
	if (!limits_over(r))
		return;
	c->verdict.action = ACTION_deny;
	c->verdict.by = NULL;
	snprintf(c->verdict.rule, sizeof(c->verdict.rule), "agents.limits");
	snprintf(c->verdict.reason, sizeof(c->verdict.reason), "%s",
	    r->spent.why);
}

uint32_t
limits_timeout(const struct call *c, uint32_t ms)
{
	uint64_t most = limit(c->run, KEY_agents_limits_tool_seconds) * 1000;
	uint64_t used = c->run->spent.tool_time;

	if (most == 0 || !counts(c))
		return ms;
	if (used >= most)
		return 1;
	return most - used < ms ? (uint32_t)(most - used) : ms;
}

void
limits_output(struct call *c, size_t len)
{
	if (!counts(c))
		return;
	c->received += len;
	c->run->spent.output += len;
	look(c->run);
}

static bool
is_measured(const struct value *key)
{
	return value_is_text(key, "wall_ms") || value_is_text(key, "cpu_ms") ||
	    value_is_text(key, "peak_kib");
}

/* The call and its outcome, without what differs from one time to the next. */
static void
digest_of(const struct call *c, const struct tool_done *m, uint8_t digest[32])
{
	autovalue struct value *result = NULL;
	crypto_hash_sha256_state hash;
	const char *why;
	struct pack p;

	result = value_decode(m->result.data, m->result.len, &why);
	pack_init(&p, EVENT_MAX);
	pack_text(&p, c->name);
	pack_uint(&p, m->outcome);
	pack_bytes(&p, c->arguments.data, c->arguments.len);
	for (size_t i = 0; result != NULL && result->type == VALUE_MAP &&
	    i < result->map.count; i++) {
		const struct value_pair *pair = &result->map.pairs[i];

		if (is_measured(&pair->key))
			continue;
		value_pack(&p, &pair->key);
		value_pack(&p, &pair->value);
	}
	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, p.data, p.len);
	crypto_hash_sha256_final(&hash, digest);
	pack_clear(&p);
}

static void
look_for_progress(struct call *c, const struct tool_done *m)
{
	struct spent *s = &c->run->spent;
	uint64_t most = limit(c->run, KEY_agents_limits_repeated_calls);
	size_t kept = s->noutcomes < OUTCOMES_KEPT ? s->noutcomes :
	    OUTCOMES_KEPT;
	uint8_t digest[32];
	uint64_t same = 1;

	if (most == 0)
		return;
	digest_of(c, m, digest);
	for (size_t i = 0; i < kept; i++)
		same += memcmp(s->outcomes[i], digest, 32) == 0;
	memcpy(s->outcomes[s->noutcomes++ % OUTCOMES_KEPT], digest, 32);
	if (same >= most)
		reached(c->run, STOP_no_progress, "the same call of '%s' had "
		    "the same outcome %llu times; "
		    "agents.limits.repeated_calls is %llu",
		    c->tool != NULL ? c->tool->name : "an unknown tool",
		    (unsigned long long)same, (unsigned long long)most);
}

void
limits_done(struct call *c, const struct tool_done *m)
{
	if (!counts(c) || m->outcome == OUTCOME_not_run)
		return;
	if (c->began != 0)
		c->run->spent.tool_time += now_mono_ms() - c->began;
	if (m->result.len > c->received)
		c->run->spent.output += m->result.len - c->received;
	look(c->run);
	look_for_progress(c, m);
}
