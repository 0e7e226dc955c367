/*
 * test_options.c: the supervisor's command line and its defaults.
 * Runs in: unit tests.  Input: none.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/words.h"
#include "supervisor/options.h"
#include "tests/unit/unit.h"

static int
read_line(struct options *o, const char *line)
{
	char text[512], *argv[16] = { NULL };
	int argc = 0, status, saved = dup(2), null = open("/dev/null",
	    O_WRONLY);

	snprintf(text, sizeof(text), "sallyportd %s", line);
	for (char *at = strtok(text, " "); at != NULL;
	    at = strtok(NULL, " "))
		argv[argc++] = at;
	dup2(null, 2);
	status = options_read(o, argc, argv);
	dup2(saved, 2);
	close(saved);
	close(null);
	return status;
}

static int
environment_clear(void **state)
{
	(void)state;
	unsetenv("SALLYPORT_STATE_DIR");
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "/home/me", 1);
	return 0;
}

static void
test_options_read_daemon_defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(read_line(&o, ""), OPTIONS_GO_ON);
	assert_false(o.user);
	assert_string_equal(o.state_dir, "/var/lib/sallyport");
	assert_string_equal(o.config, "/etc/sallyport/sallyport.toml");
	assert_string_equal(o.socket, "/run/sallyport/control.sock");
	assert_string_equal(o.sandbox_root, "/");
	assert_int_equal(o.log_level, LOG_INFO);
	assert_int_equal(o.ready_fd, -1);
	assert_false(o.config_named);
}

static void
test_options_read_user_defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(read_line(&o, "--user"), OPTIONS_GO_ON);
	assert_string_equal(o.state_dir, "/home/me/.local/state/sallyport");
	assert_string_equal(o.config,
	    "/home/me/.config/sallyport/sallyport.toml");
	assert_string_equal(o.socket,
	    "/home/me/.local/state/sallyport/control.sock");
}

static void
test_options_read_user_environment(void **state)
{
	struct options o;

	(void)state;
	setenv("XDG_STATE_HOME", "/xs", 1);
	setenv("XDG_CONFIG_HOME", "/xc", 1);
	assert_int_equal(read_line(&o, "--user"), OPTIONS_GO_ON);
	assert_string_equal(o.state_dir, "/xs/sallyport");
	assert_string_equal(o.config, "/xc/sallyport/sallyport.toml");
	setenv("SALLYPORT_STATE_DIR", "/own", 1);
	assert_int_equal(read_line(&o, "--user"), OPTIONS_GO_ON);
	assert_string_equal(o.state_dir, "/own");
	assert_int_equal(read_line(&o, "--user --state-dir /given"),
	    OPTIONS_GO_ON);
	assert_string_equal(o.state_dir, "/given");
	assert_string_equal(o.socket, "/given/control.sock");
}

/* A relative path must not depend on where the supervisor goes later. */
static void
test_options_read_paths_absolute(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(chdir("/usr"), 0);
	assert_int_equal(read_line(&o, "--state-dir a/b --config c"),
	    OPTIONS_GO_ON);
	assert_string_equal(o.state_dir, "/usr/a/b");
	assert_string_equal(o.config, "/usr/c");
	assert_true(o.config_named);
}

static void
test_options_read_refuses(void **state)
{
	static const char *const lines[] = {
		"--unknown", "argument", "--state-dir", "--log-level loud",
		"--ready-fd 1", "--ready-fd 2x", "--ready-fd 987654",
		"--ready-fd -4", "--user=yes"
	};
	struct options o;

	(void)state;
	for (size_t i = 0; i < nitems(lines); i++) {
		if (read_line(&o, lines[i]) != EXIT_usage)
			fail_msg("'%s' was taken", lines[i]);
	}
	unsetenv("HOME");
	assert_int_equal(read_line(&o, "--user"), EXIT_usage);
}

static void
test_options_read_levels(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(read_line(&o, "--log-level error"), OPTIONS_GO_ON);
	assert_int_equal(o.log_level, LOG_ERROR);
	assert_int_equal(read_line(&o, "--log-level debug"), OPTIONS_GO_ON);
	assert_int_equal(o.log_level, LOG_DEBUG);
}

static void
test_options_read_ready_fd(void **state)
{
	struct options o;
	char line[32];
	int fd = dup(0);

	(void)state;
	snprintf(line, sizeof(line), "--ready-fd %d", fd);
	assert_int_equal(read_line(&o, line), OPTIONS_GO_ON);
	assert_int_equal(o.ready_fd, fd);
	/* No child may keep it: whoever waits would never see its end. */
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
}

int
main(void)
{
#define CASE(f)	cmocka_unit_test_setup(f, environment_clear)
	const struct CMUnitTest tests[] = {
		CASE(test_options_read_daemon_defaults),
		CASE(test_options_read_user_defaults),
		CASE(test_options_read_user_environment),
		CASE(test_options_read_paths_absolute),
		CASE(test_options_read_refuses),
		CASE(test_options_read_levels),
		CASE(test_options_read_ready_fd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
