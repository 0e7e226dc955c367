/*
 * simulate.c: policy show --simulate: what a filter answers to a call.
 * Runs in: sallyport.
 * Input: a call that our own user wrote; nothing is called.
 */
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <string.h>

#include "client/cli/policy.h"
#include "policy/simulate.h"

/* "argN=VALUE" or "arch=NAME" into the call. */
static int
take_word(const char *word, struct seccomp_data *d, const char *name,
    char *why, size_t size)
{
	unsigned long long number;
	char *end;

	if (strcmp(word, "arch=i386") == 0) {
		d->arch = AUDIT_ARCH_I386;
		d->nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, name);
		return 0;
	}
	if (strcmp(word, "arch=x32") == 0) {
		d->nr |= (int)SIMULATE_X32;
		return 0;
	}
	if (strncmp(word, "arg", 3) == 0 && word[3] >= '0' && word[3] <= '5'
	    && word[4] == '=' && word[5] != '\0') {
		errno = 0;
		number = strtoull(word + 5, &end, 0);
		if (*end == '\0' && errno == 0) {
			d->args[word[3] - '0'] = number;
			return 0;
		}
	}
	snprintf(why, size, "'%.64s' is not arg0=NUMBER .. arg5=NUMBER, "
	    "arch=i386 or arch=x32", word);
	return -1;
}

int
policy_call_parse(const char *call, struct seccomp_data *d, char *why,
    size_t size)
{
	autofree char *copy = xstrdup(call);
	char *state, *name = strtok_r(copy, " \t,", &state), *word, *end;

	*d = (struct seccomp_data){ .arch = simulate_arch() };
	if (name == NULL) {
		snprintf(why, size, "name a system call");
		return -1;
	}
	d->nr = seccomp_syscall_resolve_name(name);
	if (d->nr == __NR_SCMP_ERROR) {
		d->nr = (int)strtol(name, &end, 10);
		if (*end != '\0' || d->nr < 0) {
			snprintf(why, size, "there is no system call '%.64s'",
			    name);
			return -1;
		}
	}
	while ((word = strtok_r(NULL, " \t,", &state)) != NULL)
		if (take_word(word, d, name, why, size) == -1)
			return -1;
	return 0;
}

int
policy_simulate(struct cli *cli, const struct page *p, const char *call)
{
	struct seccomp_data data;
	char why[256], own[64], process[64];
	autojson struct json j = { 0 };

	if (policy_call_parse(call, &data, why, sizeof(why)) == -1)
		return fail_usage(cli, "--simulate: %s", why);
	simulate_text(simulate_page(p, &data), own, sizeof(own));
	simulate_text(simulate_process(p, &data), process, sizeof(process));
	if (!cli->json) {
		printf("%s: %s\n  its own page: %s\n  with the outer filter: "
		    "%s\n", p->process, call, own, process);
		return 0;
	}
	json_open(&j, '{');
	json_key(&j, "process");
	json_text(&j, p->process);
	json_key(&j, "call");
	json_text(&j, call);
	json_key(&j, "page");
	json_text(&j, own);
	json_key(&j, "answer");
	json_text(&j, process);
	json_close(&j, '}');
	print_json(&j);
	return 0;
}
