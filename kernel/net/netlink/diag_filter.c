/*
 * Filters of sockets (ss(8)): programs of conditions. Each operation says how far to go on if it
 * holds and if it does not, always forwards; a program that ends exactly at its end says yes, one
 * that goes beyond says no.
 *
 * Pure: also built on the host.
 */
#include "net/netlink/diag_filter.h"

#include "abi/errno.h"
#include "abi/socket.h"
#include "lib/bitops.h"

#define OP ((u32)sizeof(struct inet_diag_bc_op))

/* Bytes that an operation has at least, with its operand; 0: there is none of that code. */
static u32 operation_size(const struct inet_diag_bc_op *op, u32 left)
{
	const struct inet_diag_hostcond *c = (const struct inet_diag_hostcond *)(op + 1);
	u32 address;

	switch (op->code) {
	case INET_DIAG_BC_NOP:
	case INET_DIAG_BC_JMP:
	case INET_DIAG_BC_AUTO:
		return OP;
	case INET_DIAG_BC_S_GE: case INET_DIAG_BC_S_LE: case INET_DIAG_BC_S_EQ:
	case INET_DIAG_BC_D_GE: case INET_DIAG_BC_D_LE: case INET_DIAG_BC_D_EQ:
		return 2 * OP;
	case INET_DIAG_BC_DEV_COND:
		return OP + 4;
	case INET_DIAG_BC_MARK_COND:
		return OP + sizeof(struct inet_diag_markcond);
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND:
		if (left < OP + sizeof(*c))
			return ~0u;
		if (c->family != AF_UNSPEC && c->family != AF_INET && c->family != AF_INET6)
			return 0;
		address = c->family == AF_INET ? 4 : c->family == AF_INET6 ? 16 : 0;
		if (c->prefix_len > 8 * address)
			return 0;
		return OP + (u32)sizeof(*c) + address;
	default:
		return 0;
	}
}

static bool marked(const u64 *bits, u32 at)
{
	return bits[at / 4 / 64] & BIT(at / 4 % 64);
}

/* `yes` leads to the next operation, so these are in a row; a `no` may lead to any of them, or to
 * the end, or four bytes beyond it. */
int diag_filter_check(const void *code, u32 n, bool may_see_marks, u64 *boundary)
{
	const struct inet_diag_bc_op *op;
	u32 at, size;

	memset(boundary, 0, (n / 4 / 64 + 1) * sizeof(*boundary));
	for (at = 0; at < n; at += op->yes) {
		u32 left = n - at;

		op = (const void *)((const u8 *)code + at);
		if (left < OP)
			return -EINVAL;
		size = operation_size(op, left);
		if (!size || size > left || op->yes < size || op->yes > left || op->yes & 3 ||
		    op->no < OP || op->no > left + 4 || op->no & 3)
			return -EINVAL;
		if (op->code == INET_DIAG_BC_MARK_COND && !may_see_marks)
			return -EPERM;
		boundary[at / 4 / 64] |= BIT(at / 4 % 64);
	}
	for (at = 0; at < n; at += op->yes) {
		op = (const void *)((const u8 *)code + at);
		if (op->no < n - at && !marked(boundary, at + op->no))
			return -EINVAL;
	}
	return 0;
}

static bool same_prefix(const u8 *a, const u8 *b, u32 bits)
{
	u32 bytes = bits / 8;

	if (memcmp(a, b, bytes))
		return false;
	return !(bits % 8) || !((a[bytes] ^ b[bytes]) >> (8 - bits % 8));
}

static bool host_is(const struct inet_diag_bc_op *op, u16 family, const struct ipaddr *a, u16 port)
{
	const struct inet_diag_hostcond *c = (const struct inet_diag_hostcond *)(op + 1);
	const u8 *address = (const u8 *)c->addr;

	if (c->port != -1 && c->port != port)
		return false;
	if (c->family == AF_UNSPEC || (c->family == family && !c->prefix_len))
		return true;
	if (c->family == AF_INET)
		return (family == AF_INET || ipaddr_is4(a)) &&
		       same_prefix(a->b + 12, address, c->prefix_len);
	return family == AF_INET6 && same_prefix(a->b, address, c->prefix_len);
}

static bool holds(const struct inet_diag_bc_op *op, const struct diag_entry *e)
{
	const u32 *word = (const u32 *)(op + 1);

	switch (op->code) {
	case INET_DIAG_BC_NOP:       return true;
	case INET_DIAG_BC_S_EQ:      return e->local_port == op[1].no;
	case INET_DIAG_BC_S_GE:      return e->local_port >= op[1].no;
	case INET_DIAG_BC_S_LE:      return e->local_port <= op[1].no;
	case INET_DIAG_BC_D_EQ:      return e->remote_port == op[1].no;
	case INET_DIAG_BC_D_GE:      return e->remote_port >= op[1].no;
	case INET_DIAG_BC_D_LE:      return e->remote_port <= op[1].no;
	case INET_DIAG_BC_AUTO:      return !e->bound_port;
	case INET_DIAG_BC_S_COND:    return host_is(op, e->family, e->local, e->local_port);
	case INET_DIAG_BC_D_COND:    return host_is(op, e->family, e->remote, e->remote_port);
	case INET_DIAG_BC_DEV_COND:  return e->nif == word[0];
	case INET_DIAG_BC_MARK_COND: return (e->mark & word[1]) == word[0];
	default:                     return false; /* JMP */
	}
}

bool diag_filter_run(const void *code, u32 n, const struct diag_entry *e)
{
	u32 at = 0;

	while (at < n) {
		const struct inet_diag_bc_op *op = (const void *)((const u8 *)code + at);

		at += holds(op, e) ? op->yes : op->no;
	}
	return at == n;
}
