/*
 * The TCP header and its options: from bytes and to bytes (RFC 9293, 3.1; RFC 7323; RFC 2018).
 * Pure: it knows neither packets nor connections.
 */
#pragma once

#include "lib/types.h"
#include "net/inet/addr.h"

#define TCP_HEADER     20
#define TCP_HEADER_MAX 60
#define TCP_OPTIONS_MAX 40

enum tcp_flag {
	TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32,
};

struct tcp_header {
	be16 from, to;
	be32 seq, ack;
	u8 offset;            /* upper four bits: words of header */
	u8 flags;             /* enum tcp_flag; ECE and CWR above them */
	be16 window, sum, urgent;
};
static_assert(sizeof(struct tcp_header) == TCP_HEADER, "tcp_header");

struct tcp_block { u32 start, end; }; /* a range of sequence numbers, end exclusive */

#define TCP_SACK_MAX 4
#define TCP_WSCALE_MAX 14

struct tcp_options {
	u16 mss;              /* 0: not said */
	u8 wscale;            /* at most TCP_WSCALE_MAX, if has_wscale */
	u8 n_sack;
	bool has_wscale, has_stamp, sack_ok;
	u32 stamp, echo;
	struct tcp_block sack[TCP_SACK_MAX];
};

/* A received segment's header in host order. */
struct tcp_segment {
	u32 seq, ack;
	u32 end;              /* seq + length, SYN and FIN counted */
	u32 length;           /* bytes of data */
	u32 window;           /* as it came: not scaled */
	u16 from_port, to_port, urgent;
	u8 flags;
	u8 header;            /* bytes of header, options included */
	struct tcp_options options;
	bool has_iss_least;
	u32 iss_least;        /* the answer's number is to be at least this: the ends were another
			       * connection's just now */
};

/*
 * Reads a header of which `head` bytes are at h, of a segment of `length` bytes in all: false if it
 * is malformed or `head` does not cover it. Unknown options are passed over, broken ones end the
 * list (RFC 9293, MUST-6, MUST-7). Options that only SYN may carry are taken from SYN only.
 */
bool must_check tcp_header_parse(const void *h, u32 head, u32 length, struct tcp_segment *seg);
/* Bytes that the options of a header would take, a multiple of 4. */
u32 tcp_options_size(const struct tcp_options *o);
/* Writes them: as many bytes as tcp_options_size() says, at most TCP_OPTIONS_MAX. */
void tcp_options_write(u8 *to, const struct tcp_options *o);
/* The two words of NOP, NOP, time stamps that nearly each segment carries. */
static inline void tcp_stamp_write(u8 *to, u32 stamp, u32 echo)
{
	be32 *w = (be32 *)to;

	w[0] = hton32(0x0101080a);
	w[1] = hton32(stamp);
	w[2] = hton32(echo);
}
