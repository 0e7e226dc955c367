/*
 * test_client_paths.c: where a client looks for its supervisor, and whom it
 * talks to.
 * Runs in: unit tests.  Input: environments and directories made here.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/lib/internal.h"
#include "ipc/util.h"

static void
is_directory(const char *wanted, const char *expected)
{
	struct sallyport_error e = { 0 };
	char path[PATH_MAX];

	assert_int_equal(state_directory(wanted, path, sizeof(path), &e), 0);
	assert_string_equal(path, expected);
}

static void
test_state_directory_takes_the_nearest_wish(void **state)
{
	char here[PATH_MAX / 2], relative[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	setenv("HOME", "/home/me", 1);
	unsetenv("XDG_STATE_HOME");
	unsetenv("SALLYPORT_STATE_DIR");
	is_directory(NULL, "/home/me/.local/state/sallyport");
	setenv("XDG_STATE_HOME", "/state", 1);
	is_directory(NULL, "/state/sallyport");
	setenv("XDG_STATE_HOME", "not/absolute", 1);
	is_directory(NULL, "/home/me/.local/state/sallyport");
	setenv("SALLYPORT_STATE_DIR", "/mine", 1);
	is_directory(NULL, "/mine");
	is_directory("/given", "/given");
	snprintf(relative, sizeof(relative), "%s/given", here);
	is_directory("given", relative);
	setenv("SALLYPORT_STATE_DIR", "", 1);
	is_directory(NULL, "/home/me/.local/state/sallyport");
}

static void
test_state_directory_refuses_what_does_not_fit(void **state)
{
	struct sallyport_error e = { 0 };
	char path[32];

	(void)state;
	assert_int_equal(state_directory("/a/path/that/is/much/too/long/for/it",
	    path, sizeof(path), &e), -1);
	assert_int_equal(e.status, EXIT_config);
	assert_string_equal(e.name, "ConfigError");
	assert_non_null(strstr(e.hint, "--state-dir"));
}

static void
test_state_directory_make_makes_parents_for_us_alone(void **state)
{
	char root[] = "/tmp/sallyport-paths-XXXXXX";
	char path[PATH_MAX], parent[PATH_MAX / 2];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(parent, sizeof(parent), "%s/a", root);
	snprintf(path, sizeof(path), "%s/b", parent);
	assert_int_equal(state_directory_make(path), 0);
	assert_int_equal(state_directory_make(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(parent), 0);
	assert_int_equal(rmdir(root), 0);
}

static void
test_socket_connect_says_why_not(void **state)
{
	char root[] = "/tmp/sallyport-paths-XXXXXX", path[PATH_MAX];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, connected;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(socket_connect(root, SOCKET_NAME), -1);
	assert_int_equal(errno, ENOENT);
	snprintf(path, sizeof(path), "%s/%s", root, SOCKET_NAME);
	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s", path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(socket_connect(root, SOCKET_NAME), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(listen(fd, 1), 0);
	connected = socket_connect(root, SOCKET_NAME);
	assert_true(connected >= 0);
	assert_true(fcntl(connected, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(connected, F_GETFD) & FD_CLOEXEC);
	close(connected);
	close(fd);
	unlink(path);
	rmdir(root);
}

static void
test_server_find_wants_a_program(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(server_find("/bin/sh", path, sizeof(path)), 0);
	assert_string_equal(path, "/bin/sh");
	assert_int_equal(server_find("/dev/null", path, sizeof(path)), -1);
	assert_int_equal(server_find("/no/such", path, sizeof(path)), -1);
}

static void
test_uuid_text_is_lower_case(void **state)
{
	uint8_t id[16];
	char text[37];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		id[i] = (uint8_t)(0xf0 + i);
	uuid_text(text, id);
	assert_string_equal(text, "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_directory_takes_the_nearest_wish),
		cmocka_unit_test(
		    test_state_directory_refuses_what_does_not_fit),
		cmocka_unit_test(
		    test_state_directory_make_makes_parents_for_us_alone),
		cmocka_unit_test(test_socket_connect_says_why_not),
		cmocka_unit_test(test_server_find_wants_a_program),
		cmocka_unit_test(test_uuid_text_is_lower_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
