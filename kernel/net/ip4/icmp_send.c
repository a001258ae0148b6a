/*
 * ICMP sent: answers, and errors by the rules of RFC 1122, 3.2.2 and RFC 1812, 4.3.2: never about
 * an ICMP error, never about what went to many or came from nobody in particular, never about any
 * but the first fragment, and only so many per second, in all and to each (RFC 1812, 4.3.2.8).
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/in.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/inet/icmp_limit.h"
#include "net/ip4/icmp.h"
#include "net/ip4/ip4_int.h"

enum { QUOTE = 576 - 20 - 8 }; /* RFC 1812, 4.3.2.3 */

static struct icmp_limits limits = ICMP_LIMITS_INIT("icmp");

bool icmp4_may_send(be32 to)
{
	struct ipaddr peer = ipaddr_4(to);
	enum icmp_verdict verdict = icmp_limit_ask(
		&limits, &peer, (u64)READ_ONCE(ip4_settings.icmp_ratelimit) * NSEC_PER_MSEC,
		(u32)READ_ONCE(ip4_settings.icmp_rate), (u32)READ_ONCE(ip4_settings.icmp_burst));

	if (unlikely(verdict != ICMP_PASS))
		inet_count(verdict == ICMP_LIMITED_ALL ? ICMP4_OUT_LIMITED_ALL :
							 ICMP4_OUT_LIMITED_PEER);
	return verdict == ICMP_PASS;
}

static void count_out(u8 type)
{
	static const u8 counters[] = {
		[ICMP4_ECHO_REPLY] = ICMP4_OUT_ECHO_REPS,
		[ICMP4_UNREACHABLE] = ICMP4_OUT_DEST_UNREACHS,
		[ICMP4_REDIRECT] = ICMP4_OUT_REDIRECTS,
		[ICMP4_ECHO] = ICMP4_OUT_ECHOS,
		[ICMP4_TIME_EXCEEDED] = ICMP4_OUT_TIME_EXCDS,
		[ICMP4_PARAMETER] = ICMP4_OUT_PARM_PROBS,
		[ICMP4_TIMESTAMP_REPLY] = ICMP4_OUT_TIMESTAMP_REPS,
	};

	inet_count(ICMP4_OUT_MSGS);
	if (type < ARRAY_SIZE(counters) && counters[type])
		inet_count(counters[type]);
}

static void send_to(struct packet *p, be32 to, be32 from, u32 nif, u8 tos)
{
	struct flow f = { .to = ipaddr_4(to), .from = ipaddr_4(from), .protocol = IPPROTO_ICMP,
			  .tos = tos, .nif = nif };
	struct ip_meta meta = { .protocol = IPPROTO_ICMP, .tos = tos, .ttl = -1 };
	struct route *r;

	count_out(((const struct icmp4_header *)p->data)->type);
	if (route_output(&f, &r)) {
		inet_count(ICMP4_OUT_ERRORS);
		packet_free(p);
		return;
	}
	if (r->kind == ROUTE_BROADCAST || r->kind == ROUTE_MULTICAST)
		packet_free(p);
	else
		ip_send(p, r, &meta);
	route_put(r);
}

/* From the address that was asked, if it was one machine's. */
void icmp4_reply(struct packet *p)
{
	const struct ip_info info = *ip_info(p);

	if (p->release)
		p->release(p);
	p->release = NULL;
	p->sock = NULL;
	if (p->sum == SUM_VALID)
		p->sum = SUM_NONE;
	send_to(p, info.from.w[3], info.kind == ROUTE_LOCAL ? info.to.w[3] : 0, 0, info.tos);
}

/* Whether an error about this packet may be sent at all. */
static bool allowed(const struct packet *p, const struct ip4_header *h, u8 type)
{
	u32 header = ip4_header_bytes(h);
	u8 inner;

	if (p->kind == PKT_BROADCAST || p->kind == PKT_MULTICAST)
		return false;
	if (h->fragment & hton16(IP4_OFFSET))
		return false;
	if (ip4_is_multicast(h->to) || h->to == IP4_BROADCAST || !h->from ||
	    ip4_is_multicast(h->from) || h->from == IP4_BROADCAST ||
	    (fib4_kind(h->from) != FIB_UNICAST && fib4_kind(h->from) != FIB_LOCAL))
		return false;
	if (h->protocol != IPPROTO_ICMP)
		return true;
	if (p->data + p->head < (const u8 *)h + header + 1)
		return false;
	inner = ((const u8 *)h)[header];
	return !icmp4_is_error(inner) && inner <= ICMP4_MASK_REPLY;
}

/* Mark of rates: bit per type that is limited (icmp(7), icmp_ratemask). This machine may hear all
 * that it does wrong. */
static bool limited(be32 to, u8 type, u8 code)
{
	if ((type == ICMP4_UNREACHABLE && code == ICMP4_TOO_LONG) || fib4_kind(to) == FIB_LOCAL)
		return false;
	return READ_ONCE(ip4_settings.icmp_ratemask) >> type & 1;
}

void icmp4_send(struct packet *p, u8 type, u8 code, u32 info)
{
	const struct ip4_header *h = packet_network(p);
	u32 pulled = packet_offset(p) - p->network, quote;
	struct icmp4_header *icmp;
	struct packet *out;
	be32 from;

	rcu_read_lock();
	if (!allowed(p, h, type) || (limited(h->from, type, code) && !icmp4_may_send(h->from)))
		goto out;
	quote = min(pulled + p->length, (u32)QUOTE);
	out = packet_alloc(PACKET_ROOM, (u32)sizeof(*icmp) + quote, MM_ATOMIC);
	if (!out)
		goto out;
	icmp = (struct icmp4_header *)packet_put(out, (u32)sizeof(*icmp) + quote);
	*icmp = (struct icmp4_header){ .type = type, .code = code, .word = hton32(info) };
	/* What was pulled is still in front of the data. */
	memcpy(icmp + 1, h, min(pulled, quote));
	if (quote > pulled)
		packet_read(p, 0, (u8 *)(icmp + 1) + pulled, quote - pulled);
	icmp->sum = sum_finish(sum_bytes(icmp, sizeof(*icmp) + quote, 0));
	from = fib4_kind(h->to) == FIB_LOCAL ? h->to : 0;
	send_to(out, h->from, from, 0, (u8)((h->tos & 0x1e) | 0xc0)); /* RFC 1812, 4.3.2.5 */
out:
	rcu_read_unlock();
}

void icmp4_refuse(struct packet *p, enum ip_unreachable what)
{
	static const u8 codes[] = {
		[IP_PORT_UNREACHABLE] = ICMP4_PORT, [IP_HOST_UNREACHABLE] = ICMP4_HOST,
		[IP_NET_UNREACHABLE] = ICMP4_NET, [IP_PROTOCOL_UNREACHABLE] = ICMP4_PROTOCOL,
		[IP_PROHIBITED] = ICMP4_PROHIBITED,
	};

	icmp4_send(p, ICMP4_UNREACHABLE, codes[what], 0);
}

/* A packet of ours or of somebody that we route for could not be delivered on the link. */
void icmp4_hop_failed(struct packet *p)
{
	p->network = packet_offset(p);
	if (packet_want(p, min(p->length, (u32)IP4_HEADER_MAX + 8)))
		icmp4_send(p, ICMP4_UNREACHABLE, ICMP4_HOST, 0);
	packet_free(p);
}
