/*
 * from_judge.c: everything that the judge can make the supervisor do.
 * Runs in: supervisor.
 * Input: from the judge, which reads clients and workers: numbers only, each
 * checked here against what there is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/words.h"
#include "supervisor/from_judge.h"
#include "supervisor/supervisor.h"
#include "supervisor/verify.h"

#define SELF SUPERVISOR
#include "ipc/dispatch.h"

/* What a sandbox can be given at most; the configuration narrows it. */
#define MEMORY_LEAST	(16ull << 20)	/* bytes */
#define BYTES_MOST	(1ull << 46)
#define INODES_MOST	(1u << 28)
#define PROCESSES_MOST	32768u
#define OPEN_FILES_MOST	(1u << 20)
#define CPU_MOST	(1000u * 1024)

void
judge_channel_init(struct channel *c, void *owner)
{
	channel_init(c, -1, SUPERVISOR, JUDGE, dispatch_table);
	c->owner = owner;
}

static void
tell_signed(struct supervisor *s, uint32_t tenant, const struct checkpoint *c)
{
	struct head_signed m = { .tenant = tenant, .place = c->place,
	    .at = c->at };

	memcpy(m.head, c->head, sizeof(m.head));
	memcpy(m.signature_r, c->signature, 32);
	memcpy(m.signature_s, c->signature + 32, 32);
	send_head_signed(&s->judge, &m);
}

static int
assume_send(struct supervisor *s)
{
	struct assume m = {
		.listener = s->state.listener,
		.user_mode = s->options.user,
		.owner = s->uid,
		.separate_uids = s->root,
		.config_files = s->config.count,
		.cgroups = s->cgroups.version != 0
	};
	struct checkpoint last;
	struct signing_key key;

	snprintf(m.state_dir, sizeof(m.state_dir), "%s",
	    s->options.state_dir);
	memcpy(key.key, s->signing.key, sizeof(key.key));
	if (send_signing_key(&s->judge, &key) == -1 ||
	    send_assume(&s->judge, &m) == -1)
		return -1;
	last = signing_last(&s->signing, 0);
	tell_signed(s, 0, &last);
	return config_files_send(s);
}

/* Nothing is handed to a judge that is not confined as its page says. */
int
on_judge_ready(struct channel *c, struct judge_ready *m)
{
	struct supervisor *s = c->owner;
	struct child *judge = child_find_program(s->children, PROGRAM_JUDGE);
	char reason[REASON_SIZE];

	if (m->protocol != message_protocol())
		return channel_fault(c, "it is of another build");
	if (judge == NULL)
		return channel_fault(c, "it is gone");
	if (!child_verify(s, judge, reason)) {
		log_line(LOG_ERROR, "the judge is not confined: %s", reason);
		supervisor_leave(s, EXIT_integrity);
		return 0;
	}
	judge->deadline = 0;
	c->phase = RUNNING;
	if (assume_send(s) == -1)
		return channel_fault(c, "it cannot be told: %s",
		    strerror(errno));
	return 0;
}

static void
spawn_refused(struct supervisor *s, uint32_t number, const char *role,
    const char *step)
{
	struct spawn_failed m = { .process = number,
	    .error = (uint32_t)errno };

	log_line(LOG_WARNING, "start %s: %s: %s", role, step,
	    strerror(errno));
	snprintf(m.what, sizeof(m.what), "%s: %s", role, step);
	send_spawn_failed(&s->judge, &m);
}

/*
 * A judge asks for each place once, in rising order.  One that does not is
 * out of its mind or in other hands: it gets no signature over a second
 * history, and everything ends.
 */
int
on_sign_request(struct channel *c, struct sign_request *m)
{
	struct supervisor *s = c->owner;
	struct checkpoint new = { .place = m->place };
	struct sign_failed no = { .tenant = m->tenant, .place = m->place };

	if (m->tenant >= TENANTS_MOST)
		return channel_fault(c, "a head of tenant %u", m->tenant);
	memcpy(new.head, m->head, sizeof(new.head));
	switch (signing_sign(&s->signing, m->tenant, &new)) {
	case SIGN_refused:
		return channel_fault(c, "a head at place %llu, but %llu is "
		    "signed", (unsigned long long)m->place, (unsigned long
		    long)signing_last(&s->signing, m->tenant).place);
	case SIGN_failed:
		no.error = (uint32_t)errno;
		log_line(LOG_WARNING, "keep a signed head: %s",
		    strerror(errno));
		send_sign_failed(&s->judge, &no);
		break;
	case SIGN_done:
		tell_signed(s, m->tenant, &new);
		break;
	}
	return 0;
}

static bool
number_free(const struct supervisor *s, uint32_t number)
{
	return number != 0 && child_find(s->children, number) == NULL;
}

int
on_spawn_request(struct channel *c, struct spawn_request *m)
{
	struct supervisor *s = c->owner;
	struct worker w = { program_of_role(m->role), m->process, m->tenant,
	    -1 };
	const char *step = "start it";
	struct checkpoint last;

	if (w.program == PROGRAM_COUNT || m->tenant >= TENANTS_MOST)
		return channel_fault(c, "role %u of tenant %u", m->role,
		    m->tenant);
	if (!number_free(s, m->process))
		return channel_fault(c, "number %u is taken", m->process);
	/* What the record must hold is known before its keeper speaks. */
	last = signing_last(&s->signing, m->tenant);
	if (w.program == PROGRAM_TRACKER)
		tell_signed(s, m->tenant, &last);
	if (worker_start(s, &w, &step) == -1)
		spawn_refused(s, m->process, program_name(w.program), step);
	return 0;
}

static bool
limits_possible(const struct sandbox_request *m)
{
	return m->memory >= MEMORY_LEAST && m->memory <= BYTES_MOST &&
	    m->disk > 0 && m->disk <= BYTES_MOST &&
	    m->inodes > 0 && m->inodes <= INODES_MOST &&
	    m->processes > 1 && m->processes <= PROCESSES_MOST &&
	    m->cpu > 0 && m->cpu <= CPU_MOST &&
	    m->open_files > 8 && m->open_files <= OPEN_FILES_MOST &&
	    m->file_size > 0 && m->file_size <= BYTES_MOST;
}

int
on_sandbox_request(struct channel *c, struct sandbox_request *m)
{
	struct supervisor *s = c->owner;
	const char *step = "build it";

	if (m->tenant >= TENANTS_MOST || !limits_possible(m))
		return channel_fault(c, "limits of a sandbox out of bounds");
	if (!number_free(s, m->process) || !number_free(s, m->guest) ||
	    m->process == m->guest)
		return channel_fault(c, "number %u or %u is taken",
		    m->process, m->guest);
	if (sandbox_start(s, m, &step) == -1) {
		int error = errno;

		spawn_refused(s, m->process, "sandbox", step);
		errno = error;
		spawn_refused(s, m->guest, "sandbox", step);
	}
	return 0;
}

int
on_verify_request(struct channel *c, struct verify_request *m)
{
	struct supervisor *s = c->owner;
	struct child *child = child_find(s->children, m->process);
	struct verified answer = { .process = m->process };

	/* It may have died before the judge could know. */
	if (child == NULL)
		snprintf(answer.reason, sizeof(answer.reason),
		    "it is not running");
	else
		answer.confined = child_verify(s, child, answer.reason);
	if (child != NULL && !answer.confined) {
		log_line(LOG_ERROR, "%s number=%u pid=%d is not confined: %s",
		    program_name(child->program), child->number, child->pid,
		    answer.reason);
		child_kill(child);
	}
	if (child != NULL)
		child->deadline = 0;
	return send_verified(&s->judge, &answer) == -1 && errno == EMSGSIZE ?
	    channel_fault(c, "answer it") : 0;
}

int
on_kill_request(struct channel *c, struct kill_request *m)
{
	struct supervisor *s = c->owner;
	struct child *child = child_find(s->children, m->process);

	if (child != NULL)		/* else it has just died */
		child_kill(child);
	return 0;
}

int
on_leave_request(struct channel *c, struct leave_request *m)
{
	struct supervisor *s = c->owner;

	log_line(LOG_INFO, "leaving: the judge says so status=%u", m->status);
	supervisor_leave(s, m->status <= 255 ? (int)m->status :
	    EXIT_internal);
	return 0;
}

int
on_serving(struct channel *c, struct serving *m)
{
	struct supervisor *s = c->owner;

	log_line(LOG_INFO, "serving socket=%s state=%s processes=%u "
	    "cgroups=\"%s\" uids=\"%s\"", s->options.socket,
	    s->options.state_dir, m->processes, s->cgroups.said, s->root ?
	    "one for each process" :
	    "all the same: started without root, so no separate uids");
	notify_ready(s);
	return 0;
}
