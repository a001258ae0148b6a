/*
 * Whether an ARP packet is one to be listened to. Pure.
 */
#include "abi/if_ether.h"
#include "lib/string.h"
#include "net/ip4/ip4_wire.h"
#include "net/link/arp_wire.h"

bool arp_check(const u8 *bytes, u32 n)
{
	const struct arp_packet *a = (const struct arp_packet *)bytes;

	if (n < sizeof(*a) || a->hardware != hton16(ARP_ETHERNET) ||
	    a->protocol != hton16(ETH_P_IP) || a->hardware_length != 6 || a->protocol_length != 4)
		return false;
	if (a->operation != hton16(ARP_REQUEST) && a->operation != hton16(ARP_REPLY))
		return false;
	/* Nobody has a group's address, on the link or above it. */
	return !(a->from_link[0] & 1) && !mem_is_all(a->from_link, 0, 6) &&
	       !ip4_is_multicast(a->from) && !ip4_is_loopback(a->from) &&
	       a->from != IP4_BROADCAST && !ip4_is_multicast(a->to) && !ip4_is_loopback(a->to);
}
