/*
 * What seccomp allows of classic BPF: 32-bit words of struct seccomp_data, its length, and
 * everything that does not look at data. bpf_check() has seen the program already.
 */
#include "abi/errno.h"
#include "abi/seccomp.h"
#include "proc/seccomp_int.h"

static bool insn_allowed(const struct sock_filter *f)
{
	switch (BPF_CLASS(f->code)) {
	case BPF_LD:
		if (f->code == (BPF_LD | BPF_W | BPF_ABS))
			return f->k < sizeof(struct seccomp_data) && f->k % 4 == 0;
		return f->code == (BPF_LD | BPF_W | BPF_LEN) || f->code == (BPF_LD | BPF_IMM) ||
		       f->code == (BPF_LD | BPF_MEM);
	case BPF_LDX:
		return f->code == (BPF_LDX | BPF_W | BPF_LEN) || f->code == (BPF_LDX | BPF_IMM) ||
		       f->code == (BPF_LDX | BPF_MEM);
	case BPF_ALU:
		return BPF_OP(f->code) != BPF_MOD;
	default:
		return true;
	}
}

int seccomp_check(const struct sock_filter *insns, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (!insn_allowed(&insns[i]))
			return -EINVAL;
	return 0;
}
