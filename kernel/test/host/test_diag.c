/* Filters of questions about sockets. */
#include "test/host/unit.h"

#include "abi/errno.h"
#include "abi/socket.h"
#include "net/netlink/diag_filter.h"

static const struct ipaddr local = { .w = { 0, 0, 0xffff0000u, 0x0100007f } };
static const struct ipaddr remote = { .b = { 0x20, 1, 0xd, 0xb8, [15] = 7 } };
static const struct diag_entry entry = {
	.local = &local, .remote = &remote, .family = AF_INET6, .local_port = 80,
	.remote_port = 5000, .nif = 3, .mark = 0x15, .bound_port = true,
};

static int check(const void *code, u32 n)
{
	u64 boundary[8];

	return diag_filter_check(code, n, false, boundary);
}

/* One condition: 1, 0, or -errno if it is not accepted. */
static int judge(const void *code, u32 n)
{
	u64 boundary[8];
	int err = diag_filter_check(code, n, true, boundary);

	return err ? err : diag_filter_run(code, n, &entry);
}

static int port_is(u8 code, u16 port)
{
	struct inet_diag_bc_op op[2] = { { code, 8, 12 }, { .no = port } };

	return judge(op, sizeof(op));
}

TEST(ports)
{
	CHECK_EQ(port_is(INET_DIAG_BC_S_EQ, 80), 1);
	CHECK_EQ(port_is(INET_DIAG_BC_S_EQ, 81), 0);
	CHECK_EQ(port_is(INET_DIAG_BC_S_GE, 80), 1);
	CHECK_EQ(port_is(INET_DIAG_BC_S_GE, 81), 0);
	CHECK_EQ(port_is(INET_DIAG_BC_S_LE, 79), 0);
	CHECK_EQ(port_is(INET_DIAG_BC_D_EQ, 5000), 1);
	CHECK_EQ(port_is(INET_DIAG_BC_D_GE, 5001), 0);
	CHECK_EQ(port_is(INET_DIAG_BC_D_LE, 5001), 1);
	CHECK_EQ(port_is(99, 0), -EINVAL);
}

static int host_is(u8 code, u8 family, u8 bits, s32 port, const void *address, u32 n)
{
	struct {
		struct inet_diag_bc_op op;
		struct inet_diag_hostcond c;
		u8 address[16];
	} cond = { { code, (u8)(12 + n), (u16)(16 + n) }, { family, bits, port }, { 0 } };

	memcpy(cond.address, address, n);
	return judge(&cond, 12 + n);
}

TEST(hosts)
{
	const u8 loop[4] = { 127, 0, 0, 1 }, other[4] = { 127, 0, 0, 3 };

	CHECK_EQ(host_is(INET_DIAG_BC_S_COND, AF_INET, 32, -1, loop, 4), 1);
	CHECK_EQ(host_is(INET_DIAG_BC_S_COND, AF_INET, 32, -1, other, 4), 0);
	CHECK_EQ(host_is(INET_DIAG_BC_S_COND, AF_INET, 30, -1, other, 4), 1);
	CHECK_EQ(host_is(INET_DIAG_BC_S_COND, AF_INET, 31, -1, other, 4), 0);
	CHECK_EQ(host_is(INET_DIAG_BC_S_COND, AF_INET, 32, 80, loop, 4), 1);
	CHECK_EQ(host_is(INET_DIAG_BC_S_COND, AF_INET, 32, 81, loop, 4), 0);
	CHECK_EQ(host_is(INET_DIAG_BC_S_COND, AF_INET, 33, -1, loop, 4), -EINVAL);
	CHECK_EQ(host_is(INET_DIAG_BC_D_COND, AF_INET, 0, -1, loop, 4), 0);
	CHECK_EQ(host_is(INET_DIAG_BC_D_COND, AF_INET6, 128, 5000, &remote, 16), 1);
	CHECK_EQ(host_is(INET_DIAG_BC_D_COND, AF_INET6, 0, -1, &local, 16), 1);
	CHECK_EQ(host_is(INET_DIAG_BC_D_COND, AF_UNSPEC, 0, 5000, &local, 0), 1);
	CHECK_EQ(host_is(INET_DIAG_BC_D_COND, 77, 0, 5000, &local, 0), -EINVAL);
}

TEST(others)
{
	struct { struct inet_diag_bc_op op; u32 v[2]; } cond = {
		{ INET_DIAG_BC_DEV_COND, 8, 12 }, { 3, 0 },
	};
	struct inet_diag_bc_op automatic = { INET_DIAG_BC_AUTO, 4, 8 };
	struct inet_diag_bc_op nop = { INET_DIAG_BC_NOP, 4, 8 };

	CHECK_EQ(judge(&cond, 8), 1);
	cond.v[0] = 4;
	CHECK_EQ(judge(&cond, 8), 0);
	cond.op = (struct inet_diag_bc_op){ INET_DIAG_BC_MARK_COND, 12, 16 };
	cond.v[0] = 5;
	cond.v[1] = 0xf;
	CHECK_EQ(judge(&cond, 12), 1);
	CHECK_EQ(check(&cond, 12), -EPERM);
	CHECK_EQ(judge(&automatic, 4), 0);
	CHECK_EQ(judge(&nop, 4), 1);
}

/* "sport = 81 or sport = 80", as ss writes it: a jump behind each but the last. */
TEST(ways)
{
	struct inet_diag_bc_op code[5] = {
		{ INET_DIAG_BC_S_EQ, 8, 12 }, { .no = 81 },
		{ INET_DIAG_BC_JMP, 4, 12 },
		{ INET_DIAG_BC_S_EQ, 8, 12 }, { .no = 80 },
	};

	CHECK_EQ(judge(code, sizeof(code)), 1);
	code[4].no = 82;
	CHECK_EQ(judge(code, sizeof(code)), 0);
	code[1].no = 80;
	CHECK_EQ(judge(code, sizeof(code)), 1);
	code[2].no = 8; /* into the middle of an operation */
	CHECK_EQ(judge(code, sizeof(code)), -EINVAL);
	code[2].no = 20; /* too far */
	CHECK_EQ(judge(code, sizeof(code)), -EINVAL);
	code[2].no = 2;
	CHECK_EQ(judge(code, sizeof(code)), -EINVAL);
	code[2].no = 12;
	code[2].yes = 0;
	CHECK_EQ(judge(code, sizeof(code)), -EINVAL);
	code[2].yes = 4;
	CHECK_EQ(judge(code, 18), -EINVAL);
}

/* Anything at all: what is accepted ends. */
TEST(any_bytes)
{
	u32 accepted = 0;
	u8 code[64];

	for (unsigned round = 0; round < 200000; round++) {
		u32 n = 4 + 4 * (u32)unit_below(15);

		for (u32 i = 0; i < n; i += 4) {
			struct inet_diag_bc_op *op = (struct inet_diag_bc_op *)(code + i);

			op->code = (u8)unit_below(14);
			op->yes = (u8)(4 * unit_below(8));
			op->no = (u16)(4 * unit_below(16));
		}
		accepted += judge(code, n) >= 0;
	}
	CHECK(accepted > 100);
}
