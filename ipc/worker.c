/*
 * worker.c: the first word of a confined worker.
 * Runs in: every worker, after confine().
 * Input: none.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/ipc.h"
#include "ipc/util.h"

static struct channel *log_channel;	/* the logger's way to the judge */

static void
note_sink(enum log_level level, const char *line)
{
	struct note m = { .level = (uint8_t)level };

	text_escape(m.line, sizeof(m.line), line, strlen(line));
	/* A judge that cannot be told is gone, and so are we, soon. */
	if (send_note(log_channel, &m) == -1)
		log_to(NULL);
}

void
worker_ready(struct channel *judge)
{
	struct ready m = { .protocol = message_protocol() };

	if (send_ready(judge, &m) == -1)
		fatal("tell the judge that we are ready");
	log_channel = judge;
	log_to(note_sink);
}
