/*
 * Control data of messages (cmsg(3)): pieces with a header each, in both directions.
 */
#include "net/sock_int.h"

#include "arch/usercopy.h"
#include "lib/string.h"

static bool fits(const struct msg *m, u64 at)
{
	const struct abi_cmsghdr *c = (const struct abi_cmsghdr *)(m->control + at);

	return c->cmsg_len >= sizeof(*c) && c->cmsg_len <= m->control_length - at;
}

/* Where the piece after the one at `at` is: ~0 if there is no room for a header. */
static u64 next_at(const struct msg *m, u64 at)
{
	const struct abi_cmsghdr *c = (const struct abi_cmsghdr *)(m->control + at);
	u64 next = at + CMSG_ALIGN(c->cmsg_len);

	return next + sizeof(*c) <= m->control_length ? next : ~0ull;
}

bool msg_control_ok(const struct msg *m)
{
	u64 at = 0;

	if (m->control_length < sizeof(struct abi_cmsghdr))
		return true;
	for (; at != ~0ull; at = next_at(m, at))
		if (!fits(m, at))
			return false;
	return true;
}

const struct abi_cmsghdr *msg_control_next(const struct msg *m, const struct abi_cmsghdr *c)
{
	u64 at;

	if (!m->control || m->control_length < sizeof(*c))
		return NULL;
	if (!c)
		return (const struct abi_cmsghdr *)m->control;
	at = next_at(m, (u64)((const u8 *)c - m->control));
	return at == ~0ull ? NULL : (const struct abi_cmsghdr *)(m->control + at);
}

int msg_put_control(struct msg *m, int level, int type, const void *data, size_t n)
{
	struct abi_cmsghdr header = { CMSG_LEN(n), level, type };
	u8 __user *to = (u8 __user *)m->user_control;

	if (!m->user_control || m->user_control_left < sizeof(header)) {
		m->out_flags |= MSG_CTRUNC;
		return 0;
	}
	if (m->user_control_left < header.cmsg_len) {
		m->out_flags |= MSG_CTRUNC;
		header.cmsg_len = m->user_control_left;
	}
	if (copy_out(to, &header, sizeof(header)) < 0 ||
	    copy_out(to + sizeof(header), data, header.cmsg_len - sizeof(header)) < 0)
		return -EFAULT;
	n = min(CMSG_SPACE(n), m->user_control_left);
	m->user_control += n;
	m->user_control_left -= n;
	return 0;
}
