/*
 * task.c: reads the task map of a run, and gives a task its digest.
 * Runs in: cognition-worker.
 * Input: a msgpack map from a client.  Hostile.
 */
#include "cognition-worker/task.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cognition-worker/text.h"
#include "ipc/util.h"
#include "ipc/value.h"

#define GOAL_SHOWN_MAX	(1024 * 1024)

static char *
clean_value(const struct value *v, size_t most)
{
	if (v == NULL || (v->type != VALUE_TEXT && v->type != VALUE_BYTES))
		return NULL;
	return text_clean(v->text.data, v->text.len, most, NULL);
}

static size_t
list_count(const struct value *v)
{
	return v != NULL && v->type == VALUE_LIST ? v->list.count : 0;
}

static int
read_lists(struct task *t, const struct value *map, char *why, size_t size)
{
	const struct value *list = value_get(map, "constraints");
	size_t i, n = list_count(list);

	t->constraints = xcalloc(n + 1, sizeof(*t->constraints));
	for (i = 0; i < n; i++) {
		t->constraints[i] = clean_value(&list->list.items[i],
		    CONTEXT_SHOWN_MAX);
		if (t->constraints[i] == NULL)
			return snprintf(why, size,
			    "constraint %zu is not text", i + 1), -1;
		t->nconstraints++;
	}
	list = value_get(map, "context");
	n = list_count(list);
	t->contexts = xcalloc(n + 1, sizeof(*t->contexts));
	for (i = 0; i < n; i++) {
		t->ncontexts++;
		t->contexts[i].name = clean_value(
		    value_get(&list->list.items[i], "name"), 4096);
		t->contexts[i].content = clean_value(
		    value_get(&list->list.items[i], "content"),
		    CONTEXT_SHOWN_MAX);
		if (t->contexts[i].name == NULL ||
		    t->contexts[i].content == NULL)
			return snprintf(why, size,
			    "context %zu has no name or no content", i + 1), -1;
	}
	return 0;
}

int
task_read(struct task *t, const struct value *map, char *why, size_t size)
{
	memset(t, 0, sizeof(*t));
	if (map == NULL || map->type != VALUE_MAP)
		return snprintf(why, size, "the task is not a map"), -1;
	t->goal = clean_value(value_get(map, "goal"), GOAL_SHOWN_MAX);
	if (t->goal == NULL || strspn(t->goal, " \t\r\n") == strlen(t->goal))
		return snprintf(why, size, "the task has no goal"), -1;
	if (list_count(value_get(map, "constraints")) > TASK_LIST_MAX ||
	    list_count(value_get(map, "context")) > TASK_LIST_MAX)
		return snprintf(why, size, "the task has more than %d "
		    "constraints or context files", TASK_LIST_MAX), -1;
	if (read_lists(t, map, why, size) == -1)
		return -1;
	task_digest(map, t->digest);
	return 0;
}

void
task_clear(struct task *t)
{
	size_t i;

	for (i = 0; i < t->nconstraints; i++)
		free(t->constraints[i]);
	for (i = 0; i < t->ncontexts; i++) {
		free(t->contexts[i].name);
		free(t->contexts[i].content);
	}
	free(t->constraints);
	free(t->contexts);
	free(t->goal);
	memset(t, 0, sizeof(*t));
}

static void
pack_entry(struct pack *p, const struct value *v)
{
	if (v == NULL)
		pack_nil(p);
	else
		value_pack(p, v);
}

void
task_digest(const struct value *map, uint8_t digest[32])
{
	const struct value *list;
	struct pack p;
	size_t i;

	pack_init(&p, SIZE_MAX / 2);
	pack_list(&p, 3);
	pack_entry(&p, value_get(map, "goal"));
	list = value_get(map, "constraints");
	pack_list(&p, list_count(list));
	for (i = 0; i < list_count(list); i++)
		value_pack(&p, &list->list.items[i]);
	list = value_get(map, "context");
	pack_list(&p, list_count(list));
	for (i = 0; i < list_count(list); i++) {
		pack_list(&p, 2);
		pack_entry(&p, value_get(&list->list.items[i], "name"));
		pack_entry(&p, value_get(&list->list.items[i], "content"));
	}
	crypto_hash_sha256(digest, p.data, p.len);
	pack_clear(&p);
}
