/*
 * main.c: sallyportd, the supervisor.  Reading order: options.c state.c
 * config_files.c signing.c programs.c cgroups.c cgroup.c, then serve.c
 * from_judge.c workers.c sandbox.c spawn.c verify.c children.c notify.c.
 * Runs in: supervisor, as root or as the user who started it.
 * Input: options, configuration files it does not read, and the judge.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "policy/words.h"
#include "supervisor/from_judge.h"
#include "supervisor/supervisor.h"
#include "supervisor/verify.h"

/*
 * Nothing of whoever started us is passed on: 0, 1 and 2 exist, so that no
 * descriptor of ours becomes one of them, and no other is inherited.
 */
static int
descriptors_clean(int ready)
{
	int null;

	do {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (null >= 0 && null < 3 && fcntl(null, F_SETFD, 0) == 0);
	if (ready > 3)
		close_range(3, (unsigned)ready - 1, CLOSE_RANGE_CLOEXEC);
	close_range((unsigned)(ready >= 3 ? ready + 1 : 3), ~0u,
	    CLOSE_RANGE_CLOEXEC);
	return null;
}

static void
process_prepare(struct supervisor *s)
{
	struct rlimit files;
	const char *step = "";

	umask(077);
	s->uid = geteuid();
	s->root = s->uid == 0;
	/* No core file with credentials in it, nobody else of our uid looks. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		fatal("prepare the supervisor");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (confine_filter(&page_supervisor, &step) == -1)
		fatal("confine the supervisor: %s", step);
	s->filters = own_filters();
	if (s->filters == 0)
		fatalx("the supervisor's own filter is not in force");
}

/* The operator's root directory for sandboxes: nobody else's to change. */
static int
sandbox_root_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & 022) != 0) {
		log_line(LOG_ERROR, "use %s as the root of sandboxes: it must "
		    "be a directory that only root or you may write", path);
		return EXIT_config;
	}
	return 0;
}

static int
prepare(struct supervisor *s)
{
	int status;

	if (sodium_init() == -1)
		fatalx("initialise libsodium");
	if ((status = sandbox_root_check(s->options.sandbox_root)) != 0 ||
	    (status = state_open(&s->state, &s->options)) != 0 ||
	    (status = signing_open(&s->signing, &s->state)) != 0)
		return status;
	if (programs_open(s) == -1)
		return EXIT_internal;
	if (config_files_read(&s->config, &s->options) == -1)
		return EXIT_config;
	if ((s->ca_bundle = ca_bundle_read()) == -1)
		fatal("keep the CA bundle");
	cgroups_init(&s->cgroups);
	if (s->cgroups.version == 0)
		log_line(LOG_INFO, "no cgroups: %s", s->cgroups.said);
	if (chdir("/") == -1)
		fatal("go to /");
	return 0;
}

int
main(int argc, char **argv)
{
	static struct supervisor s;

	s.status = options_read(&s.options, argc, argv);
	if (s.status != OPTIONS_GO_ON)
		return s.status;
	log_init("supervisor", s.options.log_level);
	s.null = descriptors_clean(s.options.ready_fd);
	state_init(&s.state);
	signing_init(&s.signing);
	judge_channel_init(&s.judge, &s);
	process_prepare(&s);
	s.status = prepare(&s);
	if (s.status == 0)
		serve(&s);
	children_end(&s);
	sandbox_clean(&s);
	cgroups_clear(&s.cgroups);
	channel_clear(&s.judge);
	config_files_clear(&s.config);
	signing_clear(&s.signing);
	state_close(&s.state);
	return s.status;
}
