/*
 * main.c: config-reader, which turns TOML files into msgpack and ends.
 * Runs in: config-reader, no rights but its channel and its descriptors.
 * Input: hostile; the files are written by operators, or who got that far.
 * Reading order: main.c, toml.h, toml.c, toml_text.c, toml_number.c,
 * toml_tree.c, toml_pack.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ipc/ipc.h"
#include "ipc/util.h"
#include "policy/confine.h"
#include "supervisor/config-reader/toml.h"

#define SELF	CONFIG
#include "ipc/dispatch.h"

#define CHANNEL		3
#define FIRST_FILE	4		/* descriptor of index 0 */
#define FILES_MAX	4096		/* the supervisor gives far fewer */

static int
answer_broken(struct channel *c, uint32_t index, unsigned line,
    const char *reason)
{
	struct configuration_broken m = { .index = index, .line = line };

	snprintf(m.reason, sizeof(m.reason), "%s", reason);
	return send_configuration_broken(c, &m) == 0 ? 0 : -1;
}

/* The whole file, or one byte more than is allowed; -1 with errno. */
static ssize_t
read_file(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = pread(fd, text + len, size - len, (off_t)len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static int
answer_document(struct channel *c, uint32_t index, const struct toml *doc)
{
	struct configuration m = { .index = index };
	struct pack map, lines;
	int status;

	pack_init(&map, 1 * MiB);
	pack_init(&lines, 1 * MiB);
	toml_pack(&map, doc);
	toml_pack_lines(&lines, doc);
	if (map.failed || lines.failed) {
		status = answer_broken(c, index, 1, "the file has too many or "
		    "too long keys: its index is larger than 1 MiB");
	} else {
		m.map = BLOB(map.data, map.len);
		m.lines = BLOB(lines.data, lines.len);
		status = send_configuration(c, &m);
	}
	pack_clear(&map);
	pack_clear(&lines);
	return status;
}

int
on_read_request(struct channel *c, struct read_request *m)
{
	struct toml_problem problem;
	struct toml *doc;
	autofree char *text = xcalloc(1, TOML_BYTES + 1);
	ssize_t len = -1;
	int status;

	if (m->index < FILES_MAX)
		len = read_file(FIRST_FILE + (int)m->index, text,
		    TOML_BYTES + 1);
	if (len == -1)
		return answer_broken(c, m->index, 1, m->index < FILES_MAX ?
		    strerror(errno) : "there is no such file");
	doc = toml_parse(text, (size_t)len, &problem);
	if (doc == NULL)
		return answer_broken(c, m->index, problem.line,
		    problem.reason);
	status = answer_document(c, m->index, doc);
	toml_free(doc);
	return status;
}

int
main(void)
{
	struct channel c;
	enum received got;

	log_init("config-reader", LOG_INFO);
	/* The first allocation asks for a random number, the rest do not. */
	free(xcalloc(1, 1));
	confine(&page_config_reader);
	channel_init(&c, CHANNEL, CONFIG, JUDGE, dispatch_table);
	worker_ready(&c);
	c.phase = RUNNING;
	while ((got = channel_receive(&c)) == RECEIVED)
		continue;
	if (got == RECEIVE_FAULT)
		fatalx("the judge broke the contract: %s", c.why);
	channel_clear(&c);
	return 0;
}
