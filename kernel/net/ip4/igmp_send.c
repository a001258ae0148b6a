/*
 * Sending IGMP: with TTL 1 and the router alert option (RFC 2113), from the interface's address.
 */
#include "abi/in.h"
#include "lib/string.h"
#include "net/ip4/igmp.h"
#include "net/ip4/ip4_int.h"

#define ALL_ROUTERS  hton32(0xe0000002u)
#define ALL_V3       hton32(0xe0000016u)

static void send(struct netif *nif, struct packet *p, be32 to)
{
	static const u8 alert[4] = { 148, 4, 0, 0 };
	struct flow f = { .to = ipaddr_4(to), .from = IPADDR_ANY4, .nif = nif->index,
			  .protocol = IPPROTO_IGMP, .any_source = true };
	struct ip_meta meta = { .protocol = IPPROTO_IGMP, .tos = 0xc0, .ttl = 1,
				.dont_fragment = true, .no_loop = true, .options = alert,
				.options_length = sizeof(alert) };
	struct route *r;

	if (route_output(&f, &r)) {
		packet_free(p);
		return;
	}
	ip_send(p, r, &meta);
	route_put(r);
}

void igmp_send_old(struct netif *nif, int version, bool leave, const struct ipaddr *group)
{
	struct packet *p = packet_alloc(PACKET_ROOM, sizeof(struct igmp_header), MM_ATOMIC);
	struct igmp_header *h;

	if (!p)
		return;
	h = (struct igmp_header *)packet_put(p, sizeof(*h));
	*h = (struct igmp_header){ .group = group->w[3] };
	h->type = leave ? IGMP_LEAVE : version == 1 ? IGMP_REPORT1 : IGMP_REPORT2;
	h->sum = sum_finish(sum_bytes(h, sizeof(*h), 0));
	send(nif, p, leave ? ALL_ROUTERS : h->group);
}

void igmp_send_record(struct netif *nif, enum mcast_record type, const struct ipaddr *group,
		      const struct ipaddr *sources, u32 n)
{
	u32 size = (u32)(sizeof(struct igmp_report3) + sizeof(struct igmp_record)) + 4 * n;
	struct packet *p = packet_alloc(PACKET_ROOM, size, MM_ATOMIC);
	struct igmp_report3 *report;
	struct igmp_record *record;

	if (!p)
		return;
	report = (struct igmp_report3 *)packet_put(p, size);
	*report = (struct igmp_report3){ .type = IGMP_REPORT3, .n = hton16(1) };
	record = (struct igmp_record *)(report + 1);
	*record = (struct igmp_record){ .type = (u8)type, .n = hton16((u16)n),
					.group = group->w[3] };
	for (u32 k = 0; k < n; k++)
		record->source[k] = sources[k].w[3];
	report->sum = sum_finish(sum_bytes(report, size, 0));
	send(nif, p, ALL_V3);
}
