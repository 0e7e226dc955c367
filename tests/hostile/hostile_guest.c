/*
 * hostile_guest.c: a guest that tells every lie that its rows allow, and
 * those that they do not, to the real, confined stream role.  Each lie ends
 * the sandbox with a named error: the call in flight is answered, memory
 * stays bounded, and the stream role goes on serving the judge.
 * Runs in: unit tests.  Input: the stream role's answers.
 */
#include <sys/stat.h>

#include "tests/unit/stream_peer.h"

#define GROWTH_KIB	(8 * 1024)

/* What is in flight when the lie is told. */
enum setting { BEFORE_READY, IDLE, EXEC, INPUT, READ, LIST, STAT, WRITE };

struct lie {
	const char	*name;
	enum setting	 setting;
	enum error	 error;		/* what the judge is told */
	void		(*tell)(struct peers *);
};

static uint64_t in_flight;	/* the guest operation's number */
static uint64_t granted;	/* credit or amount of it */

/* --- frames that send_NAME() would not write --- */

static void
raw_write(struct peers *p, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0) {
		ssize_t n = send(p->guest.fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;		/* it hung up: so much the better */
		at += n;
		len -= (size_t)n;
	}
}

static void
raw_frame(struct peers *p, const void *data, size_t len)
{
	uint8_t head[4] = { (uint8_t)len, (uint8_t)(len >> 8),
	    (uint8_t)(len >> 16), (uint8_t)(len >> 24) };

	raw_write(p, head, sizeof(head));
	raw_write(p, data, len);
}

static void
raw_pack(struct peers *p, struct pack *message)
{
	raw_frame(p, message->data, message->len);
	pack_clear(message);
}

static struct pack
begin(enum message m, unsigned fields)
{
	struct pack p;

	pack_init(&p, 4 * MESSAGE_MAX);
	pack_list(&p, 1 + fields);
	pack_uint(&p, m);
	return p;
}

static void
frame_of_nothing(struct peers *p)
{
	raw_frame(p, "", 0);
}

static void
frame_without_end(struct peers *p)
{
	raw_write(p, "\xff\xff\xff\xff", 4);
}

static void
frame_too_large(struct peers *p)
{
	raw_write(p, "\x01\x00\x01\x00", 4);
}

static void
frame_of_garbage(struct peers *p)
{
	raw_frame(p, "GET / HTTP/1.1\r\n\r\n", 18);
}

/* Five bytes that make a careless reader allocate gigabytes. */
static void
frame_of_a_huge_map(struct peers *p)
{
	raw_frame(p, "\xdf\x08\x00\x00\x00", 5);
}

static void
frame_of_a_huge_list(struct peers *p)
{
	raw_frame(p, "\xdd\xff\xff\xff\xff", 5);
}

static void
half_a_frame(struct peers *p)
{
	raw_write(p, "\x10\x00\x00\x00\x92", 5);
	channel_clear(&p->guest);
}

static void
hang_up(struct peers *p)
{
	channel_clear(&p->guest);
}

static void
message_of_no_number(struct peers *p)
{
	struct pack m = begin((enum message)MSG_COUNT, 0);

	raw_pack(p, &m);
}

/* What only the judge may say. */
static void
message_of_the_judge(struct peers *p)
{
	struct pack m = begin(MSG_tool_cancel, 1);

	pack_uint(&m, 1);
	raw_pack(p, &m);
}

static void
message_of_our_own(struct peers *p)
{
	struct pack m = begin(MSG_guest_kill, 1);

	pack_uint(&m, in_flight);
	raw_pack(p, &m);
}

static void
field_missing(struct peers *p)
{
	struct pack m = begin(MSG_guest_done, 0);

	raw_pack(p, &m);
}

static void
field_too_many(struct peers *p)
{
	struct pack m = begin(MSG_guest_done, 2);

	pack_uint(&m, in_flight);
	pack_uint(&m, 1);
	raw_pack(p, &m);
}

static void
byte_behind_the_end(struct peers *p)
{
	struct pack m = begin(MSG_guest_done, 1);

	pack_uint(&m, in_flight);
	pack_nil(&m);
	raw_pack(p, &m);
}

static void
field_of_another_type(struct peers *p)
{
	struct pack m = begin(MSG_guest_done, 1);

	pack_text(&m, "1");
	raw_pack(p, &m);
}

static void
output_too_long(struct peers *p)
{
	static uint8_t data[40000];
	struct pack m = begin(MSG_guest_output, 3);

	pack_uint(&m, in_flight);
	pack_uint(&m, 1);
	pack_bytes(&m, data, sizeof(data));
	raw_pack(p, &m);
}

static void
failure_with_nul(struct peers *p)
{
	struct pack m = begin(MSG_guest_failed, 3);

	pack_uint(&m, in_flight);
	pack_uint(&m, 2);
	pack_textn(&m, "a\0b", 3);
	raw_pack(p, &m);
}

static void
failure_with_half_a_character(struct peers *p)
{
	struct pack m = begin(MSG_guest_failed, 3);

	pack_uint(&m, in_flight);
	pack_uint(&m, 2);
	pack_textn(&m, "a\xe2\x82", 3);
	raw_pack(p, &m);
}

/* --- before it is ready --- */

static void
answer_before_ready(struct peers *p)
{
	struct pack m = begin(MSG_guest_done, 1);

	pack_uint(&m, 1);
	raw_pack(p, &m);
}

static void
ready_of_another_protocol(struct peers *p)
{
	say(&p->guest, guest_ready, .protocol = message_protocol() + 1,
	    .shell = "/bin/sh", .work = "/work");
}

static void
ready_with_relative_paths(struct peers *p)
{
	say(&p->guest, guest_ready, .protocol = message_protocol(),
	    .shell = "bin/sh", .work = "/work");
}

static void
ready_twice(struct peers *p)
{
	struct pack m = begin(MSG_guest_ready, 5);

	pack_uint(&m, message_protocol());
	pack_text(&m, "");
	pack_text(&m, "/bin/sh");
	pack_text(&m, "/work");
	pack_text(&m, "");
	raw_pack(p, &m);
}

/* --- what nobody asked for --- */

#define LIE(name, message, ...)						\
static void								\
name(struct peers *p)							\
{									\
	say(&p->guest, message, __VA_ARGS__);				\
}
LIE(done_while_idle, guest_done, .call = 1)
LIE(exit_while_idle, guest_exited, .call = 0)
LIE(pong_while_idle, guest_pong, .nonce = 0)
LIE(data_while_idle, guest_data, .call = 0, .last = true)
LIE(exit_of_another_call, guest_exited, .call = in_flight + 1)
LIE(exit_of_the_last_call, guest_exited, .call = in_flight - 1)
LIE(exit_of_the_largest_call, guest_exited, .call = UINT64_MAX)
LIE(failure_of_another_call, guest_failed, .call = in_flight + 1, .error = 2)
LIE(output_of_another_call, guest_output, .call = in_flight + 1, .source = 1,
    .data = TEXT("x"))
LIE(output_of_no_stream, guest_output, .call = in_flight, .source = 3,
    .data = TEXT("x"))
LIE(output_of_stream_0, guest_output, .call = in_flight, .source = 0,
    .data = TEXT("x"))
LIE(output_of_nothing, guest_output, .call = in_flight, .source = 1)
LIE(data_for_a_command, guest_data, .call = in_flight, .last = true)
LIE(entry_for_a_command, guest_entry, .call = in_flight, .mode = S_IFREG,
    .path = TEXT("x"))
LIE(done_for_a_command, guest_done, .call = in_flight)
LIE(pong_for_a_command, guest_pong, .nonce = 0)
LIE(credit_without_input, guest_input_credit, .call = in_flight, .credit = 1)
LIE(credit_of_nothing, guest_input_credit, .call = in_flight)
LIE(credit_of_2_63, guest_input_credit, .call = in_flight,
    .credit = UINT64_C(1) << 63)
LIE(exit_stopped, guest_exited, .call = in_flight, .status = 0x137f)
LIE(exit_continued, guest_exited, .call = in_flight, .status = 0xffff)
LIE(exit_of_signal_126, guest_exited, .call = in_flight, .status = 126)
LIE(exit_of_status_2_31, guest_exited, .call = in_flight,
    .status = UINT32_C(1) << 31)
LIE(exit_after_2_63_us, guest_exited, .call = in_flight,
    .wall = UINT64_C(1) << 63)
LIE(exit_after_2_64_cpu, guest_exited, .call = in_flight, .cpu = UINT64_MAX)
LIE(exit_with_2_60_bytes, guest_exited, .call = in_flight,
    .peak = UINT64_C(1) << 60)
LIE(failure_without_error, guest_failed, .call = in_flight, .error = 0)
LIE(failure_of_no_errno, guest_failed, .call = in_flight, .error = 5000)
LIE(exit_for_a_file, guest_exited, .call = in_flight)
LIE(output_for_a_file, guest_output, .call = in_flight, .source = 1,
    .data = TEXT("x"))
LIE(done_without_data, guest_done, .call = in_flight)
LIE(data_empty_not_last, guest_data, .call = in_flight)
LIE(data_of_2_63, guest_data, .call = in_flight, .last = true,
    .size = UINT64_C(1) << 63)
LIE(data_of_another_call, guest_data, .call = in_flight + 7, .last = true)
LIE(entry_of_no_type, guest_entry, .call = in_flight, .path = TEXT("x"))
LIE(entry_of_a_wrong_type, guest_entry, .call = in_flight, .path = TEXT("x"),
    .mode = 0170000)
LIE(entry_of_mode_2_31, guest_entry, .call = in_flight, .path = TEXT("x"),
    .mode = S_IFREG | UINT32_C(1) << 31)
LIE(entry_of_2_63, guest_entry, .call = in_flight, .path = TEXT("x"),
    .mode = S_IFREG, .size = UINT64_C(1) << 63)
LIE(entry_without_name, guest_entry, .call = in_flight, .mode = S_IFREG)
LIE(entry_with_nul, guest_entry, .call = in_flight, .mode = S_IFREG,
    .path = { (const uint8_t *)"a\0b", 3 })
LIE(entry_for_a_write, guest_entry, .call = in_flight, .mode = S_IFREG,
    .path = TEXT("x"))
LIE(done_without_entry, guest_done, .call = in_flight)
LIE(done_before_it_was_sent, guest_done, .call = in_flight)

static void
two_entries_of_one_file(struct peers *p)
{
	say(&p->guest, guest_entry, .call = in_flight, .mode = S_IFREG);
	say(&p->guest, guest_entry, .call = in_flight, .mode = S_IFREG);
}

/* Everything up to the grant is honest; one byte more is not. */
static void
output_beyond_its_credit(struct peers *p)
{
	static uint8_t data[PIECE];
	uint64_t left = granted + 1;

	while (left > 0) {
		size_t n = left < PIECE ? (size_t)left : PIECE;

		say(&p->guest, guest_output, .call = in_flight, .source = 2,
		    .data = { data, n });
		left -= n;
	}
}

/* A gigabyte, whatever was granted. */
static void
output_without_end(struct peers *p)
{
	static uint8_t data[PIECE];

	for (int i = 0; i < 32768; i++) {
		struct guest_output m = { .call = in_flight, .source = 1,
		    .data = { data, PIECE } };

		if (send_guest_output(&p->guest, &m) == -1)
			return;
	}
}

static void
data_beyond_what_was_asked(struct peers *p)
{
	static uint8_t data[PIECE];

	for (uint64_t sent = 0; sent <= granted; sent += PIECE) {
		struct guest_data m = { .call = in_flight, .size = 1,
		    .data = { data, PIECE } };

		if (send_guest_data(&p->guest, &m) == -1)
			return;
	}
}

static void
entries_without_end(struct peers *p)
{
	uint8_t path[4000];

	memset(path, 'a', sizeof(path));
	for (uint64_t i = 0; i <= granted; i++) {
		struct guest_entry m = { .call = in_flight, .mode = S_IFREG,
		    .path = { path, sizeof(path) } };

		if (send_guest_entry(&p->guest, &m) == -1)
			return;
	}
}

/* The rest of the write is never read either. */
static void
silence(struct peers *p)
{
	(void)p;
}

#define TRUTH	ERROR_IntegrityError
#define GONE	ERROR_SandboxConnectionError
static const struct lie lies[] = {
	{ "frame_of_nothing", IDLE, TRUTH, frame_of_nothing },
	{ "frame_without_end", IDLE, TRUTH, frame_without_end },
	{ "frame_too_large", IDLE, TRUTH, frame_too_large },
	{ "frame_of_garbage", IDLE, TRUTH, frame_of_garbage },
	{ "frame_of_a_huge_map", IDLE, TRUTH, frame_of_a_huge_map },
	{ "frame_of_a_huge_list", EXEC, TRUTH, frame_of_a_huge_list },
	{ "half_a_frame", EXEC, GONE, half_a_frame },
	{ "hang_up", EXEC, GONE, hang_up },
	{ "hang_up_while_idle", IDLE, GONE, hang_up },
	{ "hang_up_before_ready", BEFORE_READY,
	    ERROR_SandboxInitializationError, hang_up },
	{ "answer_before_ready", BEFORE_READY, TRUTH, answer_before_ready },
	{ "ready_of_another_protocol", BEFORE_READY, TRUTH,
	    ready_of_another_protocol },
	{ "ready_with_relative_paths", BEFORE_READY, TRUTH,
	    ready_with_relative_paths },
	{ "ready_twice", IDLE, TRUTH, ready_twice },
	{ "message_of_no_number", EXEC, TRUTH, message_of_no_number },
	{ "message_of_the_judge", EXEC, TRUTH, message_of_the_judge },
	{ "message_of_our_own", EXEC, TRUTH, message_of_our_own },
	{ "field_missing", WRITE, TRUTH, field_missing },
	{ "field_too_many", WRITE, TRUTH, field_too_many },
	{ "byte_behind_the_end", WRITE, TRUTH, byte_behind_the_end },
	{ "field_of_another_type", WRITE, TRUTH, field_of_another_type },
	{ "output_too_long", EXEC, TRUTH, output_too_long },
	{ "failure_with_nul", EXEC, TRUTH, failure_with_nul },
	{ "failure_with_half_a_character", EXEC, TRUTH,
	    failure_with_half_a_character },
	{ "done_while_idle", IDLE, TRUTH, done_while_idle },
	{ "exit_while_idle", IDLE, TRUTH, exit_while_idle },
	{ "pong_while_idle", IDLE, TRUTH, pong_while_idle },
	{ "data_while_idle", IDLE, TRUTH, data_while_idle },
	{ "exit_of_another_call", EXEC, TRUTH, exit_of_another_call },
	{ "exit_of_the_last_call", EXEC, TRUTH, exit_of_the_last_call },
	{ "exit_of_the_largest_call", EXEC, TRUTH, exit_of_the_largest_call },
	{ "failure_of_another_call", EXEC, TRUTH, failure_of_another_call },
	{ "output_of_another_call", EXEC, TRUTH, output_of_another_call },
	{ "output_of_no_stream", EXEC, TRUTH, output_of_no_stream },
	{ "output_of_stream_0", EXEC, TRUTH, output_of_stream_0 },
	{ "output_of_nothing", EXEC, TRUTH, output_of_nothing },
	{ "output_beyond_its_credit", EXEC, TRUTH, output_beyond_its_credit },
	{ "output_without_end", EXEC, TRUTH, output_without_end },
	{ "data_for_a_command", EXEC, TRUTH, data_for_a_command },
	{ "entry_for_a_command", EXEC, TRUTH, entry_for_a_command },
	{ "done_for_a_command", EXEC, TRUTH, done_for_a_command },
	{ "pong_for_a_command", EXEC, TRUTH, pong_for_a_command },
	{ "credit_without_input", EXEC, TRUTH, credit_without_input },
	{ "credit_of_nothing", INPUT, TRUTH, credit_of_nothing },
	{ "credit_of_2_63", INPUT, TRUTH, credit_of_2_63 },
	{ "exit_stopped", EXEC, TRUTH, exit_stopped },
	{ "exit_continued", EXEC, TRUTH, exit_continued },
	{ "exit_of_signal_126", EXEC, TRUTH, exit_of_signal_126 },
	{ "exit_of_status_2_31", EXEC, TRUTH, exit_of_status_2_31 },
	{ "exit_after_2_63_us", EXEC, TRUTH, exit_after_2_63_us },
	{ "exit_after_2_64_cpu", EXEC, TRUTH, exit_after_2_64_cpu },
	{ "exit_with_2_60_bytes", EXEC, TRUTH, exit_with_2_60_bytes },
	{ "failure_without_error", EXEC, TRUTH, failure_without_error },
	{ "failure_of_no_errno", READ, TRUTH, failure_of_no_errno },
	{ "silence_of_a_command", EXEC, GONE, silence },
	{ "exit_for_a_file", READ, TRUTH, exit_for_a_file },
	{ "output_for_a_file", READ, TRUTH, output_for_a_file },
	{ "done_without_data", READ, TRUTH, done_without_data },
	{ "data_empty_not_last", READ, TRUTH, data_empty_not_last },
	{ "data_of_2_63", READ, TRUTH, data_of_2_63 },
	{ "data_of_another_call", READ, TRUTH, data_of_another_call },
	{ "data_beyond_what_was_asked", READ, TRUTH,
	    data_beyond_what_was_asked },
	{ "silence_about_a_file", READ, GONE, silence },
	{ "entry_of_no_type", LIST, TRUTH, entry_of_no_type },
	{ "entry_of_a_wrong_type", LIST, TRUTH, entry_of_a_wrong_type },
	{ "entry_of_mode_2_31", LIST, TRUTH, entry_of_mode_2_31 },
	{ "entry_of_2_63", LIST, TRUTH, entry_of_2_63 },
	{ "entry_without_name", LIST, TRUTH, entry_without_name },
	{ "entry_with_nul", LIST, TRUTH, entry_with_nul },
	{ "entries_without_end", LIST, TRUTH, entries_without_end },
	{ "done_without_entry", STAT, TRUTH, done_without_entry },
	{ "two_entries_of_one_file", STAT, TRUTH, two_entries_of_one_file },
	{ "entry_for_a_write", WRITE, TRUTH, entry_for_a_write },
	{ "done_before_it_was_sent", WRITE, TRUTH, done_before_it_was_sent },
	{ "silence_about_a_write", WRITE, GONE, silence },
};

/* --- telling them --- */

static void
begin_command(struct peers *p, const void *input, size_t len)
{
	struct pack args;
	struct guest_exec *m;

	pack_init(&args, 1024);
	pack_map(&args, 1);
	pack_key_text(&args, "command", "true");
	judge_execute(p, "execute_shell", &args, input, len, 300, 100000);
	pack_clear(&args);
	for (int i = 0; i < 3; i++)
		expect(&p->guest, guest_argument);
	m = expect(&p->guest, guest_exec);
	assert_int_equal(m->credit, 100000);
	in_flight = m->call;
	granted = m->credit;
}

static void
begin_file(struct peers *p, const char *tool, const char *content)
{
	struct pack args;

	pack_init(&args, 20 * MiB);
	pack_map(&args, content != NULL ? 2 : 1);
	pack_key_text(&args, "path", "f");
	if (content != NULL)
		pack_key_text(&args, "content", content);
	judge_execute(p, tool, &args, NULL, 0, 300, 0);
	pack_clear(&args);
}

static void
begin_write(struct peers *p)
{
	char *content = xcalloc(1, 4 * MiB + 1);

	memset(content, 'a', 4 * MiB);
	begin_file(p, "save_file", content);
	free(content);
	in_flight = ((struct guest_write *)expect(&p->guest,
	    guest_write))->call;
}

static void
begin_setting(struct peers *p, enum setting setting)
{
	in_flight = granted = 0;
	if (setting != BEFORE_READY)
		guest_say_ready(p);
	switch (setting) {
	case BEFORE_READY:
	case IDLE:
		break;
	case EXEC:
		begin_command(p, NULL, 0);
		break;
	case INPUT:
		begin_command(p, "input", 5);
		break;
	case READ:
		begin_file(p, "load_file", NULL);
		expect(&p->guest, guest_read);
		in_flight = p->got.guest_read.call;
		granted = p->got.guest_read.most;
		break;
	case LIST:
		begin_file(p, "list_files", NULL);
		expect(&p->guest, guest_list);
		in_flight = p->got.guest_list.call;
		granted = p->got.guest_list.most;
		break;
	case STAT:
		begin_file(p, "file_exists", NULL);
		expect(&p->guest, guest_stat);
		in_flight = p->got.guest_stat.call;
		break;
	case WRITE:
		begin_write(p);
		break;
	}
}

/* The call is answered before the sandbox is given up, and never as ok. */
static void
take_the_end(struct peers *p, const struct lie *lie)
{
	bool called = lie->setting != BEFORE_READY && lie->setting != IDLE;

	for (;;) {
		if (hear(&p->judge) != RECEIVED)
			fail_msg("%s: %s", lie->name, p->judge.why);
		if (p->kind == MSG_tool_output)
			continue;
		if (p->kind != MSG_tool_done)
			break;
		judge_take_done(p);
		if (!called || p->done.outcome == OUTCOME_ok ||
		    p->done.outcome == OUTCOME_denied)
			fail_msg("%s: outcome %s", lie->name,
			    outcome_name(p->done.outcome));
		called = false;
	}
	if (called)
		fail_msg("%s: the call was not answered", lie->name);
	if (p->kind != MSG_sandbox_failed ||
	    p->got.sandbox_failed.error != lie->error)
		fail_msg("%s: %s, %s: %s", lie->name,
		    message_rules[p->kind].name,
		    error_name(p->got.sandbox_failed.error),
		    p->got.sandbox_failed.reason);
}

static void
tell(const struct lie *lie)
{
	struct peers *p = peers_start(-1, true);
	long before, grown;
	int status;

	judge_start(p, true, 64 * KiB);
	judge_tool(p, "calculator", "expression", "1+1", NULL);
	judge_done(p);
	begin_setting(p, lie->setting);
	before = peers_peak(p);
	lie->tell(p);
	take_the_end(p, lie);
	/* What was asked for may be kept: a listing has a bound of its own. */
	grown = peers_peak(p) - before;
	if (grown > GROWTH_KIB + (lie->setting == LIST ? GROWTH_KIB : 0))
		fail_msg("%s: grew by %ld KiB", lie->name, grown);
	judge_tool(p, "calculator", "expression", "6*7", NULL);
	judge_done(p);
	assert_int_equal(result_int(p, "value"), 42);
	judge_tool(p, "file_exists", "path", "f", NULL);
	judge_done(p);
	assert_int_equal(p->done.outcome, OUTCOME_not_run);
	status = peers_end(p);
	if (status != 0)
		fail_msg("%s: the stream role ended with %#x", lie->name,
		    (unsigned)status);
}

static void
test_hostile_guest_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(lies); i++)
		tell(&lies[i]);
}

/* The same settings with an honest answer end well: the lies are lies. */
static void
test_hostile_guest_honest_answers_pass(void **state)
{
	struct peers *p = peers_start(-1, true);
	uint8_t data[3] = "abc";

	(void)state;
	judge_start(p, true, 64 * KiB);
	begin_setting(p, EXEC);
	say(&p->guest, guest_output, .call = in_flight, .source = 1,
	    .data = { data, 3 });
	say(&p->guest, guest_exited, .call = in_flight, .wall = 1);
	judge_done(p);
	assert_ok(p);
	assert_result(p, "stdout", "abc");
	begin_file(p, "load_file", NULL);
	in_flight = ((struct guest_read *)expect(&p->guest, guest_read))->call;
	say(&p->guest, guest_data, .call = in_flight, .last = true, .size = 3,
	    .data = { data, 3 });
	judge_done(p);
	assert_ok(p);
	begin_file(p, "file_exists", NULL);
	in_flight = ((struct guest_stat *)expect(&p->guest, guest_stat))->call;
	say(&p->guest, guest_entry, .call = in_flight, .mode = S_IFREG);
	say(&p->guest, guest_done, .call = in_flight);
	judge_done(p);
	assert_ok(p);
	assert_int_equal(peers_end(p), 0);
}

/* Names that lead out of the work directory are counted, never passed on. */
static void
test_hostile_guest_names_stay_inside(void **state)
{
	static const char *const names[] = { "../x", "/etc/passwd", "a/../../b",
	    "a//b", ".", "..", "a/.", "a/", "./a", "a/b/.." };
	struct peers *p = peers_start(-1, true);

	(void)state;
	judge_start(p, true, 64 * KiB);
	guest_say_ready(p);
	say(&p->judge, collect_request, .most = 1000);
	in_flight = ((struct guest_list *)expect(&p->guest, guest_list))->call;
	for (size_t i = 0; i < nitems(names); i++)
		say(&p->guest, guest_entry, .call = in_flight,
		    .mode = S_IFREG | 0644, .path = TEXT(names[i]));
	say(&p->guest, guest_entry, .call = in_flight, .path = TEXT("good"),
	    .mode = S_IFREG | S_ISUID | 0755);
	say(&p->guest, guest_done, .call = in_flight);
	in_flight = ((struct guest_read *)expect(&p->guest, guest_read))->call;
	say(&p->guest, guest_data, .call = in_flight, .last = true, .size = 1,
	    .data = TEXT("x"));
	expect(&p->judge, file_collected);
	assert_int_equal(p->got.file_collected.path.len, 4);
	assert_int_equal(p->got.file_collected.mode, 0755);
	say(&p->judge, collect_next, .files = 1);
	expect(&p->judge, collect_done);
	assert_int_equal(p->got.collect_done.left_out, nitems(names));
	assert_int_equal(peers_end(p), 0);
}

/* A file that grows, or shrinks to nothing, while it is copied. */
static void
test_hostile_guest_file_changes_while_copied(void **state)
{
	struct peers *p = peers_start(-1, true);

	(void)state;
	judge_start(p, true, 64 * KiB);
	guest_say_ready(p);
	say(&p->judge, collect_request, .most = 10);
	in_flight = ((struct guest_list *)expect(&p->guest, guest_list))->call;
	say(&p->guest, guest_entry, .call = in_flight, .path = TEXT("a"),
	    .mode = S_IFREG, .size = 5);
	say(&p->guest, guest_entry, .call = in_flight, .path = TEXT("b"),
	    .mode = S_IFREG, .size = 5);
	say(&p->guest, guest_done, .call = in_flight);
	expect(&p->guest, guest_read);
	assert_int_equal(p->got.guest_read.most, 10);
	in_flight = p->got.guest_read.call;
	say(&p->guest, guest_data, .call = in_flight, .last = true,
	    .size = 1000000, .data = TEXT("0123456789"));
	in_flight = ((struct guest_read *)expect(&p->guest, guest_read))->call;
	say(&p->guest, guest_failed, .call = in_flight, .error = ENOENT);
	expect(&p->judge, collect_done);
	assert_int_equal(p->got.collect_done.left_out, 2);
	assert_int_equal(peers_end(p), 0);
}

int
main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(test_hostile_guest_honest_answers_pass),
		cmocka_unit_test(test_hostile_guest_lies),
		cmocka_unit_test(test_hostile_guest_names_stay_inside),
		cmocka_unit_test(test_hostile_guest_file_changes_while_copied),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
