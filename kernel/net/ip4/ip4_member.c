/*
 * Groups that sockets join and the sources that they want of them (ip(7), RFC 3376, 2).
 *
 * A membership is a list element of the socket, changed with the config lock, read by soft work
 * under RCU; its list of sources is replaced as a whole.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/ip4/ip4_int.h"

/* A request, whatever structure it came in. */
struct request { be32 group, address, source; u32 nif; };

bool ip4_wants_multicast(struct inet_sock *i, const struct ipaddr *group,
			 const struct ipaddr *from, u32 nif)
{
	return inet_member_wants(i, group, from, nif);
}

/* struct group_req of MCAST_JOIN_GROUP. */
struct group_request { u32 nif, pad; struct sockaddr_storage group; };

static int request_read(int name, const void __user *value, u32 n, struct request *out)
{
	struct ip_mreq_source source;
	struct group_request group;
	struct ip_mreqn r = { 0 };

	*out = (struct request){ 0 };
	switch (name) {
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		if (n < sizeof(struct ip_mreq))
			return -EINVAL;
		if (copy_in(&r, value, n < sizeof(r) ? sizeof(struct ip_mreq) : sizeof(r)))
			return -EFAULT;
		out->group = r.imr_multiaddr.s_addr;
		out->address = r.imr_address.s_addr;
		out->nif = (u32)r.imr_ifindex;
		return 0;
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
		if (n < sizeof(group))
			return -EINVAL;
		if (copy_in(&group, value, sizeof(group)))
			return -EFAULT;
		if (group.group.ss_family != AF_INET)
			return -EINVAL;
		out->group = ((struct sockaddr_in *)&group.group)->sin_addr.s_addr;
		out->nif = group.nif;
		return 0;
	default:
		if (n != sizeof(source))
			return -EINVAL;
		if (copy_in(&source, value, sizeof(source)))
			return -EFAULT;
		out->group = source.imr_multiaddr;
		out->address = source.imr_interface;
		out->source = source.imr_sourceaddr;
		return 0;
	}
}

/* The interface meant: by number, by its address, or that by which packets to the group go. */
static struct netif *request_netif(const struct request *r)
{
	struct flow f = { .to = ipaddr_4(r->group), .from = IPADDR_ANY4 };
	struct netif *nif = NULL;
	struct route *route;

	if (r->nif)
		return netif_by_index(r->nif);
	if (r->address)
		return ip4_addr_netif(r->address);
	if (route_output(&f, &route))
		return NULL;
	nif = route->nif;
	netif_get(nif);
	route_put(route);
	return nif;
}

static struct inet_member **member_at(struct inet_sock *i, be32 group, u32 nif)
{
	struct inet_member **at = &i->memberships;

	while (*at && !(ipaddr_is4(&(*at)->group) && (*at)->group.w[3] == group &&
			(!nif || (*at)->nif == nif)))
		at = &(*at)->next;
	return at;
}

static void member_free(struct rcu_head *head)
{
	struct inet_member *g = container_of(head, struct inet_member, rcu);

	kfree(g->filter);
	kfree(g);
}

static void sources_free(struct rcu_head *head)
{
	kfree(container_of(head, struct inet_sources, rcu));
}

/* With the config lock: all of these. */
static void member_leave(struct inet_member **at)
{
	struct inet_member *g = *at;
	struct igmp_part was = { .member = true, .filter = g->filter }, none = { 0 };
	struct netif *nif = netif_by_index(g->nif);

	rcu_store(*at, g->next);
	if (nif) {
		if (ip4_if(nif))
			igmp_change(nif, g->group.w[3], &was, &none);
		netif_put(nif);
	}
	rcu_call(&g->rcu, member_free);
}

static int member_join(struct inet_sock *i, struct netif *nif, be32 group,
		       struct inet_sources *filter)
{
	struct igmp_part none = { 0 }, now = { .member = true, .filter = filter };
	struct inet_member *g;
	s32 n = 0;
	int err;

	for (g = i->memberships; g; g = g->next)
		n++;
	if (n >= READ_ONCE(ip4_settings.max_memberships))
		return -ENOBUFS;
	g = kzalloc(sizeof(*g), MM_KERNEL);
	if (!g)
		return -ENOMEM;
	err = igmp_change(nif, group, &none, &now);
	if (err) {
		kfree(g);
		return err;
	}
	g->group = ipaddr_4(group);
	g->nif = nif->index;
	g->filter = filter;
	g->next = i->memberships;
	rcu_store(i->memberships, g);
	return 0;
}

/* A list with one more or one less: 0 and *out (NULL: none left of an excluding one). */
static int sources_edit(const struct inet_sources *old, bool exclude, be32 source, bool add,
			struct inet_sources **out)
{
	u32 n = old ? old->n : 0, at = 0;
	struct inet_sources *f;

	while (at < n && old->source[at].w[3] != source)
		at++;
	if (add ? at < n : at == n)
		return -EADDRNOTAVAIL;
	if (add && n >= (u32)READ_ONCE(ip4_settings.max_msf))
		return -ENOBUFS;
	*out = NULL;
	if (!add && n == 1)
		return 0;
	f = kmalloc(sizeof(*f) + (n + 1) * sizeof(f->source[0]), MM_KERNEL);
	if (!f)
		return -ENOMEM;
	f->exclude = exclude;
	f->n = 0;
	for (u32 k = 0; k < n; k++)
		if (add || k != at)
			f->source[f->n++] = old->source[k];
	if (add)
		f->source[f->n++] = ipaddr_4(source);
	*out = f;
	return 0;
}

static int member_change(struct netif *nif, struct inet_member *g, struct inet_sources *filter)
{
	struct igmp_part was = { .member = true, .filter = g->filter };
	struct igmp_part now = { .member = true, .filter = filter };
	struct inet_sources *old = g->filter;
	int err = igmp_change(nif, g->group.w[3], &was, &now);

	if (err) {
		kfree(filter);
		return err;
	}
	rcu_store(g->filter, filter);
	if (old)
		rcu_call(&old->rcu, sources_free);
	return 0;
}

/* IP_BLOCK_SOURCE and IP_UNBLOCK_SOURCE: of a membership that takes everything else. */
static int block(struct netif *nif, struct inet_member *g, be32 source, bool add)
{
	struct inet_sources *f;
	int err;

	if (!g || (g->filter && !g->filter->exclude))
		return -EINVAL;
	err = sources_edit(g->filter, true, source, add, &f);
	return err ?: member_change(nif, g, f);
}

static int source_join(struct inet_sock *i, struct netif *nif, struct inet_member *g,
		       const struct request *r)
{
	struct inet_sources *f;
	int err;

	if (g && (!g->filter || g->filter->exclude))
		return -EINVAL;
	err = sources_edit(g ? g->filter : NULL, false, r->source, true, &f);
	if (err)
		return err;
	if (g)
		return member_change(nif, g, f);
	err = member_join(i, nif, r->group, f);
	if (err)
		kfree(f);
	return err;
}

static int source_leave(struct netif *nif, struct inet_member **at, be32 source)
{
	struct inet_sources *f;
	int err;

	if (!*at || !(*at)->filter || (*at)->filter->exclude)
		return -EINVAL;
	err = sources_edit((*at)->filter, false, source, false, &f);
	if (err)
		return err;
	if (f)
		return member_change(nif, *at, f);
	member_leave(at);
	return 0;
}

static int carry_out(struct inet_sock *i, int name, const struct request *r, struct netif *nif)
{
	struct inet_member **at = member_at(i, r->group, nif->index);

	if (!ip4_if(nif))
		return -ENODEV;
	switch (name) {
	case IP_ADD_MEMBERSHIP:
	case MCAST_JOIN_GROUP:
		return *at ? -EADDRINUSE : member_join(i, nif, r->group, NULL);
	case IP_DROP_MEMBERSHIP:
	case MCAST_LEAVE_GROUP:
		if (!*at)
			return -EADDRNOTAVAIL;
		member_leave(at);
		return 0;
	case IP_ADD_SOURCE_MEMBERSHIP:
		return source_join(i, nif, *at, r);
	case IP_DROP_SOURCE_MEMBERSHIP:
		return source_leave(nif, at, r->source);
	default:
		return block(nif, *at, r->source, name == IP_BLOCK_SOURCE);
	}
}

int ip4_member_option(struct inet_sock *i, int name, const void __user *value, u32 n)
{
	struct request r;
	struct netif *nif;
	int err;

	if (i->sock.type == SOCK_STREAM)
		return -EPROTO;
	err = request_read(name, value, n, &r);
	if (err)
		return err;
	if (!ip4_is_multicast(r.group))
		return -EINVAL;
	netif_config_lock();
	nif = request_netif(&r);
	err = nif ? carry_out(i, name, &r, nif) : -ENODEV;
	netif_config_unlock();
	if (nif)
		netif_put(nif);
	return err;
}

void ip4_leave_all(struct inet_sock *i)
{
	struct inet_member **at = &i->memberships;

	while (*at)
		if (ipaddr_is4(&(*at)->group))
			member_leave(at);
		else
			at = &(*at)->next;
}
