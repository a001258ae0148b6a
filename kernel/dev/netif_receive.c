/*
 * Receiving: a frame from a driver, to the taps and the protocol that it names.
 *
 * The link header is looked at here: for whom the frame is, and its protocol. A tag of VLAN 0 says
 * only a priority (IEEE 802.1Q, 9.6) and is dropped; frames of other VLANs are shown to taps alone,
 * as no interface stands for those.
 */
#include "dev/netif_int.h"

#include "abi/if.h"
#include "abi/if_ether.h"
#include "core/clock.h"
#include "lib/bitops.h"
#include "lib/string.h"

#define PROTOCOL_BUCKETS 16
#define VLAN_ID 0x0fff

static struct netif_protocol *protocols[PROTOCOL_BUCKETS]; /* written at boot */

void netif_protocol_register(struct netif_protocol *protocol)
{
	struct netif_protocol **bucket = &protocols[protocol->protocol % PROTOCOL_BUCKETS];

	protocol->next = *bucket;
	store_release(bucket, protocol);
}

/* For whom a frame with this destination is. */
static enum packet_kind kind_of(const struct netif *nif, const u8 *to)
{
	u64 to48 = *(const u32 *)to | (u64)*(const u16 *)(to + 4) << 32;
	u64 own = *(const u32 *)nif->address | (u64)*(const u16 *)(nif->address + 4) << 32;

	if (likely(to48 == own))
		return PKT_HOST;
	if (to[0] & 1)
		return to48 == 0xffffffffffff ? PKT_BROADCAST : PKT_MULTICAST;
	return PKT_OTHERHOST;
}

/* The protocol that a frame's type or length means. */
static u16 protocol_of(const struct packet *p)
{
	const u8 *frame = p->data;
	u16 type = (u16)(frame[12] << 8 | frame[13]);

	if (likely(type >= ETH_P_802_3_MIN))
		return type;
	return p->head >= ETH_HLEN + 2 && frame[14] == 0xff && frame[15] == 0xff ? ETH_P_802_3 :
										   ETH_P_802_2;
}

/* Takes a tag that the device left in the frame: false if there is no room for one. */
static bool tag_take(struct packet *p)
{
	const u8 *frame;

	if (!packet_want(p, ETH_HLEN + 4))
		return false;
	frame = p->data;
	p->vlan = (u16)(frame[14] << 8 | frame[15]);
	p->has_vlan = true;
	if (packet_own_head(p, 0))
		return false;
	memmove(p->data + 4, p->data, 2 * ETH_ALEN);
	packet_pull(p, 4);
	p->protocol = protocol_of(p);
	return true;
}

static void drop(struct netif *nif, struct packet *p)
{
	netif_counts(nif)->rx_dropped++;
	packet_free(p);
}

static void deliver(struct netif *nif, struct packet *p)
{
	struct netif_protocol *protocol = protocols[p->protocol % PROTOCOL_BUCKETS];

	if (unlikely(p->has_vlan && p->vlan & VLAN_ID))
		protocol = NULL;
	for (; protocol; protocol = protocol->next)
		if (likely(protocol->protocol == p->protocol)) {
			protocol->receive(p);
			return;
		}
	drop(nif, p);
}

void netif_receive(struct netif *nif, struct packet *p)
{
	struct netif_counts *counts = netif_counts(nif);

	counts->rx_packets++;
	counts->rx_bytes += p->length;
	p->nif = nif;
	if (unlikely(!packet_want(p, ETH_HLEN))) {
		counts->rx_length++;
		counts->rx_errors++;
		packet_free(p);
		return;
	}
	p->kind = (u8)kind_of(nif, p->data);
	if (unlikely(p->kind == PKT_MULTICAST || p->kind == PKT_BROADCAST))
		counts->multicast++;
	p->protocol = protocol_of(p);
	if (unlikely(p->protocol == ETH_P_8021Q) && !tag_take(p)) {
		drop(nif, p);
		return;
	}
	if (unlikely(READ_ONCE(netif_stamps_wanted)) && !p->stamp_ns)
		p->stamp_ns = clock_realtime();
	p->link = packet_offset(p);
	p->link_length = ETH_HLEN;
	p->network = p->link + ETH_HLEN;
	if (unlikely(!list_empty(&netif_taps)))
		netif_show_taps(p, false);
	packet_pull(p, ETH_HLEN);
	deliver(nif, p);
}
