/*
 * test_children.c: the supervisor's table of processes, with real ones.
 * Runs in: unit tests.  Input: none.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/children.h"
#include "tests/unit/unit.h"

static struct child *
sleeper(struct child **table, uint32_t number)
{
	pid_t pid = fork();
	struct child *c;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	c = child_add(table, pid, pidfd_open(pid, 0));
	c->number = number;
	c->uid = 1000 + number;
	return c;
}

static void
end(struct child **table)
{
	while (*table != NULL) {
		pid_t pid = (*table)->pid;

		child_kill(*table);
		waitpid(pid, NULL, 0);
		child_remove(table, *table);
	}
}

static void
test_child_find_by_each_key(void **state)
{
	struct child *table = NULL, *a = sleeper(&table, 4);
	struct child *b = sleeper(&table, 9);

	(void)state;
	b->program = PROGRAM_TRACKER;
	a->program = PROGRAM_DIALER;
	assert_ptr_equal(child_find(table, 4), a);
	assert_ptr_equal(child_find(table, 9), b);
	assert_null(child_find(table, 5));
	assert_ptr_equal(child_find_pid(table, a->pid), a);
	assert_null(child_find_pid(table, getpid()));
	assert_ptr_equal(child_find_program(table, PROGRAM_TRACKER), b);
	assert_null(child_find_program(table, PROGRAM_JUDGE));
	assert_true(child_uid_used(table, 1009));
	assert_false(child_uid_used(table, 1005));
	assert_int_equal(child_count(table), 2);
	end(&table);
	assert_int_equal(child_count(table), 0);
}

/* Number 0 means 'not the judge's': it must never be found by number. */
static void
test_child_find_never_zero(void **state)
{
	struct child *table = NULL;

	(void)state;
	sleeper(&table, 0);
	assert_null(child_find(table, 0));
	end(&table);
}

static void
test_child_kill_ends_that_one(void **state)
{
	struct child *table = NULL, *a = sleeper(&table, 1);
	struct child *b = sleeper(&table, 2);
	int status;

	(void)state;
	child_kill(a);
	assert_int_equal(waitpid(a->pid, &status, 0), a->pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(waitpid(b->pid, &status, WNOHANG), 0);
	/* After its death the descriptor hits nobody else. */
	child_kill(a);
	child_remove(&table, a);
	assert_null(child_find(table, 1));
	end(&table);
}

static void
test_child_due_is_the_first(void **state)
{
	struct child *table = NULL, *a = sleeper(&table, 1);
	struct child *b = sleeper(&table, 2), *c = sleeper(&table, 3);

	(void)state;
	assert_null(child_due(table));
	a->deadline = 500;
	c->deadline = 300;
	assert_ptr_equal(child_due(table), c);
	c->deadline = 0;
	assert_ptr_equal(child_due(table), a);
	b->deadline = 499;
	assert_ptr_equal(child_due(table), b);
	end(&table);
}

static void
test_child_remove_closes(void **state)
{
	struct child *table = NULL, *a = sleeper(&table, 1);
	pid_t pid = a->pid;
	int fd = a->pidfd;

	(void)state;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	child_remove(&table, a);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_null(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_find_by_each_key),
		cmocka_unit_test(test_child_find_never_zero),
		cmocka_unit_test(test_child_kill_ends_that_one),
		cmocka_unit_test(test_child_due_is_the_first),
		cmocka_unit_test(test_child_remove_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
