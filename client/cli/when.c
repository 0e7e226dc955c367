/*
 * when.c: points in time on the command line.
 * Runs in: sallyport.
 * Input: arguments of our own user.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/cli/cli.h"

/* "90s", "15m", "12h", "7d": so long ago; false if it is no such text. */
static bool
ago(const char *text, uint64_t *ms)
{
	static const char units[] = "smhd";
	static const uint64_t seconds[] = { 1, 60, 3600, 86400 };
	const char *unit;
	uint64_t n;
	char last;
	int end = 0;

	if (text[0] < '0' || text[0] > '9' ||
	    sscanf(text, "%9" SCNu64 "%c%n", &n, &last, &end) != 2 ||
	    text[end] != '\0' || (unit = strchr(units, last)) == NULL)
		return false;
	n *= 1000 * seconds[unit - units];
	*ms = now_wall_ms() > n ? now_wall_ms() - n : 0;
	return true;
}

int
when_parse(const char *text, uint64_t *ms)
{
	struct tm tm = { .tm_mday = 1 };
	const char *rest;
	time_t t;

	if (text == NULL || ago(text, ms))
		return 0;
	rest = strptime(text, "%Y-%m-%d", &tm);
	if (rest != NULL && (*rest == 'T' || *rest == ' '))
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
	if (rest == NULL || (strcmp(rest, "") != 0 && strcmp(rest, "Z") != 0))
		return -1;
	t = timegm(&tm);
	if (t < 0)
		return -1;
	*ms = (uint64_t)t * 1000;
	return 0;
}

int
period_read(struct cli *cli, struct period *p)
{
	const char *since = arg_text(&cli->args, "since");
	const char *until = arg_text(&cli->args, "until");

	*p = (struct period){ .since = 0, .until = UINT64_MAX };
	if (when_parse(since, &p->since) == -1)
		return fail_usage(cli, "--since: '%s' is no time: write "
		    "2026-01-31, 2026-01-31T12:00:00Z, or 7d, 12h, 15m ago",
		    since);
	if (when_parse(until, &p->until) == -1)
		return fail_usage(cli, "--until: '%s' is no time: write "
		    "2026-01-31, 2026-01-31T12:00:00Z, or 7d, 12h, 15m ago",
		    until);
	return 0;
}
