/*
 * The interpreter of classic BPF. A load beyond what is there, or a division by zero, ends the
 * program with 0: the packet is not wanted, the call not allowed.
 */
#include "lib/bpf.h"

static inline bool load(const struct bpf_view *v, u32 offset, u32 n, u32 *out)
{
	u8 copy[4];
	const u8 *at = copy;

	if (likely((u64)offset + n <= v->head))
		at = v->bytes + offset;
	else if (!v->load(v, (s32)offset, copy, n))
		return false;
	*out = n == 1 ? at[0] :
	       n == 2 ? (u32)(at[0] << 8 | at[1]) :
			(u32)at[0] << 24 | (u32)(at[1] << 16 | at[2] << 8 | at[3]);
	return true;
}

static inline u32 size_of(u16 code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* False: a division by zero. */
static inline bool alu(u16 op, u32 *a, u32 b)
{
	switch (op) {
	case BPF_ADD: *a += b; break;
	case BPF_SUB: *a -= b; break;
	case BPF_MUL: *a *= b; break;
	case BPF_OR:  *a |= b; break;
	case BPF_AND: *a &= b; break;
	case BPF_XOR: *a ^= b; break;
	case BPF_LSH: *a <<= b & 31; break;
	case BPF_RSH: *a >>= b & 31; break;
	case BPF_NEG: *a = -*a; break;
	default:
		if (!b)
			return false;
		*a = op == BPF_DIV ? *a / b : *a % b;
		break;
	}
	return true;
}

static inline bool compare(u16 op, u32 a, u32 b)
{
	switch (op) {
	case BPF_JEQ: return a == b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	default:      return a & b;
	}
}

/* LD and LDX, but for memory and constants. False: the end. */
static bool load_step(const struct bpf_view *v, const struct sock_filter *f, u32 *a, u32 *x)
{
	u32 byte;

	switch (BPF_MODE(f->code)) {
	case BPF_LEN:
		*(BPF_CLASS(f->code) == BPF_LD ? a : x) = v->length;
		return true;
	case BPF_MSH:
		if (!load(v, f->k, 1, &byte))
			return false;
		*x = (byte & 0xf) << 2;
		return true;
	case BPF_IND:
		return load(v, f->k + *x, size_of(f->code), a);
	default:
		if (f->k >= (u32)SKF_AD_OFF)
			return v->ask(v, f->k - (u32)SKF_AD_OFF, *a, *x, a);
		return load(v, f->k, size_of(f->code), a);
	}
}

u32 bpf_run(const struct sock_filter *f, const struct bpf_view *v)
{
	u32 a = 0, x = 0, memory[BPF_MEMWORDS];

	for (;; f++) {
		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			if (BPF_MODE(f->code) == BPF_IMM)
				a = f->k;
			else if (BPF_MODE(f->code) == BPF_MEM)
				a = memory[f->k];
			else if (!load_step(v, f, &a, &x))
				return 0;
			break;
		case BPF_LDX:
			if (BPF_MODE(f->code) == BPF_IMM)
				x = f->k;
			else if (BPF_MODE(f->code) == BPF_MEM)
				x = memory[f->k];
			else if (!load_step(v, f, &a, &x))
				return 0;
			break;
		case BPF_ST:
			memory[f->k] = a;
			break;
		case BPF_STX:
			memory[f->k] = x;
			break;
		case BPF_ALU:
			if (!alu(BPF_OP(f->code), &a, BPF_SRC(f->code) == BPF_X ? x : f->k))
				return 0;
			break;
		case BPF_JMP:
			if (f->code == (BPF_JMP | BPF_JA))
				f += f->k;
			else
				f += compare(BPF_OP(f->code), a,
					     BPF_SRC(f->code) == BPF_X ? x : f->k) ? f->jt : f->jf;
			break;
		case BPF_RET:
			return f->code == (BPF_RET | BPF_A) ? a : f->k;
		default:
			if (f->code == (BPF_MISC | BPF_TAX))
				x = a;
			else
				a = x;
			break;
		}
	}
}
