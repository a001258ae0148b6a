/*
 * Self-tests of the E1000, run if the machine has one (eth0): with the PHY's loopback the device
 * returns what it sends, so that both directions are seen at once: lengths, fragments, sums,
 * segments, tags, jumbo frames, groups, resets. And, if the peer is QEMU's user network, ARP.
 */
#include "test/ktest.h"

#include "abi/if.h"
#include "abi/if_ether.h"
#include "core/clock.h"
#include "drv/e1000/e1000_int.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/ip6/ip6.h"
#include "sched/wait.h"

#define TEST_TYPE 0x88b6
#define PHY_LOOPBACK (1 << 14)
#define SECOND ((u64)NSEC_PER_SEC)

/* What the tap saw of frames that came back. */
static struct {
	u32 n;           /* a */
	u32 bytes;       /* without the link header */
	u32 last_length;
	u32 n_valid;     /* sums that the device found right */
	u32 n_wrong;     /* bytes that are not what was sent */
	u32 n_tagged;
	u16 vlan;
	u32 n_arp;
	u32 n_segments, n_bad_segments;
	u32 next_seq;
} seen;

static struct netif *nif;
static struct e1000_nic *nic;
static u8 own[6];

/* Byte i of a test frame's payload. */
static u8 pattern(u32 i)
{
	return (u8)(i * 7 + (i >> 8));
}

static u16 get16(const u8 *at)
{
	return (u16)(at[0] << 8 | at[1]);
}

static u32 get32(const u8 *at)
{
	return (u32)get16(at) << 16 | get16(at + 2);
}

static u32 plain_sum(const u8 *at, u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < n; i++)
		sum += i % 2 ? at[i] : (u32)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* One of the segments that the device cut: IPv4 or IPv6, TCP, payload by its sequence number. */
static void look_at_segment(const u8 *ip, u32 length)
{
	bool ip4 = ip[0] >> 4 == 4;
	u32 header = ip4 ? 20 : 40, sum;
	const u8 *tcp = ip + header;
	u32 said = ip4 ? get16(ip + 2) : get16(ip + 4) + 40u, n = said - header - 20;
	bool bad = said > length || said < header + 20 || (ip4 && plain_sum(ip, 20) != 0xffff);

	seen.n_segments++;
	if (bad) {
		seen.n_bad_segments++;
		return;
	}
	sum = plain_sum(tcp, said - header) + 6 + (said - header) +
	      (ip4 ? plain_sum(ip + 12, 8) : plain_sum(ip + 8, 32));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	if (sum != 0xffff || get32(tcp + 4) != seen.next_seq)
		bad = true;
	for (u32 i = 0; i < n; i++)
		bad |= tcp[20 + i] != pattern(seen.next_seq + i);
	seen.next_seq += n;
	seen.n_bad_segments += bad;
}

/* QEMU's 82574 makes fragments of IPv4 of a segment: back into one, which has all its bytes. */
static void look_at_fragment(const u8 *ip, u32 length)
{
	static u8 whole[66000];
	static u32 have;
	u32 field = get16(ip + 6), at = (field & 0x1fff) * 8, n = get16(ip + 2) - 20u;

	if (get16(ip + 2) < 20 || get16(ip + 2) > length || 20 + at + n > sizeof(whole) ||
	    plain_sum(ip, 20) != 0xffff) {
		seen.n_bad_segments++;
		return;
	}
	if (!at) {
		memcpy(whole, ip, 20);
		have = 0;
	}
	memcpy(whole + 20 + at, ip + 20, n);
	have += n;
	if (field & 0x2000)
		return;
	seen.n_bad_segments += have != at + n;
	whole[2] = (u8)((20 + have) >> 8);
	whole[3] = (u8)(20 + have);
	whole[6] = whole[7] = whole[10] = whole[11] = 0;
	have = ~plain_sum(whole, 20);
	whole[10] = (u8)(have >> 8);
	whole[11] = (u8)have;
	look_at_segment(whole, get16(whole + 2));
}

static void tap_fn(struct netif_tap *tap, struct packet *p)
{
	static u8 bytes[17000];
	u32 n = p->length - 14;

	if (p->kind == PKT_OUTGOING || p->length > sizeof(bytes))
		return;
	packet_read(p, 0, bytes, p->length);
	seen.n_arp += p->protocol == ETH_P_ARP && bytes[21] == 2;
	if (p->sum == SUM_VALID)
		seen.n_valid++;
	if (p->protocol == ETH_P_IP && get16(bytes + 14 + 6) & 0x3fff)
		look_at_fragment(bytes + 14, n);
	else if (p->protocol == ETH_P_IP || p->protocol == ETH_P_IPV6)
		look_at_segment(bytes + 14, n);
	if (p->protocol == TEST_TYPE)
		for (u32 i = 0; i < n && (n > 46 || i < seen.last_length); i++)
			seen.n_wrong += bytes[14 + i] != pattern(i);
	if (p->has_vlan) {
		seen.n_tagged++;
		seen.vlan = p->vlan;
	}
	seen.bytes += n;
	__atomic_add_fetch(&seen.n, 1, __ATOMIC_SEQ_CST);
}

static struct netif_tap tap = { .protocol = ETH_P_ALL, .tap = tap_fn };

static bool wait_for(const u32 *count, u32 n)
{
	struct wait_queue none;
	u64 end = clock_monotonic() + 3 * SECOND;

	wait_init(&none);
	while (READ_ONCE(*count) < n && clock_monotonic() < end)
		wait_until_timeout(&none, READ_ONCE(*count) >= n,
				   clock_monotonic() + NSEC_PER_MSEC);
	return READ_ONCE(*count) >= n;
}

/* Without IPv6, whose own frames would be among those that are counted. */
static void set_up(bool up)
{
	netif_config_lock();
	ip6_conf_set(nif, IP6_DISABLE, up);
	KTEST_CHECK(netif_set_flags(nif, up ? nif->flags | IFF_UP :
					      nif->flags & ~(u32)IFF_UP) == 0);
	netif_config_unlock();
}

static void loopback(bool on)
{
	u16 control;

	KTEST_CHECK(e1000_phy_read(nic, PHY_CONTROL, &control) == 0);
	control = on ? control | PHY_LOOPBACK : control & (u16)~PHY_LOOPBACK;
	KTEST_CHECK(e1000_phy_write(nic, PHY_CONTROL, control) == 0);
	memset(&seen, 0, sizeof(seen));
}

/* QEMU's 8254x hears nothing for a second after its receiver was changed. */
static void hear(void)
{
	struct wait_queue none;

	wait_init(&none);
	if (!nic->family->extended)
		wait_until_timeout(&none, false, clock_monotonic() + SECOND + SECOND / 20);
}

/* Finds the device and brings it up; false if there is none. */
static bool begin(void)
{
	u64 end = clock_monotonic() + 5 * SECOND;
	struct wait_queue none;

	nif = netif_by_name("eth0");
	if (!nif) {
		ktest_note("no network device");
		return false;
	}
	nic = nif->private;
	memcpy(own, nif->address, 6);
	memset(&seen, 0, sizeof(seen));
	set_up(true);
	wait_init(&none);
	while (!READ_ONCE(nif->carrier) && clock_monotonic() < end)
		wait_until_timeout(&none, READ_ONCE(nif->carrier),
				   clock_monotonic() + 10 * NSEC_PER_MSEC);
	KTEST_CHECK(nif->carrier);
	hear();
	tap.nif = nif;
	netif_tap_add(&tap);
	return true;
}

static void end(void)
{
	netif_tap_remove(&tap);
	rcu_synchronize();
	set_up(false);
	netif_put(nif);
}

/* A frame of the test's type with n bytes of payload, `linear` of them so, the rest in pages. */
static struct packet *frame(const u8 *to, u32 n, u32 linear)
{
	struct packet *p = packet_alloc(PACKET_ROOM, 14 + linear, MM_KERNEL);
	u8 *at = packet_put(p, 14 + linear);

	memcpy(at, to, 6);
	memcpy(at + 6, own, 6);
	at[12] = TEST_TYPE >> 8;
	at[13] = TEST_TYPE & 0xff;
	for (u32 i = 0; i < linear; i++)
		at[14 + i] = pattern(i);
	while (linear < n) {
		struct page *page = page_alloc(MM_KERNEL);
		u32 take = min(n - linear, 3000u);

		for (u32 i = 0; i < take; i++)
			((u8 *)page_to_virt(page))[500 + i] = pattern(linear + i);
		KTEST_CHECK(packet_add_frag(p, page, 500, take));
		linear += take;
	}
	p->nif = nif;
	p->protocol = TEST_TYPE;
	p->network = packet_offset(p) + 14;
	return p;
}

KTEST(e1000_lengths)
{
	u32 n = 0;

	if (!begin())
		return;
	loopback(true);
	for (u32 length = 46; length <= 1500; length += 97, n++)
		KTEST_CHECK(netif_send(frame(own, length, n % 2 ? length : length / 3)) == 0);
	KTEST_CHECK(wait_for(&seen.n, n) && !seen.n_wrong);
	/* More than the rings hold, and their ends. */
	memset(&seen, 0, sizeof(seen));
	for (u32 i = 0; i < 2000; i++) {
		KTEST_CHECK(netif_send(frame(own, 1000, 500)) == 0);
		if (i % 100 == 99)
			KTEST_CHECK(wait_for(&seen.n, i + 1));
	}
	KTEST_CHECK(wait_for(&seen.n, 2000) && seen.n == 2000 && !seen.n_wrong);
	loopback(false);
	end();
}

KTEST(e1000_filter)
{
	static const u8 group[6] = { 1, 0, 0x5e, 1, 2, 3 }, other[6] = { 2, 9, 9, 9, 9, 9 };

	if (!begin())
		return;
	loopback(true);
	netif_send(frame(group, 100, 100));
	netif_send(frame(other, 100, 100));
	netif_send(frame(nif->broadcast, 100, 100));
	KTEST_CHECK(wait_for(&seen.n, 1) && seen.n == 1);
	KTEST_CHECK(netif_join(nif, group) == 0);
	netif_send(frame(group, 100, 100));
	KTEST_CHECK(wait_for(&seen.n, 2));
	netif_leave(nif, group);
	netif_config_lock();
	netif_add_promiscuous(nif, 1);
	netif_config_unlock();
	hear();
	netif_send(frame(other, 100, 100));
	netif_send(frame(group, 100, 100));
	KTEST_CHECK(wait_for(&seen.n, 4));
	netif_config_lock();
	netif_add_promiscuous(nif, -1);
	netif_config_unlock();
	loopback(false);
	end();
}

KTEST(e1000_vlan)
{
	struct packet *p;

	if (!begin())
		return;
	loopback(true);
	p = frame(own, 100, 60);
	p->has_vlan = true;
	p->vlan = 0x6123;
	KTEST_CHECK(netif_send(p) == 0);
	KTEST_CHECK(wait_for(&seen.n, 1) && seen.n_tagged == 1 && seen.vlan == 0x6123);
	KTEST_CHECK(!seen.n_wrong);
	loopback(false);
	end();
}

KTEST(e1000_jumbo)
{
	u32 mtu;

	if (!begin())
		return;
	mtu = nif->max_mtu;
	netif_config_lock();
	KTEST_CHECK(netif_set_mtu(nif, mtu + 1) < 0);
	KTEST_CHECK(netif_set_mtu(nif, mtu) == 0);
	netif_config_unlock();
	hear();
	loopback(true);
	for (u32 i = 0; i < 20; i++)
		KTEST_CHECK(netif_send(frame(own, mtu - i * 300, 1000)) == 0);
	KTEST_CHECK(wait_for(&seen.n, 20) && !seen.n_wrong);
	loopback(false);
	netif_config_lock();
	KTEST_CHECK(netif_set_mtu(nif, 1500) == 0);
	netif_config_unlock();
	end();
}

/* TCP over IPv4 or IPv6 with n bytes of payload in pages; headers linear. */
static struct packet *tcp_packet(bool ip4, u32 seq, u32 n)
{
	u32 header = ip4 ? 20 : 40, total = header + 20 + n, sum;
	struct packet *p = packet_alloc(PACKET_ROOM, 14 + header + 20, MM_KERNEL);
	u8 *at = packet_put(p, 14 + header + 20), *ip = at + 14, *tcp = ip + header;

	memset(at, 0, 14 + header + 20);
	memcpy(at, own, 6);
	memcpy(at + 6, own, 6);
	p->protocol = ip4 ? ETH_P_IP : ETH_P_IPV6;
	at[12] = (u8)(p->protocol >> 8);
	at[13] = (u8)p->protocol;
	ip[0] = ip4 ? 0x45 : 0x60;
	ip[ip4 ? 9 : 6] = 6;
	ip[ip4 ? 8 : 7] = 64;
	ip[ip4 ? 2 : 4] = (u8)((ip4 ? total : n + 20) >> 8);
	ip[ip4 ? 3 : 5] = (u8)(ip4 ? total : n + 20);
	memset(ip + (ip4 ? 12 : 8), 0x0a, ip4 ? 8 : 32);
	if (ip4) {
		sum = ~plain_sum(ip, 20);
		ip[10] = (u8)(sum >> 8);
		ip[11] = (u8)sum;
	}
	for (unsigned i = 0; i < 4; i++)
		tcp[4 + i] = (u8)(seq >> (24 - 8 * i));
	tcp[12] = 0x50;
	tcp[13] = 0x18;
	sum = plain_sum(ip + (ip4 ? 12 : 8), ip4 ? 8 : 32) + 6 + 20 + n;
	sum = (sum & 0xffff) + (sum >> 16);
	tcp[16] = (u8)(sum >> 8);
	tcp[17] = (u8)sum;
	for (u32 done = 0; done < n;) {
		struct page *page = page_alloc(MM_KERNEL);
		u32 take = min(n - done, (u32)PAGE_SIZE);

		for (u32 i = 0; i < take; i++)
			((u8 *)page_to_virt(page))[i] = pattern(seq + done + i);
		KTEST_CHECK(packet_add_frag(p, page, 0, take));
		done += take;
	}
	p->nif = nif;
	p->network = packet_offset(p) + 14;
	p->transport = p->sum_start = p->network + (u16)header;
	p->sum_offset = 16;
	p->sum = SUM_PARTIAL;
	if (n > 1400) {
		p->gso = ip4 ? GSO_TCP4 : GSO_TCP6;
		p->gso_size = 1400;
	}
	return p;
}

/* Sums by the device, and checked by it; then whole 60,000-byte packets that it cuts, or, if they
 * say that packets get lost, perhaps the core. */
static void offload(bool ip4)
{
	loopback(true);
	for (u32 i = 0; i < 5; i++)
		KTEST_CHECK(netif_send(tcp_packet(ip4, i * 1000, 1000)) == 0);
	KTEST_CHECK(wait_for(&seen.n, 5) && seen.n_segments == 5);
	for (u32 i = 0; i < 5; i++) {
		struct packet *p = tcp_packet(ip4, seen.next_seq, 60000);
		u32 want = seen.next_seq + 60000;

		p->lossy = i % 2;
		KTEST_CHECK(netif_send(p) == 0);
		KTEST_CHECK(wait_for(&seen.next_seq, want));
		KTEST_CHECK(netif_send(tcp_packet(ip4, seen.next_seq, 500)) == 0);
		KTEST_CHECK(wait_for(&seen.next_seq, want + 500));
	}
	KTEST_CHECK(!seen.n_bad_segments && seen.next_seq == 5 * 1000 + 5 * 60500);
	ktest_note("%u of %u found valid by the device", seen.n_valid, seen.n);
	loopback(false);
}

KTEST(e1000_offload4)
{
	if (!begin())
		return;
	offload(true);
	end();
}

KTEST(e1000_offload6)
{
	if (!begin())
		return;
	offload(false);
	end();
}

/* Resets while frames are on their way: nothing leaks, and the settings are as they were. */
KTEST(e1000_reset)
{
	static const u8 group[6] = { 1, 0, 0x5e, 1, 2, 3 };

	if (!begin())
		return;
	KTEST_CHECK(netif_join(nif, group) == 0);
	for (u32 i = 0; i < 50; i++) {
		loopback(true);
		for (u32 j = 0; j < 20; j++)
			netif_send(frame(own, 1400, 200));
		netif_config_lock();
		KTEST_CHECK(netif_reset(nif) == 0);
		netif_config_unlock();
	}
	loopback(true);
	netif_send(frame(group, 100, 100));
	KTEST_CHECK(wait_for(&seen.n, 1));
	netif_leave(nif, group);
	loopback(false);
	end();
}

/* Other sizes of the rings, and a throttle that is fixed. */
KTEST(e1000_settings)
{
	struct netif_rings rings = { .rx = 64, .tx = 100 };
	struct netif_coalesce c = { .rx_us = 300 };
	u32 features;

	if (!begin())
		return;
	netif_config_lock();
	KTEST_CHECK(nif->ops->set_rings(nif, &rings) == 0);
	nif->ops->get_rings(nif, &rings);
	KTEST_CHECK(rings.rx == 64 && rings.tx == 104);
	KTEST_CHECK(nif->ops->set_coalesce(nif, &c) == 0);
	features = nif->features;
	KTEST_CHECK(netif_set_features(nif, 0) == 0);
	netif_config_unlock();
	hear();
	loopback(true);
	for (u32 i = 0; i < 10; i++) {
		netif_send(frame(own, 1400, 200));
		netif_send(tcp_packet(true, i * 3000, 3000));
	}
	KTEST_CHECK(wait_for(&seen.n, 40) && !seen.n_wrong && !seen.n_bad_segments);
	KTEST_CHECK(seen.n_segments == 30);
	loopback(false);
	netif_config_lock();
	KTEST_CHECK(netif_set_features(nif, features) == 0 && nif->features == features);
	rings.rx = rings.tx = E1000_RING;
	KTEST_CHECK(nif->ops->set_rings(nif, &rings) == 0);
	c.adaptive = true;
	KTEST_CHECK(nif->ops->set_coalesce(nif, &c) == 0);
	netif_config_unlock();
	end();
}

/* ARP for QEMU's gateway; in another network nobody answers. */
KTEST(e1000_arp)
{
	static const u8 ask[28] = { 0, 1, 8, 0, 6, 4, 0, 1, [14] = 10, 0, 2, 15,
				    [24] = 10, 0, 2, 2 };
	struct packet *p;

	if (!begin())
		return;
	for (u32 i = 0; i < 3 && !seen.n_arp; i++) {
		p = frame(nif->broadcast, 46, 46);
		p->data[12] = ETH_P_ARP >> 8;
		p->data[13] = ETH_P_ARP & 0xff;
		p->protocol = ETH_P_ARP;
		memset(p->data + 14, 0, 46);
		memcpy(p->data + 14, ask, sizeof(ask));
		memcpy(p->data + 14 + 8, own, 6);
		KTEST_CHECK(netif_send(p) == 0);
		wait_for(&seen.n_arp, 1);
	}
	ktest_note(seen.n_arp ? "the gateway answers" : "no answer from 10.0.2.2");
	end();
}
