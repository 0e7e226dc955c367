/*
 * test_confine.c: pages in force in real processes: what is allowed works,
 * what is not ends the process or is refused, before and after exec.
 * Runs in: children of the test, one per attempt, as root or as a user.
 * Input: pages of ours and some made here.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ipc/util.h"
#include "policy/confine_steps.h"
#include "policy/landlock.h"
#include "tests/unit/unit.h"

/* Exit status of work() in a child, or 1000 + the signal that ended it. */
static int
in_child(int (*work)(const struct page *), const struct page *page)
{
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(work(page));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

#define KILLED	(1000 + SIGSYS)

static int
nothing(const struct page *page)
{
	confine(page);
	return 0;
}

static int
seal_a_blob(const struct page *page)
{
	int fd;

	confine(page);
	fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1 || write(fd, "x", 1) != 1)
		return 1;
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0 ? 0 : 2;
}

static int
open_a_file(const struct page *page)
{
	confine(page);
	return open("/etc/passwd", O_RDONLY) == -1 ? errno : 0;
}

static int
map_executable(const struct page *page)
{
	confine(page);
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int
duplicate_by_fcntl(const struct page *page)
{
	confine(page);
	return fcntl(0, F_DUPFD, 10) == -1 ? errno : 0;
}

static int
compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* What a hostile map of many keys makes a worker do. */
static int
sort_much(const struct page *page)
{
	int *numbers;

	confine(page);
	numbers = xcalloc(100000, sizeof(*numbers));
	for (int i = 0; i < 100000; i++)
		numbers[i] = 7919 * i % 100000;
	qsort(numbers, 100000, sizeof(*numbers), compare);
	return numbers[99999] == 99999 ? 0 : 1;
}

static void
test_confine_lets_the_page_work_and_nothing_else(void **state)
{
	(void)state;
	if (page_exec_stream.sanitizer)
		skip();
	assert_int_equal(in_child(nothing, &page_exec_stream), 0);
	assert_int_equal(in_child(seal_a_blob, &page_exec_stream), 0);
	assert_int_equal(in_child(sort_much, &page_exec_stream), 0);
	assert_int_equal(in_child(open_a_file, &page_exec_stream), KILLED);
	assert_int_equal(in_child(map_executable, &page_exec_stream), KILLED);
	/* An argument that its line does not name. */
	assert_int_equal(in_child(duplicate_by_fcntl, &page_exec_stream),
	    KILLED);
}

/* Landlock alone: the page has no filter. */
static void
test_confine_landlock_shuts_the_file_tree(void **state)
{
	static const struct page_file files[] = {
		{ "/etc", LANDLOCK_FS_READ_FILE, false },
		{ "/usr", LANDLOCK_FS_READ_FILE, false },
	};
	static const struct page_file kept[] = {
		{ "/etc", LANDLOCK_FS_READ_FILE, true },
		{ "/nowhere", LANDLOCK_FS_READ_FILE, true },
	};
	const struct page none = { .process = "none", .landlock = true };
	const struct page before = { .process = "before", .landlock = true,
	    .files = files, .nfiles = nitems(files) };
	const struct page keeps = { .process = "keeps", .landlock = true,
	    .files = kept, .nfiles = nitems(kept) };

	(void)state;
	assert_int_equal(in_child(open_a_file, &none), EACCES);
	assert_int_equal(in_child(open_a_file, &before), EACCES);
	assert_int_equal(in_child(open_a_file, &keeps), 0);
}

static int
stay_in_directory(const struct page *page)
{
	int fd;

	if (chdir("/tmp") == -1 || mkdir("confine-test", 0700) == -1 ||
	    chdir("confine-test") == -1)
		return 1;
	confine(page);
	fd = openat(AT_FDCWD, "inside", O_CREAT | O_WRONLY, 0600);
	if (fd == -1 || write(fd, "x", 1) != 1)
		return 2;
	if (openat(AT_FDCWD, "../outside", O_CREAT | O_WRONLY, 0600) != -1 ||
	    errno != EACCES)
		return 3;
	if (openat(AT_FDCWD, "/etc/passwd", O_RDONLY) != -1 || errno != EACCES)
		return 4;
	return unlinkat(AT_FDCWD, "inside", 0) == 0 ? 0 : 5;
}

static void
test_confine_tracker_stays_in_its_directory(void **state)
{
	(void)state;
	assert_int_equal(in_child(stay_in_directory, &page_tracker_record), 0);
	assert_int_equal(rmdir("/tmp/confine-test"), 0);
}

static int
look_at_limits(const struct page *page)
{
	struct rlimit rl;

	if (step_limits(page) == -1)
		return 1;
	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_cur != 24 ||
	    rl.rlim_max != 24)
		return 2;
	/* Higher than what there is: stays, and is no error. */
	if (getrlimit(RLIMIT_CORE, &rl) == -1 || rl.rlim_max != 1)
		return 3;
	return 0;
}

static void
test_limits_are_only_lowered(void **state)
{
	static const struct page_limit limits[] = {
		{ RLIMIT_CORE, 1 }, { RLIMIT_CORE, 1000 },
		{ RLIMIT_NOFILE, 24 },
	};
	const struct page page = { .process = "limits", .limits = limits,
	    .nlimits = nitems(limits) };

	(void)state;
	assert_int_equal(in_child(look_at_limits, &page), 0);
}

static int
execute(const struct page *page, const char *allowed, char *const argv[])
{
	int fd = open(allowed, O_PATH | O_CLOEXEC);
	int other = open(argv[0], O_PATH | O_CLOEXEC);
	char *const envp[] = { NULL };
	const char *step;

	if (confine_before_exec(page, fd, -1, &step) == -1)
		return 100;
	syscall(SYS_execveat, other, "", argv, envp, AT_EMPTY_PATH);
	return errno;
}

static int
execute_itself(const struct page *page)
{
	char name[] = "/usr/bin/true", *argv[] = { name, NULL };

	return execute(page, name, argv);
}

static int
execute_another(const struct page *page)
{
	char name[] = "/usr/bin/false", *argv[] = { name, NULL };

	return execute(page, "/usr/bin/true", argv);
}

static int
connect_after(const struct page *page)
{
	const char *step;
	int fd = open("/usr/bin/true", O_PATH | O_CLOEXEC);

	if (confine_before_exec(page, fd, -1, &step) == -1)
		return 100;
	return socket(AF_INET, SOCK_STREAM, 0) == -1 ? errno : 0;
}

static void
test_before_exec_admits_only_its_binary(void **state)
{
	(void)state;
	assert_int_equal(in_child(execute_itself, &page_config_reader), 0);
	assert_int_equal(in_child(execute_another, &page_config_reader),
	    EACCES);
}

static void
test_before_exec_puts_the_outer_filter_on(void **state)
{
	(void)state;
	assert_int_equal(in_child(connect_after, &page_config_reader), KILLED);
	assert_int_equal(in_child(connect_after, &page_dialer), 0);
}

/* The launcher's last step, tried on this machine's own tree. */
static int
become_guest(const struct page *page)
{
	int fd = open("/bin/sh", O_PATH | O_CLOEXEC);
	char name[] = "sh", option[] = "-c", *argv[] = { name, option, NULL,
	    NULL };
	static char script[] = "test -d /usr && exec ls /usr >/dev/null";
	char *const envp[] = { NULL };
	const char *step;

	(void)page;
	argv[2] = script;
	if (confine_guest(fd, &step) == -1)
		return 100;
	if (unshare(CLONE_NEWUSER) != -1 || errno != EPERM)
		return 101;
	if (socket(AF_NETLINK, SOCK_RAW, 0) != -1 || errno != EAFNOSUPPORT)
		return 102;
	if (socket(AF_UNIX, SOCK_STREAM, 0) == -1)
		return 103;
	if (open("/var/lib/dpkg/status", O_RDONLY) != -1 || errno != EACCES)
		return 104;
	if (open("/etc/passwd", O_RDWR) != -1 || errno != EACCES)
		return 105;
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
	return 106;
}

static int
attack_as_guest(const struct page *page)
{
	int fd = open("/bin/sh", O_PATH | O_CLOEXEC);
	const char *step;

	(void)page;
	if (confine_guest(fd, &step) == -1)
		return 100;
	return syscall(SYS_bpf, 0, NULL, 0) == -1 ? errno : 0;
}

static void
test_confine_guest_runs_programs_and_ends_attacks(void **state)
{
	(void)state;
	assert_int_equal(in_child(become_guest, NULL), 0);
	assert_int_equal(in_child(attack_as_guest, NULL), KILLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_confine_lets_the_page_work_and_nothing_else),
		cmocka_unit_test(test_confine_landlock_shuts_the_file_tree),
		cmocka_unit_test(test_confine_tracker_stays_in_its_directory),
		cmocka_unit_test(test_limits_are_only_lowered),
		cmocka_unit_test(test_before_exec_admits_only_its_binary),
		cmocka_unit_test(test_before_exec_puts_the_outer_filter_on),
		cmocka_unit_test(
		    test_confine_guest_runs_programs_and_ends_attacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
