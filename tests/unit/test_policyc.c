/*
 * test_policyc.c: the page compiler, driven as the build drives it, on good
 * and bad pages; what it makes is run through the simulator.
 * Runs in: the test, in a directory of its own.
 * Input: pages written here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ipc/util.h"
#include "policy/simulate.h"
#include "tests/unit/unit.h"

static char policyc[4096], dir[64];

#define OUTER	"process outer\ndefault allow # later\nfile none # x\n" \
		"kill socket, ptrace # x\n"
#define HEAD	"process t\nfile none # none\n"

static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static char *
get(const char *name)
{
	static char text[1 << 20];
	char path[128];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* Compile the page; exit status; messages are in dir/err afterwards. */
static int
compile(const char *page, const char *overlay)
{
	char err[128], in[128], out[128];
	int status;
	pid_t pid;

	put("outer.policy", OUTER);
	put("t.policy", page);
	snprintf(in, sizeof(in), "%s/t.policy", dir);
	snprintf(out, sizeof(out), "%s/t.c", dir);
	snprintf(err, sizeof(err), "%s/err", dir);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, 2);
		if (overlay != NULL)
			execl(policyc, "policyc", "--overlay", overlay, "-o",
			    out, in, NULL);
		else
			execl(policyc, "policyc", "-o", out, in, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
refused(const char *page, const char *where, const char *why)
{
	char *err;

	assert_int_equal(compile(page, NULL), 1);
	err = get("err");
	if (strstr(err, where) == NULL || strstr(err, why) == NULL)
		fail_msg("expected '%s' and '%s' in '%s'", where, why, err);
}

/* Read the array `name` back out of the C file. */
static struct page
compiled(const char *name)
{
	static struct sock_filter bpf[4096];
	struct page page = { .filter = bpf };
	char head[64], *p;
	unsigned code, jt, jf, k;

	snprintf(head, sizeof(head), "sock_filter %s[] = {\n", name);
	p = strstr(get("t.c"), head);
	assert_non_null(p);
	p += strlen(head);
	while (sscanf(p, " { %x, %u, %u, %x },", &code, &jt, &jf, &k) == 4) {
		bpf[page.filter_len++] = (struct sock_filter){
		    (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
		p = strchr(p, '\n') + 1;
	}
	assert_true(page.filter_len > 0);
	return page;
}

static uint32_t
answer(const struct page *page, const char *name, uint64_t a0, uint64_t a2)
{
	struct seccomp_data call = { .arch = simulate_arch(),
	    .nr = seccomp_syscall_resolve_name(name),
	    .args = { a0, 7, a2, 9, 10, 11 } };

	return simulate_page(page, &call);
}

#define ALLOWED	SECCOMP_RET_ALLOW
#define KILLED	SECCOMP_RET_KILL_PROCESS
#define FAILS(e) (SECCOMP_RET_ERRNO | (e))

static void
test_policyc_compiles_a_page(void **state)
{
	struct page page;

	(void)state;
	assert_int_equal(compile(HEAD "run-as judge # x\n"
	    "limit open-files 24 # few\nlimit address-space 512M # x\n"
	    "syscall read, close # x\ndeny connect: 0 # x\n"
	    "deny openat: EACCES # \"why\" \\\n", NULL), 0);
	assert_non_null(strstr(get("t.c"), "const struct page page_t = {"));
	assert_non_null(strstr(get("t.c"), "UINT64_C(536870912)"));
	assert_non_null(strstr(get("t.c"), "\\\"why\\\" \\\\"));
	assert_non_null(strstr(get("t.c"), ".outer = &page_outer"));
	assert_non_null(strstr(get("t.c"), ".sanitizer = false"));
	page = compiled("filter");
	assert_int_equal(answer(&page, "read", 1, 2), ALLOWED);
	assert_int_equal(answer(&page, "connect", 1, 2), FAILS(0));
	assert_int_equal(answer(&page, "openat", 1, 2), FAILS(EACCES));
	assert_int_equal(answer(&page, "write", 1, 2), KILLED);
}

static void
test_policyc_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	refused(HEAD "syscall frobnicate # x\n", ":3:", "unknown syscall");
	refused(HEAD "allow read # x\n", ":3:", "unknown keyword");
	refused(HEAD "limit files 3 # x\n", ":3:", "unknown limit");
	refused(HEAD "limit core 3X # x\n", ":3:", "no size");
	refused(HEAD "limit core -1 # x\n", ":3:", "no number");
	refused(HEAD "limit core none # x\n", ":3:", "no number");
	refused(HEAD "run-as nobody # x\n", ":3:", "unknown identity");
	refused(HEAD "deny read: EWHAT # x\n", ":3:", "unknown errno");
	refused(HEAD "deny read # x\n", ":3:", "needs the errno");
	refused(HEAD "syscall read: arg0 == NOPE # x\n", ":3:",
	    "unknown constant");
	refused(HEAD "syscall read: arg6 == 1 # x\n", ":3:", "arg0 to arg5");
	refused(HEAD "syscall read: arg0 == 1 2 # x\n", ":3:", "cannot read");
	refused(HEAD "syscall read: arg0 = 1 # x\n", ":3:", "expected");
	refused(HEAD "syscall read: # x\n", ":3:", "empty condition");
	refused("process t\nfile /etc smell # x\n", ":2:", "unknown access");
	refused("process t\nfile etc read # x\n", ":2:", "absolute");
	refused(HEAD "overlay valgrind syscall read # x\n", ":3:", "overlay");
	refused(HEAD "overlay sanitizer run-as judge # x\n", ":3:",
	    "cannot be in an overlay");
}

static void
test_policyc_refuses_a_line_without_reason(void **state)
{
	(void)state;
	refused(HEAD "syscall read\n", ":3:", "reason");
	refused(HEAD "syscall read #\n", ":3:", "reason");
	refused("process t\nfile none\n", ":2:", "reason");
	refused(HEAD "overlay sanitizer syscall read\n", ":3:", "reason");
}

static void
test_policyc_refuses_what_is_said_twice(void **state)
{
	(void)state;
	refused(HEAD "syscall read # x\nsyscall read # y\n", ":4:",
	    "already at line 3");
	refused(HEAD "syscall read # x\nsyscall read: arg0 == 1 # y\n", ":4:",
	    "no condition");
	refused(HEAD "syscall read: arg0 == 1 # x\n"
	    "deny read: EPERM: arg0 == 2 # y\n", ":4:", "another verdict");
	refused(HEAD "limit core 0 # x\nlimit core 1 # y\n", ":4:",
	    "already set");
	refused(HEAD "file /etc read # x\n", ":2:", "exclude");
	refused("process t\nfile /etc read # x\nfile /etc list # y\n", ":3:",
	    "already");
	refused(HEAD "process t # x\n", ":3:", "second");
	refused(HEAD "kill read # x\n", ":3:", "default");
}

static void
test_policyc_refuses_an_incomplete_page(void **state)
{
	(void)state;
	refused("", ":0:", "no 'process'");
	refused("file none # x\n", ":1:", "begins with");
	refused("process other\nfile none # x\n", ":1:", "other.policy");
	refused("process t\nsyscall read # x\n", ":1:", "file none");
}

static void
test_policyc_conditions(void **state)
{
	struct page page;

	(void)state;
	assert_int_equal(compile(HEAD
	    "syscall mmap: arg2 & PROT_EXEC == 0 # x\n"
	    "syscall fcntl: arg0 in 1, 2 && arg2 == 5 # x\n"
	    "syscall fcntl: arg0 == 9 # x\n"
	    "syscall socket: arg0 == AF_INET || arg2 != 4 # x\n"
	    "syscall openat: arg2 & (O_CREAT | O_EXCL) # x\n"
	    "syscall lseek: arg0 & 0xff == 1 && arg0 & 0xf00 == 0x200 # x\n",
	    NULL), 0);
	page = compiled("filter");
	assert_int_equal(answer(&page, "mmap", 0, PROT_READ), ALLOWED);
	assert_int_equal(answer(&page, "mmap", 0, PROT_EXEC), KILLED);
	assert_int_equal(answer(&page, "mmap", 0, PROT_READ | PROT_EXEC),
	    KILLED);
	assert_int_equal(answer(&page, "fcntl", 1, 5), ALLOWED);
	assert_int_equal(answer(&page, "fcntl", 2, 5), ALLOWED);
	assert_int_equal(answer(&page, "fcntl", 3, 5), KILLED);
	assert_int_equal(answer(&page, "fcntl", 1, 6), KILLED);
	assert_int_equal(answer(&page, "fcntl", 9, 6), ALLOWED);
	assert_int_equal(answer(&page, "fcntl", 9 | UINT64_C(1) << 32, 6),
	    KILLED);
	assert_int_equal(answer(&page, "socket", 2, 4), ALLOWED);
	assert_int_equal(answer(&page, "socket", 1, 4), KILLED);
	assert_int_equal(answer(&page, "socket", 1, 5), ALLOWED);
	assert_int_equal(answer(&page, "openat", 0, O_CREAT), ALLOWED);
	assert_int_equal(answer(&page, "openat", 0, O_EXCL), ALLOWED);
	assert_int_equal(answer(&page, "openat", 0, O_RDWR), KILLED);
	assert_int_equal(answer(&page, "lseek", 0x1201, 0), ALLOWED);
	assert_int_equal(answer(&page, "lseek", 0x1101, 0), KILLED);
	refused(HEAD "syscall read: arg0 == 1 && arg0 != 2 # x\n", ":3:",
	    "compared twice");
	refused(HEAD "syscall read: arg0 & 1 == 2 # x\n", ":3:",
	    "never matches");
}

/* An int compared whole where a match narrows could be slipped past. */
static void
test_policyc_wants_masks_where_a_match_narrows(void **state)
{
	struct page page;

	(void)state;
	refused("process t\ndefault allow # x\nfile none # x\n"
	    "kill socket: arg0 == AF_VSOCK # x\n", ":4:", "mask");
	refused("process t\ndefault ENOSYS # x\nfile none # x\n"
	    "deny socket: EPERM: arg0 in 1, 2 # x\n", ":4:", "mask");
	assert_int_equal(compile("process t\ndefault allow # x\n"
	    "file none # x\nkill socket: arg0 & INT == AF_VSOCK # x\n",
	    NULL), 0);
	page = compiled("filter");
	assert_int_equal(answer(&page, "socket", 40, 0), KILLED);
	assert_int_equal(answer(&page, "socket", 40 | UINT64_C(1) << 40, 0),
	    KILLED);
	assert_int_equal(answer(&page, "socket", 2, 0), ALLOWED);
}

static void
test_policyc_outer_except(void **state)
{
	struct page page;

	(void)state;
	assert_int_equal(compile(HEAD "outer except socket # x\n"
	    "syscall socket # x\n", NULL), 0);
	assert_non_null(strstr(get("t.c"), ".outer = &outer,"));
	page = compiled("outer_filter");
	assert_int_equal(answer(&page, "socket", 1, 1), ALLOWED);
	assert_int_equal(answer(&page, "ptrace", 1, 1), KILLED);
	refused(HEAD "outer except read # x\n", ":3:", "not on the outer list");
	refused(HEAD "outer except socket # x\nouter except socket # x\n",
	    ":4:", "twice");
	refused(HEAD "outer but socket # x\n", ":3:", "outer except");
}

static void
test_policyc_overlay_counts_only_with_the_option(void **state)
{
	const char *text = HEAD "limit address-space 1M # x\n"
	    "syscall read: arg0 == 3 # x\n"
	    "overlay sanitizer limit address-space none # x\n"
	    "overlay sanitizer syscall write # x\n";
	struct page page;

	(void)state;
	assert_int_equal(compile(text, NULL), 0);
	page = compiled("filter");
	assert_int_equal(answer(&page, "write", 1, 1), KILLED);
	assert_non_null(strstr(get("t.c"), "UINT64_C(1048576)"));
	assert_int_equal(compile(text, "sanitizer"), 0);
	page = compiled("filter");
	assert_int_equal(answer(&page, "write", 1, 1), ALLOWED);
	assert_int_equal(answer(&page, "read", 4, 1), KILLED);
	assert_null(strstr(get("t.c"), "UINT64_C(1048576)"));
	assert_non_null(strstr(get("t.c"), ".sanitizer = true"));
	assert_int_equal(compile(text, "valgrind"), 64);
}

static void
test_policyc_kills_foreign_architectures(void **state)
{
	struct seccomp_data call = { .arch = AUDIT_ARCH_I386, .nr = 3 };
	struct page page;

	(void)state;
	assert_int_equal(compile("process t\ndefault allow # x\nfile none # x\n"
	    "kill socket # x\n", NULL), 0);
	page = compiled("filter");
	assert_int_equal(simulate_page(&page, &call), KILLED);
	call.arch = AUDIT_ARCH_X86_64;
	assert_int_equal(simulate_page(&page, &call), ALLOWED);
	call.nr |= SIMULATE_X32;
	assert_int_equal(simulate_page(&page, &call), KILLED);
}

static int
set_up(void **state)
{
	ssize_t n = readlink("/proc/self/exe", policyc, sizeof(policyc) - 32);
	char *slash;

	(void)state;
	if (n <= 0)
		return -1;
	policyc[n] = '\0';
	for (int i = 0; i < 2; i++)
		if ((slash = strrchr(policyc, '/')) != NULL)
			*slash = '\0';
	strcat(policyc, "/policyc");
	strcpy(dir, "/tmp/test_policyc.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "outer.policy", "t.policy", "t.c",
	    "err" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < nitems(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policyc_compiles_a_page),
		cmocka_unit_test(test_policyc_refuses_what_it_does_not_know),
		cmocka_unit_test(test_policyc_refuses_a_line_without_reason),
		cmocka_unit_test(test_policyc_refuses_what_is_said_twice),
		cmocka_unit_test(test_policyc_refuses_an_incomplete_page),
		cmocka_unit_test(test_policyc_conditions),
		cmocka_unit_test(
		    test_policyc_wants_masks_where_a_match_narrows),
		cmocka_unit_test(test_policyc_outer_except),
		cmocka_unit_test(
		    test_policyc_overlay_counts_only_with_the_option),
		cmocka_unit_test(test_policyc_kills_foreign_architectures),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
