/*
 * test_outputs.c: contents kept by their digest.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/record_fixture.h"

#include <errno.h>
#include <sys/stat.h>

/* abc: ba7816bf 8f01cfea ... */
#define ABC_DIR		"outputs/ba"
#define ABC_PATH	ABC_DIR "/7816bf8f01cfea414140de5dae2223b00361a396177" \
			"a9cb410ff61f20015ad"

static uint8_t abc[DIGEST_LEN];

static int
open_outputs(void)
{
	autoclose int record = open(".", O_RDONLY | O_DIRECTORY);
	int fd = outputs_dir(record);

	crypto_hash_sha256(abc, (const uint8_t *)"abc", 3);
	assert_true(fd >= 0);
	return fd;
}

static void
test_output_store_names_a_file_by_its_digest(void **state)
{
	autoclose int dir = open_outputs();
	autoclose int fd = -1;
	char text[4] = "";
	struct stat st;

	(void)state;
	assert_int_equal(output_store(dir, abc, "abc", 3), 0);
	assert_int_equal(stat(ABC_PATH, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	fd = output_open(dir, abc);
	assert_int_equal(read(fd, text, 4), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(access(ABC_DIR "/unfinished", F_OK), -1);
}

static void
test_output_store_refuses_a_wrong_digest(void **state)
{
	autoclose int dir = open_outputs();

	(void)state;
	assert_int_equal(output_store(dir, abc, "abd", 3), REFUSED);
	assert_int_equal(output_store(dir, abc, NULL, 0), REFUSED);
	assert_int_equal(output_open(dir, abc), -1);
}

static void
test_output_store_writes_the_same_content_once(void **state)
{
	autoclose int dir = open_outputs();
	struct stat before, after;

	(void)state;
	assert_int_equal(output_store(dir, abc, "abc", 3), 0);
	assert_int_equal(stat(ABC_PATH, &before), 0);
	assert_int_equal(output_store(dir, abc, "abc", 3), 0);
	assert_int_equal(stat(ABC_PATH, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
test_output_store_replaces_what_a_crash_left(void **state)
{
	autoclose int dir = open_outputs();
	FILE *f;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(ABC_DIR, 0700), 0);
	f = fopen(ABC_DIR "/unfinished", "w");
	fputs("a long rest of something else", f);
	fclose(f);
	f = fopen(ABC_PATH, "w");		/* cut */
	fputc('a', f);
	fclose(f);
	assert_int_equal(output_store(dir, abc, "abc", 3), 0);
	assert_int_equal(stat(ABC_PATH, &st), 0);
	assert_int_equal(st.st_size, 3);
}

static void
test_output_store_does_not_follow_links(void **state)
{
	autoclose int dir = open_outputs();

	(void)state;
	assert_int_equal(mkdir(ABC_DIR, 0700), 0);
	assert_int_equal(symlink("../../elsewhere", ABC_DIR "/unfinished"), 0);
	assert_int_equal(output_store(dir, abc, "abc", 3), ELOOP);
	assert_int_equal(access("elsewhere", F_OK), -1);
}

static void
test_file_put_keeps_paths_of_any_bytes(void **state)
{
	static const uint8_t path[] = "\xff/../x\n";
	struct fixture *f = *state;
	const uint8_t run[16] = { 1 };
	struct file_entry in = {
		.path = { path, sizeof(path) - 1 },
		.size = 77,
		.mode = 0755,
		.modified = -5,
		.digest = abc
	};
	struct file_entry out;
	struct store_key k;
	MDB_txn *txn;
	MDB_val v;

	assert_int_equal(store_begin(&f->store, true, &txn), 0);
	assert_int_equal(file_put(&f->store, txn, run, &in), 0);
	assert_int_equal(file_count(&f->store, txn, run), 1);
	key_file(&k, run, path, sizeof(path) - 1);
	assert_int_equal(store_get(txn, f->store.files, &k, &v), 0);
	assert_int_equal(file_read(&out, &v), 0);
	assert_int_equal(out.path.len, sizeof(path) - 1);
	assert_memory_equal(out.path.data, path, sizeof(path) - 1);
	assert_int_equal(out.size, 77);
	assert_int_equal(out.modified, -5);
	v.mv_size--;
	assert_int_not_equal(file_read(&out, &v), 0);
	mdb_txn_abort(txn);
}

#define CASE(name)	\
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_output_store_names_a_file_by_its_digest),
		CASE(test_output_store_refuses_a_wrong_digest),
		CASE(test_output_store_writes_the_same_content_once),
		CASE(test_output_store_replaces_what_a_crash_left),
		CASE(test_output_store_does_not_follow_links),
		CASE(test_file_put_keeps_paths_of_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
