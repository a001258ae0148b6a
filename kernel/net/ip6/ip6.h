/*
 * IPv6: what the rest of the network may know of it. Addresses of interfaces (ip6_addr.c), the
 * routing table (ip6_fib.c), ICMPv6 (icmp6.h).
 *
 * Locks: netif_config_lock() for every change of addresses, routes, groups and settings; they are
 * read under RCU. What a packet teaches that needs the lock (router advertisements, redirects) goes
 * through a work queue.
 */
#pragma once

#include "net/inet/inet.h"
#include "net/ip6/ip6_wire.h"

/* Settings of an interface; /proc/sys/net/ipv6/conf. a. */
enum ip6_conf_item {
	IP6_FORWARDING, IP6_HOP_LIMIT, IP6_MTU, IP6_ACCEPT_RA, IP6_ACCEPT_REDIRECTS,
	IP6_AUTOCONF, IP6_DAD_TRANSMITS, IP6_ACCEPT_DAD, IP6_ROUTER_SOLICITATIONS,
	IP6_ROUTER_SOLICITATION_INTERVAL, IP6_ROUTER_SOLICITATION_DELAY,
	IP6_FORCE_MLD_VERSION, IP6_ACCEPT_RA_DEFRTR, IP6_ACCEPT_RA_PINFO, IP6_ACCEPT_RA_MTU,
	IP6_DISABLE, IP6_KEEP_ADDR_ON_DOWN, IP6_ADDR_GEN_MODE,
	IP6_USE_TEMPADDR, IP6_TEMP_VALID, IP6_TEMP_PREFERRED, IP6_REGEN_MAX_RETRY,
	IP6_REGEN_MIN_ADVANCE, IP6_MAX_DESYNC, IP6_OPTIMISTIC_DAD, IP6_USE_OPTIMISTIC,
	IP6_ACCEPT_RA_RTR_PREF, IP6_ACCEPT_RA_RT_MIN, IP6_ACCEPT_RA_RT_MAX,
	IP6_CONF_ITEMS
};
struct ip6_conf { s32 item[IP6_CONF_ITEMS]; };
extern struct ip6_conf ip6_conf_all, ip6_conf_default;
/* Sets one of an interface (NULL: all, and the default with it), with what follows. Config lock. */
void ip6_conf_set(struct netif *nif, enum ip6_conf_item item, s32 value);
enum { IP6_FOREVER = 0xffffffffu }; /* seconds of a lifetime without end */

/* An address. I: constant.  c: config lock; readers RCU.  a: atomic, c to change. */
struct ip6_addr {
	struct ip6_addr *next;   /* c */
	struct netif *nif;       /* I, referenced */
	struct ipaddr address;   /* I */
	struct ipaddr peer;      /* I: of a point-to-point link; any: none */
	u8 length;               /* I: of the prefix */
	u8 scope;                /* I: enum ip6_scope */
	u8 protocol;             /* I: IFAPROT_*: who made it */
	bool no_prefix_route;    /* I: IFA_F_NOPREFIXROUTE */
	u32 flags;               /* a: IFA_F_TENTATIVE, DADFAILED, DEPRECATED, PERMANENT, NODAD … */
	u64 created_ns, updated_ns;     /* a: CLOCK_MONOTONIC */
	u64 preferred_until, valid_until; /* a: CLOCK_MONOTONIC ns; 0: for ever */
	struct ipaddr made_of;   /* I: of a temporary one: the public address of the same prefix */
	u32 desync;              /* I: the same: seconds that it is preferred for less (RFC 8981) */
	u8 retries;              /* I: the same: how many before it were somebody else's */
	bool renewed;            /* c: the same: its successor was made */
	u32 dad_nonce_low;       /* c: RFC 7527 */
	u8 dad_probes;           /* c: sent so far (net/ip6/nd_dad.c) */
	bool gone;               /* c: off the list */
	bool router_anycast;     /* c: the routers' address of its prefix was joined for it */
	struct refcount refs;    /* the list, the timers */
	struct soft_timer dad;   /* its own runs, and config lock */
	struct rcu_head rcu;
};

/* An address that this machine shares with others on the link (RFC 4291, 2.6). I: constant. c:
 * config lock. */
struct ip6_anycast {
	struct ip6_anycast *next; /* c; readers RCU */
	struct ipaddr address;   /* I */
	u32 users;               /* c: sockets that joined, and prefixes of a router */
	u64 number;              /* that no other has had */
	struct rcu_head rcu;
};

struct mcast_state;
struct nd_state;

/* What IPv6 keeps of an interface: nif->inet6; NULL where the MTU is too small for it. Groups stay
 * meanwhile, since sockets do not leave them. */
struct ip6_if {
	struct netif *nif;       /* I */
	struct ip6_addr *addrs;  /* c; readers RCU: wider scopes first, as `ip addr` shows them */
	struct ip6_anycast *anycast; /* c; readers RCU */
	struct ip6_conf conf;    /* a */
	struct mcast_state *mld; /* I: groups and their timers (net/ip6/mld.c): nif->mld */
	bool all_nodes;          /* c: listens to all nodes' link address */
	struct nd_state *nd;     /* I: routers and what they said (net/ip6/nd.c) */
	struct rcu_head rcu;
};
static inline struct ip6_if *ip6_if(const struct netif *nif)
{
	return rcu_load(((struct netif *)nif)->inet6);
}
static inline s32 ip6_conf_get(const struct netif *nif, enum ip6_conf_item item)
{
	struct ip6_if *in = ip6_if(nif);

	return READ_ONCE((in ? &in->conf : &ip6_conf_all)->item[item]);
}

/* Whether one of those that all have or the interface has is set. */
static inline bool ip6_conf_either(const struct netif *nif, enum ip6_conf_item item)
{
	return READ_ONCE(ip6_conf_all.item[item]) || ip6_conf_get(nif, item);
}

/* Adds an address from the fields marked I, flags and lifetimes of `a`, with its prefix' route and
 * its solicited-node group, and begins duplicate address detection: 0, -EEXIST, -EINVAL, -ENOMEM,
 * -EACCES (IPv6 is off there). Config lock. */
int ip6_addr_add(struct netif *nif, const struct ip6_addr *a);
/* 0 or -EADDRNOTAVAIL. Config lock. */
int ip6_addr_remove(struct netif *nif, const struct ipaddr *address, unsigned length);
/* Sets lifetimes (seconds, IP6_FOREVER) and what follows of them. Config lock. */
void ip6_addr_set_lifetimes(struct ip6_addr *a, u32 valid, u32 preferred);
/* Its flags change, and everybody is told: e.g. no longer tentative. Config lock. */
void ip6_addr_set_flags(struct ip6_addr *a, u32 set, u32 clear);
void ip6_addr_put(struct ip6_addr *a);
/* What follows for the temporary addresses of a public one whose lifetimes changed, or that is new
 * (`create`; RFC 8981, 3.3 and 3.4): 0, or -ENOMEM: it has none, until this is called again. Config
 * lock. */
int ip6_temporary_manage(struct ip6_addr *public, bool create);
/* All temporary addresses of a public one go. Config lock. */
void ip6_temporary_remove(struct netif *nif, const struct ipaddr *public);
/* Whether new addresses of an interface may be optimistic (RFC 4429). */
static inline bool ip6_is_optimistic(const struct netif *nif)
{
	return ip6_conf_either(nif, IP6_OPTIMISTIC_DAD) &&
	       !READ_ONCE(ip6_conf_all.item[IP6_FORWARDING]);
}
/* The entry of an address on an interface, tentative ones too, or NULL. RCU or config lock. */
struct ip6_addr *ip6_addr_find(const struct netif *nif, const struct ipaddr *address);
/* Whether IPv6 is spoken there. */
static inline bool ip6_is_on(const struct ip6_if *in)
{
	return in && !READ_ONCE(in->conf.item[IP6_DISABLE]);
}
/* Whether an address is this machine's and may be used: link-local ones on nif, others wherever
 * they are. Under RCU. */
bool ip6_addr_is_ours(const struct ipaddr *address, const struct netif *nif);
/* The source for packets to `to` by an interface (RFC 6724, 5; IPV6_PREFER_* in `prefer`): false
 * if there is none. Under RCU. */
bool ip6_addr_select(const struct netif *nif, const struct ipaddr *to, u32 prefer,
		     struct ipaddr *from);
/* The interface's own link-local address, not tentative: false if it has none. Under RCU. */
bool ip6_addr_link_local(const struct netif *nif, struct ipaddr *out);

/* Routing table: RTN_*, RTPROT_*, RT_TABLE_* of rtnetlink(7), as in net/ip4/ip4.h. */
enum fib6_type { FIB6_UNICAST = 1, FIB6_LOCAL = 2, FIB6_ANYCAST = 4, FIB6_MULTICAST = 5,
		 FIB6_BLACKHOLE = 6, FIB6_UNREACHABLE = 7, FIB6_PROHIBIT = 8 };
enum fib6_protocol { FIB6_BY_REDIRECT = 1, FIB6_BY_KERNEL = 2, FIB6_BY_BOOT = 3,
		     FIB6_BY_STATIC = 4, FIB6_BY_RA = 9 };
enum fib6_table { FIB6_MAIN = 254, FIB6_LOCAL_TABLE = 255 };
enum { FIB6_METRIC_USER = 1024, FIB6_METRIC_KERNEL = 256 };
/* Preference of a router (RFC 4191, 2.1), as on the wire. */
enum fib6_preference { FIB6_MEDIUM = 0, FIB6_HIGH = 1, FIB6_LOW = 3 };

/* I: constant; c: config lock, readers RCU. */
struct fib6_entry {
	struct hlist_node link;  /* c */
	struct ipaddr prefix;
	u8 length, type, protocol, table, preference;
	u32 metric;
	struct ipaddr gateway;   /* any: on the link */
	struct ipaddr source;    /* any: chosen by the route's use */
	struct netif *nif;       /* referenced; NULL: of those types that lead nowhere */
	struct route_metrics metrics;
	u64 until;               /* a: CLOCK_MONOTONIC ns; 0: for ever */
	struct rcu_head rcu;
};
/* As fib4_add() and fib4_remove() of net/ip4/ip4.h, with the config lock: several gateways of one
 * prefix and metric may stand beside each other. FIB6_BY_RA replaces only the route by the same
 * gateway and interface. A gateway that is not on a link: -EHOSTUNREACH. */
int fib6_add(const struct fib6_entry *e, bool replace);
int fib6_remove(const struct fib6_entry *e);
/* The best route to an address, by `nif` (index) if not 0: or NULL. Routers that are known not to
 * answer come last (RFC 4861, 6.3.6). Under RCU. */
const struct fib6_entry *fib6_lookup(const struct ipaddr *to, u32 nif);
/* Calls fn for each route, by prefix length; false stops. Config lock. */
void fib6_each(bool (*fn)(const struct fib6_entry *e, void *arg), void *arg);
/* All routes by an interface go; `own_too`: those of its addresses, too. Config lock. */
void fib6_forget(struct netif *nif, bool own_too);

/* Who wants to know of addresses and routes that come and go (netlink). Called with the config
 * lock. Registered at boot. */
struct ip6_watch {
	void (*addr)(const struct ip6_addr *a, bool added);
	void (*route)(const struct fib6_entry *e, bool added);
	/* Prefixes and flags of a router advertisement changed the interface (RTM_NEWLINK). */
	void (*link)(struct netif *nif);
	struct ip6_watch *next;
};
void ip6_watch(struct ip6_watch *watch);

/* Settings of /proc/sys/net/ipv6. a. */
struct ip6_settings {
	s32 bindv6only, ip_nonlocal_bind, auto_flowlabels, icmp_ratelimit, echo_ignore_all,
	    echo_ignore_multicast, frag_time, frag_high, frag_low, mld_max_msf, mld_qrv,
	    max_hbh_opts, max_dst_opts;
};
extern struct ip6_settings ip6_settings;

/* Counters of /proc/net/snmp6 are in net/ip6/ip6_count.h. */
