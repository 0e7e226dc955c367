/*
 * info.c: the tool `get_sandbox_info`, and what sandbox_ready tells the judge.
 * Runs in: exec-worker, stream role, confined.
 * Input: the judge's map, facts that a guest claims.
 */
#include "exec-worker/stream/stream.h"

/* What the judge says comes first: a guest cannot claim its keys. */
void
info_pack(const struct stream *s, struct pack *p)
{
	const struct { const char *key, *text; } facts[] = {
		{ "python", s->facts.python },
		{ "shell", s->facts.shell },
		{ "work_dir", s->facts.work },
		{ "system", s->facts.system },
	};
	size_t judged = s->info != NULL ? s->info->map.count : 0, count = 0;

	for (size_t i = 0; i < nitems(facts); i++)
		count += s->state != GUEST_none &&
		    value_get(s->info, facts[i].key) == NULL;
	pack_init(p, RESULT_MAX);
	pack_map(p, judged + count);
	for (size_t i = 0; i < judged; i++) {
		value_pack(p, &s->info->map.pairs[i].key);
		value_pack(p, &s->info->map.pairs[i].value);
	}
	for (size_t i = 0; i < nitems(facts) && count > 0; i++)
		if (value_get(s->info, facts[i].key) == NULL)
			pack_key_text(p, facts[i].key, facts[i].text);
}

/* Takes the job. */
void
answer_info(struct stream *s, struct job *j)
{
	struct tool_done m = { .call = j->call, .exit_code = -1 };
	struct pack info;

	info_pack(s, &info);
	m.result = BLOB(info.data, info.len);
	if (send_tool_done(&s->judge, &m) == -1 && !s->judge.broken)
		fatal("send tool_done");
	pack_clear(&info);
	job_free(j);
}
