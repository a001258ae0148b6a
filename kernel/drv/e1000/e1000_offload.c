/*
 * What the device is told of a packet's headers: where its sums are, and for segments also how long
 * they are and how much payload each gets (8254x, 3.3.6 and 3.5).
 *
 * Of a packet that is to be cut the device wants headers with no lengths in them: IPv4's total
 * length and sum are zero, and the transport's sum is that of a pseudo header without a length. The
 * packet's own bytes may be shared, so its headers are copied and the copy is changed.
 */
#include "drv/e1000/e1000_int.h"

#include "abi/if_ether.h"
#include "lib/string.h"

enum { IP4_LENGTH = 2, IP4_SUM = 10, IP4_SOURCE = 12, IP6_LENGTH = 4, IP6_SOURCE = 8 };
enum { TCP_OFFSET = 12, TCP_SUM = 16, TCP_HEADER = 20, PROTOCOL_TCP = 6 };

bool e1000_tx_context(const struct packet *p, struct e1000_tx_context *c)
{
	u32 start = p->sum_start - packet_offset(p);

	if (p->sum_start < packet_offset(p) || start + p->sum_offset > 255)
		return false;
	*c = (struct e1000_tx_context){
		.ip_start = ETH_HLEN,
		.ip_sum = ETH_HLEN + IP4_SUM,
		.ip_end = (u16)(start - 1),
		.start = (u8)start,
		.sum = (u8)(start + p->sum_offset),
		.command = TXD_DEXT | (p->sum_offset == TCP_SUM ? TXC_TCP : 0) |
			   (p->protocol == ETH_P_IP ? TXC_IP4 : 0),
	};
	return true;
}

static u32 sum16(const u8 *at, u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < n; i += 2)
		sum += (u32)(at[i] << 8 | at[i + 1]);
	return sum;
}

static void put16(u8 *at, u32 v)
{
	at[0] = (u8)(v >> 8);
	at[1] = (u8)v;
}

bool e1000_tso_headers(const struct packet *p, u8 *to, struct e1000_tx_context *c)
{
	u32 network = (u32)p->network - packet_offset(p), start = p->sum_start - packet_offset(p);
	bool ip4 = p->gso == GSO_TCP4;
	u32 length, sum;
	u8 *ip = to + network;

	if (p->network < packet_offset(p) || network + (ip4 ? 20 : 40) > start ||
	    start + TCP_HEADER > E1000_HEADER || start + TCP_HEADER > p->head)
		return false;
	length = start + (u32)(p->data[start + TCP_OFFSET] >> 4) * 4;
	if (length > E1000_HEADER || length > p->head || length >= p->length)
		return false;
	memcpy(to, p->data, length);
	if (ip4) {
		put16(ip + IP4_LENGTH, 0);
		put16(ip + IP4_SUM, 0);
		sum = sum16(ip + IP4_SOURCE, 8) + PROTOCOL_TCP;
	} else {
		put16(ip + IP6_LENGTH, 0);
		sum = sum16(ip + IP6_SOURCE, 32) + PROTOCOL_TCP;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	put16(to + start + TCP_SUM, (sum & 0xffff) + (sum >> 16));
	*c = (struct e1000_tx_context){
		.ip_start = (u8)network,
		.ip_sum = (u8)(network + IP4_SUM),
		.ip_end = (u16)(ip4 ? start - 1 : 0),
		.start = (u8)start,
		.sum = (u8)(start + TCP_SUM),
		.command = TXD_DEXT | TXD_TSE | TXC_TCP | (ip4 ? TXC_IP4 : 0) |
			   (p->length - length),
		.header = (u8)length,
		.mss = p->gso_size,
	};
	return true;
}
