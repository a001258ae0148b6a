/*
 * /proc/sys/net: settings of the network (ip-sysctl). All are numbers, a few are pairs of them; a
 * table says where each lives and what it may be, and one pair of functions reads and writes them.
 *
 * Below ipv4/conf there is a directory per interface with the same files; "all" and "default" are
 * like these (net/ip4/ip4.h says what they mean).
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "net/inet/ports.h"
#include "net/ip4/ip4.h"
#include "net/link/neighbour.h"
#include "net/tcp/tcp_setting.h"
#include "net/unix/unix.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

enum { STORE_MAX = 64, TABLE_LENGTH_CONF = 4 };

#define MODE_RW (S_IFREG | 0644)
#define MODE_D  (S_IFDIR | 0555)

/* A number: NULL `value`: it has functions of its own. */
struct setting {
	s32 *value;
	s32 low, high;
	int (*get)(s32 out[2]);          /* how many numbers there are */
	int (*set)(const s32 *in, int n);
};

static int get_range(s32 out[2])
{
	u16 low, high;

	port_range(&low, &high);
	out[0] = low;
	out[1] = high;
	return 2;
}

static int set_range(const s32 *in, int n)
{
	if (n != 2 || in[0] < 1 || in[1] > 0xffff || in[0] > in[1])
		return -EINVAL;
	return port_set_range((u16)in[0], (u16)in[1]);
}

static int get_ping(s32 out[2])
{
	out[0] = (s32)READ_ONCE(ip4_settings.ping_low);
	out[1] = (s32)READ_ONCE(ip4_settings.ping_high);
	return 2;
}

static int set_ping(const s32 *in, int n)
{
	if (n != 2 || in[0] < 0 || in[1] < 0)
		return -EINVAL;
	WRITE_ONCE(ip4_settings.ping_low, (u32)in[0]);
	WRITE_ONCE(ip4_settings.ping_high, (u32)in[1]);
	return 0;
}

static int get_forward(s32 out[2])
{
	out[0] = READ_ONCE(ip4_settings.forward);
	return 1;
}

static int set_forward(const s32 *in, int n)
{
	if (n != 1)
		return -EINVAL;
	netif_config_lock();
	ip4_conf_set(NULL, IP4_FORWARDING, in[0] != 0);
	netif_config_unlock();
	return 0;
}

/* The setting that a file stands for. */
static const struct setting *setting_of(const struct proc_node *node);

static int numbers_get(const struct setting *s, s32 out[2])
{
	if (s->get)
		return s->get(out);
	out[0] = READ_ONCE(*s->value);
	return 1;
}

static int numbers_set(const struct setting *s, const s32 *in, int n)
{
	if (s->set)
		return s->set(in, n);
	if (n != 1 || in[0] < s->low || in[0] > s->high)
		return -EINVAL;
	WRITE_ONCE(*s->value, in[0]);
	return 0;
}

static ssize_t print(struct iov_iter *to, loff_t *pos, const s32 *v, int n)
{
	char text[32];
	int length = n == 2 ? snprintf(text, sizeof(text), "%d\t%d\n", v[0], v[1]) :
			      snprintf(text, sizeof(text), "%d\n", v[0]);

	return simple_read_buffer(to, pos, text, (size_t)length);
}

/* One or two numbers out of what is written: how many. */
static int parse(struct iov_iter *from, s32 out[2])
{
	size_t length = iov_left(from);
	const char *at;
	char text[STORE_MAX];
	int n = 0;

	if (length >= sizeof(text))
		return -EINVAL;
	if (iov_copy_from(from, text, length) != length)
		return -EFAULT;
	text[length] = 0;
	for (at = text + strspn(text, " \t"); *at && *at != '\n'; at += strspn(at, " \t")) {
		if (n == 2 || parse_s32(at, 10, &out[n], &at))
			return -EINVAL;
		n++;
	}
	return n ?: -EINVAL;
}

static ssize_t setting_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	s32 v[2];
	int n = numbers_get(setting_of(proc_inode(file->inode)->node), v);

	return print(to, pos, v, n);
}

static ssize_t setting_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t length = iov_left(from);
	s32 v[2];
	int n = parse(from, v);
	int err = n < 0 ? n : numbers_set(setting_of(proc_inode(file->inode)->node), v, n);

	return err ? err : (ssize_t)length;
}

static loff_t setting_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence, -1);
}

static const struct file_ops setting_fops = {
	.read = setting_read, .write = setting_write, .seek = setting_seek,
};

/* ipv4/conf: fd of a file's inode is the interface's index; those of "all" and "default" have
 * tables of their own. */
static const struct proc_node all_items[IP4_CONF_ITEMS + 1], default_items[IP4_CONF_ITEMS + 1],
			      netif_items[IP4_CONF_ITEMS + 1];

static s32 *conf_item(const struct proc_inode *pi, struct netif **nif, enum ip4_conf_item *item)
{
	const struct proc_node *node = pi->node;

	*nif = NULL;
	if (node >= all_items && node < all_items + IP4_CONF_ITEMS) {
		*item = (enum ip4_conf_item)(node - all_items);
		return &ip4_conf_all.item[*item];
	}
	if (node >= default_items && node < default_items + IP4_CONF_ITEMS) {
		*item = (enum ip4_conf_item)(node - default_items);
		return &ip4_conf_default.item[*item];
	}
	*item = (enum ip4_conf_item)(node - netif_items);
	*nif = netif_by_index((u32)pi->fd);
	return *nif && ip4_if(*nif) ? &ip4_if(*nif)->conf.item[*item] : NULL;
}

static ssize_t conf_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	enum ip4_conf_item item;
	struct netif *nif;
	s32 *at, v = 0;

	rcu_read_lock();
	at = conf_item(proc_inode(file->inode), &nif, &item);
	if (at)
		v = READ_ONCE(*at);
	rcu_read_unlock();
	if (nif)
		netif_put(nif);
	return at ? print(to, pos, &v, 1) : -ENOENT;
}

static ssize_t conf_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t length = iov_left(from);
	enum ip4_conf_item item;
	struct netif *nif;
	s32 *at, v[2];
	int n = parse(from, v);

	if (n < 0)
		return n;
	if (n != 1)
		return -EINVAL;
	netif_config_lock();
	at = conf_item(proc_inode(file->inode), &nif, &item);
	if (at == &ip4_conf_default.item[item])
		WRITE_ONCE(*at, v[0]);
	else if (at)
		ip4_conf_set(nif, item, v[0]);
	netif_config_unlock();
	if (nif)
		netif_put(nif);
	return at ? (ssize_t)length : -ENOENT;
}

static const struct file_ops conf_fops = {
	.read = conf_read, .write = conf_write, .seek = setting_seek,
};

#define ITEM(number, name_) [number] = { .name = name_, .mode = MODE_RW, .fops = &conf_fops }
#define ITEMS { \
	ITEM(IP4_FORWARDING, "forwarding"), ITEM(IP4_RP_FILTER, "rp_filter"), \
	ITEM(IP4_ACCEPT_REDIRECTS, "accept_redirects"), \
	ITEM(IP4_SEND_REDIRECTS, "send_redirects"), \
	ITEM(IP4_SECURE_REDIRECTS, "secure_redirects"), ITEM(IP4_ARP_IGNORE, "arp_ignore"), \
	ITEM(IP4_ARP_ANNOUNCE, "arp_announce"), ITEM(IP4_PROXY_ARP, "proxy_arp"), \
	ITEM(IP4_FORCE_IGMP_VERSION, "force_igmp_version"), \
	ITEM(IP4_PROMOTE_SECONDARIES, "promote_secondaries"), \
	[IP4_CONF_ITEMS] = { 0 }, \
}
static const struct proc_node all_items[IP4_CONF_ITEMS + 1] = ITEMS;
static const struct proc_node default_items[IP4_CONF_ITEMS + 1] = ITEMS;
static const struct proc_node netif_items[IP4_CONF_ITEMS + 1] = ITEMS;
static const struct proc_node netif_dir = {
	.name = "netif", .mode = MODE_D, .children = netif_items,
};

static int conf_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	char text[NETIF_NAME];
	struct netif *nif;
	int index;

	if (name->length >= sizeof(text))
		return 0;
	memcpy(text, name->text, name->length);
	text[name->length] = 0;
	nif = netif_by_name(text);
	if (!nif)
		return 0;
	index = (int)nif->index;
	netif_put(nif);
	return procfs_inode(dir->inode.sb, &netif_dir, NULL, false, index, out);
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

static int conf_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	struct seek s = { .least = pos > TABLE_LENGTH_CONF ? (u32)(pos - TABLE_LENGTH_CONF) : 1 };

	for (;;) {
		s.found = 0;
		netif_config_lock();
		netif_each(seek_netif, &s);
		netif_config_unlock();
		if (!s.found)
			return 0;
		s.least = s.found + 1;
		if (!sink->emit(sink, s.name, (u32)strlen(s.name), (u64)s.found << 8 | 5, DT_DIR,
				s.least + TABLE_LENGTH_CONF))
			return 0;
	}
}

static const struct proc_node conf_children[] = {
	{ .name = "all", .mode = MODE_D, .children = all_items },
	{ .name = "default", .mode = MODE_D, .children = default_items },
	{ 0 },
};

/* Each table twice: as files, and where their numbers are. */
#define TCP(X) \
	X("tcp_abort_on_overflow", .value = (s32 *)&tcp_abort_on_overflow, .low = 0, .high = 1) \
	X("tcp_challenge_ack_limit", .value = (s32 *)&tcp_challenge_ack_limit, \
	  .low = 0, .high = 0x7fffffff) \
	X("tcp_dsack", .value = (s32 *)&tcp_send_dsack, .low = 0, .high = 1) \
	X("tcp_early_retrans", .value = (s32 *)&tcp_early_retrans, .low = 0, .high = 4) \
	X("tcp_fin_timeout", .value = (s32 *)&tcp_fin_timeout, .low = 1, .high = 3600) \
	X("tcp_invalid_ratelimit", .value = (s32 *)&tcp_invalid_ratelimit, \
	  .low = 0, .high = 60000) \
	X("tcp_keepalive_intvl", .value = (s32 *)&tcp_keepalive_intvl, .low = 1, .high = 32767) \
	X("tcp_keepalive_probes", .value = (s32 *)&tcp_keepalive_probes, .low = 1, .high = 127) \
	X("tcp_keepalive_time", .value = (s32 *)&tcp_keepalive_time, .low = 1, .high = 32767) \
	X("tcp_max_orphans", .value = (s32 *)&tcp_max_orphans, .low = 0, .high = 1 << 20) \
	X("tcp_max_syn_backlog", .value = (s32 *)&tcp_max_syn_backlog, .low = 1, .high = 1 << 20) \
	X("tcp_max_tw_buckets", .value = (s32 *)&tcp_max_tw_buckets, .low = 0, .high = 1 << 20) \
	X("tcp_min_snd_mss", .value = (s32 *)&tcp_min_snd_mss, .low = 48, .high = 65535) \
	X("tcp_moderate_rcvbuf", .value = (s32 *)&tcp_moderate_rcvbuf, .low = 0, .high = 1) \
	X("tcp_orphan_retries", .value = (s32 *)&tcp_orphan_retries, .low = 0, .high = 255) \
	X("tcp_retries1", .value = (s32 *)&tcp_retries1, .low = 0, .high = 255) \
	X("tcp_retries2", .value = (s32 *)&tcp_retries2, .low = 0, .high = 255) \
	X("tcp_rfc1337", .value = (s32 *)&tcp_rfc1337, .low = 0, .high = 1) \
	X("tcp_sack", .value = (s32 *)&tcp_sack, .low = 0, .high = 1) \
	X("tcp_slow_start_after_idle", .value = (s32 *)&tcp_slow_start_after_idle, \
	  .low = 0, .high = 1) \
	X("tcp_syn_retries", .value = (s32 *)&tcp_syn_retries, .low = 1, .high = 127) \
	X("tcp_synack_retries", .value = (s32 *)&tcp_synack_retries, .low = 0, .high = 255) \
	X("tcp_syncookies", .value = (s32 *)&tcp_syncookies, .low = 0, .high = 2) \
	X("tcp_timestamps", .value = (s32 *)&tcp_timestamps, .low = 0, .high = 1) \
	X("tcp_tw_reuse", .value = (s32 *)&tcp_tw_reuse, .low = 0, .high = 2) \
	X("tcp_window_scaling", .value = (s32 *)&tcp_window_scaling, .low = 0, .high = 1)
#define IPV4(X) \
	X("ip_forward", .get = get_forward, .set = set_forward) \
	X("ip_default_ttl", .value = &ip4_settings.default_ttl, .low = 1, .high = 255) \
	X("ip_no_pmtu_disc", .value = &ip4_settings.no_pmtu_disc, .low = 0, .high = 1) \
	X("ip_local_port_range", .get = get_range, .set = set_range) \
	X("ip_unprivileged_port_start", .value = &ip4_settings.unprivileged_port_start, \
	  .low = 0, .high = 65535) \
	X("ip_nonlocal_bind", .value = &ip4_settings.nonlocal_bind, .low = 0, .high = 1) \
	X("icmp_echo_ignore_all", .value = &ip4_settings.echo_ignore_all, .low = 0, .high = 1) \
	X("icmp_echo_ignore_broadcasts", .value = &ip4_settings.echo_ignore_broadcasts, \
	  .low = 0, .high = 1) \
	X("icmp_msgs_per_sec", .value = &ip4_settings.icmp_rate, .low = 0, .high = 1000000) \
	X("icmp_msgs_burst", .value = &ip4_settings.icmp_burst, .low = 0, .high = 1000000) \
	X("icmp_ratelimit", .value = &ip4_settings.icmp_ratelimit, .low = 0, .high = 1000000) \
	X("icmp_ratemask", .value = &ip4_settings.icmp_ratemask, .low = 0, .high = 0x7fffffff) \
	X("ipfrag_time", .value = &ip4_settings.frag_time, .low = 1, .high = 3600) \
	X("ipfrag_high_thresh", .value = &ip4_settings.frag_high, .low = 0, .high = 0x7fffffff) \
	X("igmp_max_memberships", .value = &ip4_settings.max_memberships, .low = 0, \
	  .high = 100000) \
	X("igmp_max_msf", .value = &ip4_settings.max_msf, .low = 0, .high = 10000) \
	X("igmp_qrv", .value = &ip4_settings.igmp_qrv, .low = 1, .high = 7) \
	X("ping_group_range", .get = get_ping, .set = set_ping) \
	TCP(X)
#define CORE(X) \
	X("rmem_default", .value = (s32 *)&sock_rmem_default, .low = 2304, .high = 0x7fffffff) \
	X("rmem_max", .value = (s32 *)&sock_rmem_max, .low = 2304, .high = 0x7fffffff) \
	X("wmem_default", .value = (s32 *)&sock_wmem_default, .low = 4608, .high = 0x7fffffff) \
	X("wmem_max", .value = (s32 *)&sock_wmem_max, .low = 4608, .high = 0x7fffffff) \
	X("somaxconn", .value = (s32 *)&sock_somaxconn, .low = 0, .high = 0x7fffffff) \
	X("optmem_max", .value = (s32 *)&sock_optmem_max, .low = 0, .high = 0x7fffffff)
#define UNIX(X) \
	X("max_dgram_qlen", .value = (s32 *)&unix_max_dgram_qlen, .low = 0, .high = 0x7fffffff)

#define N4(field) (s32 *)&neighbour_settings[0].field
#define NEIGH(X) \
	X("base_reachable_time_ms", .value = N4(reachable_ms), .low = 1000, .high = 86400000) \
	X("delay_first_probe_time", .value = N4(delay_s), .low = 1, .high = 3600) \
	X("gc_stale_time", .value = N4(stale_s), .low = 1, .high = 86400) \
	X("retrans_time_ms", .value = N4(retrans_ms), .low = 10, .high = 60000) \
	X("ucast_solicit", .value = N4(unicast_probes), .low = 1, .high = 100) \
	X("mcast_solicit", .value = N4(multicast_probes), .low = 1, .high = 100) \
	X("unres_qlen_bytes", .value = N4(queue_bytes), .low = 0, .high = 0x7fffffff) \
	X("gc_thresh1", .value = N4(gc_least), .low = 0, .high = 1000000) \
	X("gc_thresh2", .value = N4(gc_soft), .low = 0, .high = 1000000) \
	X("gc_thresh3", .value = N4(gc_most), .low = 1, .high = 1000000)
#define AS_NODE(name_, ...) { .name = name_, .mode = MODE_RW, .fops = &setting_fops },
#define AS_SETTING(name_, ...) { __VA_ARGS__ },

static const struct proc_node neigh_children[] = { NEIGH(AS_NODE) { 0 } };
static const struct setting neigh_settings[] = { NEIGH(AS_SETTING) };
static const struct proc_node core_children[] = { CORE(AS_NODE) { 0 } };
static const struct setting core_settings[] = { CORE(AS_SETTING) };
static const struct proc_node unix_children[] = { UNIX(AS_NODE) { 0 } };
static const struct setting unix_settings[] = { UNIX(AS_SETTING) };
static const struct setting ipv4_settings[] = { IPV4(AS_SETTING) };

static const struct proc_node neigh_dirs[] = {
	{ .name = "default", .mode = MODE_D, .children = neigh_children },
	{ 0 },
};
static const struct proc_node ipv4_children[] = {
	IPV4(AS_NODE)
	{ .name = "conf", .mode = MODE_D, .children = conf_children, .lookup = conf_lookup,
	  .readdir = conf_readdir },
	{ .name = "neigh", .mode = MODE_D, .children = neigh_dirs },
	{ 0 },
};

static const struct setting *setting_of(const struct proc_node *node)
{
	if (node >= core_children && node < core_children + ARRAY_SIZE(core_settings))
		return &core_settings[node - core_children];
	if (node >= unix_children && node < unix_children + ARRAY_SIZE(unix_settings))
		return &unix_settings[node - unix_children];
	if (node >= neigh_children && node < neigh_children + ARRAY_SIZE(neigh_settings))
		return &neigh_settings[node - neigh_children];
	return &ipv4_settings[node - ipv4_children];
}

const struct proc_node procfs_net_sys_children[] = {
	{ .name = "core", .mode = MODE_D, .children = core_children },
	{ .name = "ipv4", .mode = MODE_D, .children = ipv4_children },
	{ .name = "unix", .mode = MODE_D, .children = unix_children },
	{ 0 },
};
