/*
 * test_guest_files.c: file requests to the real guest: bytes stay bytes,
 * names stay names, and nothing leads out of the work directory.
 * Runs in: the test.  Input: ours, and files made as hostile processes would.
 */
#include "tests/unit/guest_peer.h"

#include <sys/sysmacros.h>
#include <sys/un.h>

static struct peer *p;

static int
begin(void **state)
{
	(void)state;
	p = peer_start(false);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	assert_int_equal(peer_end(p), 0);
	return 0;
}

/* A path in the work directory, as seen from here. */
static const char *
at(const char *name)
{
	static char path[104];

	snprintf(path, sizeof(path), "%s/%.32s", p->work, name);
	return path;
}

static const struct listed *
entry(const char *path)
{
	for (size_t i = 0; i < p->nentries; i++) {
		if (p->entries[i].len == strlen(path) &&
		    memcmp(p->entries[i].path, path, strlen(path)) == 0)
			return &p->entries[i];
	}
	return NULL;
}

#define ASK(name, where, ...) \
	peer_ask(p, name, .path = PATH(where), ##__VA_ARGS__)
#define READ(where)	ASK(guest_read, where, .most = 64 * MiB)

static void
test_write_and_read_keep_every_byte(void **state)
{
	size_t len = 1500001;
	uint8_t *data = xcalloc(1, len);

	(void)state;
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 31 + i / 251);
	peer_write(p, "deep/er/bytes \n\377.bin", data, len, false);
	assert_true(p->is_done);
	READ("deep/er/bytes \n\377.bin");
	assert_int_equal(p->data_len, len);
	assert_int_equal(p->data_size, len);
	assert_memory_equal(p->data, data, len);
	/* A window of it. */
	ASK(guest_read, "deep/er/bytes \n\377.bin", .offset = 70000,
	    .most = 40000);
	assert_int_equal(p->data_len, 40000);
	assert_int_equal(p->data_size, len);
	assert_memory_equal(p->data, data + 70000, 40000);
	/* Behind its end, and nothing at all. */
	ASK(guest_read, "deep/er/bytes \n\377.bin", .offset = 9000000,
	    .most = 10);
	assert_int_equal(p->data_len, 0);
	assert_true(p->ended && !p->is_failed);
	peer_write(p, "empty", "", 0, false);
	assert_true(p->is_done);
	READ("empty");
	assert_int_equal(p->data_len, 0);
	free(data);
}

static void
test_write_replaces_whole_or_not_at_all(void **state)
{
	struct guest_write half = { .path = PATH("keep"),
	    .data = { (const uint8_t *)"new", 3 } };
	struct stat st;

	(void)state;
	peer_write(p, "keep", "old text", 8, false);
	assert_int_equal(chmod(at("keep"), 0750), 0);
	peer_next(p);
	half.call = p->call;
	assert_int_equal(send_guest_write(&p->channel, &half), 0);
	/* Another request comes instead of the rest. */
	peer_write(p, "other", "x", 1, false);
	READ("keep");
	assert_memory_equal(p->data, "old text", 8);
	ASK(guest_list, "", .most = 100);
	assert_int_equal(p->nentries, 2);
	peer_write(p, "keep", "newer", 5, false);
	READ("keep");
	assert_int_equal(p->data_len, 5);
	assert_int_equal(stat(at("keep"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	peer_write(p, "keep", " and more", 9, true);
	READ("keep");
	assert_memory_equal(p->data, "newer and more", 14);
}

static void
test_write_pieces_must_name_one_file(void **state)
{
	struct guest_write m = { .path = PATH("one"),
	    .data = { (const uint8_t *)"x", 1 } };
	struct peer *other = peer_start(false);
	struct bytes two = PATH("two");
	int n;

	(void)state;
	peer_next(other);
	m.call = other->call;
	assert_int_equal(send_guest_write(&other->channel, &m), 0);
	m.path = two;
	assert_int_equal(send_guest_write(&other->channel, &m), 0);
	while ((n = peer_receive(other, 3000)) == 1)
		;
	assert_int_equal(n, -1);
	assert_int_equal(WEXITSTATUS(peer_end(other)), 76);
}

static void
test_paths_do_not_lead_out(void **state)
{
	char secret[64] = "/tmp/guest-secret.XXXXXX", path[PATH_MAX];
	int fd = mkstemp(secret);
	struct stat st;

	(void)state;
	assert_true(fd >= 0 && write(fd, "secret", 6) == 6);
	close(fd);
	assert_int_equal(symlink(secret, at("absolute")), 0);
	snprintf(path, sizeof(path), "..%s", secret + 4);
	assert_int_equal(symlink(path, at("relative")), 0);
	assert_int_equal(symlink("/tmp", at("directory")), 0);
	assert_int_equal(symlink("/tmp/guest-planted", at("dangling")), 0);
	READ("absolute");
	assert_errno(p, EXDEV);
	READ("relative");
	assert_errno(p, EXDEV);
	READ(path);
	assert_errno(p, EXDEV);
	snprintf(path, sizeof(path), "directory%s", secret + 4);
	READ(path);
	assert_errno(p, EXDEV);
	snprintf(path, sizeof(path), "a/../../%s", secret + 5);
	READ(path);
	assert_true(p->is_failed);
	peer_write(p, "dangling", "x", 1, false);
	assert_errno(p, ELOOP);
	peer_write(p, "dangling", "x", 1, true);
	assert_true(p->is_failed);
	peer_write(p, "directory/guest-planted", "x", 1, false);
	assert_errno(p, EXDEV);
	peer_write(p, "../guest-planted", "x", 1, false);
	assert_errno(p, EXDEV);
	ASK(guest_mkdir, "directory/guest-planted/deep");
	assert_errno(p, EXDEV);
	ASK(guest_mkdir, "../guest-planted");
	assert_errno(p, EXDEV);
	ASK(guest_delete, "relative/../x");
	assert_true(p->is_failed);
	ASK(guest_list, "directory", .most = 10);
	assert_errno(p, EXDEV);
	assert_int_equal(stat("/tmp/guest-planted", &st), -1);
	/* Control: inside, and by its own name, it is read. */
	READ(secret);
	assert_memory_equal(p->data, "secret", 6);
	peer_write(p, "inside", "fine", 4, false);
	assert_int_equal(symlink("inside", at("link")), 0);
	READ("link");
	assert_memory_equal(p->data, "fine", 4);
	assert_int_equal(unlink(secret), 0);
}

static void
test_paths_of_the_kernel_are_refused(void **state)
{
	static const char *const paths[] = { "/proc/self/fd/0",
	    "/proc/self/mem", "/proc/self/environ", "/proc/1/fd/1000",
	    "/proc/self/root/etc/passwd", "/dev/stdin", "/dev/fd/3",
	    "/dev/null", "/dev/zero", "/sys/kernel/uevent_seqnum" };

	(void)state;
	for (size_t i = 0; i < nitems(paths); i++) {
		READ(paths[i]);
		assert_true(p->is_failed);
		peer_write(p, paths[i], "x", 1, false);
		assert_true(p->is_failed);
		peer_write(p, paths[i], "x", 1, true);
		assert_true(p->is_failed);
	}
	peer_write(p, "/proc/sys/kernel/hostname", "x", 1, true);
	assert_errno(p, EPERM);
	READ("/etc/passwd");
	assert_true(p->data_len > 0);
}

static void
test_files_that_are_none_are_refused(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), reader;
	uint64_t begin_ms = now_mono_ms();

	(void)state;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", at("socket"));
	assert_int_equal(bind(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(s);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(mkdir(at("dir"), 0755), 0);
	READ("fifo");
	assert_errno(p, EINVAL);
	READ("socket");
	assert_true(p->is_failed);
	READ("dir");
	assert_errno(p, EISDIR);
	peer_write(p, "fifo", "x", 1, false);
	assert_errno(p, EINVAL);
	peer_write(p, "fifo", "x", 1, true);
	assert_errno(p, ENXIO);
	reader = open(at("fifo"), O_RDWR | O_NONBLOCK);
	peer_write(p, "fifo", "x", 1, true);
	assert_errno(p, EINVAL);
	close(reader);
	peer_write(p, "socket", "x", 1, false);
	assert_errno(p, EINVAL);
	peer_write(p, "dir", "x", 1, false);
	assert_errno(p, EISDIR);
	peer_write(p, "new/", "x", 1, false);
	assert_errno(p, EISDIR);
	assert_true(now_mono_ms() - begin_ms < 3000);
}

static void
test_names_are_taken_literally(void **state)
{
	char name[300];
	struct guest_read nul = { .path = { (const uint8_t *)"ok\0.txt", 7 },
	    .most = 10 };

	(void)state;
	peer_write(p, "ok", "fine", 4, false);
	peer_next(p);
	nul.call = p->call;
	send_guest_read(&p->channel, &nul);
	peer_finish(p);
	assert_errno(p, EINVAL);
	READ("ok/");
	assert_errno(p, ENOTDIR);
	READ("ok/.");
	assert_errno(p, ENOTDIR);
	READ("./ok");
	assert_memory_equal(p->data, "fine", 4);
	READ("");
	assert_errno(p, EINVAL);
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	peer_write(p, name, "x", 1, false);
	assert_true(p->is_done);
	name[255] = 'n';
	name[256] = '\0';
	peer_write(p, name, "x", 1, false);
	assert_errno(p, ENAMETOOLONG);
	peer_write(p, "$(touch x); `y` * ? ~ -rf", "literal", 7, false);
	assert_true(p->is_done);
	assert_int_equal(access(at("$(touch x); `y` * ? ~ -rf"), F_OK), 0);
}

static void
test_sparse_giant_is_read_in_windows(void **state)
{
	int fd = open(at("giant"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	uint64_t begin_ms = now_mono_ms();

	(void)state;
	assert_int_equal(ftruncate(fd, 1ll << 40), 0);
	assert_int_equal(pwrite(fd, "end", 3, (1ll << 40) - 3), 3);
	close(fd);
	ASK(guest_read, "giant", .most = 100000);
	assert_int_equal(p->data_len, 100000);
	assert_int_equal(p->data_size, 1ull << 40);
	ASK(guest_read, "giant", .offset = (1ull << 40) - 3, .most = 100000);
	assert_int_equal(p->data_len, 3);
	assert_memory_equal(p->data, "end", 3);
	ASK(guest_read, "giant", .offset = UINT64_MAX, .most = 1);
	assert_int_equal(p->data_len, 0);
	assert_true(now_mono_ms() - begin_ms < 1000);
}

static void
test_list_gives_exact_names(void **state)
{
	(void)state;
	peer_write(p, "\377\376 \033[31m\n", "12345", 5, false);
	peer_write(p, "sub/under/file", "x", 1, false);
	assert_int_equal(symlink("/etc", at("sub/link")), 0);
	assert_int_equal(symlink(".", at("sub/loop")), 0);
	ASK(guest_list, "", .most = 100);
	assert_true(p->is_done);
	assert_int_equal(p->nentries, 2);
	assert_non_null(entry("\377\376 \033[31m\n"));
	assert_int_equal(entry("\377\376 \033[31m\n")->size, 5);
	assert_true(S_ISDIR(entry("sub")->mode));
	ASK(guest_list, "", .recursive = true, .most = 100);
	assert_int_equal(p->nentries, 6);
	assert_non_null(entry("sub/under/file"));
	assert_true(S_ISLNK(entry("sub/link")->mode));
	ASK(guest_list, "sub", .recursive = true, .most = 100);
	assert_non_null(entry("under/file"));
	ASK(guest_list, "", .recursive = true, .most = 3);
	assert_int_equal(p->nentries, 3);
	assert_true(p->is_done);
	ASK(guest_list, "sub/under/file", .most = 3);
	assert_errno(p, ENOTDIR);
	ASK(guest_list, "nowhere", .most = 3);
	assert_errno(p, ENOENT);
}

static void
test_list_is_bounded_in_depth(void **state)
{
	(void)state;
	peer_shell(p, 20000, "i=0; while [ $i -lt 300 ]; do mkdir d && cd d || "
	    "exit 1; i=$((i+1)); done");
	assert_exit(p, 0);
	ASK(guest_list, "", .recursive = true, .most = 10000);
	assert_errno(p, ELOOP);
	assert_true(p->nentries > 50 && p->nentries < 300);
	peer_shell(p, 20000, "rm -rf d");
}

static void
test_stat_delete_and_mkdir(void **state)
{
	uint64_t now = now_wall_ms();

	(void)state;
	ASK(guest_mkdir, "a/b/c");
	assert_true(p->is_done);
	ASK(guest_mkdir, "a/b/c");
	assert_true(p->is_done);
	peer_write(p, "a/file", "four", 4, false);
	ASK(guest_mkdir, "a/file/x");
	assert_errno(p, ENOTDIR);
	ASK(guest_stat, "a/file");
	assert_true(p->is_done);
	assert_int_equal(p->nentries, 1);
	assert_true(S_ISREG(p->entries[0].mode));
	assert_int_equal(p->entries[0].size, 4);
	assert_true(p->entries[0].modified > (int64_t)now - 5000 &&
	    p->entries[0].modified < (int64_t)now + 5000);
	ASK(guest_stat, "a/none");
	assert_errno(p, ENOENT);
	assert_int_equal(symlink("nowhere", at("a/broken")), 0);
	ASK(guest_stat, "a/broken");
	assert_true(S_ISLNK(p->entries[0].mode));
	ASK(guest_delete, "a/b");
	assert_errno(p, ENOTEMPTY);
	ASK(guest_delete, "a/file/");
	assert_errno(p, ENOTDIR);
	ASK(guest_delete, "a/broken");
	assert_true(p->is_done);
	ASK(guest_delete, "a/b/c");
	assert_true(p->is_done);
	ASK(guest_delete, "a/b/");
	assert_true(p->is_done);
	ASK(guest_delete, ".");
	assert_errno(p, EINVAL);
	ASK(guest_delete, "..");
	assert_true(p->is_failed);
	ASK(guest_delete, "a/file");
	assert_true(p->is_done);
	ASK(guest_delete, "a/file");
	assert_errno(p, ENOENT);
}

/* A directory that turns into a link and back must never lead out. */
static void
test_swapped_directories_do_not_lead_out(void **state)
{
	char secret[64] = "/tmp/guest-outside.XXXXXX", path[PATH_MAX];
	const char *argv[] = { "/usr/bin/python3", "-I", "-c",
	    "import os, sys, time\n"
	    "def lay():\n"
	    "    os.system('rm -rf d x s 2>&-')\n"
	    "    os.makedirs('d'); open('d/file', 'w').write('harmless')\n"
	    "    os.symlink(sys.argv[1], 's')\n"
	    "e = time.time() + 2\n"
	    "while time.time() < e:\n"
	    "    try:\n"
	    "        os.rename('d', 'x'); os.rename('s', 'd')\n"
	    "        os.rename('d', 's'); os.rename('x', 'd')\n"
	    "    except OSError:\n"	/* the guest made its own d */
	    "        try: lay()\n"
	    "        except OSError: pass\n",
	    secret, NULL };
	struct guest_exec exec = { .timeout = 10000, .credit = 65536 };
	unsigned reads = 0, refused = 0;
	uint64_t call;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(secret));
	snprintf(path, sizeof(path), "%s/file", secret);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	assert_int_equal(write(fd, "secret", 6), 6);
	close(fd);
	peer_next(p);
	exec.call = call = p->call;
	for (size_t i = 0; argv[i] != NULL; i++)
		peer_argument(p, argv[i], strlen(argv[i]));
	assert_int_equal(send_guest_exec(&p->channel, &exec), 0);
	for (uint64_t until = now_mono_ms() + 1800; now_mono_ms() < until; ) {
		READ("d/file");
		reads += !p->is_failed;
		refused += p->is_failed && p->failed.error == EXDEV;
		if (p->data_len > 0)
			assert_memory_equal(p->data, "harmless", 8);
		peer_write(p, "d/planted", "x", 1, false);
		ASK(guest_delete, "d/planted");
	}
	/* The race was real: both sides of it were seen. */
	assert_true(reads > 10 && refused > 10);
	snprintf(path, sizeof(path), "%s/planted", secret);
	assert_int_equal(access(path, F_OK), -1);
	peer_next(p);
	p->call = call;
	peer_finish(p);
	assert_true(p->is_exited);
	snprintf(path, sizeof(path), "rm -r %s", secret);
	assert_int_equal(system(path), 0);
}

int
main(int argc, char **argv)
{
#define CASE(f)	cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_write_and_read_keep_every_byte),
		CASE(test_write_replaces_whole_or_not_at_all),
		CASE(test_write_pieces_must_name_one_file),
		CASE(test_paths_do_not_lead_out),
		CASE(test_paths_of_the_kernel_are_refused),
		CASE(test_files_that_are_none_are_refused),
		CASE(test_names_are_taken_literally),
		CASE(test_sparse_giant_is_read_in_windows),
		CASE(test_list_gives_exact_names),
		CASE(test_list_is_bounded_in_depth),
		CASE(test_stat_delete_and_mkdir),
		CASE(test_swapped_directories_do_not_lead_out),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
