/*
 * doctor_system.c: what is installed, and whether it works together.
 * Runs in: sallyport.
 * Input: the file system, and the supervisor's answers.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "client/cli/doctor.h"

/* Our own group in a hierarchy, as a path; -1 if there is none. */
static int
own_group(const char *controller, char *path, size_t size)
{
	char line[PATH_MAX], *list, *rest, *at, *state;
	FILE *f = fopen("/proc/self/cgroup", "re");
	bool hit, found_one = false;

	while (f != NULL && !found_one && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if ((list = strchr(line, ':')) == NULL ||
		    (rest = strchr(++list, ':')) == NULL)
			continue;
		*rest++ = '\0';
		hit = controller == NULL && list[0] == '\0';
		for (at = strtok_r(list, ",", &state); !hit &&
		    controller != NULL && at != NULL;
		    at = strtok_r(NULL, ",", &state))
			hit = strcmp(at, controller) == 0;
		if (!hit)
			continue;
		snprintf(path, size, "/sys/fs/cgroup%s%s%s", controller !=
		    NULL ? "/" : "", controller != NULL ? controller : "",
		    strcmp(rest, "/") == 0 ? "" : rest);
		found_one = true;
	}
	if (f != NULL)
		fclose(f);
	return found_one ? 0 : -1;
}

/* Really make a group there, and remove it. */
static int
try_group(const char *parent)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/sallyport-doctor-%d", parent,
	    (int)getpid());
	if (mkdir(path, 0755) == -1)
		return -1;
	return rmdir(path);
}

static bool
has_controllers(const char *group)
{
	char path[PATH_MAX + 32], text[512] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", group);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	return strstr(text, "memory") != NULL && strstr(text, "pids") != NULL;
}

void
check_cgroup(struct cli *cli, struct finding *f)
{
	char group[PATH_MAX];

	(void)cli;
	if (own_group(NULL, group, sizeof(group)) == 0 &&
	    has_controllers(group)) {
		if (try_group(group) == 0)
			found(f, CHECK_ok, "v2, groups can be made");
		else
			found(f, CHECK_limited, "v2, but no group can be made "
			    "here (%s): memory and CPU are limited by "
			    "rlimits only", strerror(errno));
		return;
	}
	if (own_group("memory", group, sizeof(group)) == -1) {
		found(f, CHECK_limited, "no memory controller: sandboxes are "
		    "limited by rlimits only");
		return;
	}
	if (try_group(group) == 0 || (errno == ENOENT &&
	    try_group("/sys/fs/cgroup/memory") == 0))
		found(f, CHECK_ok, "v1, groups can be made");
	else
		found(f, CHECK_limited, "v1, but no group can be made (%s): "
		    "memory and CPU are limited by rlimits only",
		    strerror(errno));
}

void
check_python(struct cli *cli, struct finding *f)
{
	static const char *const places[] = {
		"/usr/bin/python3", "/usr/local/bin/python3"
	};
	char real[PATH_MAX];

	(void)cli;
	for (size_t i = 0; i < nitems(places); i++) {
		if (access(places[i], X_OK) == -1 ||
		    realpath(places[i], real) == NULL)
			continue;
		if (strncmp(real, "/usr/", 5) != 0)
			continue;	/* the sandbox would not see it */
		found(f, CHECK_ok, "%s", real);
		return;
	}
	found(f, CHECK_missing, "no python3 below /usr: execute_python "
	    "cannot work");
}

void
check_programs(struct cli *cli, struct finding *f)
{
	static const char *const programs[] = {
		"bin/sallyportd", "libexec/sallyport/judge",
		"libexec/sallyport/dialer", "libexec/sallyport/config-reader",
		"libexec/sallyport/cognition-worker",
		"libexec/sallyport/exec-stream",
		"libexec/sallyport/sandbox-launcher",
		"libexec/sallyport/tracker-record", "libexec/sallyport/guest"
	};
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)cli;
	self[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 2; i++)	/* without /bin/sallyport */
		if (strrchr(self, '/') != NULL)
			*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < nitems(programs); i++) {
		snprintf(path, sizeof(path), "%s/%s", self, programs[i]);
		if (access(path, X_OK) == 0)
			continue;
		found(f, CHECK_missing, "%.400s: %s", path, strerror(errno));
		return;
	}
	found(f, CHECK_ok, "%zu programs in %.400s", nitems(programs), self);
}

void
check_supervisor(struct cli *cli, struct finding *f)
{
	struct sallyport_options o = {
		.state_dir = arg_text(&cli->args, "state-dir"),
		.config = arg_text(&cli->args, "config")
	};
	const struct sallyport_server *s;
	struct sallyport_error e;

	cli->h = sallyport_connect(&o, &e);
	if (cli->h == NULL) {
		found(f, CHECK_missing, "%s%s%.400s", e.name, e.name[0] != '\0'
		    ? ": " : "", e.message);
		return;
	}
	s = sallyport_server(cli->h);
	found(f, CHECK_ok, "version %s, %s, %s%.300s", s->version,
	    s->user_mode ? "of this user" : "the daemon",
	    s->started ? "started now, " : "", s->state_dir);
}

/* Open a sandbox, run true in it, close it. */
void
check_sandbox(struct cli *cli, struct finding *f)
{
	static char *const argv[] = { (char *)"true" };
	struct sallyport_sandbox s = { 0 };
	const struct sallyport_event *e = NULL;
	char id[37];
	struct sallyport_exec x = { .sandbox = id, .argv = argv, .argc = 1,
	    .timeout = 10000 };
	uint64_t request;

	if (cli->h == NULL) {
		found(f, CHECK_missing, "no supervisor to make one");
		return;
	}
	request = sallyport_sandbox_open(cli->h, &s);
	if (request == 0 || sallyport_wait(cli->h, request, &e) == -1 ||
	    e->kind != SALLYPORT_OPENED) {
		found(f, CHECK_missing, "open: %.400s", e != NULL ? e->message :
		    sallyport_last_error(cli->h)->message);
		return;
	}
	snprintf(id, sizeof(id), "%s", e->run);
	request = sallyport_exec(cli->h, &x);
	if (request == 0 || sallyport_wait(cli->h, request, &e) == -1)
		found(f, CHECK_missing, "execute: %.400s",
		    sallyport_last_error(cli->h)->message);
	else if (e->kind != SALLYPORT_EXITED || e->exit_code != 0)
		found(f, CHECK_missing, "execute true: %s %.300s",
		    e->outcome, e->message);
	else
		found(f, CHECK_ok, "a native sandbox ran a command");
	request = sallyport_sandbox_close(cli->h, id);
	if (request != 0)
		sallyport_wait(cli->h, request, &e);
}
