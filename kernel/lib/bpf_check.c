/*
 * The checker of classic BPF: known instructions, jumps forwards and within, no division by a zero
 * that is written in it, memory words that exist and were written before they are read, and a
 * return at the end.
 */
#include "lib/bpf.h"

#include "abi/errno.h"

/* Operations of ALU, whose operand is K or X; NEG has none. */
static bool alu_known(u16 code)
{
	u16 op = BPF_OP(code);

	if (op == BPF_NEG)
		return code == (BPF_ALU | BPF_NEG);
	return op <= BPF_XOR;
}

static bool jump_known(u16 code)
{
	u16 op = BPF_OP(code);

	if (op == BPF_JA)
		return code == (BPF_JMP | BPF_JA);
	return op <= BPF_JSET;
}

static bool load_known(u16 code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS: case BPF_LD | BPF_H | BPF_ABS: case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND: case BPF_LD | BPF_H | BPF_IND: case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN: case BPF_LD | BPF_IMM: case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_LEN: case BPF_LDX | BPF_B | BPF_MSH: case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
		return true;
	default:
		return false;
	}
}

static bool code_known(u16 code)
{
	if (code > 0xff)
		return false;
	switch (BPF_CLASS(code)) {
	case BPF_LD: case BPF_LDX:
		return load_known(code);
	case BPF_ST: case BPF_STX:
		return code == BPF_ST || code == BPF_STX;
	case BPF_ALU:
		return alu_known(code);
	case BPF_JMP:
		return jump_known(code);
	case BPF_RET:
		return code == (BPF_RET | BPF_K) || code == (BPF_RET | BPF_A);
	default:
		return code == (BPF_MISC | BPF_TAX) || code == (BPF_MISC | BPF_TXA);
	}
}

/* Questions that are known; other offsets as large are errors. */
static bool question_known(u32 k)
{
	u32 what = k - (u32)SKF_AD_OFF;

	return k < (u32)SKF_AD_OFF || (what < SKF_AD_MAX && what % 4 == 0);
}

/* One instruction by itself. */
static bool insn_valid(const struct sock_filter *i, u32 at, u32 n)
{
	if (!code_known(i->code))
		return false;
	switch (i->code) {
	case BPF_ALU | BPF_DIV | BPF_K: case BPF_ALU | BPF_MOD | BPF_K:
		return i->k != 0;
	case BPF_ALU | BPF_LSH | BPF_K: case BPF_ALU | BPF_RSH | BPF_K:
		return i->k < 32;
	case BPF_LD | BPF_MEM: case BPF_LDX | BPF_MEM: case BPF_ST: case BPF_STX:
		return i->k < BPF_MEMWORDS;
	case BPF_LD | BPF_W | BPF_ABS: case BPF_LD | BPF_H | BPF_ABS: case BPF_LD | BPF_B | BPF_ABS:
		return question_known(i->k);
	case BPF_JMP | BPF_JA:
		return i->k < n - at - 1;
	default:
		return BPF_CLASS(i->code) != BPF_JMP ||
		       ((u32)at + i->jt + 1 < n && (u32)at + i->jf + 1 < n);
	}
}

static bool reads_memory(u16 code)
{
	return code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM);
}

/*
 * Follows what is written on all ways at once: `ways[at]` holds the words that every jump to `at`
 * found written. Jumps go forwards, so one pass is enough.
 */
static bool memory_valid(const struct sock_filter *insns, u32 n, u16 *ways)
{
	u16 written = 0;

	for (u32 i = 0; i < n; i++)
		ways[i] = 0xffff;
	for (u32 i = 0; i < n; i++) {
		const struct sock_filter *f = &insns[i];

		written &= ways[i];
		if (reads_memory(f->code) && !(written & 1u << f->k))
			return false;
		if (f->code == BPF_ST || f->code == BPF_STX) {
			written |= (u16)(1u << f->k);
		} else if (f->code == (BPF_JMP | BPF_JA)) {
			ways[i + 1 + f->k] &= written;
			written = 0xffff; /* only jumps lead to what follows */
		} else if (BPF_CLASS(f->code) == BPF_JMP) {
			ways[i + 1 + f->jt] &= written;
			ways[i + 1 + f->jf] &= written;
			written = 0xffff;
		} else if (BPF_CLASS(f->code) == BPF_RET) {
			written = 0xffff;
		}
	}
	return true;
}

int bpf_check(const struct sock_filter *insns, u32 n, u16 *ways)
{
	bool memory = false;

	if (n == 0 || n > BPF_MAXINSNS)
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		if (!insn_valid(&insns[i], i, n))
			return -EINVAL;
		memory |= reads_memory(insns[i].code);
	}
	if (BPF_CLASS(insns[n - 1].code) != BPF_RET)
		return -EINVAL;
	if (memory && !memory_valid(insns, n, ways))
		return -EINVAL;
	return 0;
}
