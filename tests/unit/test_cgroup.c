/*
 * test_cgroup.c: control groups as this machine has them; where none can be
 * made it must say why, and everything must do nothing.
 * Runs in: unit tests.  Input: the kernel's.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/cgroup.h"
#include "tests/unit/unit.h"

static const struct cgroup_limits limits = { .memory = 32u << 20,
    .processes = 8, .cpu = 1000 };

static int
setup(void **state)
{
	struct cgroups *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -1;
	cgroups_init(c);
	*state = c;
	return 0;
}

static int
teardown(void **state)
{
	struct cgroups *c = *state;

	cgroups_clear(c);
	free(c);
	return 0;
}

/* Run it in a group; its wait status. */
static int
run_in(const struct cgroups *c, uint32_t number, void (*work)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (cgroup_join(c, number) == -1)
			_exit(99);
		work();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
take_memory(void)
{
	size_t size = 128u << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(98);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
}

/* Exit 0 if the group stops it before twenty processes are there. */
static void
take_processes(void)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == -1) {
			kill(0, SIGTERM);
			_exit(0);
		}
		if (pid == 0) {
			sleep(5);
			_exit(0);
		}
	}
	_exit(97);
}

static void
nothing(void)
{
}

static void
test_cgroups_init_says_what(void **state)
{
	struct cgroups *c = *state;

	if (c->version == 0)
		assert_int_equal(strncmp(c->said, "none: ", 6), 0);
	else
		assert_true(c->said[0] == 'v' && c->said[1] == '0' +
		    c->version);
}

static void
test_cgroup_out_of_memory_is_seen(void **state)
{
	struct cgroups *c = *state;
	const char *step;
	int status;

	if (c->version == 0)
		skip();
	assert_int_equal(cgroup_make(c, 1, &limits, &step), 0);
	assert_int_equal(run_in(c, 1, nothing), 0);
	assert_false(cgroup_out_of_memory(c, 1));
	status = run_in(c, 1, take_memory);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_true(cgroup_out_of_memory(c, 1));
	assert_int_equal(cgroup_remove(c, 1), 0);
}

static void
fork_storm(void)
{
	setsid();
	signal(SIGTERM, SIG_IGN);
	take_processes();
}

static void
test_cgroup_bounds_processes(void **state)
{
	struct cgroups *c = *state;
	const char *step;

	if (c->version == 0)
		skip();
	assert_int_equal(cgroup_make(c, 2, &limits, &step), 0);
	assert_int_equal(run_in(c, 2, fork_storm), 0);
	for (int i = 0; i < 100 && cgroup_remove(c, 2) == -1; i++)
		usleep(100000);
	assert_int_equal(cgroup_remove(c, 2), 0);
}

static void
test_cgroup_without_any_does_nothing(void **state)
{
	struct cgroups none = { .version = 0 };
	const char *step;

	(void)state;
	assert_int_equal(cgroup_make(&none, 1, &limits, &step), 0);
	assert_int_equal(cgroup_join(&none, 1), 0);
	assert_false(cgroup_out_of_memory(&none, 1));
	assert_int_equal(cgroup_remove(&none, 1), 0);
}

/* Groups of a supervisor that was killed go when the next one starts. */
static void
test_cgroups_init_removes_leftovers(void **state)
{
	struct cgroups *c = *state, next;
	char base[PATH_MAX];
	const char *step;
	pid_t pid;

	if (c->version == 0)
		skip();
	snprintf(base, sizeof(base), "%s", c->base[0]);
	if ((pid = fork()) == 0) {
		struct cgroups killed;

		cgroups_init(&killed);
		cgroup_make(&killed, 7, &limits, &step);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, NULL, 0);
	snprintf(strrchr(base, '-') + 1, 16, "%d", pid);
	assert_int_equal(access(base, F_OK), 0);
	cgroups_clear(c);
	cgroups_init(&next);
	assert_int_equal(access(base, F_OK), -1);
	cgroups_clear(&next);
}

int
main(void)
{
#define CASE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_cgroups_init_says_what),
		CASE(test_cgroup_out_of_memory_is_seen),
		CASE(test_cgroup_bounds_processes),
		CASE(test_cgroup_without_any_does_nothing),
		CASE(test_cgroups_init_removes_leftovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
