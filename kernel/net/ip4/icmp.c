/*
 * ICMP received (RFC 792; RFC 1122, 3.2.2): echo and timestamp are answered, errors go to the
 * transport whose packet they are about, replies to ping sockets. Raw sockets had theirs before.
 */
#include "abi/if.h"
#include "abi/in.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/ip4/icmp.h"
#include "net/ip4/ip4_int.h"
#include "net/raw/ping.h"

static void count_in(u8 type)
{
	static const u8 counters[] = {
		[ICMP4_ECHO_REPLY] = ICMP4_IN_ECHO_REPS,
		[ICMP4_UNREACHABLE] = ICMP4_IN_DEST_UNREACHS,
		[ICMP4_QUENCH] = ICMP4_IN_SRC_QUENCHS,
		[ICMP4_REDIRECT] = ICMP4_IN_REDIRECTS,
		[ICMP4_ECHO] = ICMP4_IN_ECHOS,
		[ICMP4_TIME_EXCEEDED] = ICMP4_IN_TIME_EXCDS,
		[ICMP4_PARAMETER] = ICMP4_IN_PARM_PROBS,
		[ICMP4_TIMESTAMP] = ICMP4_IN_TIMESTAMPS,
		[ICMP4_TIMESTAMP_REPLY] = ICMP4_IN_TIMESTAMP_REPS,
	};

	if (type < ARRAY_SIZE(counters) && counters[type])
		inet_count(counters[type]);
}

/* Questions to everybody are answered only if that was asked for: they make floods (RFC 1122,
 * 3.2.2.6). */
static bool may_answer(const struct ip_info *info)
{
	if (READ_ONCE(ip4_settings.echo_ignore_all))
		return false;
	return info->kind == ROUTE_LOCAL || !READ_ONCE(ip4_settings.echo_ignore_broadcasts);
}

/* The answer is the question with another type: the bytes stay as they are, and the sum is
 * adjusted. Whether it took the packet. */
static bool echo(struct packet *p)
{
	struct icmp4_header *h;
	u32 sum;

	if (!may_answer(ip_info(p)) || packet_own_head(p, PACKET_ROOM))
		return false;
	h = (struct icmp4_header *)p->data;
	if (p->sum != SUM_PARTIAL) {
		sum = h->sum + hton16(ICMP4_ECHO << 8);
		h->sum = (u16)(sum + (sum >= 0xffff));
	}
	h->type = ICMP4_ECHO_REPLY;
	icmp4_reply(p);
	return true;
}

/* Milliseconds since midnight UTC. */
u32 ip4_ms_of_day(void)
{
	return (u32)(clock_realtime() / NSEC_PER_MSEC % 86400000);
}

struct timestamp { struct icmp4_header header; be32 originate, receive, transmit; } __packed;

static bool timestamp(struct packet *p)
{
	struct timestamp *t;

	if (ip_info(p)->kind != ROUTE_LOCAL || p->length < sizeof(*t) ||
	    !packet_want(p, sizeof(*t)) || packet_own_head(p, PACKET_ROOM))
		return false;
	packet_trim(p, sizeof(*t));
	t = (struct timestamp *)p->data;
	t->header.type = ICMP4_TIMESTAMP_REPLY;
	t->header.code = 0;
	t->receive = t->transmit = hton32(ip4_ms_of_day());
	t->header.sum = 0;
	t->header.sum = sum_finish(sum_bytes(t, sizeof(*t), 0));
	p->sum = SUM_NONE;
	icmp4_reply(p);
	return true;
}

/* The sum covers the message alone. */
static bool sum_valid(struct packet *p)
{
	if (p->nif->flags & IFF_LOOPBACK && p->sum != SUM_NONE)
		return true;
	return sum_fold(packet_sum(p, 0, p->length, 0)) == 0xffff;
}

static void receive(struct packet *p)
{
	const struct icmp4_header *h;

	inet_count(ICMP4_IN_MSGS);
	if (!packet_want(p, sizeof(*h)) || !sum_valid(p)) {
		inet_count(ICMP4_IN_CSUM_ERRORS);
		inet_count(ICMP4_IN_ERRORS);
		goto out;
	}
	h = (const struct icmp4_header *)p->data;
	count_in(h->type);
	switch (h->type) {
	case ICMP4_ECHO:
		if (echo(p))
			return;
		break;
	case ICMP4_TIMESTAMP:
		if (timestamp(p))
			return;
		break;
	case ICMP4_ECHO_REPLY:
		ping_receive(p);
		break;
	case ICMP4_UNREACHABLE:
	case ICMP4_REDIRECT:
	case ICMP4_TIME_EXCEEDED:
	case ICMP4_PARAMETER:
		icmp4_error_receive(p);
		break;
	default:
		break;
	}
out:
	packet_free(p);
}

static const struct ip_protocol protocol = {
	.number = IPPROTO_ICMP, .only = IP_ONLY_4, .receive = receive, .error = ping_error,
};

void icmp_init(void)
{
	ip_protocol_register(&protocol);
}
