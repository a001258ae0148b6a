/*
 * ICMPv6 errors received: to the transport whose packet it is about.
 */
#include "net/ip6/icmp6.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"

void icmp6_error_receive(struct packet *p)
{
	const struct fib6_entry *own = NULL;
	struct ip_error e;
	u8 protocol;

	/* No error is longer than what passes everywhere (RFC 4443, 2.4). */
	if (!packet_want(p, min(p->length, (u32)IP6_MIN_MTU)))
		return;
	/* Only about what an address of ours sent. */
	if (icmp6_error_parse(p->data, p->head, &e, &protocol))
		own = fib6_local(&e.from, ip_info(p)->nif);
	if (!own || own->type != FIB6_LOCAL) {
		ip6_count(ICMP6_IN_ERRORS);
		return;
	}
	e.reporter = ip_info(p)->from;
	e.nif = ip_info(p)->nif;
	ip_deliver_error(&e, protocol);
}
