/*
 * test_blob.c: memfds are believed only when they are sealed and of their size.
 * Runs in: unit tests.
 * Input: descriptors as a hostile peer would send them.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/ipc.h"

static void
test_memfd_sealed_cannot_be_changed(void **state)
{
	int fd = memfd_sealed("test", "abcdef", 6);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(memfd_check(fd, 6), 0);
	assert_int_equal(memfd_check(fd, 5), -1);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	close(fd);
}

static void
test_memfd_check_wants_every_seal(void **state)
{
	static const int some[] = {
		0, F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK,
		F_SEAL_WRITE | F_SEAL_GROW, F_SEAL_WRITE | F_SEAL_SHRINK,
		F_SEAL_GROW | F_SEAL_SHRINK
	};
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		fd = memfd_create("test", MFD_ALLOW_SEALING);
		assert_int_equal(ftruncate(fd, 10), 0);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, some[i]), 0);
		assert_int_equal(memfd_check(fd, 10), -1);
		close(fd);
	}
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(memfd_check(fd, 0), -1);
	close(fd);
}

static void
test_blob_map_gives_the_bytes(void **state)
{
	struct blob b = { .fd = memfd_sealed("test", "abc", 3), .len = 3 };

	(void)state;
	assert_int_equal(blob_map(&b), 0);
	assert_memory_equal(b.data, "abc", 3);
	blob_clear(&b);
	assert_int_equal(b.fd, -1);
}

static void
test_blob_take_outlives_the_message(void **state)
{
	uint8_t bytes[] = "hello";
	struct blob b = BLOB(bytes, 5), taken = blob_take(&b);

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_memory_equal(taken.data, "hello", 5);
	assert_int_equal(b.len, 0);
	blob_free(&taken);
}

static void
test_blob_take_of_nothing_can_be_freed(void **state)
{
	uint8_t datagram[] = "";
	struct blob b = BLOB(datagram, 0), taken = blob_take(&b);

	(void)state;
	assert_null(taken.data);
	blob_free(&taken);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memfd_sealed_cannot_be_changed),
		cmocka_unit_test(test_memfd_check_wants_every_seal),
		cmocka_unit_test(test_blob_map_gives_the_bytes),
		cmocka_unit_test(test_blob_take_outlives_the_message),
		cmocka_unit_test(test_blob_take_of_nothing_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
