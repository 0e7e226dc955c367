/*
 * from_config.c: everything that a config-reader can make the judge do; and
 * what every worker can: `ready` and `note`.
 * Runs in: judge.
 * Input: hostile: the config-reader has parsed text.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/judge/handlers.h"
#include "supervisor/judge/process.h"
#include "supervisor/judge/run.h"

static struct judge *
judge_of(struct channel *c)
{
	struct process *p = c->owner;

	if (p->state == PROCESS_gone || p != p->judge->loading.reader)
		return NULL;
	return p->judge;
}

int
on_configuration(struct channel *c, struct configuration *m)
{
	struct judge *j = judge_of(c);

	if (j != NULL && load_parsed(j, m) == -1)
		return channel_fault(c, "a configuration that was not asked "
		    "for, or is no map");
	return 0;
}

int
on_configuration_broken(struct channel *c, struct configuration_broken *m)
{
	struct judge *j = judge_of(c);
	char reason[513], why[5000];

	if (j == NULL)
		return 0;
	if (!j->loading.busy || m->index != j->loading.asked)
		return channel_fault(c, "a file that was not asked for");
	text_escape(reason, sizeof(reason), m->reason, strlen(m->reason));
	snprintf(why, sizeof(why), "%s:%u: %s", j->loading.paths[m->index],
	    (unsigned)m->line, reason);
	load_failed(j, EXIT_config, why);
	return 0;
}

int
on_ready(struct channel *c, struct ready *m)
{
	struct process *p = c->owner;
	struct verify_request v = { .process = p->number };

	if (p->state == PROCESS_gone)
		return 0;
	if (p->state != PROCESS_starting)
		return channel_fault(c, "ready twice");
	if (m->protocol != message_protocol())
		return channel_fault(c, "it is of another version");
	p->state = PROCESS_verifying;
	(void)send_verify_request(&p->judge->supervisor, &v);
	return 0;
}

/* A worker's log line; it is foreign text, and there is a limit to it. */
int
on_note(struct channel *c, struct note *m)
{
	struct process *p = c->owner;
	char line[1100];

	if (m->level > LOG_DEBUG)
		return channel_fault(c, "a note of no level");
	if (p->notes >= NOTES_MAX)
		return 0;
	p->notes++;
	text_escape(line, sizeof(line), m->line, strlen(m->line));
	log_line((enum log_level)m->level, "%s%s%stenant=%s worker=%s "
	    "pid=%u note=\"%s\"%s", p->run != NULL ? "run=" : "",
	    p->run != NULL ? p->run->name : "", p->run != NULL ? " " : "",
	    p->judge->tenant.name, role_name(p->role), (unsigned)p->pid, line,
	    p->notes == NOTES_MAX ? " more=dropped" : "");
	return 0;
}
