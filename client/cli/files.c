/*
 * files.c: the recorded files of a run, and what it stored with set_state.
 * Runs in: sallyport.
 * Input: names and bytes that a sandbox made: hostile.  Nothing is written
 * but where our own user says.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "client/cli/cli.h"

static int
list_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	char time[32];

	(void)arg;
	if (cli->json) {
		row_json(cli, e->body);
		return 0;
	}
	printf("%10lld  %-24s  ", (long long)value_get_int(e->body, "size",
	    0), row_time(time, e->body, "modified"));
	print_value(stdout, value_get(e->body, "path"), false);
	putchar('\n');
	return 0;
}

static int
ask(struct cli *cli, enum sallyport_query kind,
    int (*each)(struct cli *, const struct sallyport_event *, void *))
{
	struct sallyport_question q = { .kind = kind,
	    .run = cli->args.operands[0] };
	int status;

	if (!run_name_ok(q.run))
		return fail_usage(cli, "a run is named by its UUID or at "
		    "least 4 characters of its beginning");
	status = cli_connect(cli);
	return status != 0 ? status : rows(cli, &q, each, NULL);
}

static int
files_list(struct cli *cli)
{
	return ask(cli, SALLYPORT_FILES, list_row);
}

static int
state_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	autojson struct json j = { 0 };

	(void)arg;
	if (cli->json) {
		row_json(cli, e->body);
		return 0;
	}
	print_value(stdout, value_get(e->body, "key"), false);
	json_value(&j, value_get(e->body, "value"));
	printf(" = %s\n", j.text);
	return 0;
}

static int
state(struct cli *cli)
{
	return ask(cli, SALLYPORT_STATE, state_row);
}

/* Where the bytes of `files get` go. */
struct sink {
	int		 fd;
	bool		 terminal;
	struct foreign	 text;
	struct json	*json;		/* the whole file is one object */
	char		*data;		/* for JSON */
	size_t		 len;
};

static int
write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == -1)
			return -1;
	}
	return 0;
}

static int
get_row(struct cli *cli, const struct sallyport_event *e, void *arg)
{
	struct sink *s = arg;

	if (cli->json && s->fd == -1) {
		s->data = xrealloc(s->data, s->len + e->len + 1);
		memcpy(s->data + s->len, e->data, e->len);
		s->len += e->len;
	} else if (s->terminal) {
		foreign_print(&s->text, stdout, e->data, e->len);
	} else if (write_all(s->fd, e->data, e->len) == -1) {
		return fail_with(cli, EXIT_record, ERROR_none,
		    "write the file: %s", strerror(errno));
	}
	return 0;
}

/* The bytes go to a file beside the target, which is then renamed. */
static int
get_to_file(struct cli *cli, const struct sallyport_question *q,
    const char *path)
{
	size_t size = strlen(path) + 16;
	autofree char *part = xcalloc(1, size);
	struct sink s = { 0 };
	mode_t mask = umask(077);
	int status;

	umask(mask);
	snprintf(part, size, "%s.XXXXXX", path);
	s.fd = mkostemp(part, O_CLOEXEC);
	if (s.fd == -1)
		return fail_with(cli, EXIT_record, ERROR_none, "create %s: %s",
		    path, strerror(errno));
	status = rows(cli, q, get_row, &s);
	if (status == 0 && (fchmod(s.fd, 0666 & ~mask) == -1 ||
	    rename(part, path) == -1))
		status = fail_with(cli, EXIT_record, ERROR_none,
		    "write %s: %s", path, strerror(errno));
	close(s.fd);
	if (status != 0)
		unlink(part);
	return status;
}

static int
get_to_stdout(struct cli *cli, const struct sallyport_question *q)
{
	struct sink s = { .fd = cli->json ? -1 : STDOUT_FILENO,
	    .terminal = !cli->json && isatty(STDOUT_FILENO) };
	autofree char *data = NULL;
	autojson struct json j = { 0 };
	int status = rows(cli, q, get_row, &s);

	data = s.data;
	if (s.terminal)
		foreign_end(&s.text, stdout);
	if (status != 0 || !cli->json)
		return status;
	json_open(&j, '{');
	json_key(&j, "path");
	json_text(&j, q->path);
	json_key(&j, "size");
	json_uint(&j, s.len);
	json_members_bytes(&j, s.data != NULL ? s.data : "", s.len);
	json_close(&j, '}');
	print_json(&j);
	return 0;
}

static int
files_get(struct cli *cli)
{
	struct sallyport_question q = { .kind = SALLYPORT_FILE,
	    .run = cli->args.operands[0], .path = cli->args.operands[1] };
	const char *output = arg_text(&cli->args, "output");
	int status;

	if (!run_name_ok(q.run))
		return fail_usage(cli, "a run is named by its UUID or at "
		    "least 4 characters of its beginning");
	status = cli_connect(cli);
	if (status != 0)
		return status;
	if (output == NULL || strcmp(output, "-") == 0)
		return get_to_stdout(cli, &q);
	return get_to_file(cli, &q, output);
}

const struct verb verb_files_list = {
	.noun = "files", .name = "list", .operands = "RUN",
	.least = 1, .most = 1,
	.summary = "list the files of a run that are kept in the record",
	.example = "sallyport files list 01935f2c", .run = files_list
};

static const struct option_row get_options[] = {
	{ "output", 'o', OPT_text, "FILE", 0,
	    "write there, not to standard output" },
};

const struct verb verb_files_get = {
	.noun = "files", .name = "get", .operands = "RUN PATH",
	.least = 2, .most = 2, .summary = "fetch a recorded file",
	.example = "sallyport files get 01935f2c primes.py -o primes.py",
	.options = get_options, .noptions = nitems(get_options),
	.run = files_get
};

const struct verb verb_state = {
	.noun = "state", .operands = "RUN", .least = 1, .most = 1,
	.summary = "print what a run stored with set_state",
	.example = "sallyport state 01935f2c --json", .run = state
};
