/*
 * The loopback interface: what is sent comes back, at the sender's next safe point. Nothing is cut,
 * summed or copied on the way: a packet of 64 KiB passes whole, and a checksum that is left to the
 * device counts as right (SUM_PARTIAL stays, so that one who forwards the packet has it made).
 */
#include "dev/netif_int.h"

#include "abi/if.h"
#include "abi/if_ether.h"
#include "core/panic.h"
#include "lib/string.h"

#define LOOPBACK_MTU 65536

/* The charge to the sender ends here: it counts in the receiver's buffer from now on. */
static bool loopback_send(struct netif *nif, unsigned q, struct packet *p, bool more)
{
	if (p->release) {
		p->release(p);
		p->release = NULL;
		p->sock = NULL;
	}
	netif_receive_later(nif, p);
	return true;
}

static const struct netif_ops loopback_ops = {
	.send = loopback_send,
};

void loopback_init(void)
{
	struct netif *nif = netif_alloc(&loopback_ops, NULL);

	if (!nif)
		panic("lo: no memory");
	nif->type = ARPHRD_LOOPBACK;
	memset(nif->broadcast, 0, sizeof(nif->broadcast));
	nif->flags = IFF_LOOPBACK;
	nif->mtu = LOOPBACK_MTU;
	nif->min_mtu = 0;
	nif->max_mtu = ~0u >> 1;
	nif->lockless = true;
	nif->carrier = true;
	nif->features = nif->offered_features = NETIF_SG | NETIF_SUM4 | NETIF_SUM6 | NETIF_TSO4 |
						NETIF_TSO6 | NETIF_RX_SUM;
	if (netif_register(nif, "lo"))
		panic("lo: cannot be registered");
}
