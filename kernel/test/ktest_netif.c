/*
 * Self-tests of network interfaces on imaginary ones: names, up and down, sending with a ring that
 * fills, what is done for devices that do little, receiving, taps, polling, the loopback interface.
 */
#include "test/ktest.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "abi/if_ether.h"
#include "core/clock.h"
#include "dev/netif.h"
#include "lib/string.h"
#include "net/ip6/ip6.h"
#include "sched/thread.h"
#include "sched/wait.h"

#define TEST_PROTOCOL 0x88b5 /* for experiments (IEEE 802) */
#define RING 4

/* A device whose ring is a counter; its driver is the test. */
static struct netif *nif;
static unsigned n_ring, n_opened, n_stopped, n_filtered, n_timeouts;
static struct packet_queue sent;
static u32 n_received, received_bytes, received_kind; /* a */
static u32 n_tapped, n_tapped_out;                    /* a */
static u32 events[NETIF_CHANGED + 1];                 /* by watch */

static int fake_open(struct netif *n)
{
	n_opened++;
	return 0;
}

static void fake_stop(struct netif *n)
{
	n_stopped++;
	packet_queue_free(&sent);
	packet_queue_init(&sent);
	n_ring = 0;
}

static bool fake_send(struct netif *n, unsigned q, struct packet *p, bool more)
{
	if (n_ring == RING)
		return false;
	n_ring++;
	packet_enqueue(&sent, p);
	return true;
}

static void fake_filter(struct netif *n)
{
	n_filtered++;
}

static void fake_timeout(struct netif *n)
{
	n_timeouts++;
}

static const struct netif_ops fake_ops = {
	.driver = "fake",
	.open = fake_open,
	.stop = fake_stop,
	.send = fake_send,
	.set_filter = fake_filter,
	.timeout = fake_timeout,
};

static void receive(struct packet *p)
{
	__atomic_add_fetch(&received_bytes, p->length, __ATOMIC_RELAXED);
	__atomic_store_n(&received_kind, p->kind, __ATOMIC_RELAXED);
	packet_free(p);
	__atomic_add_fetch(&n_received, 1, __ATOMIC_SEQ_CST);
}

static struct netif_protocol protocol = { .protocol = TEST_PROTOCOL, .receive = receive };

static void watch_fn(struct netif_watch *w, struct netif *n, enum netif_event event)
{
	if (n == nif)
		events[event]++;
}

static struct netif_watch watch = { .fn = watch_fn };

static void once(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	netif_protocol_register(&protocol);
	netif_watch(&watch);
}

static const u8 own[6] = { 2, 0, 0, 0, 0, 1 };

static void fake_make(void)
{
	once();
	n_ring = n_opened = n_stopped = n_filtered = n_timeouts = 0;
	packet_queue_init(&sent);
	memset(events, 0, sizeof(events));
	nif = netif_alloc(&fake_ops, NULL);
	memcpy(nif->address, own, sizeof(own));
	nif->mtu = 1000; /* too small for IPv6, which says things of its own accord */
	nif->carrier = true;
	KTEST_CHECK(netif_register(nif, "fake%d") == 0);
	netif_config_lock();
	ip6_conf_set(nif, IP6_DISABLE, 1); /* its own frames would be among those counted */
	KTEST_CHECK(netif_set_flags(nif, nif->flags | IFF_UP) == 0);
	netif_config_unlock();
}

static struct packet *frame(struct netif *n, const u8 *to, u16 type, u32 payload)
{
	struct packet *p = packet_alloc(PACKET_ROOM, 14 + payload, MM_KERNEL);
	u8 *at = packet_put(p, 14 + payload);

	memset(at, 0, 14 + payload);
	memcpy(at, to, 6);
	at[12] = (u8)(type >> 8);
	at[13] = (u8)type;
	p->nif = n;
	p->protocol = type;
	p->link = packet_offset(p);
	p->network = p->link + 14;
	return p;
}

/* Lets soft work run until the count is reached. */
static bool wait_count(const u32 *count, u32 n)
{
	struct wait_queue none;
	u64 end = clock_monotonic() + 5 * (u64)NSEC_PER_SEC;

	wait_init(&none);
	while (READ_ONCE(*count) < n && clock_monotonic() < end)
		wait_until_timeout(&none, READ_ONCE(*count) >= n,
				   clock_monotonic() + NSEC_PER_MSEC);
	return READ_ONCE(*count) >= n;
}

KTEST(netif_names)
{
	struct netif *a, *b;

	fake_make();
	KTEST_CHECK(nif->index > 1);
	KTEST_CHECK(!strcmp(nif->name, "fake0"));
	a = netif_alloc(&fake_ops, NULL);
	KTEST_CHECK(netif_register(a, "fake0") == -ABI_EEXIST);
	KTEST_CHECK(netif_register(a, "a/b") == -ABI_EINVAL);
	KTEST_CHECK(netif_register(a, "much_too_long_name") == -ABI_EINVAL);
	KTEST_CHECK(netif_register(a, "fake%d") == 0);
	b = netif_by_name("fake1");
	KTEST_CHECK(b == a);
	if (b)
		netif_put(b);
	b = netif_by_index(nif->index);
	KTEST_CHECK(b == nif);
	netif_config_lock();
	KTEST_CHECK(netif_set_name(a, "other") == 0);
	KTEST_CHECK(netif_set_name(nif, "x") == -ABI_EBUSY);
	KTEST_CHECK(netif_set_mtu(a, 1501) == -ABI_EINVAL);
	KTEST_CHECK(netif_set_mtu(a, 67) == -ABI_EINVAL);
	KTEST_CHECK(netif_set_mtu(a, 1000) == 0 && a->mtu == 1000);
	netif_config_unlock();
	netif_put(b);
	KTEST_CHECK(!netif_by_name("fake1"));
	netif_unregister(a);
	KTEST_CHECK(!netif_by_name("other"));
	netif_unregister(nif);
	KTEST_CHECK(n_stopped == 1 && events[NETIF_ADDED] == 1 && events[NETIF_UP] == 1 &&
		    events[NETIF_DOWN] == 1 && events[NETIF_GONE] == 1);
}

/* The ring fills, then the queue; waking sends the rest in order. */
KTEST(netif_send_queue)
{
	struct netif_counts counts;
	unsigned n = 0;
	struct packet *p;

	fake_make();
	nif->queue_length = 3;
	for (u32 i = 0; i < RING + 3; i++) {
		p = frame(nif, own, TEST_PROTOCOL, 50);
		p->data[14] = (u8)i;
		KTEST_CHECK(netif_send(p) == 0);
	}
	KTEST_CHECK(netif_send(frame(nif, own, TEST_PROTOCOL, 50)) == -ABI_ENOBUFS);
	KTEST_CHECK(sent.n == RING && nif->tx[0].queue.n == 3);
	n_ring = 2;
	netif_wake(nif, 0);
	KTEST_CHECK(sent.n == RING + 2 && nif->tx[0].queue.n == 1);
	n_ring = 0;
	netif_stop_sending(nif);
	KTEST_CHECK(netif_send(frame(nif, own, TEST_PROTOCOL, 50)) == 0);
	KTEST_CHECK(sent.n == RING + 2);
	netif_start_sending(nif);
	KTEST_CHECK(sent.n == RING + 4 && !nif->tx[0].stopped);
	while ((p = packet_dequeue(&sent))) {
		if (n < RING + 3)
			KTEST_CHECK(p->data[14] == n);
		n++;
		packet_free(p);
	}
	netif_count_sum(nif, &counts);
	KTEST_CHECK(counts.tx_packets == RING + 4 && counts.tx_dropped == 1);
	netif_config_lock();
	netif_set_flags(nif, nif->flags & ~(u32)IFF_UP);
	netif_config_unlock();
	KTEST_CHECK(netif_send(frame(nif, own, TEST_PROTOCOL, 50)) == -ABI_ENETDOWN);
	netif_unregister(nif);
}

/* A device that does nothing by itself gets linear frames with their sums and tags in them. */
KTEST(netif_send_help)
{
	struct page *page;
	struct packet *p;

	fake_make();
	page = page_alloc(MM_KERNEL | MM_ZERO);
	p = frame(nif, own, TEST_PROTOCOL, 50);
	KTEST_CHECK(packet_add_frag(p, page, 100, 200));
	p->sum = SUM_PARTIAL;
	p->sum_start = p->network + 10;
	p->sum_offset = 4;
	p->has_vlan = true;
	p->vlan = 0x2005;
	memset(p->data + 14 + 10, 0x11, 2);
	KTEST_CHECK(netif_send(p) == 0);
	p = packet_dequeue(&sent);
	KTEST_CHECK(p && !p->n_frags && p->length == 14 + 4 + 50 + 200 && !p->has_vlan);
	if (p) {
		u8 *at = p->data;

		KTEST_CHECK(at[12] == 0x81 && at[13] == 0 && at[14] == 0x20 && at[15] == 5);
		KTEST_CHECK(at[16] == TEST_PROTOCOL >> 8 && !memcmp(at, own, 6));
		KTEST_CHECK(at[18 + 14] == 0xee && at[18 + 15] == 0xee);
		packet_free(p);
	}
	netif_unregister(nif);
}

/* A device that sums TCP and UDP up leaves other sums alone. */
KTEST(netif_send_sums)
{
	static const struct { u16 offset; u8 sum; } t[] = {
		{ 6, SUM_PARTIAL }, { 16, SUM_PARTIAL }, { 2, SUM_NONE },
	};

	fake_make();
	nif->features = nif->offered_features = NETIF_SG | NETIF_SUM6;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		struct packet *p = frame(nif, own, ETH_P_IPV6, 40 + 20);

		p->transport = p->sum_start = p->network + 40;
		p->sum_offset = t[i].offset;
		p->sum = SUM_PARTIAL;
		KTEST_CHECK(netif_send(p) == 0);
		p = packet_dequeue(&sent);
		KTEST_CHECK(p && p->sum == t[i].sum);
		packet_free(p);
		n_ring = 0;
	}
	netif_unregister(nif);
}

/* Segments that a device would lose together are made before it, if packets get lost. */
KTEST(netif_send_lossy)
{
	struct packet *p;

	fake_make();
	nif->features = nif->offered_features = NETIF_SG | NETIF_SUM4 | NETIF_TSO4;
	nif->segments_joint = true;
	for (unsigned lossy = 0; lossy < 2; lossy++) {
		p = frame(nif, own, ETH_P_IP, 20 + 20 + 3000);
		p->data[14] = 0x45;
		p->data[14 + 9] = 6;
		p->data[14 + 20 + 12] = 5 << 4;
		p->transport = p->sum_start = p->network + 20;
		p->sum_offset = 16;
		p->sum = SUM_PARTIAL;
		p->gso = GSO_TCP4;
		p->gso_size = 1000;
		p->lossy = lossy;
		KTEST_CHECK(netif_send(p) == 0);
		KTEST_CHECK(sent.n == (lossy ? 3 : 1));
		packet_queue_free(&sent);
		packet_queue_init(&sent);
		n_ring = 0;
	}
	netif_unregister(nif);
}

static void tap_fn(struct netif_tap *tap, struct packet *p)
{
	__atomic_add_fetch(p->kind == PKT_OUTGOING ? &n_tapped_out : &n_tapped, 1,
			   __ATOMIC_RELAXED);
}

static u32 to_receive, n_after, received_at_after; /* a */
static bool asked;

static void after_fn(struct netif_after *a)
{
	asked = false;
	__atomic_store_n(&received_at_after, n_received, __ATOMIC_RELAXED);
	__atomic_add_fetch(&n_after, 1, __ATOMIC_SEQ_CST);
}

static struct netif_after after = { .fn = after_fn };

static int poll_fn(struct netif_poll *np, int budget)
{
	int n = 0;

	while (n < budget && to_receive) {
		const u8 *to = to_receive % 2 ? own : (const u8 *)"\xff\xff\xff\xff\xff\xff";

		to_receive--;
		netif_receive(nif, frame(nif, to, TEST_PROTOCOL, 46));
		if (!asked)
			netif_after_round(&after);
		asked = true;
		n++;
	}
	if (n < budget)
		netif_poll_done(np);
	return n;
}

KTEST(netif_poll)
{
	struct netif_tap tap = { .protocol = ETH_P_ALL, .tap = tap_fn };
	struct netif_counts counts;
	struct netif_poll np;

	fake_make();
	tap.nif = nif;
	n_received = n_tapped = n_tapped_out = n_after = 0;
	netif_tap_add(&tap);
	netif_poll_init(&np, nif, poll_fn);
	to_receive = 1000;
	netif_poll_schedule(&np);
	netif_poll_schedule(&np);
	KTEST_CHECK(wait_count(&n_received, 1000) && !to_receive);
	/* Once for 64 frames, as more are there, and at the end. */
	KTEST_CHECK(wait_count(&n_after, 16) && n_after == 16 && received_at_after == 1000);
	KTEST_CHECK(READ_ONCE(received_kind) == PKT_HOST);
	netif_poll_disable(&np);
	to_receive = 1;
	netif_poll_schedule(&np);
	KTEST_CHECK(to_receive == 1);
	netif_poll_enable(&np);
	KTEST_CHECK(wait_count(&n_received, 1001));
	netif_poll_disable(&np);
	KTEST_CHECK(netif_send(frame(nif, own, TEST_PROTOCOL, 46)) == 0);
	netif_tap_remove(&tap);
	rcu_synchronize();
	KTEST_CHECK(n_tapped == 1001 && n_tapped_out == 1);
	netif_count_sum(nif, &counts);
	KTEST_CHECK(counts.rx_packets == 1001 && counts.rx_bytes == 1001 * 60);
	KTEST_CHECK(counts.multicast == 500);
	netif_unregister(nif);
}

/* Frames that are too short, of nobody's protocol, of a VLAN, and with the tag of priority. */
KTEST(netif_receive_odd)
{
	struct netif_counts counts;
	struct packet *p;

	fake_make();
	n_received = received_bytes = 0;
	p = frame(nif, own, TEST_PROTOCOL, 0);
	packet_trim(p, 13);
	netif_receive(nif, p);
	netif_receive(nif, frame(nif, own, 0x1234, 46));
	netif_receive(nif, frame(nif, own, 40, 46));
	p = frame(nif, own, ETH_P_8021Q, 46);
	p->data[15] = 7;
	p->data[16] = TEST_PROTOCOL >> 8;
	p->data[17] = TEST_PROTOCOL & 0xff;
	netif_receive(nif, p);
	KTEST_CHECK(n_received == 0);
	p = frame(nif, own, ETH_P_8021Q, 46);
	p->data[16] = TEST_PROTOCOL >> 8;
	p->data[17] = TEST_PROTOCOL & 0xff;
	netif_receive(nif, p);
	KTEST_CHECK(n_received == 1 && received_bytes == 42);
	netif_receive(nif, frame(nif, own, ETH_P_8021Q, 2));
	netif_count_sum(nif, &counts);
	KTEST_CHECK(counts.rx_dropped == 4 && counts.rx_length == 1 && counts.rx_errors == 1);
	netif_unregister(nif);
}

KTEST(netif_groups)
{
	/* No group that IP joins by itself. */
	static const u8 a[6] = { 1, 0, 0x5e, 0x40, 0, 1 }, b[6] = { 1, 0, 0x5e, 0x40, 0, 2 };
	unsigned before;

	fake_make();
	before = n_filtered;
	KTEST_CHECK(netif_join(nif, a) == 0 && netif_join(nif, a) == 0 && netif_join(nif, b) == 0);
	KTEST_CHECK(n_filtered == before + 2);
	netif_leave(nif, a);
	KTEST_CHECK(n_filtered == before + 2 && netif_is_member(nif, a));
	netif_leave(nif, a);
	KTEST_CHECK(n_filtered == before + 3 && !netif_is_member(nif, a));
	netif_config_lock();
	KTEST_CHECK(netif_add_promiscuous(nif, 2) == 0 && netif_add_promiscuous(nif, -1) == 0);
	KTEST_CHECK(netif_is_promiscuous(nif) && n_filtered == before + 4);
	KTEST_CHECK(netif_add_promiscuous(nif, -2) == -ABI_EOVERFLOW);
	KTEST_CHECK(netif_add_promiscuous(nif, -1) == 0 && !netif_is_promiscuous(nif));
	netif_config_unlock();
	netif_unregister(nif); /* with b on its list */
}

KTEST(netif_carrier)
{
	fake_make();
	netif_set_carrier(nif, false);
	KTEST_CHECK(wait_count(&events[NETIF_CARRIER], 1));
	KTEST_CHECK(!(netif_flags(nif) & IFF_RUNNING));
	KTEST_CHECK(netif_send(frame(nif, own, TEST_PROTOCOL, 46)) == 0 && sent.n == 0);
	netif_set_carrier(nif, true);
	KTEST_CHECK(wait_count(&events[NETIF_CARRIER], 2));
	KTEST_CHECK(netif_flags(nif) & IFF_RUNNING);
	netif_unregister(nif);
}

/* A ring with a packet that never gets done: the driver is told after five seconds. */
KTEST(netif_watchdog)
{
	u64 end;

	fake_make();
	KTEST_CHECK(netif_send(frame(nif, own, TEST_PROTOCOL, 46)) == 0);
	end = clock_monotonic() + 20 * (u64)NSEC_PER_SEC;
	while (!READ_ONCE(n_timeouts) && clock_monotonic() < end)
		wait_count(&n_timeouts, 1);
	KTEST_CHECK(n_timeouts);
	netif_unregister(nif);
}

KTEST(netif_loopback)
{
	static const u8 zero[6];
	struct netif *lo = netif_by_name("lo");
	u32 flags;

	once();
	KTEST_CHECK(lo && lo->index == 1);
	if (!lo)
		return;
	netif_config_lock();
	flags = lo->flags;
	KTEST_CHECK(netif_set_flags(lo, flags | IFF_UP) == 0);
	netif_config_unlock();
	n_received = received_bytes = 0;
	for (unsigned i = 0; i < 10; i++)
		KTEST_CHECK(netif_send(frame(lo, zero, TEST_PROTOCOL, 60000)) == 0);
	KTEST_CHECK(wait_count(&n_received, 10) && received_bytes == 600000);
	KTEST_CHECK(received_kind == PKT_HOST);
	netif_config_lock();
	netif_set_flags(lo, flags);
	netif_config_unlock();
	netif_put(lo);
}

/* What waits for its receiver keeps the interface; the last of it may come when that is gone. */
KTEST(netif_later_gone)
{
	enum { MANY = 1000 };
	u32 before;

	fake_make();
	before = ref_read(&nif->refs);
	for (unsigned i = 0; i < MANY; i++)
		netif_receive_later(nif, frame(nif, own, TEST_PROTOCOL, 50));
	KTEST_CHECK(ref_read(&nif->refs) > before);
	netif_unregister(nif); /* waits for them */
}
