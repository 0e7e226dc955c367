/*
 * test_verify.c: what the supervisor reads out of /proc/PID/status, and what
 * it refuses.
 * Runs in: unit tests.  Input: texts as the kernel writes them.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/verify.h"
#include "tests/unit/unit.h"

#define FIT_UID	1900065540u

/* A confined worker of root's supervisor, as Linux 6.18 shows it. */
#define STATUS(name, uid, gid, groups, caps, nnp, mode, filters)	\
	"Name:\t" name "\nUmask:\t0077\nState:\tS (sleeping)\n"		\
	"Uid:\t" uid "\nGid:\t" gid "\nFDSize:\t64\n"			\
	"Groups:\t" groups "\nNStgid:\t77\nCapInh:\t0000000000000000\n"	\
	"CapPrm:\t" caps "\nCapEff:\t" caps "\n"			\
	"CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"	\
	"NoNewPrivs:\t" nnp "\nSeccomp:\t" mode "\n"			\
	"Seccomp_filters:\t" filters "\nSpeculation_Store_Bypass:\tvulnerable\n"
#define OWN	"1900065540\t1900065540\t1900065540\t1900065540"
#define NO_CAPS	"0000000000000000"

static const struct expected wanted = { .uid = FIT_UID, .filters = 3,
    .separate = true };

static void
check(const char *text, const char *part)
{
	char reason[REASON_SIZE];
	struct status s;

	assert_int_equal(status_parse(text, &s), 0);
	assert_int_equal(status_fits(&s, &wanted, reason), part == NULL);
	if (part == NULL)
		assert_string_equal(reason, "");
	else if (strstr(reason, part) == NULL)
		fail_msg("'%s' does not say '%s'", reason, part);
}

static void
test_status_fits_confined(void **state)
{
	(void)state;
	check(STATUS("dialer", OWN, OWN, " ", NO_CAPS, "1", "2", "3"), NULL);
}

static void
test_status_fits_refuses_filters(void **state)
{
	(void)state;
	check(STATUS("dialer", OWN, OWN, " ", NO_CAPS, "1", "0", "0"),
	    "no seccomp filter");
	check(STATUS("dialer", OWN, OWN, " ", NO_CAPS, "1", "1", "0"),
	    "no seccomp filter");
	check(STATUS("dialer", OWN, OWN, " ", NO_CAPS, "1", "2", "2"),
	    "2 seccomp filters");
	check(STATUS("dialer", OWN, OWN, " ", NO_CAPS, "1", "2", "4"),
	    "4 seccomp filters");
}

static void
test_status_fits_refuses_privileges(void **state)
{
	(void)state;
	check(STATUS("dialer", OWN, OWN, " ", NO_CAPS, "0", "2", "3"),
	    "no_new_privs");
	check(STATUS("dialer", OWN, OWN, " ", "0000000000000400", "1", "2",
	    "3"), "capabilities");
}

static void
test_status_fits_refuses_identity(void **state)
{
	(void)state;
	check(STATUS("dialer", "0\t0\t0\t0", OWN, " ", NO_CAPS, "1", "2",
	    "3"), "runs as 0");
	/* A saved uid of 0 would be the way back. */
	check(STATUS("dialer", "1900065540\t1900065540\t0\t1900065540", OWN,
	    " ", NO_CAPS, "1", "2", "3"), "runs as 0");
	check(STATUS("dialer", OWN, "0\t0\t0\t0", " ", NO_CAPS, "1", "2",
	    "3"), "runs as 1900065540:0");
	check(STATUS("dialer", OWN, OWN, "0 4 ", NO_CAPS, "1", "2", "3"),
	    "groups");
}

/* A process chooses its name; the kernel escapes line ends in it. */
static void
test_status_parse_name_forges_nothing(void **state)
{
	(void)state;
	check(STATUS("x\\nSeccomp:\\t2", OWN, OWN, " ", NO_CAPS, "1", "0",
	    "3"), "no seccomp filter");
	check(STATUS("Seccomp:\t2", OWN, OWN, " ", NO_CAPS, "1", "0", "3"),
	    "no seccomp filter");
}

static void
test_status_parse_wants_every_line(void **state)
{
	static const char *const keys[] = { "Uid", "Gid", "Groups", "CapInh",
	    "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp",
	    "Seccomp_filters" };
	char text[1024], key[32], *at;
	struct status s;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(text, sizeof(text), "%s", STATUS("dialer", OWN, OWN,
		    " ", NO_CAPS, "1", "2", "3"));
		snprintf(key, sizeof(key), "\n%s:", keys[i]);
		at = strstr(text, key);
		assert_non_null(at);
		at[1] = 'X';
		assert_int_equal(status_parse(text, &s), -1);
	}
	assert_int_equal(status_parse("", &s), -1);
}

static void
test_executable_is_tells_apart(void **state)
{
	int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int other = open("/bin/sh", O_PATH | O_CLOEXEC);

	(void)state;
	assert_int_equal(executable_is(getpid(), self), 1);
	assert_int_equal(executable_is(getpid(), other), 0);
	assert_int_equal(executable_is(0x7ffffff0, self), 0);
	close(self);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_fits_confined),
		cmocka_unit_test(test_status_fits_refuses_filters),
		cmocka_unit_test(test_status_fits_refuses_privileges),
		cmocka_unit_test(test_status_fits_refuses_identity),
		cmocka_unit_test(test_status_parse_name_forges_nothing),
		cmocka_unit_test(test_status_parse_wants_every_line),
		cmocka_unit_test(test_executable_is_tells_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
