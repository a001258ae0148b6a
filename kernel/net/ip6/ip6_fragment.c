/*
 * Cutting a packet into fragments (RFC 8200, 4.5): only its sender does. Each has the headers that
 * routers may look at, a fragment header, and its part of the rest.
 */
#include "abi/errno.h"
#include "core/random.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"

enum { ID_COUNTERS = 2048, FRAGMENT = sizeof(struct ip6_fragment_header) };
static u32 id_counter[ID_COUNTERS]; /* a */
static u64 id_key[2];               /* a: 0 until first used */

/* One counter per pair of hosts (by a keyed hash), each from a start of its own: pieces of
 * different packets are not mixed up, and nobody can tell what comes next for others (RFC 7739,
 * 5.3). */
static u32 next_id(const struct ipaddr *from, const struct ipaddr *to)
{
	u64 h;

	if (unlikely(!READ_ONCE(id_key[0]))) {
		WRITE_ONCE(id_key[1], random_u64());
		WRITE_ONCE(id_key[0], random_u64() | 1);
	}
	h = siphash_2u64(to->d[0] ^ from->d[1], to->d[1] ^ from->d[0], id_key);
	return __atomic_add_fetch(&id_counter[h % ID_COUNTERS], 1, __ATOMIC_RELAXED) +
	       (u32)(h >> 32);
}

/* What the pieces have in common. */
struct cut {
	struct packet *p;        /* whole, data begins with the IP header */
	struct ip6_chain chain;  /* of it: up to chain.fixed goes into each piece */
	u8 next;                 /* what follows that */
	be32 id;
};

/* The piece with n bytes of the rest from `at` on, or NULL. */
static struct packet *piece_make(struct cut *c, u32 at, u32 n, bool last)
{
	u32 fixed = c->chain.fixed, header = fixed + FRAGMENT;
	struct packet *p = packet_alloc(PACKET_ROOM, header + n, MM_ATOMIC);
	struct ip6_fragment_header *f;
	struct ip6_header *h;

	if (!p)
		return NULL;
	h = (struct ip6_header *)packet_put(p, header + n);
	f = (struct ip6_fragment_header *)((u8 *)h + fixed);
	p->network = packet_offset(p);
	p->transport = (u16)(p->network + header);
	p->kind = c->p->kind;
	p->mark = c->p->mark;
	p->priority = c->p->priority;
	memcpy(h, c->p->data, fixed);
	((u8 *)h)[c->chain.fixed_link] = IP6_FRAGMENT;
	*f = (struct ip6_fragment_header){ .next = c->next, .id = c->id,
					   .offset_more = hton16((u16)(at | !last)) };
	packet_read(c->p, fixed + at, (u8 *)h + header, n);
	h->length = hton16((u16)(header + n - sizeof(*h)));
	if (c->p->sock && c->p->release)
		sock_charge_send(c->p->sock, p);
	return p;
}

/* Reads the packet's headers: 0, -EINVAL, -EMSGSIZE, -ENOMEM. */
static int cut_begin(struct cut *c, u32 mtu)
{
	const struct ip6_header *h;
	int err = packet_sum_finish(c->p);

	while (!err && (err = ip6_chain_read(c->p->data, c->p->head, IP6_READ_SENDER, &c->chain))) {
		if (err != -ABI_ENODATA || c->chain.transport > c->p->length)
			return -EINVAL;
		err = packet_want(c->p, c->chain.transport) ? 0 : -ENOMEM;
	}
	if (err)
		return err;
	if (c->chain.fragment)
		return -EINVAL; /* a raw socket's own */
	if (mtu < c->chain.fixed + FRAGMENT + 8)
		return -EMSGSIZE;
	h = (const struct ip6_header *)c->p->data;
	c->next = c->p->data[c->chain.fixed_link];
	c->id = next_id(&h->from, &h->to);
	return 0;
}

int ip6_fragment(struct packet *p, u32 mtu, struct route *r,
		 int (*send)(struct packet *p, struct route *r))
{
	struct cut c = { .p = p };
	u32 rest, room, at = 0;
	int err = cut_begin(&c, mtu);

	if (err)
		goto out;
	rest = p->length - c.chain.fixed;
	room = (mtu - c.chain.fixed - FRAGMENT) & ~7u;
	while (!err && at < rest) {
		u32 n = min(room, rest - at);
		struct packet *piece = piece_make(&c, at, n, at + n == rest);

		err = piece ? send(piece, r) : -ENOMEM;
		if (!err)
			ip6_count(IP6_FRAG_CREATES);
		at += n;
	}
out:
	ip6_count(err ? IP6_FRAG_FAILS : IP6_FRAG_OKS);
	packet_free(p);
	return err;
}
