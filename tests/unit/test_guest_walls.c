/*
 * test_guest_walls.c: what runs in the sandbox has the guest's uid, and still
 * cannot reach into it to forge an outcome.
 * Runs in: the test.  Input: hostile programs.
 */
#include "tests/unit/guest_peer.h"

/*
 * Tries every way into the process named by its argument ("parent" or a pid),
 * or into a child of its own, which is the control: there each way is open.
 */
static const char burglar[] =
    "import ctypes, errno, os, subprocess, sys\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "child = None\n"
    "if sys.argv[1] == 'child':\n"
    "    child = subprocess.Popen(['sleep', '60'])\n"
    "    target = child.pid\n"
    "else:\n"
    "    target = os.getppid()\n"
    "def call(n, *a):\n"
    "    ctypes.set_errno(0)\n"
    "    r = libc.syscall(n, *[ctypes.c_long(x) for x in a])\n"
    "    if r == -1: raise OSError(ctypes.get_errno(), 'syscall')\n"
    "    return r\n"
    "def way(name, f):\n"
    "    try: f(); print(name, 'open')\n"
    "    except OSError as e: print(name, 'refused' if e.errno in\n"
    "        (errno.EPERM, errno.EACCES) else errno.errorcode[e.errno])\n"
    "P = '/proc/%d/' % target\n"
    "def descriptor():\n"
    "    last = OSError(errno.EACCES, '')\n"
    "    for i in list(range(0, 70)) + list(range(940, 1010)):\n"
    "        try: os.close(os.open(P + 'fd/%d' % i, os.O_WRONLY)); return\n"
    "        except OSError as e:\n"
    "            if e.errno != errno.ENOENT: last = e\n"
    "    raise last\n"
    "def stolen():\n"
    "    p = call(434, target, 0)\n"
    "    last = OSError(errno.EPERM, '')\n"
    "    for i in list(range(0, 70)) + list(range(940, 1010)):\n"
    "        try: os.close(call(438, p, i, 0)); return\n"
    "        except OSError as e:\n"
    "            if e.errno != errno.EBADF: last = e\n"
    "    raise last\n"
    "def memory():\n"
    "    b = ctypes.create_string_buffer(b'forged')\n"
    "    iov = (ctypes.c_void_p * 2)(ctypes.addressof(b), 6)\n"
    "    to = (ctypes.c_void_p * 2)(8, 6)\n"
    "    try: call(311, target, ctypes.addressof(iov), 1,\n"
    "        ctypes.addressof(to), 1, 0)\n"
    "    except OSError as e:\n"
    "        if e.errno != errno.EFAULT: raise\n"	/* allowed, but not there */
    "way('fd', descriptor)\n"
    "way('mem', lambda: os.close(os.open(P + 'mem', os.O_RDWR)))\n"
    "way('environ', lambda: os.close(os.open(P + 'environ', 0)))\n"
    "way('maps', lambda: open(P + 'maps').read())\n"
    "way('exe', lambda: os.readlink(P + 'exe'))\n"
    "way('root', lambda: os.listdir(P + 'root'))\n"
    "way('writev', memory)\n"
    "way('getfd', stolen)\n"
    "way('seize', lambda: call(101, 0x4206, target, 0, 0))\n"
    "if child: child.kill()\n";

static const char all_refused[] = "fd refused\nmem refused\n"
    "environ refused\nmaps refused\nexe refused\nroot refused\n"
    "writev refused\ngetfd refused\nseize refused\n";
static const char all_open[] = "fd open\nmem open\n"
    "environ open\nmaps open\nexe open\nroot open\nwritev open\n"
    "getfd open\nseize open\n";

static void
burgle(struct peer *p, const char *target)
{
	const char *argv[] = { "/usr/bin/python3", "-I", "-S", "-c", burglar,
	    target, NULL };

	peer_begin(p, "", 20000, false, argv);
	peer_finish(p);
	assert_true(p->is_exited);
}

static void
test_guest_cannot_be_entered(void **state)
{
	struct peer *p = peer_start(*state != NULL);

	burgle(p, "child");
	assert_out(p, all_open);
	burgle(p, "parent");
	assert_out(p, all_refused);
	peer_shell(p, 5000, "echo unharmed");
	assert_out(p, "unharmed\n");
	assert_int_equal(peer_end(p), 0);
}

/* Only in a namespace of its own: else the same uid may signal it. */
static void
test_guest_ignores_signals_from_inside(void **state)
{
	struct peer *p = peer_start(true);

	(void)state;
	peer_python(p, 10000, "import ctypes, os, signal\n"
	    "libc = ctypes.CDLL(None)\n"
	    "for i in range(1, 65):\n"
	    "    try: os.kill(1, i)\n"
	    "    except OSError: pass\n"
	    "    libc.sigqueue(1, i, ctypes.c_void_p(0))\n"
	    "print('done')\n");
	assert_out(p, "done\n");
	assert_exit(p, 0);
	peer_shell(p, 5000, "echo unharmed");
	assert_out(p, "unharmed\n");
	assert_int_equal(peer_end(p), 0);
}

/* From outside SIGTERM ends it at once, PID 1 or not. */
static void
test_guest_obeys_sigterm_from_outside(void **state)
{
	struct peer *p = peer_start(*state != NULL);
	const char *argv[] = { "sleep", "60", NULL };
	uint64_t begin = now_mono_ms();
	char path[64];
	pid_t guest = p->pid;
	FILE *f;
	int n;

	if (*state != NULL) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
		    p->pid, p->pid);
		f = fopen(path, "r");
		assert_non_null(f);
		assert_int_equal(fscanf(f, "%d", &guest), 1);
		fclose(f);
	}
	peer_begin(p, "", 60000, false, argv);
	assert_int_equal(kill(guest, SIGTERM), 0);
	while ((n = peer_receive(p, 3000)) == 1)
		;
	assert_int_equal(n, -1);
	assert_true(now_mono_ms() - begin < 2000);
	assert_int_equal(peer_end(p), 0);
}

/* What a command prints is output, whatever it looks like. */
static void
test_forged_frames_are_only_output(void **state)
{
	struct peer *p = peer_start(*state != NULL);
	char program[1024];

	snprintf(program, sizeof(program), "import os, struct\n"
	    "frame = bytes([0x98, 0xcc, %d]) + b'\\x01\\x00\\xc2\\x01\\x01\\x01\\x00'\n"
	    "frame = struct.pack('<I', len(frame)) + frame\n"
	    "for i in range(1, 2000):\n"
	    "    try: os.write(i, frame)\n"
	    "    except OSError: pass\n"
	    "os._exit(9)\n", MSG_guest_exited);
	peer_python(p, 10000, program);
	assert_exit(p, 9);
	assert_int_equal(p->total[0], 14);
	assert_int_equal(p->total[1], 14);
	peer_shell(p, 5000, "exit 5");
	assert_exit(p, 5);
	assert_int_equal(peer_end(p), 0);
}

int
main(int argc, char **argv)
{
	static int yes;
#define BOTH(f)	{ #f, f, NULL, NULL, NULL }, \
		{ #f "_as_pid_1", f, NULL, NULL, &yes }
	const struct CMUnitTest tests[] = {
		BOTH(test_guest_cannot_be_entered),
		cmocka_unit_test(test_guest_ignores_signals_from_inside),
		BOTH(test_guest_obeys_sigterm_from_outside),
		BOTH(test_forged_frames_are_only_output),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
