/*
 * IP_MSFILTER (ip(7); RFC 3678, 4.1.2): a membership's whole list of sources at once, as addresses
 * of IPv4 behind a head. MCAST_MSFILTER, which has sockaddrs, is net/inet's.
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/inet_member.h"
#include "net/ip4/ip4_int.h"

/* The list behind the head: 0 and *out. */
static int list_read(const struct ip_msfilter *head, const void __user *value,
		     struct inet_sources **out)
{
	const be32 __user *at = (const be32 __user *)((const u8 __user *)value + sizeof(*head));
	struct inet_sources *f = kmalloc(sizeof(*f) + head->imsf_numsrc * sizeof(f->source[0]),
					 MM_KERNEL);

	if (!f)
		return -ENOMEM;
	f->exclude = head->imsf_fmode == MCAST_EXCLUDE;
	f->n = head->imsf_numsrc;
	for (u32 k = 0; k < f->n; k++) {
		be32 source;

		if (copy_in(&source, at + k, sizeof(source))) {
			kfree(f);
			return -EFAULT;
		}
		f->source[k] = ipaddr_4(source);
	}
	*out = f;
	return 0;
}

int ip4_msfilter_set(struct inet_sock *i, const struct inet_group_ops *ops,
		     const void __user *value, u32 n)
{
	struct inet_sources *filter;
	struct ip_msfilter head;
	struct ipaddr group;
	struct netif *nif;
	int err;

	if (n < sizeof(head))
		return -EINVAL;
	if (n > READ_ONCE(sock_optmem_max))
		return -ENOBUFS;
	if (copy_in_obj(&head, (const struct ip_msfilter __user *)value))
		return -EFAULT;
	if (head.imsf_numsrc > ops->most_sources())
		return -ENOBUFS;
	if (n < sizeof(head) + head.imsf_numsrc * sizeof(be32) ||
	    !ip4_is_multicast(head.imsf_multiaddr) ||
	    (head.imsf_fmode != MCAST_INCLUDE && head.imsf_fmode != MCAST_EXCLUDE))
		return -EINVAL;
	err = list_read(&head, value, &filter);
	if (err)
		return err;
	group = ipaddr_4(head.imsf_multiaddr);
	netif_config_lock();
	nif = ip4_group_netif(&group, 0, head.imsf_interface);
	err = inet_member_set_sources(i, ops, &group, nif, filter);
	netif_config_unlock();
	if (nif)
		netif_put(nif);
	return err;
}

/* A copy of the membership's list (NULL: it has none). Config lock. */
static int list_find(struct inet_sock *i, struct ip_msfilter *head, struct inet_sources **copy)
{
	struct ipaddr group = ipaddr_4(head->imsf_multiaddr);
	struct netif *nif = ip4_group_netif(&group, 0, head->imsf_interface);
	const struct inet_sources *f;
	struct inet_member *g;

	if (!nif)
		return -ENODEV;
	g = inet_member_find(i, &group, nif->index);
	netif_put(nif);
	if (!g)
		return -EADDRNOTAVAIL;
	f = g->filter;
	head->imsf_fmode = f && !f->exclude ? MCAST_INCLUDE : MCAST_EXCLUDE;
	head->imsf_numsrc = f ? f->n : 0;
	if (!f)
		return 0;
	*copy = kmemdup(f, sizeof(*f) + f->n * sizeof(f->source[0]), MM_KERNEL);
	return *copy ? 0 : -ENOMEM;
}

/* How many sources there are is told, however many have room. */
int ip4_msfilter_get(struct inet_sock *i, void __user *value, u32 *n)
{
	be32 __user *at = (be32 __user *)((u8 __user *)value + sizeof(struct ip_msfilter));
	struct inet_sources *f = NULL;
	struct ip_msfilter head;
	u32 count;
	int err;

	if (*n < sizeof(head))
		return -EINVAL;
	if (copy_in_obj(&head, (const struct ip_msfilter __user *)value))
		return -EFAULT;
	if (!ip4_is_multicast(head.imsf_multiaddr))
		return -EINVAL;
	count = min(head.imsf_numsrc, (u32)((*n - sizeof(head)) / sizeof(be32)));
	netif_config_lock();
	err = list_find(i, &head, &f);
	netif_config_unlock();
	if (err)
		return err;
	count = min(count, head.imsf_numsrc);
	err = copy_out_obj((struct ip_msfilter __user *)value, &head);
	for (u32 k = 0; k < count && !err; k++)
		err = copy_out(at + k, &f->source[k].w[3], sizeof(be32));
	*n = (u32)(sizeof(head) + count * sizeof(be32));
	kfree(f);
	return err;
}
