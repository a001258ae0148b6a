/*
 * Reading MLD (RFC 2710, 3; RFC 3810, 5.1 and 8.1). Pure.
 */
#include "lib/string.h"
#include "net/ip6/icmp6_wire.h"
#include "net/ip6/mld_wire.h"

/* Times from 32768 on are a mantissa and an exponent (RFC 3810, 5.1.3); milliseconds. */
static u32 code_ms(u16 code)
{
	return code < 0x8000 ? code : ((code & 0xfffu) | 0x1000u) << (((code >> 12) & 7) + 3);
}

bool mld_parse(const u8 *bytes, u32 n, struct mld_heard *out)
{
	struct mld_header h;
	struct mld_query2 q;

	if (n < sizeof(h))
		return false;
	memcpy(&h, bytes, sizeof(h));
	*out = (struct mld_heard){ .query = h.type == ICMP6_MLD_QUERY, .group = h.group };
	if (h.type == ICMP6_MLD_REPORT)
		return ipaddr_multicast(&out->group);
	if (!out->query || (!ipaddr_any(&out->group) && !ipaddr_multicast(&out->group)))
		return false;
	if (n == sizeof(h)) {
		out->version = 1;
		out->within_ms = ntoh16(h.delay);
		return true;
	}
	if (n < sizeof(q))
		return false;
	memcpy(&q, bytes, sizeof(q));
	if (n < sizeof(q) + ntoh16(q.n) * 16u)
		return false;
	out->version = 2;
	out->within_ms = code_ms(ntoh16(h.delay));
	out->robustness = q.qrv & 7;
	return true;
}
