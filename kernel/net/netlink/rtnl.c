/* NETLINK_ROUTE: which room handles which type of message. */
#include "abi/capability.h"
#include "abi/errno.h"
#include "core/panic.h"
#include "net/netlink/netlink_int.h"

#define TYPES 128

static const struct rtnl_handler *handlers[TYPES]; /* I after boot: by type - RTM_NEWLINK */

void rtnl_register(const struct rtnl_handler *h, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		kassert(h[i].type - RTM_NEWLINK < TYPES && !handlers[h[i].type - RTM_NEWLINK]);
		handlers[h[i].type - RTM_NEWLINK] = h + i;
	}
}

/* Of each kind of object there are NEW, DEL, GET and SET in a row. */
static bool is_get(u16 type)
{
	return (type & 3) == (RTM_GETLINK & 3);
}

int rtnl_request(struct nl_request *r)
{
	u16 type = r->h->nlmsg_type;
	const struct rtnl_handler *h;

	if (type < RTM_NEWLINK || type - RTM_NEWLINK >= TYPES)
		return -EOPNOTSUPP;
	if (r->length < sizeof(struct rtgenmsg))
		return 0;
	if (!is_get(type) && !sock_capable(CAP_NET_ADMIN))
		return -EPERM;
	h = handlers[type - RTM_NEWLINK];
	if (!h)
		return -EOPNOTSUPP;
	if (is_get(type) && r->h->nlmsg_flags & NLM_F_DUMP) {
		int err = nl_dump_start(r, h->dump);

		return err ? err : 1;
	}
	if (r->length < h->header)
		return -EINVAL;
	return h->request ? h->request(r) : -EOPNOTSUPP;
}
