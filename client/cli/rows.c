/*
 * rows.c: questions to the record and their rows.
 * Runs in: sallyport.
 * Input: rows of the record: hostile texts, checked types.
 */
#include <string.h>

#include "client/cli/cli.h"

int
rows(struct cli *cli, const struct sallyport_question *q,
    int (*each)(struct cli *, const struct sallyport_event *, void *),
    void *arg)
{
	const struct sallyport_event *e;
	uint64_t request = sallyport_query(cli->h, q);
	int n, status = 0;

	if (request == 0)
		return fail_error(cli, sallyport_last_error(cli->h));
	while (status == 0) {
		n = event_wait(cli, -1, &e);
		if (n == 2)
			return stop_status(STOP_cancelled);
		if (n < 0)
			return fail_error(cli, sallyport_last_error(cli->h));
		if (n == 0 || e->request != request)
			continue;
		if (e->kind == SALLYPORT_REFUSED)
			return fail_event(cli, e);
		if (e->kind == SALLYPORT_DONE)
			return 0;
		if (e->kind == SALLYPORT_ROW)
			status = each(cli, e, arg);
		if (ferror(stdout))
			return output_end(cli, 0);
	}
	return status;
}

static bool
is_time(const struct value *key)
{
	return value_is_text(key, "started") || value_is_text(key, "ended") ||
	    value_is_text(key, "modified") || value_is_text(key, "ts");
}

void
row_json(struct cli *cli, const struct value *row)
{
	static const char *const times[] = {
		"started", "ended", "modified", "ts", NULL
	};
	autojson struct json j = { 0 };
	char ts[32];

	(void)cli;
	json_open(&j, '{');
	json_members(&j, row, times);
	for (size_t i = 0; row != NULL && row->type == VALUE_MAP &&
	    i < row->map.count; i++) {
		const struct value_pair *p = &row->map.pairs[i];

		if (!is_time(&p->key))
			continue;
		json_keyn(&j, p->key.text.data, p->key.text.len);
		if (p->value.type == VALUE_INT && p->value.integer >= 0)
			json_text(&j, time_text(ts,
			    (uint64_t)p->value.integer));
		else
			json_value(&j, &p->value);
	}
	json_close(&j, '}');
	print_json(&j);
}

const char *
row_time(char dst[32], const struct value *map, const char *key)
{
	const struct value *v = value_get(map, key);

	if (v != NULL && v->type == VALUE_INT && v->integer > 0)
		return time_text(dst, (uint64_t)v->integer);
	if (v != NULL && v->type == VALUE_TEXT)
		return text_escape(dst, 32, v->text.data, v->text.len);
	return "-";
}
