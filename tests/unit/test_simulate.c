/*
 * test_simulate.c: every page as it is compiled, against its own text: each
 * call number of each ABI is allowed exactly if a line of the page says so.
 * The text is read here a second time, by other code than policyc's.
 * Runs in: the test.
 * Input: the compiled pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "ipc/util.h"
#include "policy/simulate.h"
#include "tests/unit/unit.h"

#define NUMBERS	600		/* more calls than any kernel has yet */
#define ALLOWED	SECCOMP_RET_ALLOW
#define KILLED	SECCOMP_RET_KILL_PROCESS

static const struct page *const pages[] = {
	&page_supervisor, &page_judge, &page_dialer, &page_config_reader,
	&page_cognition_worker, &page_exec_stream, &page_tracker_record,
	&page_sandbox_launcher, &page_guest, &page_sandboxed, &page_outer,
};

static const struct page *const workers[] = {
	&page_judge, &page_dialer, &page_config_reader,
	&page_cognition_worker, &page_exec_stream, &page_tracker_record,
};

/* What the text says of one call number. */
struct said {
	bool		 named;
	bool		 conditional;
	uint32_t	 answer;
};

struct text {
	struct said	 call[NUMBERS];
	uint32_t	 otherwise;
	bool		 filter;
};

static uint32_t
error_of(const char *name)
{
	static const struct { const char *name; int number; } known[] = {
		{ "0", 0 }, { "EPERM", EPERM }, { "ENOSYS", ENOSYS },
		{ "EAFNOSUPPORT", EAFNOSUPPORT }, { "EOPNOTSUPP", EOPNOTSUPP },
	};

	for (size_t i = 0; i < nitems(known); i++)
		if (strcmp(known[i].name, name) == 0)
			return SECCOMP_RET_ERRNO | (uint32_t)known[i].number;
	fail_msg("errno '%s' is not known here", name);
	return 0;
}

static void
say(struct text *t, const char *name, uint32_t answer, bool conditional)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr < 0)
		return;
	assert_in_range(nr, 0, NUMBERS - 1);
	t->call[nr] = (struct said){ true, conditional, answer };
}

/* "syscall a, b: condition", "deny a: ERRNO: condition", "kill a". */
static void
read_line(struct text *t, const char *line)
{
	char copy[1024], *word, *rest, *part[3] = { NULL }, *saved;
	uint32_t answer;

	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	word = strtok_r(copy, " \t", &rest);
	if (strcmp(word, "default") == 0) {
		word = strtok_r(rest, " \t", &saved);
		t->filter = strcmp(word, "none") != 0;
		t->otherwise = strcmp(word, "allow") == 0 ? ALLOWED :
		    t->filter ? error_of(word) : ALLOWED;
		return;
	}
	for (size_t i = 0; i < 3; i++)
		part[i] = strtok_r(i == 0 ? rest : NULL, ":", &saved);
	if (strcmp(word, "syscall") == 0) {
		answer = ALLOWED;
	} else if (strcmp(word, "kill") == 0) {
		answer = KILLED;
	} else if (strcmp(word, "deny") == 0) {
		answer = error_of(part[1] + strspn(part[1], " "));
		part[1] = part[2];
	} else
		return;
	for (word = strtok_r(part[0], ", \t", &saved); word != NULL;
	    word = strtok_r(NULL, ", \t", &saved))
		say(t, word, answer, part[1] != NULL);
}

static struct text
read_text(const struct page *page)
{
	struct text t = { .otherwise = KILLED, .filter = true };

	for (size_t i = 0; i < page->nlines; i++)
		read_line(&t, page->lines[i].text);
	return t;
}

static uint32_t
ask(const struct page *page, uint32_t arch, uint32_t nr, uint64_t arg)
{
	struct seccomp_data call = { .arch = arch, .nr = (int)nr,
	    .args = { arg, arg, arg, arg, arg, arg } };

	return simulate_page(page, &call);
}

static void
test_page_allows_exactly_what_its_text_names(void **state)
{
	static const uint64_t args[] = { 0, 1, 2, 0x7e020080, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < nitems(pages); i++) {
		struct text t = read_text(pages[i]);

		if (pages[i]->sanitizer)
			skip();		/* with lines of the outer page */
		for (uint32_t nr = 0; nr < NUMBERS; nr++)
			for (size_t k = 0; k < nitems(args); k++) {
				uint32_t got = ask(pages[i], simulate_arch(),
				    nr, args[k]);

				if (t.call[nr].conditional &&
				    got == t.otherwise)
					continue;
				if (got != (t.call[nr].named ?
				    t.call[nr].answer : t.otherwise))
					fail_msg("%s: call %u answers %x",
					    pages[i]->process, nr, got);
			}
	}
}

static void
test_page_kills_every_call_of_another_architecture(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(pages); i++) {
		if (pages[i]->filter_len == 0)
			continue;
		for (uint32_t nr = 0; nr < NUMBERS; nr++) {
			assert_int_equal(ask(pages[i], AUDIT_ARCH_I386, nr, 1),
			    KILLED);
			assert_int_equal(ask(pages[i], AUDIT_ARCH_ARM, nr, 1),
			    KILLED);
			if (simulate_arch() == AUDIT_ARCH_X86_64)
				assert_int_equal(ask(pages[i],
				    simulate_arch(), nr | SIMULATE_X32, 1),
				    KILLED);
		}
	}
}

/* Some arguments, of which each condition of a page should like a few. */
static uint64_t
argument(size_t i)
{
	static const uint64_t more[] = { AT_EMPTY_PATH, SOCK_CLOEXEC,
	    F_ADD_SEALS, F_GET_SEALS, F_DUPFD_CLOEXEC, F_DUPFD_CLOEXEC + 1,
	    SOL_SOCKET, UINT64_MAX };

	return i < 24 ? i : more[i - 24];
}

#define ARGUMENTS	32

/* Bit 0: some arguments get what the line says; bit 1: some the default. */
static unsigned
outcomes(const struct page *page, uint32_t nr, const struct text *t)
{
	unsigned seen = 0;

	for (size_t i = 0; i < ARGUMENTS * ARGUMENTS * ARGUMENTS; i++) {
		uint64_t a = argument(i % ARGUMENTS);
		struct seccomp_data call = { .arch = simulate_arch(),
		    .nr = (int)nr, .args = { a,
		    argument(i / ARGUMENTS % ARGUMENTS),
		    argument(i / ARGUMENTS / ARGUMENTS), a, a, a } };
		uint32_t got = simulate_page(page, &call);

		if (got != t->otherwise && got != t->call[nr].answer)
			return 0;
		seen |= got == t->otherwise ? 2 : 1;
	}
	return seen;
}

static void
test_page_conditions_admit_some_arguments_and_not_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(workers); i++) {
		struct text t = read_text(workers[i]);

		if (workers[i]->sanitizer)
			skip();
		for (uint32_t nr = 0; nr < NUMBERS; nr++)
			if (t.call[nr].conditional &&
			    outcomes(workers[i], nr, &t) != 3)
				fail_msg("%s: the condition of call %u is "
				    "always or never true",
				    workers[i]->process, nr);
	}
}

static uint32_t
named(const struct page *page, const char *name, uint64_t a0, uint64_t a1,
    uint64_t a2)
{
	struct seccomp_data call = { .arch = simulate_arch(),
	    .nr = seccomp_syscall_resolve_name(name),
	    .args = { a0, a1, a2 } };

	return simulate_process(page, &call);
}

/* DESIGN's promise about workers, whatever a page's text may become. */
static void
test_worker_pages_have_none_of_the_forbidden(void **state)
{
	static const char *const never[] = { "execve", "execveat", "fork",
	    "vfork", "clone", "ptrace", "open", "openat2", "kill", "tkill",
	    "tgkill", "bpf", "keyctl", "io_uring_setup", "mount", "listen",
	    "process_vm_writev", "unshare", "setns", "prctl", "seccomp" };

	(void)state;
	for (size_t i = 0; i < nitems(workers); i++) {
		const struct page *p = workers[i];

		if (p->sanitizer)
			skip();
		assert_string_not_equal(p->run_as, "root");
		assert_true(p->landlock);
		for (size_t k = 0; k < nitems(never); k++)
			if (named(p, never[k], 0, 0, 0) != KILLED)
				fail_msg("%s may %s", p->process, never[k]);
		assert_int_equal(named(p, "mmap", 0, 9, PROT_READ), ALLOWED);
		assert_int_equal(named(p, "mmap", 0, 9, PROT_READ | PROT_EXEC),
		    KILLED);
		assert_int_equal(named(p, "mprotect", 0, 9, PROT_EXEC),
		    KILLED);
		if (p != &page_tracker_record)
			assert_int_equal(named(p, "openat", 0, 0, 0), KILLED);
	}
}

static void
test_only_the_dialer_makes_sockets(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(workers); i++)
		for (uint64_t family = 0; family < 46; family++) {
			bool mine = workers[i] == &page_dialer &&
			    (family == AF_INET || family == AF_INET6);

			assert_int_equal(named(workers[i], "socket", family,
			    SOCK_STREAM | SOCK_CLOEXEC, 0),
			    mine ? ALLOWED : KILLED);
		}
	assert_int_equal(named(&page_dialer, "socket", AF_INET, SOCK_RAW, 0),
	    KILLED);
	assert_int_equal(named(&page_dialer, "socket",
	    AF_INET | UINT64_C(1) << 32, SOCK_STREAM, 0), KILLED);
}

/* DESIGN section 2: OpenSSH gets by with 39; so do ours. */
static void
test_worker_pages_stay_small(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(workers); i++) {
		struct text t = read_text(workers[i]);
		size_t calls = 0;

		for (size_t nr = 0; nr < NUMBERS; nr++)
			calls += t.call[nr].named;
		print_message("%s: %zu calls\n", workers[i]->process, calls);
		assert_in_range(calls, 10, 39);
	}
}

static void
test_simulate_process_takes_the_stricter_answer(void **state)
{
	(void)state;
	/* The judge's own page kills sync; the outer page knows nothing. */
	assert_int_equal(named(&page_judge, "sync", 0, 0, 0), KILLED);
	/* The launcher has no page filter: only its outer one speaks. */
	assert_int_equal(named(&page_sandbox_launcher, "mount", 0, 0, 0),
	    ALLOWED);
	assert_int_equal(named(&page_sandbox_launcher, "bpf", 0, 0, 0),
	    KILLED);
	assert_int_equal(named(&page_cognition_worker, "connect", 0, 0, 0),
	    SECCOMP_RET_ERRNO);
}

static void
test_sandboxed_answers_what_programs_probe(void **state)
{
	(void)state;
	assert_int_equal(named(&page_sandboxed, "io_uring_setup", 8, 0, 0),
	    SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(named(&page_sandboxed, "clone3", 0, 0, 0),
	    SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(named(&page_sandboxed, "unshare", 0x10000000, 0, 0),
	    SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(named(&page_sandboxed, "clone", 0x10000000, 0, 0),
	    SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(named(&page_sandboxed, "clone", 17, 0, 0), ALLOWED);
	assert_int_equal(named(&page_sandboxed, "personality", 0x40000, 0, 0),
	    SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(named(&page_guest, "personality", 0x40000, 0, 0),
	    SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(named(&page_sandboxed, "personality", 0xffffffff, 0,
	    0), ALLOWED);
	assert_int_equal(named(&page_guest, "socket", AF_NETLINK, 0, 0),
	    SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(named(&page_guest, "socket",
	    AF_VSOCK | UINT64_C(1) << 33, 0, 0),
	    SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(named(&page_sandboxed, "socket", AF_VSOCK, 0, 0),
	    SECCOMP_RET_ERRNO | ENOSYS);
}

static void
test_simulate_text_names_the_answer(void **state)
{
	char text[64];

	(void)state;
	assert_string_equal(simulate_text(ALLOWED, text, sizeof(text)),
	    "allow");
	assert_string_equal(simulate_text(KILLED, text, sizeof(text)), "kill");
	assert_string_equal(simulate_text(SECCOMP_RET_ERRNO | ENOSYS, text,
	    sizeof(text)), "errno 38 (ENOSYS)");
	assert_string_equal(simulate_text(SECCOMP_RET_ERRNO, text,
	    sizeof(text)), "errno 0 (it seems to work)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_allows_exactly_what_its_text_names),
		cmocka_unit_test(
		    test_page_kills_every_call_of_another_architecture),
		cmocka_unit_test(
		    test_page_conditions_admit_some_arguments_and_not_others),
		cmocka_unit_test(test_worker_pages_have_none_of_the_forbidden),
		cmocka_unit_test(test_only_the_dialer_makes_sockets),
		cmocka_unit_test(test_worker_pages_stay_small),
		cmocka_unit_test(
		    test_simulate_process_takes_the_stricter_answer),
		cmocka_unit_test(test_sandboxed_answers_what_programs_probe),
		cmocka_unit_test(test_simulate_text_names_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
