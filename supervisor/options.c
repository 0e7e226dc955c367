/*
 * options.c: the supervisor's command line, from one table.
 * Runs in: supervisor, before anything else.
 * Input: trusted: whoever starts the supervisor owns it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ipc/version.h"
#include "policy/words.h"
#include "supervisor/options.h"

static const char *const levels[] = { "error", "warning", "info", "debug" };

static int
path_set(char *dst, const char *value)
{
	char here[PATH_MAX];
	int n;

	if (value[0] == '/')
		n = snprintf(dst, PATH_MAX, "%s", value);
	else if (value[0] == '\0' || getcwd(here, sizeof(here)) == NULL)
		return -1;
	else
		n = snprintf(dst, PATH_MAX, "%s/%s", here, value);
	return n < 0 || n >= PATH_MAX ? -1 : 0;
}

static int
set_user(struct options *o, const char *value)
{
	(void)value;
	o->user = true;
	return 0;
}

static int
set_state_dir(struct options *o, const char *value)
{
	return path_set(o->state_dir, value);
}

static int
set_config(struct options *o, const char *value)
{
	o->config_named = true;
	return path_set(o->config, value);
}

static int
set_socket(struct options *o, const char *value)
{
	return path_set(o->socket, value);
}

static int
set_sandbox_root(struct options *o, const char *value)
{
	return path_set(o->sandbox_root, value);
}

static int
set_log_level(struct options *o, const char *value)
{
	for (unsigned i = 0; i < nitems(levels); i++) {
		if (strcmp(value, levels[i]) == 0) {
			o->log_level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

static int
set_ready_fd(struct options *o, const char *value)
{
	char *end;
	long fd = strtol(value, &end, 10);

	if (end == value || *end != '\0' || fd < 3 || fd > INT_MAX ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	o->ready_fd = (int)fd;
	return 0;
}

static const struct row {
	const char *name;
	const char *value;	/* what follows it, or NULL */
	int (*set)(struct options *, const char *);	/* -1: no such value */
	const char *help;
} rows[] = {
	{ "user", NULL, set_user,
	    "serve the user who starts it; leave when nothing is left to do" },
	{ "state-dir", "DIR", set_state_dir,
	    "where the record is kept (/var/lib/sallyport)" },
	{ "config", "FILE", set_config,
	    "configuration (/etc/sallyport/sallyport.toml)" },
	{ "socket", "PATH", set_socket,
	    "control socket (/run/sallyport/control.sock)" },
	{ "sandbox-root", "DIR", set_sandbox_root,
	    "root of the system that native sandboxes see (/)" },
	{ "log-level", "LEVEL", set_log_level,
	    "error, warning, info or debug (info)" },
	{ "ready-fd", "N", set_ready_fd,
	    "write one byte to this descriptor when serving" },
	{ "help", NULL, NULL, "print this" },
	{ "version", NULL, NULL, "print the version" },
};

static int
help_print(void)
{
	puts("usage: sallyportd [OPTION]...\n"
	    "The supervisor of sallyport: starts the confined processes that "
	    "run agents.\n");
	for (size_t i = 0; i < nitems(rows); i++)
		printf("  --%-12s %-6s %s\n", rows[i].name,
		    rows[i].value != NULL ? rows[i].value : "", rows[i].help);
	puts("\nWith --user: state in $SALLYPORT_STATE_DIR, "
	    "$XDG_STATE_HOME/sallyport or\n~/.local/state/sallyport, "
	    "configuration in $XDG_CONFIG_HOME/sallyport/, socket in the\n"
	    "state directory.\n\n"
	    "SIGTERM ends all runs and leaves, a second one at once; SIGHUP "
	    "reads the\nconfiguration again.");
	return 0;
}

/* $VARIABLE/sallyport, else ~/FALLBACK/sallyport. */
static int
home_path(char *dst, const char *variable, const char *fallback,
    const char *file)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	int n;

	if (base != NULL && base[0] == '/')
		n = snprintf(dst, PATH_MAX, "%s/sallyport%s", base, file);
	else if (home != NULL && home[0] == '/')
		n = snprintf(dst, PATH_MAX, "%s/%s/sallyport%s", home,
		    fallback, file);
	else
		return -1;
	return n < 0 || n >= PATH_MAX ? -1 : 0;
}

static int
state_default(struct options *o)
{
	const char *named = getenv("SALLYPORT_STATE_DIR");

	if (o->state_dir[0] != '\0')
		return 0;
	if (!o->user)
		return path_set(o->state_dir, "/var/lib/sallyport");
	if (named != NULL && named[0] != '\0')
		return path_set(o->state_dir, named);
	return home_path(o->state_dir, "XDG_STATE_HOME", ".local/state", "");
}

static int
defaults_fill(struct options *o)
{
	int n = 0;

	if (state_default(o) == -1)
		return -1;
	if (o->config[0] == '\0' && !o->user)
		n = path_set(o->config, "/etc/sallyport/sallyport.toml");
	else if (o->config[0] == '\0')
		n = home_path(o->config, "XDG_CONFIG_HOME", ".config",
		    "/sallyport.toml");
	if (n == -1)
		o->config[0] = '\0';	/* no home: no file */
	if (o->socket[0] != '\0')
		return 0;
	if (!o->user)
		return path_set(o->socket, "/run/sallyport/control.sock");
	n = snprintf(o->socket, PATH_MAX, "%s/control.sock", o->state_dir);
	return n < 0 || n >= PATH_MAX ? -1 : 0;
}

static int
usage(const char *text, const char *name)
{
	fprintf(stderr, "sallyportd: %s%s; see sallyportd --help\n", text,
	    name);
	return EXIT_usage;
}

int
options_read(struct options *o, int argc, char **argv)
{
	struct option longs[nitems(rows) + 1] = { { 0 } };
	int got, at = 0;

	*o = (struct options){ .ready_fd = -1, .log_level = LOG_INFO,
	    .sandbox_root = "/" };
	for (size_t i = 0; i < nitems(rows); i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].value != NULL;
	}
	optind = 0;		/* so that it can be called again */
	while ((got = getopt_long(argc, argv, "", longs, &at)) != -1) {
		if (got != 0)
			return usage("that is no option of it", "");
		if (strcmp(rows[at].name, "help") == 0)
			return help_print();
		if (strcmp(rows[at].name, "version") == 0)
			return puts("sallyportd " SALLYPORT_VERSION) < 0;
		if (rows[at].set(o, optarg) == -1)
			return usage("no such value for --", rows[at].name);
	}
	if (optind < argc)
		return usage("it takes no arguments: ", argv[optind]);
	if (defaults_fill(o) == -1)
		return usage("no home directory: use --state-dir", "");
	return OPTIONS_GO_ON;
}
