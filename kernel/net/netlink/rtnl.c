/* NETLINK_ROUTE: which room handles which type of message, of which family of addresses. */
#include "abi/capability.h"
#include "abi/errno.h"
#include "core/panic.h"
#include "net/netlink/netlink_int.h"

#define TYPES 128

enum slot { SLOT_ALL, SLOT_4, SLOT_6, SLOTS };

static const struct rtnl_handler *handlers[TYPES][SLOTS]; /* I after boot: type - RTM_NEWLINK */

static enum slot slot_of(u8 family)
{
	return family == AF_INET ? SLOT_4 : family == AF_INET6 ? SLOT_6 : SLOT_ALL;
}

void rtnl_register(const struct rtnl_handler *h, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct rtnl_handler **at = handlers[h[i].type - RTM_NEWLINK] +
						 slot_of(h[i].family);

		kassert(h[i].type - RTM_NEWLINK < TYPES && !*at);
		*at = h + i;
	}
}

/* Of each kind of object there are NEW, DEL, GET and SET in a row. */
static bool is_get(u16 type)
{
	return (type & 3) == (RTM_GETLINK & 3);
}

/* The handlers of each family in turn. */
static int dump_all(struct nl_dump *d, struct nl_out *out)
{
	for (; d->stage < SLOTS; d->stage++) {
		const struct rtnl_handler *h = handlers[d->type - RTM_NEWLINK][d->stage];
		int more = h && h->dump ? h->dump(d, out) : 0;

		if (more)
			return more;
		d->at[0] = d->at[1] = d->at[2] = d->at[3] = 0;
	}
	return 0;
}

static int dump(struct nl_request *r, const struct rtnl_handler *const *by_family, u8 family)
{
	const struct rtnl_handler *h = by_family[slot_of(family)];
	bool all = family == AF_UNSPEC || !h;
	int err;

	if (all && !by_family[SLOT_ALL] && !by_family[SLOT_4] && !by_family[SLOT_6])
		return -EOPNOTSUPP;
	err = nl_dump_start(r, all ? dump_all : h->dump, true);
	return err ? err : 1;
}

int rtnl_request(struct nl_request *r)
{
	u16 type = r->h->nlmsg_type;
	const struct rtnl_handler *h, *const *by_family;
	u8 family;

	if (type < RTM_NEWLINK || type - RTM_NEWLINK >= TYPES)
		return -EOPNOTSUPP;
	if (r->length < sizeof(struct rtgenmsg))
		return 0;
	if (!is_get(type) && !nl_capable(r, CAP_NET_ADMIN))
		return -EPERM;
	family = *(const u8 *)r->payload;
	by_family = handlers[type - RTM_NEWLINK];
	if (is_get(type) && r->h->nlmsg_flags & NLM_F_DUMP)
		return dump(r, by_family, family);
	h = by_family[slot_of(family)];
	if (!h || !h->request)
		h = by_family[SLOT_ALL];
	if (!h || !h->request)
		return -EOPNOTSUPP;
	return r->length < h->header ? -EINVAL : h->request(r);
}
