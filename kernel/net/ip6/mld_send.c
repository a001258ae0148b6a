/*
 * Sending MLD: with hop limit 1 and the router alert option, from the link-local address, or from
 * none while there is none (RFC 3590).
 */
#include "lib/string.h"
#include "net/ip6/mld_int.h"

static void send(struct netif *nif, struct packet *p, const struct ipaddr *to)
{
	struct ipaddr from;

	rcu_read_lock();
	if (!ip6_addr_link_local(nif, &from))
		from = IPADDR_ANY;
	rcu_read_unlock();
	icmp6_send_on(nif, p, &from, to, 1, true);
}

void mld_send_old(struct netif *nif, int version, bool leave, const struct ipaddr *group)
{
	const struct ipaddr routers = IP6_ALL_ROUTERS;
	struct packet *p = packet_alloc(PACKET_ROOM, sizeof(struct mld_header), MM_ATOMIC);
	struct mld_header *h;

	if (!p)
		return;
	h = (struct mld_header *)packet_put(p, sizeof(*h));
	*h = (struct mld_header){ .type = leave ? ICMP6_MLD_DONE : ICMP6_MLD_REPORT,
				   .group = *group };
	send(nif, p, leave ? &routers : group);
}

void mld_send_record(struct netif *nif, enum mcast_record type, const struct ipaddr *group,
		     const struct ipaddr *sources, u32 n)
{
	const struct ipaddr routers = IP6_MLD2_ROUTERS;
	u32 size = (u32)(sizeof(struct mld_report2) + sizeof(struct mld_record)) + 16 * n;
	struct packet *p = packet_alloc(PACKET_ROOM, size, MM_ATOMIC);
	struct mld_report2 *report;
	struct mld_record *record;

	if (!p)
		return;
	report = (struct mld_report2 *)packet_put(p, size);
	*report = (struct mld_report2){ .type = ICMP6_MLD2_REPORT, .n = hton16(1) };
	record = (struct mld_record *)(report + 1);
	*record = (struct mld_record){ .type = (u8)type, .n = hton16((u16)n), .group = *group };
	memcpy(record->source, sources, 16 * n);
	send(nif, p, &routers);
}
