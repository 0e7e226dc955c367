/*
 * test_config_files.c: which configuration files the supervisor takes.
 * Runs in: unit tests, in a directory of their own.  Input: none.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/util.h"
#include "supervisor/supervisor.h"
#include "tests/unit/unit.h"

/* The handlers' owner is not needed here. */
struct fixture {
	char			   dir[64];
	struct options		   o;
	struct configuration_files files;
	char			   said[512];	/* last log line */
};

static struct fixture *current;		/* the logger has no argument */

static void
listen_to(enum log_level level, const char *line)
{
	(void)level;
	snprintf(current->said, sizeof(current->said), "%s", line);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	current = f;
	log_to(listen_to);
	snprintf(f->dir, sizeof(f->dir), "/tmp/sallyport-unit.XXXXXX");
	if (f == NULL || mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->o.config, PATH_MAX, "%s/sallyport.toml", f->dir);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	config_files_clear(&f->files);
	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	if (system(command) != 0)
		return -1;
	free(f);
	return 0;
}

static void
file_put(const struct fixture *f, const char *text, mode_t mode)
{
	int fd = open(f->o.config, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
test_config_files_read_hashes(void **state)
{
	/* printf abc | sha256sum */
	static const uint8_t abc[4] = { 0xba, 0x78, 0x16, 0xbf };
	struct fixture *f = *state;
	char text[8] = "";

	file_put(f, "abc", 0644);
	assert_int_equal(config_files_read(&f->files, &f->o), 0);
	assert_int_equal(f->files.count, 1);
	assert_string_equal(f->files.file[0].path, f->o.config);
	assert_memory_equal(f->files.file[0].digest, abc, sizeof(abc));
	/* What was hashed stays what is read, whatever happens to the file. */
	file_put(f, "changed", 0644);
	assert_int_equal(pread(f->files.file[0].fd, text, 7, 0), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(memfd_check(f->files.file[0].fd, 3), 0);
}

static void
test_config_files_read_refuses_writable(void **state)
{
	struct fixture *f = *state;

	file_put(f, "abc", 0664);
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
	assert_non_null(strstr(f->said, "others may write"));
	file_put(f, "abc", 0602);
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
	if (geteuid() != 0)
		return;
	file_put(f, "abc", 0600);
	assert_int_equal(chown(f->o.config, 65534, 65534), 0);
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
	assert_non_null(strstr(f->said, "chown"));
}

static void
test_config_files_read_refuses_odd_files(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkfifo(f->o.config, 0600), 0);
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
	assert_int_equal(unlink(f->o.config), 0);
	assert_int_equal(mkdir(f->o.config, 0700), 0);
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
	assert_int_equal(rmdir(f->o.config), 0);
	file_put(f, "", 0600);
	assert_int_equal(truncate(f->o.config, (1 << 20) + 1), 0);
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
	assert_non_null(strstr(f->said, "larger"));
}

static void
test_config_files_read_absent(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(config_files_read(&f->files, &f->o), 0);
	assert_int_equal(f->files.count, 0);
	f->o.config_named = true;
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
}

/* A reload that fails leaves what was in force. */
static void
test_config_files_read_keeps_old(void **state)
{
	struct fixture *f = *state;
	char text[8] = "";

	file_put(f, "abc", 0644);
	assert_int_equal(config_files_read(&f->files, &f->o), 0);
	file_put(f, "new", 0666);
	assert_int_equal(config_files_read(&f->files, &f->o), -1);
	assert_int_equal(f->files.count, 1);
	assert_int_equal(pread(f->files.file[0].fd, text, 7, 0), 3);
	assert_string_equal(text, "abc");
}

int
main(void)
{
#define CASE(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_config_files_read_hashes),
		CASE(test_config_files_read_refuses_writable),
		CASE(test_config_files_read_refuses_odd_files),
		CASE(test_config_files_read_absent),
		CASE(test_config_files_read_keeps_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
