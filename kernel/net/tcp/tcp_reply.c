/*
 * Segments that belong to no connection: RST for what nobody expects, SYN-ACK of requests.
 */
#include "net/tcp/tcp_int.h"

int tcp_reply(const struct tcp_reply *reply)
{
	u32 size = TCP_HEADER + (reply->options ? tcp_options_size(reply->options) : 0);
	struct flow f = {
		.to = reply->to, .from = reply->from, .nif = reply->nif, .mark = reply->mark,
		.protocol = IPPROTO_TCP, .tos = reply->tos,
		.from_port = hton16(reply->from_port), .to_port = hton16(reply->to_port),
	};
	struct ip_meta meta = {
		.protocol = IPPROTO_TCP, .tos = reply->tos, .ttl = reply->ttl,
		.dont_fragment = true,
	};
	struct tcp_header *h;
	struct packet *p;
	struct route *r;
	int err = route_output(&f, &r);

	if (err)
		return err;
	p = packet_alloc(PACKET_ROOM, size, MM_ATOMIC);
	if (!p) {
		route_put(r);
		return -ENOMEM;
	}
	h = (struct tcp_header *)packet_put(p, size);
	p->transport = packet_offset(p);
	p->mark = reply->mark;
	*h = (struct tcp_header){
		.from = hton16(reply->from_port), .to = hton16(reply->to_port),
		.seq = hton32(reply->seq), .ack = hton32(reply->ack),
		.offset = (u8)(size / 4 << 4), .flags = reply->flags,
		.window = hton16(reply->window),
	};
	if (reply->options)
		tcp_options_write((u8 *)(h + 1), reply->options);
	ip_sum_partial(p, &reply->from, &reply->to, IPPROTO_TCP, offsetof(struct tcp_header, sum));
	tcp_count(OutSegs);
	err = ip_send(p, r, &meta);
	route_put(r);
	return err;
}

void tcp_reply_reset(struct packet *p, const struct tcp_segment *seg)
{
	const struct ip_info *info = ip_info(p);
	struct tcp_reply reply = {
		.from = info->to, .to = info->from, .from_port = seg->to_port,
		.to_port = seg->from_port, .flags = TCP_RST, .ttl = -1, .mark = p->mark,
		.nif = inet_needs_scope(&info->from) ? info->nif : 0,
	};

	if (seg->flags & TCP_RST || info->kind != ROUTE_LOCAL)
		return;
	/* RFC 9293, 3.10.7.1. */
	if (seg->flags & TCP_ACK) {
		reply.seq = seg->ack;
	} else {
		reply.ack = seg->end;
		reply.flags |= TCP_ACK;
	}
	tcp_count(OutRsts);
	(void)tcp_reply(&reply);
}
