/*
 * /proc/sys/net: settings of the network (ip-sysctl). All are numbers, a few are pairs of them; a
 * table says where each lives and what it may be, and one pair of functions reads and writes them.
 * Those of interfaces are procfs_net_conf.c's.
 */
#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "net/inet/ports.h"
#include "net/inet/route.h"
#include "net/ip4/ip4.h"
#include "net/ip6/ip6.h"
#include "net/tcp/tcp_setting.h"
#include "net/unix/unix.h"
#include "proc/procfs/procfs_net_int.h"
#include "vfs/file.h"

enum { STORE_MAX = 64 };

#define MODE_RW PROCFS_NET_RW
#define MODE_D  PROCFS_NET_DIR

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

ssize_t procfs_numbers_print(struct iov_iter *to, loff_t *pos, const s32 *v, int n)
{
	char text[32];
	int length = n == 2 ? snprintf(text, sizeof(text), "%d\t%d\n", v[0], v[1]) :
			      snprintf(text, sizeof(text), "%d\n", v[0]);

	return simple_read_buffer(to, pos, text, (size_t)length);
}

int procfs_numbers_parse(struct iov_iter *from, s32 out[2])
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

	return procfs_numbers_print(to, pos, v, n);
}

static ssize_t setting_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t length = iov_left(from);
	s32 v[2];
	int n = procfs_numbers_parse(from, v);
	int err = n < 0 ? n : numbers_set(setting_of(proc_inode(file->inode)->node), v, n);

	return err ? err : (ssize_t)length;
}

loff_t procfs_numbers_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence, -1);
}

static const struct file_ops setting_fops = {
	.read = setting_read, .write = setting_write, .seek = procfs_numbers_seek,
};

/* Any number: routes and what was learned of paths are asked for anew. */
static ssize_t flush_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t length = iov_left(from);
	s32 v[2];
	int n = procfs_numbers_parse(from, v);

	if (n != 1)
		return n < 0 ? n : -EINVAL;
	route_forget();
	return (ssize_t)length;
}

static const struct file_ops flush_fops = {
	.write = flush_write, .seek = procfs_numbers_seek,
};
#define ROUTE_FLUSH \
	{ .name = "flush", .mode = S_IFREG | 0200, .fops = &flush_fops }

/* Each table twice: as files, and where their numbers are. */
#define TCP(X) \
	X("tcp_abort_on_overflow", .value = (s32 *)&tcp_abort_on_overflow, .low = 0, .high = 1) \
	X("tcp_challenge_ack_limit", .value = (s32 *)&tcp_challenge_ack_limit, \
	  .low = 0, .high = 0x7fffffff) \
	X("tcp_dsack", .value = (s32 *)&tcp_send_dsack, .low = 0, .high = 1) \
	X("tcp_early_retrans", .value = (s32 *)&tcp_early_retrans, .low = 0, .high = 4) \
	X("tcp_fin_timeout", .value = (s32 *)&tcp_fin_timeout, .low = 1, .high = 3600) \
	X("tcp_frto", .value = (s32 *)&tcp_frto, .low = 0, .high = 255) \
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
	X("tcp_thin_linear_timeouts", .value = (s32 *)&tcp_thin_linear_timeouts, \
	  .low = 0, .high = 1) \
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

#define IPV6(X) \
	X("bindv6only", .value = &ip6_settings.bindv6only, .low = 0, .high = 1) \
	X("ip_nonlocal_bind", .value = &ip6_settings.ip_nonlocal_bind, .low = 0, .high = 1) \
	X("auto_flowlabels", .value = &ip6_settings.auto_flowlabels, .low = 0, .high = 3) \
	X("ip6frag_time", .value = &ip6_settings.frag_time, .low = 1, .high = 3600) \
	X("ip6frag_high_thresh", .value = &ip6_settings.frag_high, .low = 0, .high = 0x7fffffff) \
	X("max_hbh_opts_number", .value = &ip6_settings.max_hbh_opts, .low = 0, .high = 255) \
	X("max_dst_opts_number", .value = &ip6_settings.max_dst_opts, .low = 0, .high = 255) \
	X("mld_max_msf", .value = &ip6_settings.mld_max_msf, .low = 0, .high = 10000) \
	X("mld_qrv", .value = &ip6_settings.mld_qrv, .low = 1, .high = 7)
#define ICMP6(X) \
	X("ratelimit", .value = &ip6_settings.icmp_ratelimit, .low = 0, .high = 1000000) \
	X("echo_ignore_all", .value = &ip6_settings.echo_ignore_all, .low = 0, .high = 1) \
	X("echo_ignore_multicast", .value = &ip6_settings.echo_ignore_multicast, \
	  .low = 0, .high = 1)
#define ROUTE(X, six) \
	X("mtu_expires", .value = &route_mtu_expires[six], .low = 1, .high = 0x7fffffff)
#define AS_NODE(name_, ...) { .name = name_, .mode = MODE_RW, .fops = &setting_fops },
#define AS_SETTING(name_, ...) { __VA_ARGS__ },

static const struct proc_node core_children[] = { CORE(AS_NODE) { 0 } };
static const struct setting core_settings[] = { CORE(AS_SETTING) };
static const struct proc_node unix_children[] = { UNIX(AS_NODE) { 0 } };
static const struct setting unix_settings[] = { UNIX(AS_SETTING) };
static const struct setting ipv4_settings[] = { IPV4(AS_SETTING) };
static const struct proc_node route4_children[] = {
	ROUTE(AS_NODE, 0) ROUTE_FLUSH, { 0 },
};
static const struct setting route4_settings[] = { ROUTE(AS_SETTING, 0) };
static const struct proc_node route6_children[] = {
	ROUTE(AS_NODE, 1) ROUTE_FLUSH, { 0 },
};
static const struct setting route6_settings[] = { ROUTE(AS_SETTING, 1) };

static const struct setting ipv6_settings[] = { IPV6(AS_SETTING) };
static const struct proc_node icmp6_children[] = { ICMP6(AS_NODE) { 0 } };
static const struct setting icmp6_settings[] = { ICMP6(AS_SETTING) };

static const struct proc_node ipv4_children[] = {
	IPV4(AS_NODE)
	{ .name = "tcp_mem", .mode = MODE_RW, .show = show_tcp_mem, .store = store_tcp_mem },
	{ .name = "tcp_rmem", .mode = MODE_RW, .show = show_tcp_rmem, .store = store_tcp_rmem },
	{ .name = "tcp_wmem", .mode = MODE_RW, .show = show_tcp_wmem, .store = store_tcp_wmem },
	{ .name = "tcp_congestion_control", .mode = MODE_RW, .show = show_tcp_cc,
	  .store = store_tcp_cc },
	{ .name = "tcp_available_congestion_control", .mode = S_IFREG | 0444,
	  .show = show_tcp_cc_available },
	{ .name = "tcp_allowed_congestion_control", .mode = MODE_RW, .show = show_tcp_cc_allowed,
	  .store = store_tcp_cc_allowed },
	{ .name = "tcp_notsent_lowat", .mode = MODE_RW, .show = show_tcp_notsent,
	  .store = store_tcp_notsent },
	PROCFS_NET_CONF("conf", procfs_net_conf4),
	PROCFS_NET_CONF("neigh", procfs_net_neigh4),
	{ .name = "route", .mode = MODE_D, .children = route4_children },
	{ 0 },
};
static const struct proc_node ipv6_children[] = {
	IPV6(AS_NODE)
	PROCFS_NET_CONF("conf", procfs_net_conf6),
	PROCFS_NET_CONF("neigh", procfs_net_neigh6),
	{ .name = "icmp", .mode = MODE_D, .children = icmp6_children },
	{ .name = "route", .mode = MODE_D, .children = route6_children },
	{ 0 },
};

static const struct setting *setting_of(const struct proc_node *node)
{
	if (node >= core_children && node < core_children + ARRAY_SIZE(core_settings))
		return &core_settings[node - core_children];
	if (node >= unix_children && node < unix_children + ARRAY_SIZE(unix_settings))
		return &unix_settings[node - unix_children];
	if (node >= ipv6_children && node < ipv6_children + ARRAY_SIZE(ipv6_settings))
		return &ipv6_settings[node - ipv6_children];
	if (node >= icmp6_children && node < icmp6_children + ARRAY_SIZE(icmp6_settings))
		return &icmp6_settings[node - icmp6_children];
	if (node >= route4_children && node < route4_children + ARRAY_SIZE(route4_settings))
		return &route4_settings[node - route4_children];
	if (node >= route6_children && node < route6_children + ARRAY_SIZE(route6_settings))
		return &route6_settings[node - route6_children];
	return &ipv4_settings[node - ipv4_children];
}

const struct proc_node procfs_net_sys_children[] = {
	{ .name = "core", .mode = MODE_D, .children = core_children },
	{ .name = "ipv4", .mode = MODE_D, .children = ipv4_children },
	{ .name = "ipv6", .mode = MODE_D, .children = ipv6_children },
	{ .name = "unix", .mode = MODE_D, .children = unix_children },
	{ 0 },
};
