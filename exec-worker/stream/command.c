/*
 * command.c: execute_shell, execute_python, execute_command.
 * Runs in: exec-worker, stream role, confined.
 * Input: commands of a model, what the guest says became of them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "exec-worker/stream/stream.h"

#define ARGUMENT_MAX	131071		/* bytes: MAX_ARG_STRLEN, execve(2) */
#define ARGUMENTS_MAX	(1 * MiB)	/* bytes of all, with their ends */

static void
command_failed(struct stream *s, const struct guest_failed *m)
{
	struct guest_failed failed = *m;

	if (failed.error == EAGAIN)
		failed.error = ENOMEM;	/* no process left, not 'try again' */
	guest_error(s, &failed);
}

/* Takes items, whose count and sizes are checked here. */
static void
command_begin(struct stream *s, struct job *j, struct bytes *items,
    size_t count)
{
	size_t all = 0, largest = 0;

	j->sending.items = items;
	j->sending.count = count;
	for (size_t i = 0; i < count; i++) {
		all += items[i].len + 1;
		if (items[i].len > largest)
			largest = items[i].len;
	}
	if (largest > ARGUMENT_MAX || all > ARGUMENTS_MAX) {
		call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError,
		    "save it as a file and run that",
		    "%s: longer than a program can be given (%u bytes each, "
		    "%u in all)", j->tool->name, ARGUMENT_MAX, ARGUMENTS_MAX);
		return;
	}
	output_init(&j->out[0], s->output_kept);
	output_init(&j->out[1], s->output_kept);
	j->path = value_get_text(j->args, "working_dir");
	exchange_begin(s, EXPECT_nothing, 0, command_failed);
	j->sending.stage = SEND_arguments;
	guest_pump(s);
}

/* Standard input: the judge's blob, whole and only read here. */
static void
give_input(struct job *j)
{
	j->sending.has_input = j->input.len > 0;
	j->sending.data.data = j->input.data;
	j->sending.fd = j->input.fd;
	j->sending.len = j->input.len;
}

static struct bytes
text_bytes(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static struct bytes
value_bytes(const struct value *v)
{
	return (struct bytes){ (const uint8_t *)v->text.data, v->text.len };
}

void
start_shell(struct stream *s, struct job *j)
{
	struct bytes *argv;

	if (s->facts.shell[0] == '\0') {
		call_fail(s, OUTCOME_failed, ERROR_SandboxExecutionError,
		    "use execute_python, or an image with a shell",
		    "execute_shell: the sandbox has no shell");
		return;
	}
	argv = xcalloc(3, sizeof(*argv));
	argv[0] = text_bytes(s->facts.shell);
	argv[1] = text_bytes("-c");
	argv[2] = value_bytes(value_get(j->args, "command"));
	give_input(j);
	command_begin(s, j, argv, 3);
}

void
start_python(struct stream *s, struct job *j)
{
	struct bytes *argv;

	if (s->facts.python[0] == '\0') {
		call_fail(s, OUTCOME_failed, ERROR_SandboxExecutionError,
		    "install python3 where the sandbox takes its programs "
		    "from, or use execute_shell",
		    "execute_python: the sandbox has no Python 3");
		return;
	}
	if (j->input.len > 0) {
		call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError,
		    "save the program as a file and run it with "
		    "execute_command",
		    "execute_python: standard input carries the program");
		return;
	}
	argv = xcalloc(2, sizeof(*argv));
	argv[0] = text_bytes(s->facts.python);
	argv[1] = text_bytes("-");
	j->sending.has_input = true;
	j->sending.fd = -1;
	j->sending.data = value_bytes(value_get(j->args, "code"));
	j->sending.len = j->sending.data.len;
	command_begin(s, j, argv, 2);
}

void
start_command(struct stream *s, struct job *j)
{
	const struct value *list = value_get(j->args, "argv");
	struct bytes *argv;

	if (list->list.count == 0 || list->list.items[0].text.len == 0) {
		call_fail(s, OUTCOME_failed, ERROR_SchemaValidationError, NULL,
		    "argv: the first item must be a program");
		return;
	}
	argv = xcalloc(list->list.count, sizeof(*argv));
	for (size_t i = 0; i < list->list.count; i++)
		argv[i] = value_bytes(&list->list.items[i]);
	give_input(j);
	command_begin(s, j, argv, list->list.count);
}

static void
signal_text(char *text, size_t size, int number)
{
	const char *name = sigabbrev_np(number);

	if (name != NULL)
		snprintf(text, size, "SIG%s", name);
	else
		snprintf(text, size, "SIG%d", number);
}

static void
pack_outputs(struct result *r, struct job *j)
{
	uint64_t all = j->out[0].total + j->out[1].total;
	uint8_t digest[32];

	result_key(r, "stdout");
	output_pack(&j->out[0], &r->pack);
	result_key(r, "stderr");
	output_pack(&j->out[1], &r->pack);
	result_uint(r, "stdout_bytes", j->out[0].total);
	result_uint(r, "stderr_bytes", j->out[1].total);
	output_digest(&j->out[0], digest);
	result_hex(r, "stdout_sha256", digest);
	output_digest(&j->out[1], digest);
	result_hex(r, "stderr_sha256", digest);
	if (j->live.sent < all)
		result_uint(r, "live_bytes", j->live.sent);
}

/* The memory limit that the judge told us, in bytes, or 0. */
static uint64_t
memory_limit(const struct stream *s)
{
	int64_t n = value_get_int(s->info, "memory_limit", 0);

	return n > 0 ? (uint64_t)n : 0;
}

/* A kill that nobody here asked for, at the limit, is the kernel's. */
static bool
out_of_memory(const struct stream *s, const struct guest_exited *m)
{
	uint64_t limit = memory_limit(s);
	int status = (int)m->status;
	bool killed = (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL);

	return killed && !m->timed_out && !s->now->cancelled && limit > 0 &&
	    m->peak >= limit / 10 * 8;
}

/* What the judge records and the model reads about a command that ran. */
static void
judge_exit(const struct stream *s, const struct guest_exited *m,
    struct tool_done *done, struct result *r)
{
	char message[128] = "", name[32];
	const char *hint = NULL;

	if (done->signal != 0)
		signal_text(name, sizeof(name), (int)done->signal);
	done->outcome = OUTCOME_failed;
	done->error = ERROR_SandboxExecutionError;
	if (m->timed_out) {
		done->outcome = OUTCOME_timed_out;
		done->error = ERROR_SandboxTimeoutError;
		snprintf(message, sizeof(message), "ended after %g s, with "
		    "everything that it had started",
		    (double)s->now->timeout / 1000);
	} else if (s->now->cancelled) {
		done->outcome = OUTCOME_cancelled;
		snprintf(message, sizeof(message), "cancelled");
		hint = "";
	} else if (out_of_memory(s, m)) {
		done->error = ERROR_SandboxResourceError;
		snprintf(message, sizeof(message), "killed at the memory "
		    "limit of %llu bytes",
		    (unsigned long long)memory_limit(s));
	} else if (done->signal != 0) {
		snprintf(message, sizeof(message), "ended by %s", name);
	} else if (done->exit_code != 0) {
		snprintf(message, sizeof(message), "exit code %d",
		    (int)done->exit_code);
	} else {
		done->outcome = OUTCOME_ok;
		done->error = ERROR_none;
		return;
	}
	result_error(r, done->error, message, hint);
}

void
command_exited(struct stream *s, const struct guest_exited *m)
{
	struct job *j = s->now;
	int status = (int)m->status;
	struct tool_done done = {
		.call = j->call,
		.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0,
		.timed_out = m->timed_out,
		.wall = m->wall,
		.cpu = m->cpu,
		.peak = m->peak
	};
	struct result r;
	char name[32];

	result_init(&r);
	if (WIFEXITED(status))
		result_uint(&r, "exit_code", (uint64_t)done.exit_code);
	if (WIFSIGNALED(status)) {
		signal_text(name, sizeof(name), WTERMSIG(status));
		result_text(&r, "signal", name);
	}
	result_flag(&r, "timed_out", m->timed_out);
	judge_exit(s, m, &done, &r);
	pack_outputs(&r, j);
	result_uint(&r, "wall_ms", m->wall / 1000);
	result_uint(&r, "cpu_ms", m->cpu / 1000);
	result_uint(&r, "peak_kib", m->peak / 1024);
	result_uint(&r, "processes_left", m->left);
	result_send(s, &r, &done);
	call_end(s);
}

/* The guest is gone with the command: what came before is still worth it. */
void
command_lost(struct stream *s, enum outcome outcome, enum error error,
    const char *message)
{
	struct job *j = s->now;
	struct tool_done done = {
		.call = j->call,
		.outcome = (uint8_t)outcome,
		.error = (uint8_t)error,
		.exit_code = -1,
		.timed_out = outcome == OUTCOME_timed_out,
		.wall = (now_mono_ms() - j->began) * 1000
	};
	struct result r;

	result_init(&r);
	result_flag(&r, "timed_out", done.timed_out);
	result_error(&r, error, message, NULL);
	pack_outputs(&r, j);
	result_send(s, &r, &done);
	call_end(s);
}
