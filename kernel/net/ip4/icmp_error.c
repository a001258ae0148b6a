/*
 * ICMP errors received: to the transport whose packet it is about; redirects to the routing table.
 */
#include "abi/if.h"
#include "net/ip4/icmp.h"
#include "net/ip4/ip4_int.h"

/* RFC 1122, 3.2.2.2: who sends it must be the router in use, on the link of both. */
static void redirect(struct packet *p, const struct icmp4_header *h, const struct ip_error *e)
{
	struct ip_info *info = ip_info(p);
	bool secure = ip4_conf_max(p->nif, IP4_SECURE_REDIRECTS);

	if (!ip4_conf_max(p->nif, IP4_ACCEPT_REDIRECTS) ||
	    ip4_conf_max(p->nif, IP4_FORWARDING) || info->kind != ROUTE_LOCAL)
		return;
	if (secure && !ip4_addr_on_link(p->nif, info->from.w[3]))
		return;
	ip4_redirected(p->nif, info->from.w[3], e->to.w[3], h->word);
}

void icmp4_error_receive(struct packet *p)
{
	enum { ENOUGH = sizeof(struct icmp4_header) + IP4_HEADER_MAX + 512 };
	const struct icmp4_header *h;
	struct ip_error e;
	bool useful;
	u8 protocol;

	if (!packet_want(p, min(p->length, (u32)ENOUGH)))
		return;
	h = (const struct icmp4_header *)p->data;
	useful = icmp4_error_parse(p->data, p->head, &e, &protocol);
	/* Only about what an address of ours sent; fib: e.from is zeroed if nothing was parsed. */
	if (!e.header || fib4_kind(e.from.w[3]) != FIB_LOCAL) {
		inet_count(ICMP4_IN_ERRORS);
		return;
	}
	e.reporter = ip_info(p)->from;
	e.nif = p->nif->index;
	if (h->type == ICMP4_REDIRECT)
		redirect(p, h, &e);
	else if (useful)
		ip_deliver_error(&e, protocol);
}
