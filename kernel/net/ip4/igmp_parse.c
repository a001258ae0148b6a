/*
 * Reading IGMP (RFC 3376, 4.1 and 7.1). Pure.
 */
#include "net/ip4/igmp_wire.h"

/* Times from 128 on are a mantissa and an exponent (RFC 3376, 4.1.1); tenths of a second. */
static u32 code_ms(u8 code)
{
	u32 tenths = code < 128 ? code : ((code & 15u) | 16u) << (((code >> 4) & 7) + 3);

	return tenths * 100;
}

bool igmp_parse(const u8 *bytes, u32 n, struct igmp_heard *out)
{
	const struct igmp_header *h = (const struct igmp_header *)bytes;
	const struct igmp_query3 *q = (const struct igmp_query3 *)bytes;

	if (n < sizeof(*h))
		return false;
	*out = (struct igmp_heard){ .type = h->type, .group = h->group };
	if (h->type == IGMP_REPORT1 || h->type == IGMP_REPORT2)
		return ip4_is_multicast(h->group);
	if (h->type != IGMP_QUERY || (h->group && !ip4_is_multicast(h->group)))
		return false;
	if (n == sizeof(*h)) {
		out->version = h->code ? 2 : 1;
		out->within_ms = h->code ? h->code * 100u : 10000;
		return true;
	}
	if (n < sizeof(*q) || n < sizeof(*q) + ntoh16(q->n) * 4u)
		return false;
	out->version = 3;
	out->within_ms = max(code_ms(h->code), 100u);
	out->robustness = q->qrv & 7;
	return true;
}
