/*
 * Segmentation of TCP packets for devices that cannot: every segment gets a copy of the headers, in
 * which lengths, IPv4's identification and checksum, the sequence number and the flags are set
 * right (RFC 9293, 3.1), and shares the payload's pages. Its TCP checksum stays partial.
 */
#include "dev/packet.h"

#include "abi/errno.h"
#include "core/panic.h"
#include "lib/bitops.h"
#include "lib/inetsum.h"
#include "lib/string.h"

#define IP4_LENGTH  2
#define IP4_ID      4
#define IP4_SUM     10
#define IP6_LENGTH  4
#define IP6_HEADER  40
#define TCP_SEQ     4
#define TCP_OFFSET  12
#define TCP_FLAGS   13
#define TCP_SUM     16
#define FIN_PSH     0x09
#define CWR         0x80

static u16 get16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, 2);
	return bswap16(v);
}

static void put16(u8 *p, u16 v)
{
	v = bswap16(v);
	memcpy(p, &v, 2);
}

/* Sets what differs from segment to segment: the one that begins `offset` bytes into the payload,
 * the number-th, with n bytes. */
static void headers_set(struct packet *s, const struct packet *whole, u32 payload, u32 offset,
			u32 number, u32 n)
{
	u8 *ip = packet_network(s), *tcp = packet_transport(s);
	u32 ip_length = s->length - (s->network - packet_offset(s)), seq;
	u32 tcp_length = s->length - (s->transport - packet_offset(s));
	u32 old_length = whole->length - (whole->transport - packet_offset(whole));
	u16 sum;

	if (whole->gso == GSO_TCP4) {
		put16(ip + IP4_LENGTH, (u16)ip_length);
		put16(ip + IP4_ID, (u16)(get16(ip + IP4_ID) + number));
		memset(ip + IP4_SUM, 0, 2);
		sum = sum_finish(sum_bytes(ip, s->transport - s->network, 0));
		memcpy(ip + IP4_SUM, &sum, 2);
	} else {
		put16(ip + IP6_LENGTH, (u16)(ip_length - IP6_HEADER));
	}
	memcpy(&seq, tcp + TCP_SEQ, 4);
	seq = bswap32(bswap32(seq) + offset);
	memcpy(tcp + TCP_SEQ, &seq, 4);
	if (offset + n < payload)
		tcp[TCP_FLAGS] &= (u8)~FIN_PSH;
	if (number)
		tcp[TCP_FLAGS] &= (u8)~CWR;
	/* The pseudo header's sum counts the length of the TCP part. */
	memcpy(&sum, tcp + TCP_SUM, 2);
	sum = sum_fold(sum_add(sum_add(sum, (u16)~bswap16((u16)old_length)),
			       bswap16((u16)tcp_length)));
	memcpy(tcp + TCP_SUM, &sum, 2);
}

/* n bytes of the payload, from `offset` of the whole packet on: by reference where they are in
 * pages, else copied. 0 or -ENOMEM. */
static int payload_share(struct packet *s, const struct packet *whole, u32 offset, u32 n)
{
	u32 begin = whole->head;

	if (offset < begin) {
		u32 linear = min(n, begin - offset);

		memcpy(packet_put(s, linear), whole->data + offset, linear);
		offset += linear;
		n -= linear;
	}
	for (unsigned i = 0; n && i < whole->n_frags; i++) {
		const struct packet_frag *f = whole->frags + i;

		if (offset < begin + f->length) {
			u32 skip = offset - begin, part = min(n, f->length - skip);

			page_get(f->page);
			if (!packet_add_frag(s, f->page, f->offset + skip, part)) {
				page_put(f->page);
				return -ENOMEM;
			}
			offset += part;
			n -= part;
		}
		begin += f->length;
	}
	return 0;
}

static struct packet *segment(const struct packet *whole, u32 headers, u32 payload, u32 offset,
			      u32 number)
{
	u32 n = min((u32)whole->gso_size, payload - offset), room = packet_room(whole);
	struct packet *s = packet_alloc(room, headers + n, MM_ATOMIC);

	if (!s)
		return NULL;
	memcpy(packet_put(s, headers), whole->data, headers);
	s->nif = whole->nif;
	s->hash = whole->hash;
	s->mark = whole->mark;
	s->priority = whole->priority;
	s->protocol = whole->protocol;
	s->kind = whole->kind;
	s->vlan = whole->vlan;
	s->has_vlan = whole->has_vlan;
	s->link = whole->link;
	s->network = whole->network;
	s->transport = whole->transport;
	s->link_length = whole->link_length;
	s->sum = SUM_PARTIAL;
	s->sum_start = whole->transport;
	s->sum_offset = TCP_SUM;
	if (payload_share(s, whole, headers + offset, n)) {
		packet_free(s);
		return NULL;
	}
	headers_set(s, whole, payload, offset, number, n);
	return s;
}

int packet_segment(struct packet *p, struct packet_queue *out)
{
	u32 before = p->transport - packet_offset(p), headers, payload;

	packet_queue_init(out);
	kassert(p->gso_size && p->sum == SUM_PARTIAL);
	headers = before + (packet_at(p, p->transport)[TCP_OFFSET] >> 4) * 4;
	payload = p->length - headers;
	for (u32 offset = 0, number = 0; offset < payload; offset += p->gso_size) {
		struct packet *s = segment(p, headers, payload, offset, number++);

		if (!s) {
			packet_queue_free(out);
			packet_free(p);
			return -ENOMEM;
		}
		packet_enqueue(out, s);
	}
	packet_free(p);
	return 0;
}
