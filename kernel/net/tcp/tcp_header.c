/*
 * The TCP header and its options.
 *
 * Options are a list of (kind, length, data), with two kinds of a single byte. What comes from the
 * wire is checked byte by byte; one with a length below 2, beyond the header or other than its kind
 * has is where reading stops: the options before it count.
 */
#include "net/tcp/tcp_header.h"

#include "lib/string.h"

enum {
	OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_WSCALE = 3, OPTION_SACK_OK = 4,
	OPTION_SACK = 5, OPTION_STAMP = 8,
};

static u32 read_32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static void write_32(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 24);
	p[1] = (u8)(v >> 16);
	p[2] = (u8)(v >> 8);
	p[3] = (u8)v;
}

static void parse_sack(const u8 *p, u32 length, struct tcp_options *o)
{
	o->n_sack = 0;
	for (u32 at = 2; at + 8 <= length && o->n_sack < TCP_SACK_MAX; at += 8)
		o->sack[o->n_sack++] = (struct tcp_block){ read_32(p + at), read_32(p + at + 4) };
}

static void parse_option(const u8 *p, u32 length, bool syn, struct tcp_options *o)
{
	switch (p[0]) {
	case OPTION_MSS:
		if (syn && length == 4)
			o->mss = (u16)(p[2] << 8 | p[3]);
		break;
	case OPTION_WSCALE:
		if (syn && length == 3) {
			o->has_wscale = true;
			o->wscale = p[2] > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : p[2];
		}
		break;
	case OPTION_SACK_OK:
		if (syn && length == 2)
			o->sack_ok = true;
		break;
	case OPTION_SACK:
		if (!syn && length >= 10 && (length - 2) % 8 == 0)
			parse_sack(p, length, o);
		break;
	case OPTION_STAMP:
		if (length == 10) {
			o->has_stamp = true;
			o->stamp = read_32(p + 2);
			o->echo = read_32(p + 6);
		}
		break;
	}
}

static void parse_options(const u8 *p, u32 left, bool syn, struct tcp_options *o)
{
	while (left) {
		u32 length;

		if (p[0] == OPTION_END)
			return;
		if (p[0] == OPTION_NOP) {
			p++;
			left--;
			continue;
		}
		if (left < 2)
			return;
		length = p[1];
		if (length < 2 || length > left)
			return;
		parse_option(p, length, syn, o);
		p += length;
		left -= length;
	}
}

bool tcp_header_parse(const void *bytes, u32 head, u32 length, struct tcp_segment *seg)
{
	const struct tcp_header *h = bytes;
	struct tcp_options *o = &seg->options;
	u32 header;

	if (head < TCP_HEADER)
		return false;
	header = (u32)(h->offset >> 4) * 4;
	if (header < TCP_HEADER || header > head || header > length)
		return false;
	seg->from_port = ntoh16(h->from);
	seg->to_port = ntoh16(h->to);
	seg->seq = ntoh32(h->seq);
	seg->ack = ntoh32(h->ack);
	seg->flags = h->flags;
	seg->window = ntoh16(h->window);
	seg->urgent = ntoh16(h->urgent);
	seg->header = (u8)header;
	seg->length = length - header;
	seg->end = seg->seq + seg->length + !!(h->flags & TCP_SYN) + !!(h->flags & TCP_FIN);
	seg->has_iss_least = false;
	o->mss = 0;
	o->n_sack = 0;
	o->has_wscale = o->has_stamp = o->sack_ok = false;
	if (header == TCP_HEADER)
		return true;
	/* The shape that nearly each segment has. */
	if (header == TCP_HEADER + 12 && read_32((const u8 *)(h + 1)) == 0x0101080a) {
		o->has_stamp = true;
		o->stamp = read_32((const u8 *)(h + 1) + 4);
		o->echo = read_32((const u8 *)(h + 1) + 8);
		return true;
	}
	parse_options((const u8 *)(h + 1), header - TCP_HEADER, h->flags & TCP_SYN, o);
	return true;
}

u32 tcp_options_size(const struct tcp_options *o)
{
	u32 n = 0;

	if (o->mss)
		n += 4;
	if (o->has_stamp)
		n += 12;
	else if (o->sack_ok)
		n += 4;
	if (o->has_wscale)
		n += 4;
	if (o->n_sack)
		n += 4 + 8u * o->n_sack;
	return n;
}

void tcp_options_write(u8 *p, const struct tcp_options *o)
{
	if (o->mss) {
		write_32(p, OPTION_MSS << 24 | 4 << 16 | o->mss);
		p += 4;
	}
	if (o->has_stamp) {
		/* The two bytes before the time stamps are free for SACK permitted. */
		u32 before = o->sack_ok ? OPTION_SACK_OK << 8 | 2 : OPTION_NOP << 8 | OPTION_NOP;

		write_32(p, before << 16 | OPTION_STAMP << 8 | 10);
		write_32(p + 4, o->stamp);
		write_32(p + 8, o->echo);
		p += 12;
	} else if (o->sack_ok) {
		write_32(p, (u32)OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_SACK_OK << 8 | 2);
		p += 4;
	}
	if (o->has_wscale) {
		write_32(p, (u32)OPTION_NOP << 24 | OPTION_WSCALE << 16 | 3 << 8 | o->wscale);
		p += 4;
	}
	if (o->n_sack) {
		write_32(p, (u32)OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_SACK << 8 |
			    (2 + 8u * o->n_sack));
		p += 4;
		for (unsigned i = 0; i < o->n_sack; i++, p += 8) {
			write_32(p, o->sack[i].start);
			write_32(p + 4, o->sack[i].end);
		}
	}
}
