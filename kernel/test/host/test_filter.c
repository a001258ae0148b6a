/* Socket filters: what the checker refuses, what the interpreter computes. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "proc/seccomp_int.h"
#include "test/host/filter_host.h"

#define S(code_, k_)          { .code = (code_), .k = (k_) }
#define J(code_, k_, jt_, jf_) { (code_), (jt_), (jf_), (k_) }
#define RUN(...) \
	({ \
		static const struct sock_filter p_[] = { __VA_ARGS__ }; \
		run(p_, ARRAY_SIZE(p_)); \
	})
#define CHECKED(...) \
	({ \
		static const struct sock_filter p_[] = { __VA_ARGS__ }; \
		u16 ways_[ARRAY_SIZE(p_)]; \
		bpf_check(p_, ARRAY_SIZE(p_), ways_); \
	})
#define RET_A S(BPF_RET | BPF_A, 0)

static const u8 bytes[64] = { 0x45, 1, 2, 3, 4, 5, 6, 7, 0x88, 0x99, 0xaa, 0xbb, 0x08, 0x00, 0x46 };
static u32 head = 64;

static u32 run(const struct sock_filter *p, u32 n)
{
	struct bpf_view v = host_view(bytes, head, 64);
	u16 ways[64];

	CHECK_EQ(bpf_check(p, n, ways), 0);
	return bpf_run(p, &v);
}

TEST(filter_loads)
{
	for (head = 0; head <= 64; head++) {
		CHECK_EQ(RUN(S(BPF_LD | BPF_W | BPF_ABS, 8), RET_A), 0x8899aabbu);
		CHECK_EQ(RUN(S(BPF_LD | BPF_H | BPF_ABS, 12), RET_A), 0x800);
		CHECK_EQ(RUN(S(BPF_LD | BPF_B | BPF_ABS, 1), RET_A), 1);
		CHECK_EQ(RUN(S(BPF_LDX | BPF_IMM, 2), S(BPF_LD | BPF_H | BPF_IND, 3), RET_A),
			 0x506);
		CHECK_EQ(RUN(S(BPF_LDX | BPF_B | BPF_MSH, 0), S(BPF_MISC | BPF_TXA, 0), RET_A), 20);
		CHECK_EQ(RUN(S(BPF_LD | BPF_B | BPF_ABS, (u32)SKF_NET_OFF), RET_A), 0x46);
		CHECK_EQ(RUN(S(BPF_LD | BPF_B | BPF_ABS, (u32)SKF_LL_OFF + 9), RET_A), 0x99);
		CHECK_EQ(RUN(S(BPF_LD | BPF_W | BPF_ABS, 61), S(BPF_RET | BPF_K, 9)), 0);
		CHECK_EQ(RUN(S(BPF_LD | BPF_W | BPF_ABS, 0x7fffffff), S(BPF_RET | BPF_K, 9)), 0);
	}
	head = 64;
	CHECK_EQ(RUN(S(BPF_LD | BPF_W | BPF_LEN, 0), RET_A), 64);
	CHECK_EQ(RUN(S(BPF_LD | BPF_W | BPF_ABS, (u32)SKF_AD_OFF + SKF_AD_MARK), RET_A), 1020);
	CHECK_EQ(RUN(S(BPF_LDX | BPF_IMM, 0xffffffff), S(BPF_LD | BPF_B | BPF_IND, 2), RET_A), 1);
}

TEST(filter_arithmetic)
{
#define ALU(op, a, k) RUN(S(BPF_LD | BPF_IMM, a), S(BPF_ALU | (op) | BPF_K, k), RET_A)
#define ALUX(op, a, x) \
	RUN(S(BPF_LDX | BPF_IMM, x), S(BPF_LD | BPF_IMM, a), S(BPF_ALU | (op) | BPF_X, 0), RET_A)
	CHECK_EQ(ALU(BPF_ADD, 0xffffffffu, 3), 2);
	CHECK_EQ(ALU(BPF_SUB, 1, 3), (u32)-2);
	CHECK_EQ(ALU(BPF_MUL, 7, 6), 42);
	CHECK_EQ(ALU(BPF_DIV, 0xffffffffu, 16), 0x0fffffff);
	CHECK_EQ(ALU(BPF_MOD, 100, 7), 2);
	CHECK_EQ(ALU(BPF_XOR, 5, 3), 6);
	CHECK_EQ(ALU(BPF_LSH, 1, 31), 0x80000000u);
	CHECK_EQ(ALU(BPF_NEG, 1, 0), 0xffffffffu);
	CHECK_EQ(ALUX(BPF_DIV, 5, 0), 0);
	CHECK_EQ(ALUX(BPF_MOD, 5, 0), 0);
	CHECK_EQ(ALUX(BPF_RSH, 0x100, 4), 0x10);
	CHECK_EQ(ALUX(BPF_OR, 0x100, 4), 0x104);
	CHECK_EQ(RUN(S(BPF_LD | BPF_IMM, 5), S(BPF_ST, 15), S(BPF_LD | BPF_IMM, 0),
		     S(BPF_LDX | BPF_MEM, 15), S(BPF_MISC | BPF_TXA, 0), RET_A), 5);
}

TEST(filter_jumps)
{
#define CMP(op, a, k) \
	RUN(S(BPF_LD | BPF_IMM, a), J(BPF_JMP | (op) | BPF_K, k, 0, 1), S(BPF_RET | BPF_K, 1), \
	    S(BPF_RET | BPF_K, 2))
	CHECK_EQ(CMP(BPF_JEQ, 5, 5), 1);
	CHECK_EQ(CMP(BPF_JEQ, 5, 6), 2);
	CHECK_EQ(CMP(BPF_JGT, 5, 5), 2);
	CHECK_EQ(CMP(BPF_JGE, 5, 5), 1);
	CHECK_EQ(CMP(BPF_JGT, 0xffffffffu, 5), 1);
	CHECK_EQ(CMP(BPF_JSET, 6, 1), 2);
	CHECK_EQ(RUN(S(BPF_JMP | BPF_JA, 1), S(BPF_RET | BPF_K, 1), S(BPF_RET | BPF_K, 2)), 2);
}

TEST(filter_refused)
{
	static struct sock_filter many[BPF_MAXINSNS + 1];
	static u16 ways[BPF_MAXINSNS + 1];
	struct sock_filter none = { 0 };

	CHECK_EQ(bpf_check(&none, 0, ways), -EINVAL);
	for (u32 i = 0; i <= BPF_MAXINSNS; i++)
		many[i] = (struct sock_filter)S(BPF_RET | BPF_K, 0);
	CHECK_EQ(bpf_check(many, BPF_MAXINSNS, ways), 0);
	CHECK_EQ(bpf_check(many, BPF_MAXINSNS + 1, ways), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_LD | BPF_IMM, 0)), -EINVAL);
	CHECK_EQ(CHECKED(S(0x1000 | BPF_RET, 0)), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_RET | BPF_X, 0)), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_ALU | BPF_DIV | BPF_K, 0), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_ALU | BPF_MOD | BPF_K, 0), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_ALU | BPF_LSH | BPF_K, 32), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_ALU | 0xb0, 0), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_ST, 16), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_LD | BPF_MEM, 0), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_JMP | BPF_JA, 1), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_JMP | BPF_JA, 0xffffffff), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(J(BPF_JMP | BPF_JEQ, 0, 1, 0), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(J(BPF_JMP | BPF_JEQ, 0, 0, 255), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_LD | BPF_W | BPF_ABS, (u32)SKF_AD_OFF + 64), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_LD | BPF_W | BPF_ABS, (u32)SKF_AD_OFF + 1), RET_A), -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_LDX | BPF_W | BPF_ABS, 0), RET_A), -EINVAL);
}

/* A word of memory counts as written only where all ways to there wrote it. */
TEST(filter_memory)
{
	CHECK_EQ(CHECKED(J(BPF_JMP | BPF_JEQ, 0, 0, 1), S(BPF_ST, 3), S(BPF_LD | BPF_MEM, 3),
			 RET_A),
		 -EINVAL);
	CHECK_EQ(CHECKED(S(BPF_ST, 3), J(BPF_JMP | BPF_JEQ, 0, 0, 1), S(BPF_ST, 4),
			 S(BPF_LD | BPF_MEM, 3), RET_A), 0);
	CHECK_EQ(CHECKED(J(BPF_JMP | BPF_JEQ, 0, 0, 2), S(BPF_ST, 3), S(BPF_JMP | BPF_JA, 1),
			 S(BPF_STX, 3), S(BPF_LDX | BPF_MEM, 3), RET_A), 0);
	CHECK_EQ(CHECKED(J(BPF_JMP | BPF_JEQ, 0, 0, 2), S(BPF_ST, 3), S(BPF_JMP | BPF_JA, 1),
			 S(BPF_STX, 2), S(BPF_LDX | BPF_MEM, 3), RET_A), -EINVAL);
}

/* What may judge system calls (seccomp(2)). */
TEST(filter_seccomp)
{
	static const struct sock_filter good[] = {
		S(BPF_LD | BPF_W | BPF_ABS, 60), S(BPF_LD | BPF_W | BPF_LEN, 0), S(BPF_ST, 1),
		S(BPF_LDX | BPF_MEM, 1), S(BPF_ALU | BPF_XOR | BPF_X, 0), RET_A,
	};
	static const struct sock_filter bad[] = {
		S(BPF_LD | BPF_W | BPF_ABS, 64), S(BPF_LD | BPF_W | BPF_ABS, 3),
		S(BPF_LD | BPF_H | BPF_ABS, 0), S(BPF_LD | BPF_B | BPF_ABS, 0),
		S(BPF_LD | BPF_W | BPF_IND, 0), S(BPF_LDX | BPF_B | BPF_MSH, 0),
		S(BPF_LD | BPF_W | BPF_ABS, (u32)SKF_AD_OFF), S(BPF_ALU | BPF_MOD | BPF_K, 3),
	};

	CHECK_EQ(seccomp_check(good, ARRAY_SIZE(good)), 0);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(seccomp_check(&bad[i], 1), -EINVAL);
}
