/*
 * Cutting a packet into fragments (RFC 791, 3.2): the first has all options, the others those that
 * are to be copied.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "net/ip4/ip4_int.h"

/* What the pieces have in common. */
struct cut {
	struct packet *p;        /* whole, data begins with the IP header */
	u32 header;              /* bytes of its header */
	u32 rest_header;         /* bytes of the others' header */
	u8 rest_options[IP4_OPTIONS_MAX];
};

/* The piece with n bytes of the payload from `at` on, or NULL. */
static struct packet *piece_make(struct cut *c, u32 at, u32 n, bool last)
{
	const struct ip4_header *old = (const struct ip4_header *)c->p->data;
	u32 header = at ? c->rest_header : c->header;
	u16 fragment = (u16)(ntoh16(old->fragment) & ~IP4_DF);
	struct packet *p = packet_alloc(PACKET_ROOM, header + n, MM_ATOMIC);
	struct ip4_header *h;

	if (!p)
		return NULL;
	h = (struct ip4_header *)packet_put(p, header + n);
	p->network = packet_offset(p);
	p->transport = (u16)(p->network + header);
	p->kind = c->p->kind;
	p->mark = c->p->mark;
	p->priority = c->p->priority;
	if (unlikely(!at && c->p->stamps)) {
		p->stamps = c->p->stamps;
		p->stamp_key = c->p->stamp_key;
	}
	memcpy(h, old, sizeof(*h));
	if (at)
		memcpy(h + 1, c->rest_options, header - sizeof(*h));
	else
		memcpy(h + 1, old + 1, header - sizeof(*h));
	packet_read(c->p, c->header + at, (u8 *)h + header, n);
	h->version_length = (u8)(0x40 | header / 4);
	h->length = hton16((u16)(header + n));
	/* What is cut may be a fragment itself: of a router's. */
	fragment = (u16)((fragment & ~IP4_OFFSET) | ((fragment & IP4_OFFSET) + at / 8));
	h->fragment = hton16((u16)(fragment | (last ? 0 : IP4_MF)));
	ip4_header_sum(h);
	if (c->p->sock && c->p->release)
		sock_charge_send(c->p->sock, p);
	return p;
}

int ip4_fragment(struct packet *p, u32 mtu, struct route *r,
		 int (*send)(struct packet *p, struct route *r))
{
	struct cut c = { .p = p };
	u32 payload, at = 0;
	int err = packet_sum_finish(p);

	c.header = ip4_header_bytes((const struct ip4_header *)p->data);
	if (!err && !packet_want(p, c.header))
		err = -ENOMEM;
	if (!err && mtu < c.header + 8)
		err = -EMSGSIZE;
	if (err)
		goto out;
	c.rest_header = (u32)sizeof(struct ip4_header) +
			ip4_options_of_fragments(p->data + sizeof(struct ip4_header),
						 c.header - (u32)sizeof(struct ip4_header),
						 c.rest_options);
	payload = p->length - c.header;
	while (!err && at < payload) {
		u32 room = (mtu - (at ? c.rest_header : c.header)) & ~7u;
		u32 n = min(room, payload - at);
		struct packet *piece = piece_make(&c, at, n, at + n == payload &&
				!(((const struct ip4_header *)p->data)->fragment &
				  hton16(IP4_MF)));

		err = piece ? send(piece, r) : -ENOMEM;
		if (!err)
			inet_count(IPV4_FRAG_CREATES);
		at += n;
	}
out:
	inet_count(err ? IPV4_FRAG_FAILS : IPV4_FRAG_OKS);
	packet_free(p);
	return err;
}
