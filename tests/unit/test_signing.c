/*
 * test_signing.c: the supervisor signs each place once, and keeps what it has
 * signed.
 * Runs in: unit tests, in a directory of their own.  Input: none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "policy/words.h"
#include "supervisor/signing.h"
#include "tests/unit/unit.h"

struct fixture {
	char		 dir[64];
	struct state	 state;
	struct signing	 s;
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
	umask(077);
	snprintf(f->dir, sizeof(f->dir), "/tmp/sallyport-unit.XXXXXX");
	if (sodium_init() == -1 || mkdtemp(f->dir) == NULL)
		return -1;
	state_init(&f->state);
	f->state.dir = open(f->dir, O_RDONLY | O_DIRECTORY);
	signing_init(&f->s);
	*state = f;
	return signing_open(&f->s, &f->state);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	signing_clear(&f->s);
	close(f->state.dir);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	if (system(command) != 0)
		return -1;
	free(f);
	return 0;
}

static int
reopen(struct fixture *f)
{
	signing_clear(&f->s);
	return signing_open(&f->s, &f->state);
}

static enum sign_result
sign_place(struct fixture *f, uint32_t tenant, uint64_t place, uint8_t first,
    struct checkpoint *c)
{
	*c = (struct checkpoint){ .place = place, .head = { first } };
	return signing_sign(&f->s, tenant, c);
}

static void
test_signing_sign_is_verified_by_the_public_key(void **state)
{
	struct fixture *f = *state;
	char text[CHECKPOINT_MAX];
	struct checkpoint c;
	size_t len;

	assert_int_equal(sign_place(f, 0, 7, 1, &c), SIGN_done);
	assert_string_equal(c.tenant, "default");
	assert_true(c.at > 0);
	len = checkpoint_text(text, &c);
	assert_memory_equal(text, "sallyport-checkpoint-1\ntenant default\n"
	    "place 7\nhead 0100000000", 61);
	assert_int_equal(crypto_sign_verify_detached(c.signature,
	    (uint8_t *)text, len, f->s.key), 0);
	text[50]++;
	assert_int_equal(crypto_sign_verify_detached(c.signature,
	    (uint8_t *)text, len, f->s.key), -1);
}

static void
test_signing_sign_refuses_a_second_history(void **state)
{
	struct fixture *f = *state;
	struct checkpoint c;

	assert_int_equal(sign_place(f, 0, 0, 1, &c), SIGN_refused);
	assert_int_equal(sign_place(f, 0, 7, 1, &c), SIGN_done);
	assert_int_equal(sign_place(f, 0, 7, 1, &c), SIGN_refused);
	assert_int_equal(sign_place(f, 0, 7, 2, &c), SIGN_refused);
	assert_int_equal(sign_place(f, 0, 6, 1, &c), SIGN_refused);
	/* Another tenant has a chain of its own. */
	assert_int_equal(sign_place(f, 3, 1, 9, &c), SIGN_done);
	assert_int_equal(sign_place(f, 0, 8, 2, &c), SIGN_done);
}

static void
test_signing_open_knows_what_was_signed(void **state)
{
	struct fixture *f = *state;
	struct checkpoint c, last;
	uint8_t key[32];

	memcpy(key, f->s.key, 32);
	assert_int_equal(sign_place(f, 0, 7, 1, &c), SIGN_done);
	assert_int_equal(sign_place(f, 3, 2, 5, &last), SIGN_done);
	assert_int_equal(reopen(f), 0);
	assert_memory_equal(key, f->s.key, 32);
	last = signing_last(&f->s, 0);
	assert_int_equal(last.place, 7);
	assert_memory_equal(last.signature, c.signature, 64);
	assert_int_equal(signing_last(&f->s, 3).place, 2);
	assert_int_equal(signing_last(&f->s, 1).place, 0);
	assert_int_equal(sign_place(f, 0, 7, 2, &c), SIGN_refused);
	assert_int_equal(sign_place(f, 0, 9, 2, &c), SIGN_done);
}

static void
file_change(struct fixture *f, const char *name, off_t at, mode_t mode)
{
	int fd = openat(f->s.dir, name, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	if (mode == 0)
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	else
		assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
test_signing_open_refuses_what_was_changed(void **state)
{
	struct fixture *f = *state;
	struct checkpoint c;

	assert_int_equal(sign_place(f, 0, 7, 1, &c), SIGN_done);
	file_change(f, "head-default", 45, 0);
	assert_int_equal(reopen(f), EXIT_integrity);
	signing_clear(&f->s);
	f->s.dir = openat(f->state.dir, "keys", O_RDONLY | O_DIRECTORY);
	file_change(f, "head-default", 45, 0);
	file_change(f, "signing.key", 3, 0);
	assert_int_equal(reopen(f), EXIT_integrity);
	file_change(f, "signing.key", 3, 0);
	assert_int_equal(reopen(f), 0);
	file_change(f, "signing.key", 0, 0640);
	assert_int_equal(reopen(f), EXIT_integrity);
	file_change(f, "signing.key", 0, 0600);
	assert_int_equal(unlinkat(f->s.dir, "signing.key", 0), 0);
	assert_int_equal(reopen(f), EXIT_integrity);
}

static void
test_signing_sign_says_if_it_cannot_be_kept(void **state)
{
	struct fixture *f = *state;
	struct checkpoint c;

	/* Nothing can be created where a directory lies. */
	assert_int_equal(mkdirat(f->s.dir, ".new-head-default", 0700), 0);
	assert_int_equal(sign_place(f, 0, 7, 1, &c), SIGN_failed);
	assert_int_equal(signing_last(&f->s, 0).place, 0);
	assert_int_equal(unlinkat(f->s.dir, ".new-head-default",
	    AT_REMOVEDIR), 0);
	assert_int_equal(sign_place(f, 0, 7, 1, &c), SIGN_done);
}

static void
test_signing_key_is_in_no_child(void **state)
{
	struct fixture *f = *state;
	int status = -1;
	pid_t pid;

	assert_false(sodium_is_zero(f->s.secret, 64));
	pid = fork();
	if (pid == 0)
		_exit(sodium_is_zero(f->s.secret, 64) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_signing_sign_is_verified_by_the_public_key, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_signing_sign_refuses_a_second_history, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_signing_open_knows_what_was_signed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_signing_open_refuses_what_was_changed, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_signing_sign_says_if_it_cannot_be_kept, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_signing_key_is_in_no_child, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
