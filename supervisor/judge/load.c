/*
 * load.c: reading the configuration: a config-reader parses one file after
 * the other, the typed table takes them over, all or nothing.
 * Runs in: judge.
 * Input: maps from the config-reader, which has read an operator's text.
 */
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/judge/dial.h"
#include "supervisor/judge/process.h"

#define FILES	64u		/* configuration files, at most */

static void
load_clear(struct judge *j)
{
	struct loading *l = &j->loading;

	if (l->reader != NULL)
		process_kill(l->reader);
	config_free(l->config);
	free(l->paths);
	*l = (struct loading){ .busy = false };
}

/* The new configuration is in force; runs keep the one they began with. */
static void
load_done(struct judge *j)
{
	static const char levels[][8] = { "error", "warning", "info",
	    "debug" };
	bool first = j->config == NULL;
	const char *level;

	config_free(j->config);
	j->config = steal_pointer(&j->loading.config);
	load_clear(j);
	level = config_text(j->config, KEY_sallyport_log_level);
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
		if (j->log_level == LOG_INFO && strcmp(levels[i], level) == 0)
			log_init("judge", (enum log_level)i);
	if (!first)
		log_line(LOG_INFO, "config=reloaded");
	else
		judge_serve(j);
}

void
load_failed(struct judge *j, int status, const char *why)
{
	load_clear(j);
	if (j->config != NULL) {
		log_line(LOG_ERROR, "config=kept the new configuration is "
		    "broken: %s", why);
		return;
	}
	log_line(LOG_ERROR, "cannot start: configuration: %s", why);
	judge_leave(j, (unsigned)status);
}

void
load_begin(struct judge *j, uint32_t files)
{
	struct loading *l = &j->loading;

	if (l->busy)
		load_clear(j);
	if (files > FILES) {
		load_failed(j, EXIT_config, "more files than may be read");
		return;
	}
	l->busy = true;
	l->wanted = files;
	l->paths = xcalloc(files + 1, sizeof(*l->paths));
	l->config = config_new();
	if (files == 0)
		load_done(j);
}

int
load_file(struct judge *j, uint32_t index, const char *path)
{
	struct loading *l = &j->loading;

	if (!l->busy || index >= l->wanted || l->announced >= l->wanted)
		return -1;
	snprintf(l->paths[index], sizeof(l->paths[index]), "%s", path);
	if (++l->announced < l->wanted)
		return 0;
	l->reader = process_ask(j, CONFIG, NULL);
	if (l->reader == NULL)
		load_failed(j, EXIT_internal, "no config-reader");
	return 0;
}

static void
ask(struct judge *j)
{
	struct read_request m = { .index = j->loading.asked };

	if (send_read_request(&j->loading.reader->channel, &m) == -1)
		load_failed(j, EXIT_internal, "the config-reader is gone");
}

void
load_usable(struct judge *j)
{
	ask(j);
}

/* 0, or -1 if what came is not what a config-reader may send. */
int
load_parsed(struct judge *j, struct configuration *m)
{
	struct loading *l = &j->loading;
	autovalue struct value *map = NULL, *lines = NULL;
	const char *reason;
	char why[1024];

	if (!l->busy || m->index != l->asked)
		return -1;
	if (blob_map(&m->map) == 0 && m->map.len > 0)
		map = value_decode(m->map.data, m->map.len, &reason);
	if (blob_map(&m->lines) == 0 && m->lines.len > 0)
		lines = value_decode(m->lines.data, m->lines.len, &reason);
	if (map == NULL || lines == NULL)
		return -1;
	if (config_load(l->config, map, lines, l->paths[m->index], why,
	    sizeof(why)) == -1) {
		load_failed(j, EXIT_config, why);
		return 0;
	}
	if (++l->asked < l->wanted)
		ask(j);
	else
		load_done(j);
	return 0;
}
