/*
 * simulate.c: a small classic BPF machine, as far as seccomp admits its
 * instructions, to ask what a filter would answer.
 * Runs in: the client (`policy show`), tests.
 * Input: compiled pages, and calls that a person asks about.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>

#include "policy/simulate.h"

struct machine {
	uint32_t	 a, x;
	uint32_t	 mem[BPF_MEMWORDS];
};

uint32_t
simulate_arch(void)
{
#if defined(__x86_64__)
	return AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
	return AUDIT_ARCH_AARCH64;
#else
#error "no pages for this architecture"
#endif
}

static uint32_t
load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word = 0;

	if (offset <= sizeof(*data) - sizeof(word))
		memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static uint32_t
compute(uint32_t a, uint16_t operation, uint32_t by)
{
	switch (operation) {
	case BPF_ADD:
		return a + by;
	case BPF_SUB:
		return a - by;
	case BPF_AND:
		return a & by;
	case BPF_OR:
		return a | by;
	case BPF_XOR:
		return a ^ by;
	case BPF_LSH:
		return by < 32 ? a << by : 0;
	case BPF_RSH:
		return by < 32 ? a >> by : 0;
	default:
		return a;
	}
}

static bool
compare(uint32_t a, uint16_t operation, uint32_t with)
{
	switch (operation) {
	case BPF_JEQ:
		return a == with;
	case BPF_JGT:
		return a > with;
	case BPF_JGE:
		return a >= with;
	default:
		return (a & with) != 0;		/* BPF_JSET */
	}
}

/* One instruction that neither jumps nor returns.  False: no such thing. */
static bool
step(struct machine *m, const struct sock_filter *in,
    const struct seccomp_data *data)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		if (BPF_MODE(in->code) == BPF_ABS)
			m->a = load(data, in->k);
		else if (BPF_MODE(in->code) == BPF_IMM)
			m->a = in->k;
		else if (in->k < BPF_MEMWORDS)
			m->a = m->mem[in->k];
		return true;
	case BPF_LDX:
		m->x = BPF_MODE(in->code) == BPF_IMM ? in->k :
		    m->mem[in->k % BPF_MEMWORDS];
		return true;
	case BPF_ST:
		m->mem[in->k % BPF_MEMWORDS] = m->a;
		return true;
	case BPF_STX:
		m->mem[in->k % BPF_MEMWORDS] = m->x;
		return true;
	case BPF_ALU:
		m->a = compute(m->a, BPF_OP(in->code),
		    BPF_SRC(in->code) == BPF_X ? m->x : in->k);
		return true;
	case BPF_MISC:
		if (BPF_MISCOP(in->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return true;
	default:
		return false;
	}
}

uint32_t
simulate_page(const struct page *page, const struct seccomp_data *data)
{
	struct machine m = { 0 };
	size_t pc = 0;

	if (page->filter_len == 0)
		return SECCOMP_RET_ALLOW;
	while (pc < page->filter_len) {
		const struct sock_filter *in = &page->filter[pc++];

		if (BPF_CLASS(in->code) == BPF_RET)
			return BPF_RVAL(in->code) == BPF_A ? m.a : in->k;
		if (BPF_CLASS(in->code) != BPF_JMP) {
			if (!step(&m, in, data))
				return SECCOMP_RET_KILL_PROCESS;
		} else if (BPF_OP(in->code) == BPF_JA) {
			pc += in->k;
		} else {
			pc += compare(m.a, BPF_OP(in->code),
			    BPF_SRC(in->code) == BPF_X ? m.x : in->k) ?
			    in->jt : in->jf;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

uint32_t
simulate_process(const struct page *page, const struct seccomp_data *data)
{
	uint32_t own = simulate_page(page, data), outer;

	if (page->outer == NULL)
		return own;
	outer = simulate_page(page->outer, data);
	/* The kernel compares the actions as signed numbers: lowest wins. */
	return (int32_t)(outer & SECCOMP_RET_ACTION_FULL) <
	    (int32_t)(own & SECCOMP_RET_ACTION_FULL) ? outer : own;
}

char *
simulate_text(uint32_t answer, char *text, size_t size)
{
	int number = (int)(answer & SECCOMP_RET_DATA);

	switch (answer & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		snprintf(text, size, "allow");
		break;
	case SECCOMP_RET_KILL_PROCESS:
		snprintf(text, size, "kill");
		break;
	case SECCOMP_RET_ERRNO:
		if (number == 0)
			snprintf(text, size, "errno 0 (it seems to work)");
		else
			snprintf(text, size, "errno %d (%s)", number,
			    strerrorname_np(number));
		break;
	default:
		snprintf(text, size, "action 0x%08x", answer);
		break;
	}
	return text;
}
