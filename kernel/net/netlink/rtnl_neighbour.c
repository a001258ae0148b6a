/*
 * Neighbours of either version over NETLINK_ROUTE: RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH (all).
 * With NTF_PROXY they are about published addresses. What changes is told to RTNLGRP_NEIGH.
 */
#include "abi/errno.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/link/neighbour.h"
#include "net/link/published.h"
#include "net/netlink/netlink_int.h"

#define NDA_COUNT (NDA_PROBES + 1)
#define NEIGHBOUR_ROOM 256 /* of one message */

static u32 ticks_since(u64 ns)
{
	return (u32)((clock_monotonic() - ns) / (NSEC_PER_SEC / USER_HZ));
}

static void put_destination(struct nl_out *out, const struct ipaddr *a)
{
	bool four = ipaddr_is4(a);

	nl_put(out, NDA_DST, four ? (const void *)&a->w[3] : a, four ? 4 : 16);
}

static bool neighbour_message(struct nl_out *out, struct neighbour *n, u16 type, u16 flags,
			      u32 seq, u32 port)
{
	struct nda_cacheinfo cache = {
		.ndm_confirmed = ticks_since(n->updated_ns), .ndm_used = ticks_since(n->used_ns),
		.ndm_updated = ticks_since(n->updated_ns), .ndm_refcnt = ref_read(&n->refs) - 1,
	};
	struct ndmsg *m = nl_begin(out, type, flags, seq, port, sizeof(*m));
	u8 address[LINK_ADDRESS];

	if (!m)
		return nl_end(out);
	m->ndm_family = ipaddr_is4(&n->address) ? AF_INET : AF_INET6;
	m->ndm_ifindex = (s32)n->nif->index;
	m->ndm_state = (u16)READ_ONCE(n->state);
	m->ndm_flags = n->router ? NTF_ROUTER : 0;
	m->ndm_type = RTN_UNICAST;
	put_destination(out, &n->address);
	if (neighbour_address(n, address))
		nl_put(out, NDA_LLADDR, address, n->nif->address_length);
	nl_put(out, NDA_CACHEINFO, &cache, sizeof(cache));
	nl_put32(out, NDA_PROBES, n->probes);
	return nl_end(out);
}

static bool dump_one(struct neighbour *n, void *arg)
{
	struct nl_walk *w = arg;
	struct nl_dump *d = w->d;
	u8 family = ipaddr_is4(&n->address) ? AF_INET : AF_INET6;

	if (!nl_walk_due(w))
		return true;
	/* What is computed from the address is no news. */
	if ((d->family != AF_UNSPEC && d->family != family) || READ_ONCE(n->state) & NEIGH_NOARP)
		return nl_walk_wrote(w, true);
	return nl_walk_wrote(w, neighbour_message(w->out, n, RTM_NEWNEIGH, NLM_F_MULTI, d->seq,
						  d->port));
}

static bool dump_published(struct netif *nif, const struct ipaddr *address, void *arg)
{
	struct nl_walk *w = arg;
	u8 family = ipaddr_is4(address) ? AF_INET : AF_INET6;
	struct ndmsg *m;

	if (!nl_walk_due(w))
		return true;
	if (w->d->family != AF_UNSPEC && w->d->family != family)
		return nl_walk_wrote(w, true);
	m = nl_begin(w->out, RTM_NEWNEIGH, NLM_F_MULTI, w->d->seq, w->d->port, sizeof(*m));
	if (m) {
		m->ndm_family = family;
		m->ndm_ifindex = nif ? (s32)nif->index : 0;
		m->ndm_flags = NTF_PROXY;
		m->ndm_type = RTN_UNICAST;
		put_destination(w->out, address);
	}
	return nl_walk_wrote(w, nl_end(w->out));
}

/* at[1]: how many were written. Those that come and go meanwhile may be missed or told twice. */
static int neighbour_dump(struct nl_dump *d, struct nl_out *out)
{
	const struct ndmsg *asked = d->request;
	struct nl_walk w = { d, out, 0, false };

	if (d->length >= sizeof(*asked) && asked->ndm_flags == NTF_PROXY) {
		netif_config_lock();
		published_each(dump_published, &w);
		netif_config_unlock();
		return w.full;
	}
	neighbour_each(dump_one, &w);
	return w.full;
}

struct neighbour_request {
	struct netif *nif;             /* referenced; NULL: all, of a published address only */
	struct ipaddr address;
	const u8 *link_address;        /* NULL: none */
};

static int neighbour_parse(const struct nl_request *r, struct neighbour_request *q)
{
	const struct ndmsg *m = r->payload;
	const struct nlattr *a[NDA_COUNT];
	u32 header = NLMSG_ALIGN((u32)sizeof(*m));
	be32 four;
	int err = nl_attributes((const u8 *)r->payload + header, r->length - header, a, NDA_COUNT);

	if (err)
		return err;
	if (!a[NDA_DST] || m->ndm_ifindex < 0 ||
	    (!m->ndm_ifindex && !(m->ndm_flags & NTF_PROXY)))
		return -EINVAL;
	if (m->ndm_family == AF_INET) {
		err = nl_get(a[NDA_DST], &four, 4);
		q->address = ipaddr_4(four);
	} else {
		err = m->ndm_family == AF_INET6 ? nl_get(a[NDA_DST], &q->address, 16) :
						  -EAFNOSUPPORT;
	}
	if (err)
		return err;
	q->nif = NULL;
	q->link_address = NULL;
	if (!m->ndm_ifindex)
		return 0;
	q->nif = netif_by_index((u32)m->ndm_ifindex);
	if (!q->nif)
		return -ENODEV;
	q->link_address = a[NDA_LLADDR] ? nl_data(a[NDA_LLADDR]) : NULL;
	if (a[NDA_LLADDR] && nl_size(a[NDA_LLADDR]) < q->nif->address_length) {
		netif_put(q->nif);
		return -EINVAL;
	}
	return 0;
}

/* Published addresses are IPv4's. */
static int publish(struct neighbour_request *q, bool on)
{
	int err = -EOPNOTSUPP;

	if (ipaddr_is4(&q->address)) {
		netif_config_lock();
		err = on ? published_add(q->nif, &q->address) :
			   published_remove(q->nif, &q->address);
		netif_config_unlock();
	}
	if (q->nif)
		netif_put(q->nif);
	return err;
}

static int neighbour_new(struct nl_request *r)
{
	const struct ndmsg *m = r->payload;
	u32 flags = r->h->nlmsg_flags;
	struct neighbour_request q;
	struct neighbour *n;
	int err = neighbour_parse(r, &q);

	if (err)
		return err;
	if (m->ndm_flags & NTF_PROXY)
		return publish(&q, true);
	n = neighbour_find(q.nif, &q.address);
	if (n && flags & NLM_F_EXCL)
		err = -EEXIST;
	else if (!n && !(flags & NLM_F_CREATE))
		err = -ENOENT;
	else if (!n && !(n = neighbour_get(q.nif, &q.address)))
		err = -ENOBUFS;
	if (!err)
		err = neighbour_update(n, q.link_address, m->ndm_state,
				       NEIGH_ADMIN | NEIGH_OVERRIDE);
	if (n)
		neighbour_put(n);
	netif_put(q.nif);
	return err;
}

static int neighbour_delete(struct nl_request *r)
{
	const struct ndmsg *m = r->payload;
	struct neighbour_request q;
	int err = neighbour_parse(r, &q);

	if (err)
		return err;
	if (m->ndm_flags & NTF_PROXY)
		return publish(&q, false);
	err = neighbour_remove(q.nif, &q.address);
	netif_put(q.nif);
	return err;
}

static const struct rtnl_handler handlers[] = {
	{ RTM_NEWNEIGH, AF_UNSPEC, sizeof(struct ndmsg), neighbour_new, NULL },
	{ RTM_DELNEIGH, AF_UNSPEC, sizeof(struct ndmsg), neighbour_delete, NULL },
	{ RTM_GETNEIGH, AF_UNSPEC, sizeof(struct ndmsg), NULL, neighbour_dump },
};

static bool is_wanted(void)
{
	return nl_has_listeners(RTNLGRP_NEIGH);
}

static void changed(struct neighbour *n, bool gone)
{
	struct nl_out out;

	if (READ_ONCE(n->state) & NEIGH_NOARP ||
	    !nl_notify_begin(RTNLGRP_NEIGH, &out, NEIGHBOUR_ROOM))
		return;
	neighbour_message(&out, n, gone ? RTM_DELNEIGH : RTM_NEWNEIGH, 0, 0, 0);
	nl_notify(RTNLGRP_NEIGH, &out);
}

static const struct neighbour_watch watch = { .is_wanted = is_wanted, .tell = changed };

void rtnl_neighbour_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
	neighbour_watch(&watch);
}
