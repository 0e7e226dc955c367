/*
 * doctor.c: what this machine has of what sallyport needs, and how to repair
 * what is missing.
 * Runs in: sallyport.
 * Input: the machine it runs on.
 */
#include <stdarg.h>
#include <string.h>

#include "client/cli/doctor.h"

struct check {
	const char	*name;
	void		(*look)(struct cli *, struct finding *);
	const char	*repair;
};

static const struct check checks[] = {
	{ "kernel", check_kernel,
	    "boot Linux 6.1 or newer (Debian 12 has it)" },
	{ "landlock", check_landlock,
	    "boot a kernel with CONFIG_SECURITY_LANDLOCK, and 'landlock' in "
	    "the lsm= list of its command line" },
	{ "seccomp", check_seccomp,
	    "boot a kernel with CONFIG_SECCOMP_FILTER; in a container, allow "
	    "seccomp(2)" },
	{ "user namespace", check_user_namespace,
	    "sysctl -w user.max_user_namespaces=15000 and "
	    "kernel.unprivileged_userns_clone=1; on Ubuntu also "
	    "kernel.apparmor_restrict_unprivileged_userns=0; in a container, "
	    "allow unshare(2)" },
	{ "pid namespace", check_pid_namespace,
	    "sysctl -w user.max_pid_namespaces=15000" },
	{ "net namespace", check_net_namespace,
	    "sysctl -w user.max_net_namespaces=15000" },
	{ "mount namespace", check_mount_namespace,
	    "sysctl -w user.max_mnt_namespaces=15000; in a container, allow "
	    "mount(2)" },
	{ "cgroup", check_cgroup,
	    "run the daemon as root, or delegate a cgroup v2 subtree with "
	    "memory, pids and cpu (systemd: Delegate=yes)" },
	{ "python", check_python,
	    "install python3 below /usr (apt-get install python3): sandboxes "
	    "see the host's /usr" },
	{ "programs", check_programs,
	    "build with 'make', or install again: bin/ and libexec/sallyport/ "
	    "belong together" },
	{ "supervisor", check_supervisor,
	    "look at sallyportd.log in the state directory, or at "
	    "'journalctl -u sallyport' for the daemon" },
	{ "sandbox", check_sandbox,
	    "repair what is missing above first; then look at the "
	    "supervisor's log" },
};

void
found(struct finding *f, enum check_state state, const char *fmt, ...)
{
	va_list ap;

	f->state = state;
	va_start(ap, fmt);
	vsnprintf(f->detail, sizeof(f->detail), fmt, ap);
	va_end(ap);
}

static const char *
state_name(enum check_state state)
{
	return state == CHECK_ok ? "ok" : state == CHECK_limited ? "limited" :
	    "missing";
}

static void
report(struct cli *cli, const struct check *c, const struct finding *f)
{
	autojson struct json j = { 0 };

	if (!cli->json) {
		printf("%s%-8s%s %-16s ", style(stdout, f->state == CHECK_ok ?
		    GREEN : f->state == CHECK_limited ? YELLOW : RED),
		    state_name(f->state), style(stdout, PLAIN), c->name);
		print_foreign(stdout, f->detail, strlen(f->detail), false);
		putchar('\n');
		if (f->state != CHECK_ok)
			printf("%25s repair: %s\n", "", c->repair);
		fflush(stdout);
		return;
	}
	json_open(&j, '{');
	json_key(&j, "check");
	json_text(&j, c->name);
	json_key(&j, "state");
	json_text(&j, state_name(f->state));
	json_key(&j, "detail");
	json_text(&j, f->detail);
	json_key(&j, "repair");
	json_text(&j, f->state == CHECK_ok ? NULL : c->repair);
	json_close(&j, '}');
	print_json(&j);
}

static int
doctor(struct cli *cli)
{
	struct finding f;
	int status = 0;

	signals_catch();
	for (size_t i = 0; i < nitems(checks); i++) {
		checks[i].look(cli, &f);
		report(cli, &checks[i], &f);
		if (f.state == CHECK_missing)
			status = EXIT_unavailable;
		if (signals_seen() > 0)
			return stop_status(STOP_cancelled);
	}
	return status;
}

const struct verb verb_doctor = {
	.noun = "doctor", .operands = "",
	.summary = "check this machine, and say how to repair what is missing",
	.example = "sallyport doctor", .run = doctor
};
