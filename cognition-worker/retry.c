/*
 * retry.c: whether a failed model call is tried again, and when.  Pure.
 * Runs in: cognition-worker.
 * Input: status, headers and error codes of a model server: hostile.
 */
#include "cognition-worker/retry.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/util.h"

#define FIRST_WAIT	500u		/* ms */
#define OWN_WAIT_MAX	8000u

/* No money comes back by waiting a second. */
static const char *const money[] = {
	"insufficient_quota",
	"billing_error",
	"billing_hard_limit_reached",
	"credit_balance_exhausted",
	"organization_spend_limit_exceeded",
	"project_spend_limit_exceeded",
	"organization_usage_limit_exceeded",
	"enforced_spend_limit_reached",
	"contract_spend_limit_reached",
};

static bool
is_money(const struct retry_facts *f)
{
	size_t i;

	if (f->status == 402)
		return true;
	for (i = 0; i < nitems(money); i++)
		if (strcmp(f->code, money[i]) == 0 ||
		    strcmp(f->type, money[i]) == 0)
			return true;
	return false;
}

bool
retry_wanted(const struct retry_facts *f)
{
	if (f->attempt >= RETRIES || f->began || is_money(f))
		return false;
	if (f->should != -1)
		return f->should == 1;
	return f->status == 0 || f->status == 408 || f->status == 409 ||
	    f->status == 429 || f->status >= 500;
}

uint64_t
retry_delay(const struct retry_facts *f, uint32_t chance)
{
	uint64_t wait = FIRST_WAIT << f->attempt;

	if (f->after >= 0)
		return f->after > RETRY_WAIT_MAX ? RETRY_WAIT_MAX :
		    (uint64_t)f->after;
	if (wait > OWN_WAIT_MAX)
		wait = OWN_WAIT_MAX;
	return wait - wait / 4 * chance / UINT32_MAX;
}

int64_t
retry_after(const char *value, bool ms, time_t now)
{
	char *end;
	double number;
	time_t date;

	number = strtod(value, &end);
	if (end != value && end[strspn(end, " \t")] == '\0') {
		if (!(number >= 0))
			return -1;
		number = ms ? number : number * 1000;
		return number > 1e15 ? (int64_t)1e15 : (int64_t)number;
	}
	if (ms || (date = curl_getdate(value, NULL)) == -1)
		return -1;
	return date <= now ? 0 : (int64_t)(date - now) * 1000;
}
