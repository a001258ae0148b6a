/*
 * IPv4: what the rest of the network may know of it. Addresses of interfaces (ip4_addr.c), the
 * routing table (ip4_fib.c), and the headers on the wire. All addresses are be32.
 *
 * Locks: netif_config_lock() for every change of addresses, routes and settings; they are read
 * under RCU.
 */
#pragma once

#include "net/inet/inet.h"
#include "net/ip4/ip4_wire.h"

/* Settings of an interface; /proc/sys/net/ipv4/conf. a. */
enum ip4_conf_item {
	IP4_FORWARDING, IP4_RP_FILTER, IP4_ACCEPT_REDIRECTS, IP4_SEND_REDIRECTS,
	IP4_SECURE_REDIRECTS, IP4_ARP_IGNORE, IP4_ARP_ANNOUNCE, IP4_PROXY_ARP,
	IP4_FORCE_IGMP_VERSION, IP4_PROMOTE_SECONDARIES, IP4_CONF_ITEMS
};
struct ip4_conf { s32 item[IP4_CONF_ITEMS]; };
extern struct ip4_conf ip4_conf_all, ip4_conf_default;
/* Sets one of an interface (NULL: all; ip4_conf_default is set directly), with what follows. */
void ip4_conf_set(struct netif *nif, enum ip4_conf_item item, s32 value);

struct mcast_state;

/* An address. I: constant but for c.  c: config lock; readers RCU. */
struct ip4_addr {
	struct ip4_addr *next;   /* c */
	struct netif *nif;
	be32 local;
	be32 peer;               /* of a point-to-point link, else `local`: what the prefix is of */
	be32 mask, broadcast;    /* broadcast: 0: none */
	u8 length;               /* of the prefix */
	u8 scope;                /* c: RT_SCOPE_*: 0 everywhere, 253 link, 254 host */
	bool secondary;          /* c: of a prefix that another address has, too */
	char label[NETIF_NAME];  /* the interface's name, or an alias: "eth0:1" */
	u8 acd_step;             /* t: of its probes (net/link/arp_acd.c) */
	u64 defended_ns;         /* a: when a conflict was last answered */
	bool gone;               /* c */
	struct refcount refs;    /* the list, the timer */
	struct soft_timer acd;   /* t: its own runs, and config lock */
	struct rcu_head rcu;
};

/* What IPv4 keeps of an interface: nif->inet4. */
struct ip4_if {
	struct netif *nif;       /* I */
	struct ip4_addr *addrs;  /* c; readers RCU: in the order that they were added, primaries
				  * first of their prefix */
	struct ip4_conf conf;    /* a */
	struct mcast_state *igmp; /* I: groups and their timers (net/ip4/igmp.c) */
	struct rcu_head rcu;
};
static inline struct ip4_if *ip4_if(const struct netif *nif)
{
	return rcu_load(((struct netif *)nif)->inet4);
}
/* A setting: that of the interface, or for all, whichever is more (either: ORed is the same for
 * switches). */
static inline s32 ip4_conf_max(const struct netif *nif, enum ip4_conf_item item)
{
	struct ip4_if *in = ip4_if(nif);
	s32 all = READ_ONCE(ip4_conf_all.item[item]);

	return in ? max(all, READ_ONCE(in->conf.item[item])) : all;
}

/* Adds an address: 0, -EEXIST, -EINVAL, -ENOMEM. Everything but next, secondary and what is not
 * said is taken from `a`. With the config lock. */
int ip4_addr_add(struct netif *nif, const struct ip4_addr *a);
/* Removes the address with these: 0, -EADDRNOTAVAIL, -ENOMEM (another is to take the place of a
 * primary). With the config lock. */
int ip4_addr_remove(struct netif *nif, be32 local, unsigned length);
/* The address that suits best as a source of packets to `to` by an interface, of a scope not wider
 * than `scope`: 0 if there is none. Under RCU. */
be32 ip4_addr_select(const struct netif *nif, be32 to, u8 scope);
/* The entry of a local address on an interface, or NULL. Under RCU or the config lock. */
struct ip4_addr *ip4_addr_find(const struct netif *nif, be32 local);
/* The interface that has a local address, referenced, or NULL. */
struct netif *ip4_addr_netif(be32 local);
/* Whether two addresses are of one prefix of the interface. Under RCU. */
bool ip4_addr_on_link(const struct netif *nif, be32 a);

/* Routing table: RTN_*, RT_SCOPE_*, RTPROT_*, RT_TABLE_* of rtnetlink(7). */
enum fib_type { FIB_UNICAST = 1, FIB_LOCAL, FIB_BROADCAST, FIB_ANYCAST, FIB_MULTICAST,
		FIB_BLACKHOLE, FIB_UNREACHABLE, FIB_PROHIBIT };
enum fib_scope { FIB_SCOPE_UNIVERSE = 0, FIB_SCOPE_LINK = 253, FIB_SCOPE_HOST = 254,
		 FIB_SCOPE_NOWHERE = 255 };
enum fib_protocol { FIB_BY_REDIRECT = 1, FIB_BY_KERNEL = 2, FIB_BY_BOOT = 3, FIB_BY_STATIC = 4 };
enum fib_table { FIB_MAIN = 254, FIB_LOCAL_TABLE = 255 };

/* I: constant; c: config lock, readers RCU. */
struct fib_entry {
	struct hlist_node link;  /* c */
	be32 prefix;
	u8 length, type, scope, protocol, table, tos;
	u32 metric;
	be32 gateway;            /* 0: on the link */
	be32 source;             /* 0: chosen by the route's use */
	struct netif *nif;       /* referenced; NULL: of those types that lead nowhere */
	struct route_metrics metrics;
	struct rcu_head rcu;
};

/* Adds a route: 0, -EEXIST, -EINVAL, -ENETUNREACH (gateway not on a link), -ENETDOWN, -ENODEV,
 * -ENOMEM. nif NULL: the gateway tells; a reference is taken. `replace`: instead of one with the
 * same prefix and metric. With the config lock. */
int fib4_add(const struct fib_entry *e, bool replace);
/* Removes the first that matches: what is 0 in `e` (type, scope, protocol, gateway, nif, metric
 * ~0) matches any. 0 or -ESRCH. With the config lock. */
int fib4_remove(const struct fib_entry *e);
/* The best route of a table to an address, by `nif` if not 0: or NULL. Under RCU. */
const struct fib_entry *fib4_lookup(enum fib_table table, be32 to, u32 nif);
/* What an address is to this machine: FIB_LOCAL, FIB_BROADCAST, FIB_MULTICAST, else FIB_UNICAST.
 * Under RCU. */
enum fib_type fib4_kind(be32 a);
/* Calls fn for each route of a table, by prefix length; fn false stops. Under the config lock. */
void fib4_each(enum fib_table table, bool (*fn)(const struct fib_entry *e, void *arg), void *arg);
/* All routes by an interface go; `local_too`: its addresses' own, too. With the config lock. */
void fib4_forget(struct netif *nif, bool local_too);

/* Who wants to know of addresses and routes that come and go (netlink). Called with the config
 * lock. Registered at boot. */
struct ip4_watch {
	void (*addr)(const struct ip4_addr *a, bool added);
	void (*route)(const struct fib_entry *e, bool added);
	struct ip4_watch *next;
};
void ip4_watch(struct ip4_watch *watch);

/* ICMP's error message about a received packet (or one of ours that cannot be sent), if the rules
 * allow: types of RFC 792; `info`: the second word, host order. Does not take it. Soft work or
 * thread; spinlocks of sockets may be held. */
void icmp4_send(struct packet *p, u8 type, u8 code, u32 info);

/* Settings of /proc/sys/net/ipv4. a. */
struct ip4_settings {
	s32 forward, default_ttl, no_pmtu_disc;
	s32 echo_ignore_all, echo_ignore_broadcasts, icmp_rate, icmp_burst, icmp_ratelimit,
	    icmp_ratemask;
	s32 frag_time, frag_high, frag_low;
	s32 max_memberships, max_msf, igmp_qrv;
	s32 unprivileged_port_start, nonlocal_bind;
	u32 ping_low, ping_high; /* ping_group_range */
};
extern struct ip4_settings ip4_settings;
