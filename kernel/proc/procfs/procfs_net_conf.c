/*
 * /proc/sys/net/ipv[46]/{conf,neigh}: settings of interfaces. Each of the four has a directory per
 * interface, one for what new interfaces begin with ("default") and, those of conf, one for all
 * (net/ip4/ip4.h and net/ip6/ip6.h say what that means), all with the same files.
 *
 * A kind's files are three tables in the same order: which table a file's node is in says whose
 * setting it is, its place there which one. The inode's `fd` is the interface's index.
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "net/ip4/ip4.h"
#include "net/ip6/ip6.h"
#include "net/link/neighbour.h"
#include "proc/procfs/procfs_net_int.h"
#include "vfs/file.h"

enum whose { OF_ALL, OF_DEFAULT, OF_NETIF, WHOSE };
enum { TABLE_LENGTH = 4 /* positions of a directory that the table takes */ };

struct range { s32 low, high; };

struct kind {
	const struct proc_node *children;      /* of conf or neigh */
	const struct proc_node *items[WHOSE];  /* NULL: there is no such directory */
	const struct proc_node *dir;           /* an interface's */
	const struct range *ranges;
	/* The number; NULL: the interface has none. RCU or config lock. */
	s32 *(*at)(enum whose whose, struct netif *nif, unsigned item);
	/* Config lock. NULL: it is only stored. */
	void (*set)(enum whose whose, struct netif *nif, unsigned item, s32 value);
};

static ssize_t conf_read(struct file *file, struct iov_iter *to, loff_t *pos);
static ssize_t conf_write(struct file *file, struct iov_iter *from, loff_t *pos);

static const struct file_ops conf_fops = {
	.read = conf_read, .write = conf_write, .seek = procfs_numbers_seek,
};

/* Tables -------------------------------------------------------------------------------------- */

#define INT_MAX_ 0x7fffffff
#define CONF4(X) \
	X(IP4_FORWARDING, "forwarding", -INT_MAX_, INT_MAX_) \
	X(IP4_RP_FILTER, "rp_filter", -INT_MAX_, INT_MAX_) \
	X(IP4_ACCEPT_REDIRECTS, "accept_redirects", -INT_MAX_, INT_MAX_) \
	X(IP4_SEND_REDIRECTS, "send_redirects", -INT_MAX_, INT_MAX_) \
	X(IP4_SECURE_REDIRECTS, "secure_redirects", -INT_MAX_, INT_MAX_) \
	X(IP4_ARP_IGNORE, "arp_ignore", -INT_MAX_, INT_MAX_) \
	X(IP4_ARP_ANNOUNCE, "arp_announce", -INT_MAX_, INT_MAX_) \
	X(IP4_PROXY_ARP, "proxy_arp", -INT_MAX_, INT_MAX_) \
	X(IP4_FORCE_IGMP_VERSION, "force_igmp_version", -INT_MAX_, INT_MAX_) \
	X(IP4_PROMOTE_SECONDARIES, "promote_secondaries", -INT_MAX_, INT_MAX_)
#define CONF6(X) \
	X(IP6_FORWARDING, "forwarding", 0, 2) \
	X(IP6_HOP_LIMIT, "hop_limit", 1, 255) \
	X(IP6_MTU, "mtu", IP6_MIN_MTU, 65535) \
	X(IP6_ACCEPT_RA, "accept_ra", 0, 2) \
	X(IP6_ACCEPT_REDIRECTS, "accept_redirects", 0, 1) \
	X(IP6_AUTOCONF, "autoconf", 0, 1) \
	X(IP6_DAD_TRANSMITS, "dad_transmits", 0, 100) \
	X(IP6_ACCEPT_DAD, "accept_dad", 0, 2) \
	X(IP6_ROUTER_SOLICITATIONS, "router_solicitations", -1, INT_MAX_) \
	X(IP6_ROUTER_SOLICITATION_INTERVAL, "router_solicitation_interval", 1, 3600) \
	X(IP6_ROUTER_SOLICITATION_DELAY, "router_solicitation_delay", 0, 60) \
	X(IP6_FORCE_MLD_VERSION, "force_mld_version", 0, 2) \
	X(IP6_ACCEPT_RA_DEFRTR, "accept_ra_defrtr", 0, 1) \
	X(IP6_ACCEPT_RA_PINFO, "accept_ra_pinfo", 0, 1) \
	X(IP6_ACCEPT_RA_MTU, "accept_ra_mtu", 0, 1) \
	X(IP6_DISABLE, "disable_ipv6", 0, 1) \
	X(IP6_KEEP_ADDR_ON_DOWN, "keep_addr_on_down", -1, 1) \
	X(IP6_ADDR_GEN_MODE, "addr_gen_mode", 0, 3) \
	X(IP6_USE_TEMPADDR, "use_tempaddr", -INT_MAX_, INT_MAX_) \
	X(IP6_TEMP_VALID, "temp_valid_lft", -INT_MAX_, INT_MAX_) \
	X(IP6_TEMP_PREFERRED, "temp_prefered_lft", -INT_MAX_, INT_MAX_) \
	X(IP6_REGEN_MAX_RETRY, "regen_max_retry", -INT_MAX_, INT_MAX_) \
	X(IP6_REGEN_MIN_ADVANCE, "regen_min_advance", 0, INT_MAX_) \
	X(IP6_MAX_DESYNC, "max_desync_factor", -INT_MAX_, INT_MAX_) \
	X(IP6_OPTIMISTIC_DAD, "optimistic_dad", -INT_MAX_, INT_MAX_) \
	X(IP6_USE_OPTIMISTIC, "use_optimistic", -INT_MAX_, INT_MAX_) \
	X(IP6_ACCEPT_RA_RTR_PREF, "accept_ra_rtr_pref", -INT_MAX_, INT_MAX_) \
	X(IP6_ACCEPT_RA_RT_MIN, "accept_ra_rt_info_min_plen", -INT_MAX_, INT_MAX_) \
	X(IP6_ACCEPT_RA_RT_MAX, "accept_ra_rt_info_max_plen", -INT_MAX_, INT_MAX_)

/* Fields of struct neighbour_settings by their place among its numbers. */
#define FIELD(name) (offsetof(struct neighbour_settings, name) / sizeof(u32))
#define NEIGH(X) \
	X(FIELD(reachable_ms), "base_reachable_time_ms", 1000, 86400000) \
	X(FIELD(delay_s), "delay_first_probe_time", 1, 3600) \
	X(FIELD(stale_s), "gc_stale_time", 1, 86400) \
	X(FIELD(retrans_ms), "retrans_time_ms", 10, 60000) \
	X(FIELD(unicast_probes), "ucast_solicit", 1, 100) \
	X(FIELD(multicast_probes), "mcast_solicit", 1, 100) \
	X(FIELD(queue_bytes), "unres_qlen_bytes", 0, INT_MAX_)
#define LIMITS(X) \
	X(FIELD(gc_least), "gc_thresh1", 0, 1000000) \
	X(FIELD(gc_soft), "gc_thresh2", 0, 1000000) \
	X(FIELD(gc_most), "gc_thresh3", 1, 1000000)
enum { NEIGH_ITEMS = FIELD(queue_bytes) + 1, NEIGH_DEFAULTS = FIELD(gc_most) + 1 };

#define NODE(item, name_, low_, high_) \
	[item] = { .name = name_, .mode = PROCFS_NET_RW, .fops = &conf_fops },
#define RANGE(item, name_, low_, high_) [item] = { low_, high_ },
#define FILES(list, n) { list(NODE) [n] = { 0 } }

static const struct proc_node all4[] = FILES(CONF4, IP4_CONF_ITEMS);
static const struct proc_node default4[] = FILES(CONF4, IP4_CONF_ITEMS);
static const struct proc_node netif4[] = FILES(CONF4, IP4_CONF_ITEMS);
static const struct range ranges4[] = { CONF4(RANGE) };
static const struct proc_node all6[] = FILES(CONF6, IP6_CONF_ITEMS);
static const struct proc_node default6[] = FILES(CONF6, IP6_CONF_ITEMS);
static const struct proc_node netif6[] = FILES(CONF6, IP6_CONF_ITEMS);
static const struct range ranges6[] = { CONF6(RANGE) };
static const struct proc_node neigh_default4[] = { NEIGH(NODE) LIMITS(NODE)
						   [NEIGH_DEFAULTS] = { 0 } };
static const struct proc_node neigh_default6[] = { NEIGH(NODE) LIMITS(NODE)
						   [NEIGH_DEFAULTS] = { 0 } };
static const struct proc_node neigh_netif4[] = FILES(NEIGH, NEIGH_ITEMS);
static const struct proc_node neigh_netif6[] = FILES(NEIGH, NEIGH_ITEMS);
static const struct range neigh_ranges[] = { NEIGH(RANGE) LIMITS(RANGE) };

#define DIR(name_, children_) { .name = name_, .mode = PROCFS_NET_DIR, .children = children_ }
static const struct proc_node dir4 = DIR("netif", netif4), dir6 = DIR("netif", netif6),
			      neigh_dir4 = DIR("netif", neigh_netif4),
			      neigh_dir6 = DIR("netif", neigh_netif6);
const struct proc_node procfs_net_conf4[] = { DIR("all", all4), DIR("default", default4), { 0 } };
const struct proc_node procfs_net_conf6[] = { DIR("all", all6), DIR("default", default6), { 0 } };
const struct proc_node procfs_net_neigh4[] = { DIR("default", neigh_default4), { 0 } };
const struct proc_node procfs_net_neigh6[] = { DIR("default", neigh_default6), { 0 } };

/* Where the numbers are ----------------------------------------------------------------------- */

static s32 *at4(enum whose whose, struct netif *nif, unsigned item)
{
	struct ip4_if *in;

	if (whose != OF_NETIF)
		return &(whose == OF_ALL ? &ip4_conf_all : &ip4_conf_default)->item[item];
	in = ip4_if(nif); /* may go meanwhile */
	return in ? &in->conf.item[item] : NULL;
}

static void set4(enum whose whose, struct netif *nif, unsigned item, s32 value)
{
	if (whose == OF_DEFAULT)
		WRITE_ONCE(ip4_conf_default.item[item], value);
	else
		ip4_conf_set(nif, (enum ip4_conf_item)item, value);
}

static s32 *at6(enum whose whose, struct netif *nif, unsigned item)
{
	struct ip6_if *in;

	if (whose != OF_NETIF)
		return &(whose == OF_ALL ? &ip6_conf_all : &ip6_conf_default)->item[item];
	in = ip6_if(nif);
	return in ? &in->conf.item[item] : NULL;
}

static void set6(enum whose whose, struct netif *nif, unsigned item, s32 value)
{
	if (whose == OF_DEFAULT)
		WRITE_ONCE(ip6_conf_default.item[item], value);
	else
		ip6_conf_set(nif, (enum ip6_conf_item)item, value);
}

static s32 *neigh_at(enum whose whose, struct netif *nif, unsigned item, bool six)
{
	struct neighbour_settings *set = whose == OF_NETIF ? neighbour_netif_settings(nif, six) :
							     &neighbour_settings[six];

	return (s32 *)set + item;
}

static s32 *neigh_at4(enum whose whose, struct netif *nif, unsigned item)
{
	return neigh_at(whose, nif, item, false);
}

static s32 *neigh_at6(enum whose whose, struct netif *nif, unsigned item)
{
	return neigh_at(whose, nif, item, true);
}

static const struct kind kinds[] = {
	{ procfs_net_conf4, { all4, default4, netif4 }, &dir4, ranges4, at4, set4 },
	{ procfs_net_conf6, { all6, default6, netif6 }, &dir6, ranges6, at6, set6 },
	{ procfs_net_neigh4, { NULL, neigh_default4, neigh_netif4 }, &neigh_dir4, neigh_ranges,
	  neigh_at4, NULL },
	{ procfs_net_neigh6, { NULL, neigh_default6, neigh_netif6 }, &neigh_dir6, neigh_ranges,
	  neigh_at6, NULL },
};

/* Files --------------------------------------------------------------------------------------- */

/* What a file stands for; the interface is referenced. */
struct place { const struct kind *kind; enum whose whose; unsigned item; struct netif *nif; };

static bool place_of(const struct proc_inode *pi, struct place *p)
{
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
		for (unsigned w = 0; w < WHOSE; w++) {
			const struct proc_node *item = kinds[k].items[w];

			while (item && item->name && item != pi->node)
				item++;
			if (!item || !item->name)
				continue;
			*p = (struct place){ &kinds[k], (enum whose)w,
					     (unsigned)(item - kinds[k].items[w]), NULL };
			if (w == OF_NETIF)
				p->nif = netif_by_index((u32)pi->fd);
			return w != OF_NETIF || p->nif;
		}
	return false;
}

static ssize_t conf_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct place p;
	s32 *at, v = 0;

	if (!place_of(proc_inode(file->inode), &p))
		return -ENOENT;
	rcu_read_lock();
	at = p.kind->at(p.whose, p.nif, p.item);
	if (at)
		v = READ_ONCE(*at);
	rcu_read_unlock();
	if (p.nif)
		netif_put(p.nif);
	return at ? procfs_numbers_print(to, pos, &v, 1) : -ENOENT;
}

static ssize_t conf_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t length = iov_left(from);
	struct place p;
	s32 *at, v[2];
	int n = procfs_numbers_parse(from, v);

	if (n < 0)
		return n;
	if (!place_of(proc_inode(file->inode), &p))
		return -ENOENT;
	if (n != 1 || v[0] < p.kind->ranges[p.item].low || v[0] > p.kind->ranges[p.item].high) {
		if (p.nif)
			netif_put(p.nif);
		return -EINVAL;
	}
	netif_config_lock();
	at = p.kind->at(p.whose, p.nif, p.item);
	if (at && p.kind->set)
		p.kind->set(p.whose, p.nif, p.item, v[0]);
	else if (at)
		WRITE_ONCE(*at, v[0]);
	netif_config_unlock();
	if (p.nif)
		netif_put(p.nif);
	return at ? (ssize_t)length : -ENOENT;
}

/* Directories --------------------------------------------------------------------------------- */

int procfs_net_conf_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	const struct kind *kind = kinds;
	char text[NETIF_NAME];
	struct netif *nif;
	int index;

	if (name->length >= sizeof(text))
		return 0;
	while (kind->children != dir->node->children)
		kind++;
	memcpy(text, name->text, name->length);
	text[name->length] = 0;
	nif = netif_by_name(text);
	if (!nif)
		return 0;
	index = (int)nif->index;
	netif_put(nif);
	return procfs_inode(dir->inode.sb, kind->dir, NULL, false, index, out);
}

/* The first interface with an index of at least `least`. */
struct seek { u32 least, found; char name[NETIF_NAME]; };

static void seek_netif(struct netif *nif, void *arg)
{
	struct seek *s = arg;

	if (nif->index < s->least || (s->found && s->found < nif->index))
		return;
	s->found = nif->index;
	strlcpy(s->name, nif->name, sizeof(s->name));
}

int procfs_net_conf_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	struct seek s = { .least = pos > TABLE_LENGTH ? (u32)(pos - TABLE_LENGTH) : 1 };

	for (;;) {
		s.found = 0;
		netif_config_lock();
		netif_each(seek_netif, &s);
		netif_config_unlock();
		if (!s.found)
			return 0;
		s.least = s.found + 1;
		if (!sink->emit(sink, s.name, (u32)strlen(s.name), (u64)s.found << 8 | 5, DT_DIR,
				s.least + TABLE_LENGTH))
			return 0;
	}
}
