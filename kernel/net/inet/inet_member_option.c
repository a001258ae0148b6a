/*
 * The options of groups that name addresses of either version by sockaddrs: MCAST_JOIN_GROUP and
 * its like, MCAST_MSFILTER (RFC 3678, 5).
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "abi/in6.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/inet/inet_member.h"

static int address_of(bool six, const struct sockaddr_storage *a, struct ipaddr *out)
{
	if (a->ss_family != (six ? AF_INET6 : AF_INET))
		return -EADDRNOTAVAIL;
	if (six)
		memcpy(out, &((const struct sockaddr_in6 *)a)->sin6_addr, sizeof(*out));
	else
		*out = ipaddr_4(((const struct sockaddr_in *)a)->sin_addr.s_addr);
	return 0;
}

/* A group of the version itself: a mapped one is IPv4's, whose memberships IGMP counts. */
static bool is_group(bool six, const struct ipaddr *a)
{
	return ipaddr_multicast(a) && ipaddr_is4(a) != six;
}

static bool op_of(int name, enum inet_member_op *op)
{
	switch (name) {
	case MCAST_JOIN_GROUP:
		*op = INET_JOIN;
		return true;
	case MCAST_LEAVE_GROUP:
		*op = INET_LEAVE;
		return true;
	case MCAST_JOIN_SOURCE_GROUP:
		*op = INET_JOIN_SOURCE;
		return true;
	case MCAST_LEAVE_SOURCE_GROUP:
		*op = INET_LEAVE_SOURCE;
		return true;
	case MCAST_BLOCK_SOURCE:
		*op = INET_BLOCK;
		return true;
	case MCAST_UNBLOCK_SOURCE:
		*op = INET_UNBLOCK;
		return true;
	default:
		return false;
	}
}

int inet_member_read(bool six, int name, const void __user *value, u32 n,
		     struct inet_member_request *out)
{
	struct group_source_req r;
	u32 size;
	int err;

	if (!op_of(name, &out->op))
		return -ENOPROTOOPT;
	size = name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP ? sizeof(struct group_req) :
								       sizeof(r);
	if (n < size)
		return -EINVAL;
	if (copy_in(&r, value, size))
		return -EFAULT;
	out->nif = r.gsr_interface;
	err = address_of(six, &r.gsr_group, &out->group);
	if (size < sizeof(r))
		return err ? -EINVAL : 0;
	return err ?: address_of(six, &r.gsr_source, &out->source);
}

/* MCAST_MSFILTER ------------------------------------------------------------------------------ */

/* The list behind the header of a filter, read from user memory: 0 and *out, or -errno. */
static int sources_read(const struct inet_group_ops *ops, const struct group_filter *head,
			const void __user *value, struct inet_sources **out)
{
	const u8 __user *at = (const u8 __user *)value + sizeof(*head);
	struct inet_sources *f = kmalloc(sizeof(*f) + head->gf_numsrc * sizeof(f->source[0]),
					 MM_KERNEL);
	int err = 0;

	if (!f)
		return -ENOMEM;
	f->exclude = head->gf_fmode == MCAST_EXCLUDE;
	f->n = head->gf_numsrc;
	for (u32 k = 0; !err && k < f->n; k++, at += sizeof(struct sockaddr_storage)) {
		struct sockaddr_storage a;

		err = copy_in(&a, at, sizeof(a)) ? -EFAULT :
		      address_of(ops->six, &a, &f->source[k]);
	}
	if (err)
		kfree(f);
	*out = f;
	return err;
}

int inet_msfilter_set(struct inet_sock *i, const struct inet_group_ops *ops,
		      struct netif *(*find)(const struct ipaddr *group),
		      const void __user *value, u32 n)
{
	struct group_filter head;
	struct inet_sources *filter;
	struct ipaddr group;
	struct netif *nif;
	int err;

	if (n < sizeof(head))
		return -EINVAL;
	if (copy_in_obj(&head, (const struct group_filter __user *)value))
		return -EFAULT;
	if (head.gf_numsrc > ops->most_sources())
		return -ENOBUFS;
	if (n < sizeof(head) + head.gf_numsrc * sizeof(struct sockaddr_storage) ||
	    address_of(ops->six, &head.gf_group, &group) || !is_group(ops->six, &group) ||
	    (head.gf_fmode != MCAST_INCLUDE && head.gf_fmode != MCAST_EXCLUDE))
		return -EINVAL;
	err = sources_read(ops, &head, value, &filter);
	if (err)
		return err;
	netif_config_lock();
	nif = head.gf_interface ? netif_by_index(head.gf_interface) : find(&group);
	err = inet_member_set_sources(i, ops, &group, nif, filter);
	netif_config_unlock();
	if (nif)
		netif_put(nif);
	return err;
}

/* What is known of the membership: its sources, in a copy (NULL: none). */
static int sources_copy(struct inet_sock *i, const struct ipaddr *group, u32 nif, bool *exclude,
			struct inet_sources **out)
{
	struct inet_member *g;
	int err = 0;

	*out = NULL;
	netif_config_lock();
	g = inet_member_find(i, group, nif);
	if (!g) {
		err = -EADDRNOTAVAIL;
	} else if (g->filter) {
		size_t size = sizeof(**out) + g->filter->n * sizeof(struct ipaddr);

		*out = kmalloc(size, MM_KERNEL);
		if (*out)
			memcpy(*out, g->filter, size);
		else
			err = -ENOMEM;
	}
	*exclude = g && (!g->filter || g->filter->exclude);
	netif_config_unlock();
	return err;
}

int inet_msfilter_get(struct inet_sock *i, const struct inet_group_ops *ops, void __user *value,
		      u32 *n)
{
	u8 __user *at = (u8 __user *)value + sizeof(struct group_filter);
	struct group_filter head;
	struct inet_sources *f;
	struct ipaddr group;
	u32 room, count;
	bool exclude;
	int err;

	if (*n < sizeof(head))
		return -EINVAL;
	if (copy_in_obj(&head, (struct group_filter __user *)value))
		return -EFAULT;
	if (address_of(ops->six, &head.gf_group, &group) || !is_group(ops->six, &group))
		return -EINVAL;
	room = min(head.gf_numsrc, (u32)((*n - sizeof(head)) / sizeof(struct sockaddr_storage)));
	err = sources_copy(i, &group, head.gf_interface, &exclude, &f);
	if (err)
		return err;
	head.gf_fmode = exclude ? MCAST_EXCLUDE : MCAST_INCLUDE;
	head.gf_numsrc = f ? f->n : 0;
	count = min(room, head.gf_numsrc);
	err = copy_out_obj((struct group_filter __user *)value, &head);
	for (u32 k = 0; !err && k < count; k++, at += sizeof(struct sockaddr_storage)) {
		struct sockaddr_storage a;

		memset(&a, 0, sizeof(a));
		inet_address_out(&i->sock, &f->source[k], 0, 0, &a);
		err = copy_out(at, &a, sizeof(a));
	}
	*n = (u32)(sizeof(head) + count * sizeof(struct sockaddr_storage));
	kfree(f);
	return err;
}
