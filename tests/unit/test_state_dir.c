/*
 * test_state_dir.c: one supervisor per state directory, and its socket.
 * Runs in: unit tests, in a directory of their own.  Input: none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/words.h"
#include "supervisor/state.h"
#include "tests/unit/unit.h"

struct fixture {
	char		 dir[64];
	struct options	 o;
	struct state	 s;
};

static void
quiet(enum log_level level, const char *line)
{
	(void)level;
	(void)line;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_to(quiet);
	snprintf(f->dir, sizeof(f->dir), "/tmp/sallyport-unit.XXXXXX");
	if (f == NULL || mkdtemp(f->dir) == NULL)
		return -1;
	f->o.user = true;
	snprintf(f->o.state_dir, PATH_MAX, "%s/a/state", f->dir);
	snprintf(f->o.socket, PATH_MAX, "%s/a/state/control.sock", f->dir);
	state_init(&f->s);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	state_close(&f->s);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	if (system(command) != 0)
		return -1;
	free(f);
	return 0;
}

static int
try_connect(const struct fixture *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), status;

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%.60s",
	    f->s.socket_dir, f->s.socket_name);
	status = connect(fd, (struct sockaddr *)&a, sizeof(a));
	close(fd);
	return status;
}

static void
test_state_open_makes_and_serves(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(state_open(&f->s, &f->o), 0);
	assert_int_equal(stat(f->o.state_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(lstat(f->o.socket, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(try_connect(f), 0);
	/* What the judge is handed must not block it. */
	assert_true(fcntl(f->s.listener, F_GETFL) & O_NONBLOCK);
	state_close(&f->s);
	assert_int_equal(lstat(f->o.socket, &st), -1);
}

static void
test_state_open_second_is_told(void **state)
{
	struct fixture *f = *state;
	struct state second;
	struct stat st;

	assert_int_equal(state_open(&f->s, &f->o), 0);
	state_init(&second);
	assert_int_equal(state_open(&second, &f->o), EXIT_later);
	state_close(&second);
	/* It has not taken the first one's socket away. */
	assert_int_equal(lstat(f->o.socket, &st), 0);
	assert_int_equal(try_connect(f), 0);
	state_close(&f->s);
	assert_int_equal(state_open(&second, &f->o), 0);
	state_close(&second);
}

/* The same socket with another state directory: it is served, so not ours. */
static void
test_state_open_served_socket_stays(void **state)
{
	struct fixture *f = *state;
	struct options other = f->o;
	struct state second;

	assert_int_equal(state_open(&f->s, &f->o), 0);
	snprintf(other.state_dir, PATH_MAX, "%s/b", f->dir);
	state_init(&second);
	assert_int_equal(state_open(&second, &other), EXIT_later);
	state_close(&second);
	assert_int_equal(try_connect(f), 0);
}

static void
test_state_open_removes_stale_socket(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_int_equal(directory_make(f->o.state_dir, 0700), 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", f->o.socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);		/* as a killed supervisor leaves it */
	assert_int_equal(state_open(&f->s, &f->o), 0);
	assert_int_equal(try_connect(f), 0);
}

static void
test_state_open_keeps_what_is_no_socket(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	int fd;

	assert_int_equal(directory_make(f->o.state_dir, 0700), 0);
	fd = open(f->o.socket, O_WRONLY | O_CREAT, 0600);
	close(fd);
	assert_int_equal(state_open(&f->s, &f->o), EXIT_record);
	assert_int_equal(lstat(f->o.socket, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	/* The failed start must not remove it either. */
	state_close(&f->s);
	assert_int_equal(lstat(f->o.socket, &st), 0);
}

static void
test_state_open_refuses_writable_by_others(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(directory_make(f->o.state_dir, 0700), 0);
	assert_int_equal(chmod(f->o.state_dir, 0770), 0);
	assert_int_equal(state_open(&f->s, &f->o), EXIT_denied);
}

static void
test_state_open_long_path(void **state)
{
	struct fixture *f = *state;
	size_t len = (size_t)snprintf(f->o.state_dir, PATH_MAX, "%s", f->dir);

	for (int i = 0; i < 4; i++) {
		len += (size_t)snprintf(f->o.state_dir + len, PATH_MAX - len,
		    "/%060d", i);
	}
	snprintf(f->o.socket, PATH_MAX, "%.300s/control.sock",
	    f->o.state_dir);
	assert_true(strlen(f->o.socket) > sizeof(((struct sockaddr_un *)0)->
	    sun_path));
	assert_int_equal(state_open(&f->s, &f->o), 0);
	assert_int_equal(try_connect(f), 0);
}

static void
test_state_record_dir_is_the_owners(void **state)
{
	struct fixture *f = *state;
	uid_t owner = geteuid() == 0 ? 1900065536u : geteuid();
	struct stat st;
	int fd;

	assert_int_equal(state_open(&f->s, &f->o), 0);
	fd = state_record_dir(&f->s, 0, owner);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, owner);
	assert_int_equal(st.st_mode & 07777, 0700);
	close(fd);
	/* A second start finds it; a link in its place is not followed. */
	fd = state_record_dir(&f->s, 0, owner);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unlinkat(f->s.dir, "tenants/default/record",
	    AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/tmp", f->s.dir,
	    "tenants/default/record"), 0);
	assert_int_equal(state_record_dir(&f->s, 0, owner), -1);
}

int
main(void)
{
#define CASE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_state_open_makes_and_serves),
		CASE(test_state_open_second_is_told),
		CASE(test_state_open_served_socket_stays),
		CASE(test_state_open_removes_stale_socket),
		CASE(test_state_open_keeps_what_is_no_socket),
		CASE(test_state_open_refuses_writable_by_others),
		CASE(test_state_open_long_path),
		CASE(test_state_record_dir_is_the_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
