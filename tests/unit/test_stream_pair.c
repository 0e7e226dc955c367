/*
 * test_stream_pair.c: the confined stream role and the real guest, all tools.
 * The guest runs as a plain process in a directory of its own, without walls;
 * the stream role is the real binary with its filter on.
 * Runs in: unit tests.  Input: none.
 */
#include <sys/stat.h>

#include "tests/unit/stream_peer.h"

static char work[64];

static pid_t
guest_start(int *stream)
{
	char path[PATH_MAX], *argv[] = { path, work, NULL };
	int fds[2];
	pid_t pid;

	strcpy(work, "/tmp/stream.XXXXXX");
	assert_non_null(mkdtemp(work));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	libexec_path(path, "guest");
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(fds[1], 3) == -1 || chdir("/") == -1)
			_exit(1);
		execv(path, argv);
		_exit(1);
	}
	close(fds[1]);
	*stream = fds[0];
	return pid;
}

static int
setup(void **state)
{
	struct peers *p;
	int stream;

	guest_start(&stream);
	p = peers_start(stream, true);
	judge_start(p, true, 64 * KiB);
	expect(&p->judge, sandbox_ready);
	assert_int_equal(blob_map(&p->got.sandbox_ready.info), 0);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	assert_int_equal(peers_end(*state), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	snprintf(command, sizeof(command), "rm -rf %s", work);
	assert_int_equal(system(command), 0);
	return 0;
}

static void
shell(struct peers *p, const char *command)
{
	judge_tool(p, "execute_shell", "command", command, NULL);
	judge_done(p);
}

static void
test_execute_shell_reports(void **state)
{
	struct peers *p = *state;

	shell(p, "echo out; echo err >&2; pwd");
	assert_ok(p);
	assert_memory_equal(result_of(p, "stdout"), "out\n/tmp/stream.", 16);
	assert_result(p, "stderr", "err\n");
	assert_int_equal(result_int(p, "stderr_bytes"), 4);
	assert_result(p, "stderr_sha256", "2ccde4875ec595757efdf23d7b1336fc"
	    "d69cf0fb869310b12a0d219c52817b20");
	assert_int_equal(result_int(p, "exit_code"), 0);
	assert_int_equal(p->done.exit_code, 0);
	shell(p, "exit 3");
	assert_outcome(p, failed, SandboxExecutionError);
	assert_int_equal(p->done.exit_code, 3);
	assert_result(p, "message", "exit code 3");
	shell(p, "kill -TERM $$");
	assert_outcome(p, failed, SandboxExecutionError);
	assert_int_equal(p->done.signal, SIGTERM);
	assert_int_equal(p->done.exit_code, -1);
	assert_result(p, "signal", "SIGTERM");
	assert_int_equal(result_int(p, "exit_code"), -1);
}

static void
test_execute_python_runs_the_code(void **state)
{
	struct peers *p = *state;
	char *code = xcalloc(1, 300001);

	judge_tool(p, "execute_python", "code",
	    "import sys\nprint(sum(range(10)), len(sys.stdin.read()))", NULL);
	judge_done(p);
	assert_ok(p);
	assert_result(p, "stdout", "45 0\n");
	judge_tool(p, "execute_python", "code", "1/0", NULL);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	assert_non_null(strstr(result_of(p, "stderr"), "ZeroDivisionError"));
	memset(code, '#', 300000);
	memcpy(code + 299900, "\nprint('end')\n", 14);
	judge_tool(p, "execute_python", "code", code, NULL);
	judge_done(p);
	assert_ok(p);
	assert_result(p, "stdout", "end\n");
	free(code);
}

static void
command(struct peers *p, const char *const *argv, const void *input,
    size_t len, uint64_t timeout, uint64_t credit)
{
	struct pack args;
	uint32_t n = 0;

	while (argv[n] != NULL)
		n++;
	pack_init(&args, 4 * MiB);
	pack_map(&args, 1);
	pack_text(&args, "argv");
	pack_list(&args, n);
	for (uint32_t i = 0; i < n; i++)
		pack_text(&args, argv[i]);
	judge_execute(p, "execute_command", &args, input, len, timeout,
	    credit);
	pack_clear(&args);
}

static void
test_execute_command_is_literal(void **state)
{
	const char *argv[] = { "printf", "%s|", "a b", "", "$(id)", "*", NULL };
	struct peers *p = *state;

	command(p, argv, NULL, 0, 5000, 65536);
	judge_done(p);
	assert_ok(p);
	assert_result(p, "stdout", "a b||$(id)|*|");
	argv[0] = "/no/such/program";
	command(p, argv, NULL, 0, 5000, 65536);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	assert_non_null(strstr(result_of(p, "message"), "No such file"));
}

static void
test_input_arrives_whole(void **state)
{
	const char *argv[] = { "sha256sum", NULL }, *none[] = { "true", NULL };
	struct peers *p = *state;
	size_t len = 20 * MiB;
	uint8_t *data = xcalloc(1, len), digest[32];
	char hex[65];

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	command(p, argv, data, len, 20000, 65536);
	judge_done(p);
	assert_ok(p);
	crypto_hash_sha256(digest, data, len);
	sodium_bin2hex(hex, sizeof(hex), digest, 32);
	assert_memory_equal(result_of(p, "stdout"), hex, 64);
	command(p, argv, "abc", 3, 20000, 65536);
	judge_done(p);
	assert_memory_equal(result_of(p, "stdout"), "ba7816bf", 8);
	/* Whoever does not read it is no reason to wait. */
	command(p, none, data, len, 20000, 65536);
	judge_done(p);
	assert_ok(p);
	free(data);
}

static void
test_timeout_keeps_what_was_printed(void **state)
{
	struct peers *p = *state;
	uint64_t begin = now_mono_ms();
	struct pack args;

	pack_init(&args, 1024);
	pack_map(&args, 2);
	pack_key_text(&args, "command",
	    "echo before; setsid sleep 100 & sleep 100");
	pack_text(&args, "timeout");
	pack_real(&args, 0.3);
	judge_execute(p, "execute_shell", &args, NULL, 0, 60000, 65536);
	pack_clear(&args);
	judge_done(p);
	assert_outcome(p, timed_out, SandboxTimeoutError);
	assert_true(p->done.timed_out);
	assert_result(p, "stdout", "before\n");
	assert_non_null(strstr(result_of(p, "message"), "0.3 s"));
	assert_true(now_mono_ms() - begin < 2000);
	assert_int_equal(result_int(p, "processes_left"), 0);
}

static void
test_cancel_ends_the_command(void **state)
{
	struct peers *p = *state;

	judge_tool(p, "execute_shell", "command", "echo a; sleep 100", NULL);
	expect(&p->judge, tool_output);
	say(&p->judge, tool_cancel, .call = p->call);
	judge_done(p);
	assert_outcome(p, cancelled, SandboxExecutionError);
	assert_result(p, "stdout", "a\n");
	shell(p, "echo next");
	assert_result(p, "stdout", "next\n");
}

static void
test_output_of_1_gb_is_bounded(void **state)
{
	const char *argv[] = { "head", "-c", "200000000", "/dev/zero", NULL };
	struct pack args;
	struct peers *p = *state;
	long before;

	shell(p, "head -c 1000000 /dev/zero");
	before = peers_peak(p);
	/* Watched by a model's run: live output ends, the digest does not. */
	pack_init(&args, 1024);
	pack_map(&args, 1);
	pack_key_text(&args, "command", "head -c 1000000000 /dev/zero");
	judge_execute(p, "execute_shell", &args, NULL, 0, 200000, 256 * KiB);
	pack_clear(&args);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(result_int(p, "stdout_bytes"), 1000000000);
	assert_result(p, "stdout_sha256", "bc17f06f9d9b5f6f79ca189a1772b1a3"
	    "a38d6e40c45bec50f9c4f28144efddca");
	assert_int_equal(p->live[0], MiB);
	/* Streamed to a client: every byte. */
	command(p, argv, NULL, 0, 200000, 256 * KiB);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(p->live[0], 200000000);
	assert_int_equal(result_int(p, "stdout_bytes"), 200000000);
	if (peers_peak(p) - before > 8 * 1024)
		fail_msg("grew by %ld KiB", peers_peak(p) - before);
}

/* A judge that takes nothing more: the command ends all the same. */
static void
test_output_nobody_takes_does_not_block(void **state)
{
	struct peers *p = *state;
	struct pack args;
	uint64_t begin = now_mono_ms();

	pack_init(&args, 1024);
	pack_map(&args, 1);
	pack_key_text(&args, "command",
	    "head -c 5000000 /dev/zero | tr '\\0' x");
	judge_execute(p, "execute_shell", &args, NULL, 0, 30000, 1000);
	expect(&p->judge, tool_output);
	assert_int_equal(p->got.tool_output.data.len, 1000);
	heard(&p->judge, MSG_tool_done);
	judge_take_done(p);
	assert_ok(p);
	assert_int_equal(result_int(p, "stdout_bytes"), 5000000);
	assert_int_equal(result_int(p, "live_bytes"), 1000);
	judge_execute(p, "execute_shell", &args, NULL, 0, 30000, 0);
	heard(&p->judge, MSG_tool_done);
	judge_take_done(p);
	assert_int_equal(result_int(p, "stdout_bytes"), 5000000);
	assert_true(now_mono_ms() - begin < 10000);
	pack_clear(&args);
}

static void
test_save_and_load_byte_for_byte(void **state)
{
	struct peers *p = *state;
	uint8_t data[70000];
	const struct value *content;
	struct pack args;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	pack_init(&args, MiB);
	pack_map(&args, 2);
	pack_key_text(&args, "path", "new/dir/b.bin");
	pack_text(&args, "content");
	pack_bytes(&args, data, sizeof(data));
	judge_execute(p, "save_file", &args, NULL, 0, 20000, 0);
	pack_clear(&args);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(result_int(p, "size"), sizeof(data));
	judge_tool(p, "load_file", "path", "new/dir/b.bin", NULL);
	judge_done(p);
	assert_ok(p);
	content = value_get(p->result, "content");
	assert_int_equal(content->type, VALUE_BYTES);
	assert_int_equal(content->text.len, sizeof(data));
	assert_memory_equal(content->text.data, data, sizeof(data));
	assert_true(value_get_bool(p->result, "last", false));
	judge_tool(p, "save_file", "path", "empty", "content", "", NULL);
	judge_done(p);
	assert_ok(p);
	judge_tool(p, "load_file", "path", "empty", NULL);
	judge_done(p);
	assert_ok(p);
	assert_result(p, "content", "");
	assert_int_equal(result_int(p, "size"), 0);
}

static void
test_load_file_in_parts(void **state)
{
	struct peers *p = *state;
	struct pack args;

	shell(p, "printf 0123456789 > f");
	for (int64_t offset = 0; offset < 12; offset += 4) {
		pack_init(&args, 1024);
		pack_map(&args, 3);
		pack_key_text(&args, "path", "f");
		pack_key_int(&args, "offset", offset);
		pack_key_int(&args, "length", 4);
		judge_execute(p, "load_file", &args, NULL, 0, 20000, 0);
		pack_clear(&args);
		judge_done(p);
		assert_ok(p);
		assert_int_equal(result_int(p, "size"), 10);
		assert_int_equal(result_int(p, "offset"), offset);
		assert_result(p, "content", offset == 0 ? "0123" :
		    offset == 4 ? "4567" : "89");
		assert_int_equal(value_get_bool(p->result, "last", false),
		    offset == 8);
	}
}

static void
test_append_and_replace(void **state)
{
	struct peers *p = *state;

	judge_tool(p, "append_to_file", "path", "f", "content", "aXb", NULL);
	judge_done(p);
	assert_ok(p);
	judge_tool(p, "append_to_file", "path", "f", "content", "Xc", NULL);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(result_int(p, "size"), 5);
	assert_result(p, "sha256", "3527549b4b237f00962c615fc2f3234a"
	    "05b78938a1f36204e4a7e87ac7ae56d5");
	judge_tool(p, "replace_in_file", "path", "f", "old_text", "X",
	    "new_text", "--", NULL);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	assert_result(p, "message", "f: old_text is there 2 times");
	judge_tool(p, "replace_in_file", "path", "f", "old_text", "aX",
	    "new_text", "--", NULL);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(result_int(p, "replaced"), 1);
	shell(p, "cat f");
	assert_result(p, "stdout", "--bXc");
	judge_tool(p, "replace_in_file", "path", "f", "old_text", "zz",
	    "new_text", "--", NULL);
	judge_done(p);
	assert_result(p, "message", "f: old_text is not in the file");
}

static void
test_listing_and_existence(void **state)
{
	struct peers *p = *state;
	const struct value *entries, *e;
	struct pack args;

	shell(p, "mkdir d; printf hello > d/b; touch -d 2001-02-03T04:05:06Z "
	    "d/b; ln -s b d/a; printf x > \"d/$(printf 'c\\377\\nx')\"");
	assert_ok(p);
	judge_tool(p, "list_files", "path", "d", NULL);
	judge_done(p);
	assert_ok(p);
	entries = value_get(p->result, "entries");
	assert_int_equal(entries->list.count, 3);
	e = &entries->list.items[0];
	assert_true(value_is_text(value_get(e, "path"), "d/a"));
	assert_true(value_is_text(value_get(e, "type"), "symlink"));
	e = &entries->list.items[1];
	assert_true(value_is_text(value_get(e, "path"), "d/b"));
	assert_int_equal(value_get_int(e, "size", -1), 5);
	assert_true(value_is_text(value_get(e, "modified"),
	    "2001-02-03T04:05:06Z"));
	e = value_get(&entries->list.items[2], "path");
	assert_int_equal(e->type, VALUE_BYTES);
	assert_int_equal(e->text.len, 6);
	assert_memory_equal(e->text.data, "d/c\xff\nx", 6);
	pack_init(&args, 1024);
	pack_map(&args, 1);
	pack_key_bool(&args, "recursive", true);
	judge_execute(p, "list_files", &args, NULL, 0, 20000, 0);
	pack_clear(&args);
	judge_done(p);
	entries = value_get(p->result, "entries");
	assert_int_equal(entries->list.count, 4);
	assert_true(value_is_text(value_get(&entries->list.items[0], "path"),
	    "d"));
	assert_true(value_is_text(value_get(&entries->list.items[0], "type"),
	    "directory"));
	judge_tool(p, "file_exists", "path", "d/b", NULL);
	judge_done(p);
	assert_true(value_get_bool(p->result, "exists", false));
	assert_int_equal(result_int(p, "size"), 5);
	judge_tool(p, "file_exists", "path", "d/b/no", NULL);
	judge_done(p);
	assert_ok(p);
	assert_false(value_get_bool(p->result, "exists", true));
}

static void
test_directories_and_deletion(void **state)
{
	struct peers *p = *state;

	judge_tool(p, "create_directory", "path", "x/y/z", NULL);
	judge_done(p);
	assert_ok(p);
	judge_tool(p, "delete_file", "path", "x", NULL);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	assert_non_null(strstr(result_of(p, "message"), "not empty"));
	judge_tool(p, "delete_file", "path", "x/y/z", NULL);
	judge_done(p);
	assert_ok(p);
	judge_tool(p, "delete_file", "path", "x/y/z", NULL);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	judge_tool(p, "load_file", "path", "x", NULL);
	judge_done(p);
	assert_outcome(p, failed, SandboxExecutionError);
	judge_tool(p, "save_file", "path", "../../etc/x", "content", "", NULL);
	judge_done(p);
	assert_int_not_equal(p->done.outcome, OUTCOME_ok);
}

/* The digest that the judge is told is that of the bytes it gets. */
static void
take_file(struct peers *p, const char *path, size_t size, uint32_t kept)
{
	struct file_collected *m = expect(&p->judge, file_collected);
	uint8_t digest[32];

	if (m->path.len != strlen(path) || memcmp(m->path.data, path,
	    m->path.len) != 0)
		fail_msg("wanted %s, got %.*s", path, (int)m->path.len,
		    (const char *)m->path.data);
	assert_int_equal(m->content.len, size);
	assert_int_equal(blob_map(&m->content), 0);
	crypto_hash_sha256(digest, m->content.data, size);
	assert_memory_equal(digest, m->digest, 32);
	blob_clear(&m->content);
	say(&p->judge, collect_next, .files = kept);
}

static void
test_collect_copies_regular_files(void **state)
{
	struct peers *p = *state;

	shell(p, "mkdir d; head -c 3000000 /dev/urandom > d/big; : > empty; "
	    "ln -s /etc/passwd link; mkfifo fifo; printf x > z; "
	    "truncate -s 9999999 large");
	say(&p->judge, collect_request, .most = 4000000);
	take_file(p, "d/big", 3000000, 1);
	take_file(p, "empty", 0, 2);
	take_file(p, "z", 1, 3);
	expect(&p->judge, collect_done);
	assert_int_equal(p->got.collect_done.files, 3);
	assert_int_equal(p->got.collect_done.left_out, 3);
	assert_string_equal(p->got.collect_done.reason, "");
	shell(p, "echo still here");
	assert_ok(p);
}

static void
test_arguments_are_checked_again(void **state)
{
	struct peers *p = *state;

	judge_tool(p, "save_file", "path", "f", NULL);
	judge_done(p);
	assert_outcome(p, failed, SchemaValidationError);
	assert_non_null(strstr(result_of(p, "message"), "content"));
	judge_tool(p, "save_file", "path", "f", "content", "", "mode", "7",
	    NULL);
	judge_done(p);
	assert_outcome(p, failed, SchemaValidationError);
	judge_tool(p, "no_such_tool", NULL);
	judge_done(p);
	assert_outcome(p, failed, SchemaValidationError);
	judge_tool(p, "set_state", "key", "a", "value", "b", NULL);
	judge_done(p);
	assert_outcome(p, failed, SchemaValidationError);
	judge_tool(p, "load_file", "path", "", NULL);
	judge_done(p);
	assert_outcome(p, failed, SchemaValidationError);
}

static void
test_a_command_too_long_is_refused(void **state)
{
	struct peers *p = *state;
	char *text = xcalloc(1, 200001);

	memset(text, ' ', 200000);
	shell(p, text);
	assert_outcome(p, failed, SchemaValidationError);
	text[131070] = '\0';
	memcpy(text, "echo fits", 9);
	shell(p, text);
	assert_ok(p);
	free(text);
}

static void
test_calculator_beside_a_command(void **state)
{
	struct peers *p = *state;
	uint64_t slow;

	judge_tool(p, "execute_shell", "command", "sleep 1; echo slow", NULL);
	slow = p->call;
	judge_tool(p, "calculator", "expression", "6*7", NULL);
	heard(&p->judge, MSG_tool_done);
	judge_take_done(p);
	assert_ok(p);
	assert_int_equal(result_int(p, "value"), 42);
	judge_tool(p, "calculator", "expression", "6*", NULL);
	heard(&p->judge, MSG_tool_done);
	judge_take_done(p);
	assert_outcome(p, failed, SchemaValidationError);
	judge_tool(p, "get_sandbox_info", NULL);
	heard(&p->judge, MSG_tool_done);
	judge_take_done(p);
	assert_ok(p);
	assert_result(p, "provider", "test");
	assert_result(p, "work_dir", work);
	p->call = slow;
	judge_done(p);
	assert_result(p, "stdout", "slow\n");
}

static void
test_guest_that_dies_ends_the_call(void **state)
{
	struct peers *p = *state;

	judge_tool(p, "execute_shell", "command",
	    "echo partial; sleep 0.2; kill -KILL $PPID; sleep 10", NULL);
	judge_tool(p, "file_exists", "path", "f", NULL);
	p->call--;
	judge_done(p);
	assert_outcome(p, outcome_unknown, SandboxConnectionError);
	assert_result(p, "stdout", "partial\n");
	p->call++;
	judge_done(p);
	assert_outcome(p, not_run, SandboxConnectionError);
	expect(&p->judge, sandbox_failed);
	assert_int_equal(p->got.sandbox_failed.error,
	    ERROR_SandboxConnectionError);
	judge_tool(p, "file_exists", "path", "f", NULL);
	judge_done(p);
	assert_outcome(p, not_run, SandboxConnectionError);
	say(&p->judge, collect_request, .most = 1000);
	expect(&p->judge, collect_done);
	judge_tool(p, "calculator", "expression", "1+1", NULL);
	judge_done(p);
	assert_ok(p);
}

#define pair_test(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest cases[] = {
		pair_test(test_execute_shell_reports),
		pair_test(test_execute_python_runs_the_code),
		pair_test(test_execute_command_is_literal),
		pair_test(test_input_arrives_whole),
		pair_test(test_timeout_keeps_what_was_printed),
		pair_test(test_cancel_ends_the_command),
		pair_test(test_output_of_1_gb_is_bounded),
		pair_test(test_output_nobody_takes_does_not_block),
		pair_test(test_save_and_load_byte_for_byte),
		pair_test(test_load_file_in_parts),
		pair_test(test_append_and_replace),
		pair_test(test_listing_and_existence),
		pair_test(test_directories_and_deletion),
		pair_test(test_collect_copies_regular_files),
		pair_test(test_arguments_are_checked_again),
		pair_test(test_a_command_too_long_is_refused),
		pair_test(test_calculator_beside_a_command),
		pair_test(test_guest_that_dies_ends_the_call),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
