/*
 * Reading ICMP errors: which packet of ours it is about and what a socket is to be told (RFC 1122,
 * 3.2.2). Pure.
 */
#include "abi/errno.h"
#include "net/ip4/icmp_wire.h"

struct meaning { u8 error; bool fatal; };

/* By code of ICMP4_UNREACHABLE. */
static const struct meaning unreachable_means[] = {
	[0] = { ABI_ENETUNREACH, false },   [1] = { ABI_EHOSTUNREACH, false },
	[2] = { ABI_ENOPROTOOPT, true },    [3] = { ABI_ECONNREFUSED, true },
	[4] = { ABI_EMSGSIZE, false },      [5] = { ABI_EOPNOTSUPP, false },
	[6] = { ABI_ENETUNREACH, true },    [7] = { ABI_EHOSTDOWN, true },
	[8] = { ABI_ENONET, true },         [9] = { ABI_ENETUNREACH, true },
	[10] = { ABI_EHOSTUNREACH, true },  [11] = { ABI_ENETUNREACH, false },
	[12] = { ABI_EHOSTUNREACH, false }, [13] = { ABI_EHOSTUNREACH, true },
	[14] = { ABI_EHOSTUNREACH, true },  [15] = { ABI_EHOSTUNREACH, true },
};

/* MTUs of RFC 1191, 7: what to try when a router does not say. */
static u32 plateau(u32 length)
{
	static const u16 steps[] = { 32000, 17914, 8166, 4352, 2002, 1492, 576, 296, 216, 128 };

	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i] < length)
			return steps[i];
	return IP4_MIN_MTU;
}

static bool meaning(const struct icmp4_header *h, const struct ip4_header *inner,
		    struct ip_error *out)
{
	u32 length = ntoh16(inner->length);

	out->type = h->type;
	out->code = h->code;
	switch (h->type) {
	case ICMP4_UNREACHABLE:
		if (h->code >= ARRAY_SIZE(unreachable_means))
			return false;
		out->error = unreachable_means[h->code].error;
		out->fatal = unreachable_means[h->code].fatal;
		if (h->code == ICMP4_TOO_LONG) {
			u32 mtu = ntoh16(h->too_long.mtu);

			out->info = mtu && mtu < length ? max(mtu, (u32)IP4_MIN_MTU) :
							  plateau(length);
		}
		return true;
	case ICMP4_TIME_EXCEEDED:
		out->error = EHOSTUNREACH;
		return true;
	case ICMP4_PARAMETER:
		out->error = EPROTO;
		out->fatal = true;
		return true;
	case ICMP4_QUENCH: /* RFC 6633: to be ignored */
	default:
		return false;
	}
}

bool icmp4_error_parse(const u8 *bytes, u32 n, struct ip_error *out, u8 *protocol)
{
	const struct icmp4_header *h = (const struct icmp4_header *)bytes;
	const struct ip4_header *inner = (const struct ip4_header *)(bytes + sizeof(*h));
	u32 header;

	if (n < sizeof(*h) + sizeof(*inner) + 8)
		return false;
	header = ip4_header_bytes(inner);
	if (inner->version_length >> 4 != 4 || header < sizeof(*inner) ||
	    n < sizeof(*h) + header + 8)
		return false;
	/* Only the first fragment begins with a transport header. */
	if (inner->fragment & hton16(IP4_OFFSET))
		return false;
	*out = (struct ip_error){
		.from = ipaddr_4(inner->from), .to = ipaddr_4(inner->to),
		.transport = (const u8 *)inner + header, .header = (const u8 *)inner,
		.header_length = header, .length = n - (u32)sizeof(*h) - header,
	};
	*protocol = inner->protocol;
	return meaning(h, inner, out);
}
