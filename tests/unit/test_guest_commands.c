/*
 * test_guest_commands.c: commands through the real guest, as a plain process
 * and as PID 1 of its own namespaces.
 * Runs in: the test.  Input: ours.
 */
#include "tests/unit/guest_peer.h"

/* Every case runs twice: *state says how the guest lives. */
static bool
namespaced(void **state)
{
	return *state != NULL;
}

static void
test_start_report_names_what_is_there(void **state)
{
	struct peer *p = peer_start(namespaced(state));

	assert_int_equal(p->ready.protocol, message_protocol());
	assert_string_equal(p->ready.work, p->work);
	assert_true(access(p->ready.python, X_OK) == 0);
	assert_true(access(p->ready.shell, X_OK) == 0);
	assert_memory_equal(p->ready.system, "Linux ", 6);
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_reports_output_and_status(void **state)
{
	struct peer *p = peer_start(namespaced(state));

	peer_shell(p, 10000, "echo out; echo err >&2; exit 7");
	assert_out(p, "out\n");
	assert_string_equal((char *)p->out[1], "err\n");
	assert_exit(p, 7);
	assert_int_equal(p->exited.left, 0);
	assert_true(p->exited.wall > 100 && p->exited.wall < 5000000);
	assert_true(p->exited.peak > 100 * KiB);
	peer_shell(p, 10000, "kill -SEGV $$");
	assert_int_equal(p->exited.status & 0x7f, SIGSEGV);
	assert_false(p->exited.timed_out);
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_gives_a_clean_environment(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *env[] = { "env", NULL };
	char expected[512];

	peer_begin(p, "", 10000, false, env);
	peer_finish(p);
	snprintf(expected, sizeof(expected), "PATH=/usr/local/sbin:"
	    "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOME=%s\n"
	    "LANG=C.UTF-8\nTMPDIR=/tmp\nTERM=dumb\nUSER=sandbox\n", p->work);
	assert_out(p, expected);
	/* No descriptor but the three, no blocked or ignored signal, a session
	 * of its own, standard input at its end. */
	peer_python(p, 10000, "import os, sys\n"
	    "fds = []\n"
	    "for i in range(3, 4096):\n"
	    "    try: os.fstat(i); fds.append(i)\n"
	    "    except OSError: pass\n"
	    "s = open('/proc/self/status').read()\n"
	    "import re\n"
	    "print(fds, re.findall(r'SigBlk:\\s*0*(\\w)', s),\n"
	    "    os.getsid(0) == os.getpid(), sys.stdin.read() == '', flush=True)\n"
	    "os.execlp('grep', 'grep', '-E', '^(SigIgn|NoNewPrivs|CapEff)',"
	    " '/proc/self/status')\n");
	assert_non_null(strstr((char *)p->out[0], "[] ['0'] True True\n"));
	assert_non_null(strstr((char *)p->out[0], "NoNewPrivs:\t1\n"));
	assert_non_null(strstr((char *)p->out[0], "CapEff:\t0000000000000000"));
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_that_cannot_start_says_why(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *missing[] = { "no-such-program", NULL };
	const char *absolute[] = { "/no/such/program", NULL };
	const char *garbage[] = { "./garbage", NULL };
	const char *directory[] = { "/tmp", NULL };

	peer_begin(p, "", 1000, false, missing);
	peer_finish(p);
	assert_errno(p, ENOENT);
	assert_string_equal(p->failed.what, "find the program");
	peer_begin(p, "", 1000, false, absolute);
	peer_finish(p);
	assert_errno(p, ENOENT);
	assert_string_equal(p->failed.what, "execute the program");
	peer_begin(p, "", 1000, false, directory);
	peer_finish(p);
	assert_errno(p, EACCES);
	peer_shell(p, 1000, "echo nonsense > garbage; chmod +x garbage");
	peer_begin(p, "", 1000, false, garbage);
	peer_finish(p);
	assert_errno(p, ENOEXEC);
	peer_begin(p, "no-such-directory", 1000, false, missing);
	peer_finish(p);
	assert_errno(p, ENOENT);
	assert_string_equal(p->failed.what, "open the working directory");
	peer_begin(p, "../..", 1000, false, missing);
	peer_finish(p);
	assert_errno(p, EXDEV);
	/* 127 of a command is its own affair. */
	peer_shell(p, 1000, "exit 127");
	assert_exit(p, 127);
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_enters_the_directory(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *pwd[] = { "/bin/pwd", NULL };
	char expected[128];

	peer_shell(p, 1000, "mkdir -p 'a b/c'");
	peer_begin(p, "a b/c", 1000, false, pwd);
	peer_finish(p);
	snprintf(expected, sizeof(expected), "%s/a b/c\n", p->work);
	assert_out(p, expected);
	peer_begin(p, "/usr", 1000, false, pwd);
	peer_finish(p);
	assert_out(p, "/usr\n");
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_takes_large_argument_vectors(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *argv[] = { "/bin/sh", "-c", "echo ${#1}", "sh", NULL, NULL };
	size_t len = 120000;
	char *large = xcalloc(1, 3 * MiB);

	memset(large, 'x', 3 * MiB - 1);
	large[len] = '\0';
	argv[4] = large;
	peer_begin(p, "", 5000, false, argv);
	peer_finish(p);
	assert_out(p, "120000\n");
	/* Above the kernel's bound for one, and above ours for all. */
	large[len] = 'x';
	large[len = 200000] = '\0';
	peer_begin(p, "", 5000, false, argv);
	peer_finish(p);
	assert_errno(p, E2BIG);
	assert_string_equal(p->failed.what, "execute the program");
	large[len] = 'x';
	peer_begin(p, "", 5000, false, argv);
	peer_finish(p);
	assert_errno(p, E2BIG);
	assert_string_equal(p->failed.what, "take the arguments");
	free(large);
	peer_shell(p, 1000, "echo still here");
	assert_out(p, "still here\n");
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_sends_only_within_credit(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *argv[] = { "/bin/sh", "-c",
	    "head -c 300000 /dev/zero; echo end >&2", NULL };
	struct guest_output_credit more = { .credit = 1000 };

	p->window = 0;
	peer_begin(p, "", 20000, false, argv);
	assert_int_equal(peer_receive(p, 300), 0);
	more.call = p->call;
	send_guest_output_credit(&p->channel, &more);
	while (peer_receive(p, 300) == 1)
		;
	assert_int_equal(p->total[0] + p->total[1], 1000);
	assert_false(p->ended);
	more.credit = 1 << 20;
	send_guest_output_credit(&p->channel, &more);
	peer_finish(p);
	assert_int_equal(p->total[0], 300000);
	assert_string_equal((char *)p->out[1], "end\n");
	assert_exit(p, 0);
	p->window = 256 * KiB;
	assert_int_equal(peer_end(p), 0);
}

/* VmHWM of the guest, in KiB; it is found by its place in the tree. */
static long
guest_peak(struct peer *p)
{
	char path[64], line[256];
	pid_t pid = p->pid, child;
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "r");
	if (f != NULL && fscanf(f, "%d", &child) == 1)
		pid = child;
	if (f != NULL)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		sscanf(line, "VmHWM: %ld", &kib);
	if (f != NULL)
		fclose(f);
	return kib;
}

static void
test_exec_passes_a_gigabyte_without_growing(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *argv[] = { "/usr/bin/head", "-c", "1073741824", "/dev/zero",
	    NULL };
	long peak;

	p->window = 64 * KiB;
	peer_begin(p, "", 60000, false, argv);
	peer_finish(p);
	peak = guest_peak(p);
	assert_exit(p, 0);
	assert_int_equal(p->total[0], 1073741824);
	assert_true(peak > 0 && peak < 3 * 1024);
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_feeds_standard_input(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *sum[] = { "/usr/bin/python3", "-c", "import sys\n"
	    "want = bytes(i * 7 & 255 for i in range(256)) * 11719\n"
	    "print(sys.stdin.buffer.read() == want[:3000000])\n", NULL };
	const char *deaf[] = { "/bin/sh", "-c", "exec <&-; sleep 0.3", NULL };
	struct guest_input m = { 0 };
	uint8_t block[32768];
	size_t left = 3000000;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i * 7);
	peer_begin(p, "", 10000, true, sum);
	m.call = p->call;
	while (!m.last) {
		while (p->input_credit < sizeof(block))
			assert_true(peer_receive(p, 2000) == 1);
		m.data = (struct bytes){ block, left < sizeof(block) ? left :
		    sizeof(block) };
		left -= m.data.len;
		m.last = left == 0;
		p->input_credit -= m.data.len;
		assert_int_equal(send_guest_input(&p->channel, &m), 0);
	}
	peer_finish(p);
	assert_exit(p, 0);
	assert_out(p, "True\n");
	/* Who does not read does not block the sender. */
	peer_begin(p, "", 10000, true, deaf);
	m = (struct guest_input){ .call = p->call,
	    .data = { block, sizeof(block) } };
	for (int i = 0; i < 20 && !p->ended; i++) {
		while (!p->ended && p->input_credit < sizeof(block))
			assert_true(peer_receive(p, 2000) == 1);
		p->input_credit -= sizeof(block);
		if (!p->ended)
			send_guest_input(&p->channel, &m);
	}
	peer_finish(p);
	assert_exit(p, 0);
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_ends_with_its_process_not_its_pipes(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	uint64_t begin = now_mono_ms();

	peer_shell(p, 10000, "sleep 5 & echo done");
	assert_true(now_mono_ms() - begin < 2000);
	assert_out(p, "done\n");
	assert_exit(p, 0);
	assert_int_equal(p->exited.left, 1);
	/* A survivor that floods its old pipe harms nobody's call. */
	peer_shell(p, 10000, "yes & echo second");
	assert_int_equal(p->exited.left, 1);
	peer_shell(p, 10000, "echo third");
	assert_out(p, "third\n");
	assert_int_equal(p->exited.left, 0);
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_keeps_survivors_alive_and_writing(void **state)
{
	struct peer *p = peer_start(namespaced(state));

	peer_shell(p, 5000, "(sleep 0.3; echo late; echo late >&2; "
	    "echo $? > wrote) & echo first");
	assert_out(p, "first\n");
	peer_shell(p, 5000, "sleep 0.6; cat wrote");
	assert_out(p, "0\n");
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_timeout_spares_older_survivors(void **state)
{
	struct peer *p = peer_start(namespaced(state));

	peer_shell(p, 5000, "(while sleep 0.05; do echo x >> beat; done) & "
	    "echo $! > pid");
	peer_shell(p, 300, "(setsid sh -c 'while sleep 0.05; do echo x >> young;"
	    " done' &) ; echo partial; sleep 60");
	assert_true(p->exited.timed_out);
	assert_out(p, "partial\n");
	assert_int_equal(p->exited.left, 0);
	peer_shell(p, 5000, "kill -0 $(cat pid) && : > beat && : > young && "
	    "sleep 0.4 && test -s beat && test ! -s young");
	assert_exit(p, 0);
	assert_int_equal(peer_end(p), 0);
}

static void
time_out_who_hides(struct peer *p)
{
	uint64_t begin;

	begin = now_mono_ms();
	peer_python(p, 400, "import os, signal, sys, time\n"
	    "print('partial', flush=True)\n"
	    "for i in range(1, 65):\n"
	    "    try: signal.signal(i, signal.SIG_IGN)\n"
	    "    except (OSError, ValueError): pass\n"
	    "for i in range(5):\n"
	    "    if os.fork() == 0:\n"
	    "        os.setsid()\n"
	    "        if os.fork() == 0:\n"
	    "            os.setsid()\n"
	    "            os.closerange(0, 100)\n"
	    "            while True: open('alive', 'a').write('x')\n"
	    "        os._exit(0)\n"
	    "import ctypes, threading\n"
	    "def beat():\n"
	    "    while True: open('alive', 'a').write('x')\n"
	    "if os.fork() == 0:\n"	/* only its second thread lives on */
	    "    os.setsid()\n"
	    "    threading.Thread(target=beat).start()\n"
	    "    ctypes.CDLL(None).pthread_exit(None)\n"
	    "os.kill(os.getpid(), signal.SIGSTOP)\n");
	assert_true(p->exited.timed_out);
	assert_true(now_mono_ms() - begin < 400 + 1500);
	assert_out(p, "partial\n");
	assert_int_equal(p->exited.status & 0x7f, SIGKILL);
	assert_int_equal(p->exited.left, 0);
	peer_shell(p, 5000, "rm -f alive; sleep 0.2; test ! -e alive");
	assert_exit(p, 0);
}

static void
test_exec_timeout_kills_whatever_hides(void **state)
{
	struct peer *p = peer_start(namespaced(state));

	time_out_who_hides(p);
	/* The same with somebody about who must live. */
	peer_shell(p, 5000, "sleep 300 & echo $! > pid");
	time_out_who_hides(p);
	peer_shell(p, 5000, "kill -0 $(cat pid)");
	assert_exit(p, 0);
	assert_int_equal(peer_end(p), 0);
}

/* Forks as fast as it can, but never more than 150 at once. */
static const char bomb[] = "import os, sys, time\n"
    "def live(n):\n"
    "    while True:\n"
    "        if sum(c.isdigit() for c in os.listdir('/proc')) < LIMIT:\n"
    "            if os.fork() == 0: os.setsid()\n"
    "LIMIT = sum(c.isdigit() for c in os.listdir('/proc')) + 150\n"
    "live(0)\n";

static void
test_exec_timeout_ends_a_fork_bomb(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	uint64_t begin;

	begin = now_mono_ms();
	peer_python(p, 700, bomb);
	assert_true(p->exited.timed_out);
	assert_true(now_mono_ms() - begin < 700 + 1600);
	assert_int_equal(p->exited.left, 0);
	/* And with somebody about who must live. */
	peer_shell(p, 5000, "sleep 300 & echo $! > pid");
	peer_python(p, 700, bomb);
	assert_true(p->exited.timed_out);
	assert_int_equal(p->exited.left, 0);
	peer_shell(p, 5000, "kill -0 $(cat pid)");
	assert_exit(p, 0);
	assert_int_equal(peer_end(p), 0);
}

static void
test_kill_ends_the_call(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *argv[] = { "/bin/sh", "-c", "echo begun; sleep 60", NULL };
	struct guest_kill m;

	peer_begin(p, "", 60000, false, argv);
	while (p->total[0] == 0)
		assert_int_equal(peer_receive(p, 2000), 1);
	m.call = p->call;
	assert_int_equal(send_guest_kill(&p->channel, &m), 0);
	peer_finish(p);
	assert_false(p->exited.timed_out);
	assert_int_equal(p->exited.status, SIGKILL);
	/* Too late is no fault. */
	assert_int_equal(send_guest_kill(&p->channel, &m), 0);
	peer_shell(p, 1000, "echo next");
	assert_out(p, "next\n");
	assert_int_equal(peer_end(p), 0);
}

static void
test_exec_counts_cpu_of_descendants(void **state)
{
	struct peer *p = peer_start(namespaced(state));

	peer_python(p, 20000, "import os, time\n"
	    "if os.fork() == 0:\n"
	    "    os.setsid()\n"
	    "    if os.fork() == 0:\n"
	    "        while time.process_time() < 0.3: pass\n"
	    "    os._exit(0)\n"
	    "os.wait()\n"
	    "time.sleep(1.0)\n"
	    "x = bytearray(50 << 20)\n");
	assert_exit(p, 0);
	assert_true(p->exited.cpu >= 300000);
	assert_true(p->exited.peak >= 50 * MiB && p->exited.peak < 200 * MiB);
	assert_true(p->exited.wall >= 1000000);
	assert_int_equal(peer_end(p), 0);
}

static void
test_ping_is_answered_while_a_command_runs(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	const char *argv[] = { "sleep", "0.5", NULL };
	struct guest_ping ping = { .nonce = 42 };
	uint64_t begin = now_mono_ms();

	peer_begin(p, "", 5000, false, argv);
	send_guest_ping(&p->channel, &ping);
	while (p->pong != 42)
		assert_int_equal(peer_receive(p, 2000), 1);
	assert_true(now_mono_ms() - begin < 400);
	peer_finish(p);
	assert_int_equal(peer_end(p), 0);
}

static void
test_peer_that_breaks_the_contract_ends_the_guest(void **state)
{
	struct guest_input input = { .call = 1,
	    .data = { (const uint8_t *)"x", 1 } };
	const char *argv[] = { "sleep", "60", NULL };
	struct peer *p = peer_start(namespaced(state));
	int n;

	assert_int_equal(write(p->channel.fd, "\377\377\377\377x", 5), 5);
	while ((n = peer_receive(p, 3000)) == 1)
		;
	assert_int_equal(n, -1);
	assert_int_equal(WEXITSTATUS(peer_end(p)), 76);
	/* Input beyond its credit: the command has no standard input. */
	p = peer_start(namespaced(state));
	peer_begin(p, "", 60000, false, argv);
	input.call = p->call;
	send_guest_input(&p->channel, &input);
	while ((n = peer_receive(p, 3000)) == 1)
		;
	assert_int_equal(n, -1);
	assert_int_equal(WEXITSTATUS(peer_end(p)), 76);
}

/* How many processes of this machine have the argument. */
static unsigned
count_processes(const char *argument)
{
	char command[256], line[64] = "";
	FILE *f;

	snprintf(command, sizeof(command), "grep -lsz '^%s$' "
	    "/proc/[0-9]*/cmdline | wc -l", argument);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	return (unsigned)atoi(line);
}

static void
test_guest_that_leaves_takes_all_along(void **state)
{
	struct peer *p = peer_start(namespaced(state));
	char command[128], argument[32];
	unsigned before;

	snprintf(argument, sizeof(argument), "7%d.25", getpid());
	snprintf(command, sizeof(command), "for i in 1 2 3; do (setsid sleep %s"
	    " &); done; sleep %s &", argument, argument);
	peer_shell(p, 5000, command);
	assert_true(p->exited.left >= 4);
	/* They were forked; under load they execute a little later. */
	before = count_processes(argument);
	for (int i = 0; i < 40 && before != 4; i++) {
		usleep(50000);
		before = count_processes(argument);
	}
	assert_int_equal(peer_end(p), 0);
	assert_int_equal(before, 4);
	for (int i = 0; i < 20 && count_processes(argument) > 0; i++)
		usleep(50000);
	assert_int_equal(count_processes(argument), 0);
}

int
main(int argc, char **argv)
{
	static int yes;
#define BOTH(f)	{ #f, f, NULL, NULL, NULL }, \
		{ #f "_as_pid_1", f, NULL, NULL, &yes }
	const struct CMUnitTest tests[] = {
		BOTH(test_start_report_names_what_is_there),
		BOTH(test_exec_reports_output_and_status),
		BOTH(test_exec_gives_a_clean_environment),
		BOTH(test_exec_that_cannot_start_says_why),
		BOTH(test_exec_enters_the_directory),
		BOTH(test_exec_takes_large_argument_vectors),
		BOTH(test_exec_sends_only_within_credit),
		BOTH(test_exec_passes_a_gigabyte_without_growing),
		BOTH(test_exec_feeds_standard_input),
		BOTH(test_exec_ends_with_its_process_not_its_pipes),
		BOTH(test_exec_keeps_survivors_alive_and_writing),
		BOTH(test_exec_timeout_spares_older_survivors),
		BOTH(test_exec_timeout_kills_whatever_hides),
		BOTH(test_exec_timeout_ends_a_fork_bomb),
		BOTH(test_kill_ends_the_call),
		BOTH(test_exec_counts_cpu_of_descendants),
		BOTH(test_ping_is_answered_while_a_command_runs),
		BOTH(test_peer_that_breaks_the_contract_ends_the_guest),
		BOTH(test_guest_that_leaves_takes_all_along),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
