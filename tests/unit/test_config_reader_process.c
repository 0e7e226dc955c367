/*
 * test_config_reader_process.c: the real config-reader, confined, with files
 * on its descriptors and a test that is its judge.
 * Runs in: unit tests.
 * Input: none.
 */
#include "tests/unit/as_judge.h"

#include <sys/mman.h>

#include "ipc/value.h"

static struct {
	bool		flag;
	bool		broken;
	uint32_t	index, line;
	char		reason[513];
	struct value	*map, *lines;
} seen;

static struct value *
take_map(struct blob *b)
{
	const char *why;

	assert_int_equal(blob_map(b), 0);
	return value_decode(b->data, b->len, &why);
}

static int
driver_seen(struct channel *c, enum message type, void *m)
{
	struct configuration *good = m;
	struct configuration_broken *bad = m;

	(void)c;
	if (type != MSG_configuration && type != MSG_configuration_broken)
		return 0;
	value_free(seen.map);
	value_free(seen.lines);
	memset(&seen, 0, sizeof(seen));
	seen.flag = true;
	seen.broken = type == MSG_configuration_broken;
	if (seen.broken) {
		seen.index = bad->index;
		seen.line = bad->line;
		snprintf(seen.reason, sizeof(seen.reason), "%s", bad->reason);
	} else {
		seen.index = good->index;
		seen.map = take_map(&good->map);
		seen.lines = take_map(&good->lines);
	}
	return 0;
}

static const char *texts[3];		/* of the files */

/* In the worker's child: descriptors 4 and on; their offset is at the end. */
static void
give_files(void)
{
	int fd;

	for (int i = 0; i < 3; i++) {
		fd = memfd_create("config", 0);
		if (write(fd, texts[i], strlen(texts[i])) == -1 ||
		    dup2(fd, 4 + i) == -1)
			_exit(115);
	}
}

static void
read_file(struct worker *w, uint32_t index)
{
	struct read_request m = { .index = index };

	seen.flag = false;
	assert_int_equal(send_read_request(&w->c, &m), 0);
	assert_true(worker_until(w, &seen.flag, 5000));
	assert_int_equal(seen.index, index);
}

static char *
large_file(void)
{
	char *text = xcalloc(1, 200000);
	size_t n = 0;

	for (int i = 0; i < 2000; i++)
		n += (size_t)snprintf(text + n, 200000 - n,
		    "key%d = \"0123456789abcdef\"\n", i);
	return text;
}

static void
test_config_reader_answers_each_file(void **state)
{
	autofree char *large = large_file();
	struct worker w;

	(void)state;
	texts[0] = "[agents]\nname = 'x'\n";
	texts[1] = "[agents]\nname = x\n";
	texts[2] = large;
	worker_prepare = give_files;
	worker_start(&w, CONFIG, "config-reader", &page_config_reader, "/");
	read_file(&w, 0);
	assert_false(seen.broken);
	assert_true(value_is_text(value_get(value_get(seen.map, "agents"),
	    "name"), "x"));
	assert_int_equal(value_get_int(seen.lines, "agents.name", 0), 2);
	read_file(&w, 1);
	assert_true(seen.broken);
	assert_int_equal(seen.line, 2);
	assert_non_null(strstr(seen.reason, "need quotes"));
	read_file(&w, 2);
	assert_false(seen.broken);
	assert_int_equal(seen.map->map.count, 2000);
	read_file(&w, 0);		/* again */
	assert_false(seen.broken);
	read_file(&w, 99);
	assert_true(seen.broken);
	read_file(&w, UINT32_MAX);
	assert_true(seen.broken);
	assert_int_equal(worker_end(&w), 0);
	value_free(seen.map);
	value_free(seen.lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_reader_answers_each_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
