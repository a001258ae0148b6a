/*
 * ICMPv6 received (RFC 4443): echo is answered, errors go to the transport whose packet they are
 * about, replies to ping sockets, the rest to neighbour discovery and MLD. Raw sockets had theirs
 * before.
 */
#include "abi/if.h"
#include "abi/in.h"
#include "net/ip6/icmp6.h"
#include "net/ip6/ip6_count.h"
#include "net/ip6/ip6_int.h"
#include "net/raw/ping.h"

static bool may_answer(const struct ip_info *info)
{
	if (READ_ONCE(ip6_settings.echo_ignore_all) || ipaddr_any(&info->from))
		return false;
	return info->kind != ROUTE_MULTICAST || !READ_ONCE(ip6_settings.echo_ignore_multicast);
}

/* The answer is the question with another type, and the bytes stay as they are. Whether it took the
 * packet. */
static bool echo(struct packet *p)
{
	struct icmp6_header *h;

	if (!may_answer(ip_info(p)) || packet_own_head(p, PACKET_ROOM))
		return false;
	h = (struct icmp6_header *)p->data;
	h->type = ICMP6_ECHO_REPLY;
	icmp6_reply(p);
	return true;
}

/* Takes the packet. */
static void handle(struct packet *p, u8 type)
{
	switch (type) {
	case ICMP6_ECHO:
		if (echo(p))
			return;
		break;
	case ICMP6_ECHO_REPLY:
		ping6_receive(p);
		break;
	case ICMP6_MLD_QUERY:
	case ICMP6_MLD_REPORT:
	case ICMP6_MLD_DONE:
	case ICMP6_MLD2_REPORT:
		mld_receive(p);
		return;
	case ICMP6_ROUTER_SOLICIT:
	case ICMP6_ROUTER_ADVERT:
	case ICMP6_NEIGHBOUR_SOLICIT:
	case ICMP6_NEIGHBOUR_ADVERT:
	case ICMP6_REDIRECT:
		nd_receive(p);
		return;
	default:
		if (icmp6_is_error(type))
			icmp6_error_receive(p);
	}
	packet_free(p);
}

static void receive(struct packet *p)
{
	u8 type;

	ip6_count(ICMP6_IN_MSGS);
	if (!packet_want(p, sizeof(struct icmp6_header))) {
		ip6_count(ICMP6_IN_ERRORS);
		packet_free(p);
		return;
	}
	if (!ip_sum_valid(p, p->length)) {
		ip6_count(ICMP6_IN_CSUM_ERRORS);
		ip6_count(ICMP6_IN_ERRORS);
		packet_free(p);
		return;
	}
	type = p->data[0];
	icmp6_count_in(type);
	handle(p, type);
}

static const struct ip_protocol protocol = {
	.number = IPPROTO_ICMPV6, .only = IP_ONLY_6, .receive = receive, .error = ping_error,
};

void icmp6_init(void)
{
	ip_protocol_register(&protocol);
}
