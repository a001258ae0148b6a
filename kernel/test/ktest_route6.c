/*
 * Self-tests of IPv6's tables: routes by prefix, metric, preference and lifetime; addresses, their
 * lifetimes, and what an interface's MTU and being up mean to them.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/rtnetlink.h"
#include "core/clock.h"
#include "net/ip6/ip6_int.h"
#include "test/ktest.h"
#include "test/ktest_wire.h"

#define US    ip6_address(0x2001, 0xdb8, 0, 1, 0, 0, 0, 1)
#define GATE1 ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 0x11)
#define GATE2 ip6_address(0xfe80, 0, 0, 0, 0, 0, 0, 0x12)
#define AWAY  ip6_address(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 9)

static struct ktest_wire wire;

static struct ip6_addr address(struct ipaddr a)
{
	return (struct ip6_addr){ .address = a, .length = 64,
				  .flags = IFA_F_NODAD | IFA_F_PERMANENT };
}

static void make(void)
{
	struct ip6_addr a = address(US);

	ktest_wire_make(&wire, 8);
	netif_config_lock();
	KTEST_CHECK(ip6_addr_add(wire.nif, &a) == 0);
}

static void unmake(void)
{
	netif_config_unlock();
	ktest_wire_unmake(&wire);
}

static struct fib6_entry by_gate(struct ipaddr prefix, u8 length, struct ipaddr gateway)
{
	return (struct fib6_entry){ .prefix = prefix, .length = length, .type = FIB6_UNICAST,
				    .protocol = FIB6_BY_STATIC, .table = FIB6_MAIN, .metric = 100,
				    .gateway = gateway, .nif = wire.nif };
}

/* Whether the way to an address is by that gateway. */
static bool goes_by(struct ipaddr to, struct ipaddr gateway)
{
	const struct fib6_entry *e;
	bool right;

	rcu_read_lock();
	e = fib6_lookup(&to, 0);
	right = e && ipaddr_equal(&e->gateway, &gateway);
	rcu_read_unlock();
	return right;
}

KTEST(route6_order)
{
	struct ipaddr away = AWAY, half = ip6_prefix(&away, 47);
	struct fib6_entry all = by_gate(IPADDR_ANY, 0, GATE1), part, low;

	make();
	part = by_gate(half, 47, GATE2);
	part.nif = NULL; /* a link's gateway needs it */
	KTEST_CHECK(fib6_add(&part, false) == -ABI_EINVAL);
	part.type = FIB6_UNREACHABLE; /* nothing leads nowhere in the table of addresses */
	part.table = FIB6_LOCAL_TABLE;
	KTEST_CHECK(fib6_add(&part, false) == -ABI_EINVAL);
	part.type = FIB6_UNICAST;
	part.table = FIB6_MAIN;
	part.nif = wire.nif;
	all.nif = wire.nif;
	KTEST_CHECK(fib6_add(&all, false) == 0);
	KTEST_CHECK(fib6_add(&all, false) == -ABI_EEXIST);
	KTEST_CHECK(goes_by(AWAY, GATE1));
	KTEST_CHECK(fib6_add(&part, false) == 0); /* longer prefixes first */
	KTEST_CHECK(goes_by(AWAY, GATE2));
	KTEST_CHECK(fib6_remove(&part) == 0 && fib6_remove(&part) == -ABI_ESRCH);
	low = by_gate(IPADDR_ANY, 0, GATE2); /* lower metrics first */
	low.metric = 50;
	KTEST_CHECK(fib6_add(&low, false) == 0);
	KTEST_CHECK(goes_by(AWAY, GATE2));
	KTEST_CHECK(fib6_remove(&low) == 0);
	low.metric = 100; /* preferred routers first */
	low.preference = FIB6_HIGH;
	KTEST_CHECK(fib6_add(&low, false) == 0);
	KTEST_CHECK(goes_by(AWAY, GATE2));
	low.preference = FIB6_LOW;
	KTEST_CHECK(fib6_add(&low, true) == 0); /* in its own place, not the other's */
	KTEST_CHECK(goes_by(AWAY, GATE1));
	KTEST_CHECK(fib6_remove(&all) == 0);
	KTEST_CHECK(goes_by(AWAY, GATE2));
	part = by_gate(half, 47, IPADDR_ANY);
	part.prefix.b[15] = 1; /* bits behind the prefix */
	KTEST_CHECK(fib6_add(&part, false) == -ABI_EINVAL);
	unmake();
}

static int route_error(struct ipaddr to)
{
	struct flow f = { .to = to };
	struct route *r;
	int err = route_output(&f, &r);

	if (!err)
		route_put(r);
	return err;
}

KTEST(route6_answers)
{
	struct flow f = { .to = AWAY };
	struct ipaddr us = US, gate = GATE1;
	struct fib6_entry e = by_gate(IPADDR_ANY, 0, GATE1);
	struct route *r;
	u32 was;

	make();
	e.nif = wire.nif;
	KTEST_CHECK(route_error(AWAY) == -ABI_ENETUNREACH);
	KTEST_CHECK(fib6_add(&e, false) == 0);
	KTEST_CHECK(route_output(&f, &r) == 0);
	KTEST_CHECK(ipaddr_equal(&r->hop, &gate) && ipaddr_equal(&r->from, &us) &&
		    r->kind == ROUTE_UNICAST && route_mtu(r) == 1500 && route_valid(r));
	WRITE_ONCE(route_mtu_expires[1], 7);
	route_set_mtu(&f.to, 600); /* no less than what every link takes (RFC 8201, 4) */
	KTEST_CHECK(!route_valid(r));
	route_put(r);
	WRITE_ONCE(route_mtu_expires[1], 600);
	KTEST_CHECK(route_output(&f, &r) == 0 && route_mtu(r) == IP6_MIN_MTU);
	KTEST_CHECK(r->mtu_until > 0 && r->mtu_until <= clock_monotonic() + 7 * NSEC_PER_SEC);
	route_put(r);
	f.to = us;
	was = route_loopback()->flags;
	KTEST_CHECK(netif_set_flags(route_loopback(), was | IFF_UP) == 0);
	KTEST_CHECK(route_output(&f, &r) == 0 && r->kind == ROUTE_LOCAL &&
		    r->nif == route_loopback());
	route_put(r);
	KTEST_CHECK(netif_set_flags(route_loopback(), was) == 0);
	f.to = AWAY;
	f.from = AWAY; /* not ours */
	KTEST_CHECK(route_output(&f, &r) == -ABI_EINVAL);
	e = by_gate(AWAY, 128, IPADDR_ANY);
	e.type = FIB6_PROHIBIT;
	e.nif = NULL;
	KTEST_CHECK(fib6_add(&e, false) == 0);
	KTEST_CHECK(route_error(AWAY) == -ABI_EACCES);
	KTEST_CHECK(fib6_remove(&e) == 0);
	unmake();
}

static const struct ip6_addr *find(struct ipaddr a)
{
	return ip6_addr_find(wire.nif, &a);
}

/* Lets other threads have the configuration until something is so; false: it never was. */
#define BECOMES(condition) ({ \
	bool so = false; \
	for (unsigned round = 0; !so && round < 400; round++) { \
		netif_config_unlock(); \
		ktest_nap(); \
		netif_config_lock(); \
		so = (condition); \
	} \
	so; \
})

KTEST(route6_lifetimes)
{
	const struct ipaddr second = ip6_address(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1);
	struct ip6_addr a = address(second);
	struct fib6_entry e = by_gate(IPADDR_ANY, 0, GATE1);
	u64 now = clock_monotonic();

	make();
	a.flags = IFA_F_NODAD;
	a.preferred_until = now + 50 * NSEC_PER_MSEC;
	a.valid_until = now + 400 * NSEC_PER_MSEC;
	e.nif = wire.nif;
	e.until = now + 200 * NSEC_PER_MSEC;
	KTEST_CHECK(ip6_addr_add(wire.nif, &a) == 0);
	KTEST_CHECK(fib6_add(&e, false) == 0);
	KTEST_CHECK(!(find(second)->flags & IFA_F_DEPRECATED));
	KTEST_CHECK(goes_by(AWAY, GATE1) || clock_monotonic() >= e.until);
	KTEST_CHECK(BECOMES(!find(second) || find(second)->flags & IFA_F_DEPRECATED));
	KTEST_CHECK(BECOMES(!goes_by(AWAY, GATE1)));
	KTEST_CHECK(BECOMES(!find(second)));
	KTEST_CHECK(find(US)); /* this one is for ever */
	unmake();
}

KTEST(route6_interfaces)
{
	struct ip6_addr a = address(ip6_address(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1));
	struct ipaddr us = US;

	make();
	KTEST_CHECK(ip6_addr_is_ours(&us, NULL));
	KTEST_CHECK(netif_set_mtu(wire.nif, IP6_MIN_MTU - 1) == 0);
	KTEST_CHECK(!ip6_if(wire.nif) && !ip6_addr_is_ours(&us, NULL));
	KTEST_CHECK(ip6_addr_add(wire.nif, &a) == -ABI_EACCES);
	KTEST_CHECK(netif_set_mtu(wire.nif, 1500) == 0);
	KTEST_CHECK(ip6_if(wire.nif) && ip6_addr_add(wire.nif, &a) == 0);
	ip6_conf_set(wire.nif, IP6_DISABLE, 1);
	KTEST_CHECK(!ip6_if(wire.nif)->addrs);
	KTEST_CHECK(ip6_addr_add(wire.nif, &a) == -ABI_EACCES);
	ip6_conf_set(wire.nif, IP6_DISABLE, 0);
	KTEST_CHECK(ip6_addr_add(wire.nif, &a) == 0);
	ip6_conf_set(wire.nif, IP6_KEEP_ADDR_ON_DOWN, 1);
	KTEST_CHECK(netif_set_flags(wire.nif, wire.nif->flags & ~(u32)IFF_UP) == 0);
	KTEST_CHECK(find(a.address) && !ip6_addr_is_ours(&a.address, NULL));
	KTEST_CHECK(netif_set_flags(wire.nif, wire.nif->flags | IFF_UP) == 0);
	KTEST_CHECK(ip6_addr_is_ours(&a.address, NULL));
	ip6_conf_set(wire.nif, IP6_KEEP_ADDR_ON_DOWN, 0);
	KTEST_CHECK(netif_set_flags(wire.nif, wire.nif->flags & ~(u32)IFF_UP) == 0);
	KTEST_CHECK(!find(a.address));
	unmake();
}

/* Packets are from no address of an interface that is down: it is in no table. */
KTEST(route6_source_down)
{
	static struct ktest_wire other;
	struct ip6_addr a = address(ip6_address(0x2001, 0xdb8, 0, 3, 0, 0, 0, 1));
	struct ipaddr us = US, to = AWAY, from = IPADDR_ANY;

	make();
	netif_config_unlock();
	ktest_wire_make(&other, 9);
	netif_config_lock();
	KTEST_CHECK(ip6_addr_remove(wire.nif, &us, 64) == 0);
	KTEST_CHECK(ip6_addr_add(other.nif, &a) == 0);
	rcu_read_lock();
	KTEST_CHECK(ip6_addr_select(wire.nif, &to, 0, &from) && ipaddr_equal(&from, &a.address));
	rcu_read_unlock();
	ip6_conf_set(other.nif, IP6_KEEP_ADDR_ON_DOWN, 1);
	KTEST_CHECK(netif_set_flags(other.nif, other.nif->flags & ~(u32)IFF_UP) == 0);
	KTEST_CHECK(ip6_addr_find(other.nif, &a.address));
	from = IPADDR_ANY;
	rcu_read_lock();
	ip6_addr_select(wire.nif, &to, 0, &from);
	rcu_read_unlock();
	KTEST_CHECK(!ipaddr_equal(&from, &a.address));
	netif_config_unlock();
	ktest_wire_unmake(&other);
	netif_config_lock();
	unmake();
}
