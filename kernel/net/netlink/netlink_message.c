/*
 * The inside of messages: writing them into packets, and finding attributes in what programs sent.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "net/netlink/netlink_int.h"

int nl_attributes(const void *from, u32 n, const struct nlattr **table, unsigned max)
{
	const u8 *p = from;

	memset(table, 0, max * sizeof(*table));
	while (n >= sizeof(struct nlattr)) {
		const struct nlattr *a = (const struct nlattr *)p;
		u32 step = NLMSG_ALIGN((u32)a->nla_len), type = a->nla_type & (u32)NLA_TYPE_MASK;

		if (a->nla_len < sizeof(*a) || a->nla_len > n)
			return -EINVAL;
		if (type < max)
			table[type] = a;
		if (step >= n)
			break;
		p += step;
		n -= step;
	}
	return 0;
}

int nl_get(const struct nlattr *a, void *to, u32 n)
{
	if (nl_size(a) < n)
		return -EINVAL;
	memcpy(to, nl_data(a), n);
	return 0;
}

int nl_get_string(const struct nlattr *a, char *to, u32 size)
{
	u32 n = (u32)strnlen(nl_data(a), nl_size(a));

	if (!n || n >= size)
		return -EINVAL;
	memcpy(to, nl_data(a), n);
	to[n] = 0;
	return 0;
}

int nl_out_init(struct nl_out *out, u32 size)
{
	*out = (struct nl_out){ .p = packet_alloc(0, size, MM_KERNEL) };
	return out->p ? 0 : -ENOMEM;
}

void *nl_more(struct nl_out *out, u32 n)
{
	void *at;

	n = NLMSG_ALIGN(n);
	if (out->full || packet_tail_room(out->p) < n) {
		out->full = true;
		return NULL;
	}
	at = packet_put(out->p, n);
	memset(at, 0, n);
	return at;
}

void *nl_begin(struct nl_out *out, u16 type, u16 flags, u32 seq, u32 port, u32 n)
{
	struct nlmsghdr *h = nl_more(out, NLMSG_HDRLEN + n);

	if (!h)
		return NULL;
	out->h = h;
	*h = (struct nlmsghdr){ .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = seq,
				.nlmsg_pid = port };
	return h + 1;
}

void nl_put(struct nl_out *out, u16 type, const void *data, u32 n)
{
	struct nlattr *a = nl_more(out, (u32)sizeof(*a) + n);

	if (!a)
		return;
	a->nla_len = (u16)(sizeof(*a) + n);
	a->nla_type = type;
	memcpy(a + 1, data, n);
}

void nl_put_string(struct nl_out *out, u16 type, const char *s)
{
	nl_put(out, type, s, (u32)strlen(s) + 1);
}

struct nlattr *nl_nest(struct nl_out *out, u16 type)
{
	struct nlattr *a = nl_more(out, sizeof(*a));

	if (a)
		a->nla_type = type;
	return a;
}

void nl_nest_end(struct nl_out *out, struct nlattr *nest)
{
	if (nest)
		nest->nla_len = (u16)(out->p->data + out->p->head - (u8 *)nest);
}

bool nl_end(struct nl_out *out)
{
	bool fits = !out->full && out->h;

	if (fits)
		out->h->nlmsg_len = (u32)(out->p->data + out->p->head - (u8 *)out->h);
	else if (out->h)
		packet_trim(out->p, (u32)((u8 *)out->h - out->p->data));
	out->h = NULL;
	return fits;
}
