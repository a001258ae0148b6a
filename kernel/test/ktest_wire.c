/* Imaginary Ethernets. */
#include "test/ktest_wire.h"

#include "abi/if.h"
#include "abi/if_ether.h"
#include "core/clock.h"
#include "lib/string.h"
#include "net/inet/addr.h"
#include "sched/wait.h"
#include "test/ktest.h"

static int open_(struct netif *n)
{
	return 0;
}

static void stop(struct netif *n)
{
}

/* A driver must not free what it sends: the packet is kept behind its copy until that is taken. */
static bool send_(struct netif *n, unsigned q, struct packet *p, bool more)
{
	struct packet *copy = packet_copy(p, 0, MM_ATOMIC);
	struct ktest_wire *w = n->private;

	spin_lock(&w->lock);
	if (copy)
		packet_enqueue(&w->sent, copy);
	packet_enqueue(&w->sent, p);
	spin_unlock(&w->lock);
	return true;
}

static const struct netif_ops ops = {
	.driver = "fake", .open = open_, .stop = stop, .send = send_,
};

static struct packet *take(struct ktest_wire *w)
{
	struct packet *copy, *sent;

	spin_lock(&w->lock);
	copy = packet_dequeue(&w->sent);
	sent = copy ? packet_dequeue(&w->sent) : NULL;
	spin_unlock(&w->lock);
	packet_free(sent);
	return copy;
}

void ktest_nap(void)
{
	static struct wait_queue never = WAIT_QUEUE_INIT(never);

	wait_until_timeout(&never, false, clock_monotonic() + 5 * NSEC_PER_MSEC);
}

struct packet *ktest_wire_frame(struct ktest_wire *w, u16 protocol)
{
	for (unsigned round = 0; round < 600; round++) {
		struct packet *p = take(w);

		if (!p) {
			ktest_nap();
			continue;
		}
		if (((struct ethhdr *)p->data)->h_proto == hton16(protocol)) {
			packet_pull(p, ETH_HLEN);
			return p;
		}
		packet_free(p);
	}
	return NULL;
}

void ktest_wire_arrive(struct ktest_wire *w, u16 protocol, const void *data, u32 n, bool group)
{
	struct packet *p = packet_alloc(64, ETH_HLEN + n, MM_KERNEL);
	struct ethhdr *h = (struct ethhdr *)packet_put(p, ETH_HLEN + n);

	memcpy(h->h_dest, group ? (const u8[]){ 0x33, 0x33, 0, 0, 0, 1 } : w->own, 6);
	memcpy(h->h_source, w->theirs, 6);
	h->h_proto = hton16(protocol);
	memcpy(h + 1, data, n);
	netif_receive_later(w->nif, p);
	ktest_nap();
}

void ktest_wire_make(struct ktest_wire *w, u8 number)
{
	*w = (struct ktest_wire){ .own = { 2, 0, 0, 0, number, 1 },
				  .theirs = { 2, 0, 0, 0, number, 2 } };
	spin_init(&w->lock, RANK_DRIVER, "wire");
	packet_queue_init(&w->sent);
	w->nif = netif_alloc(&ops, w);
	memcpy(w->nif->address, w->own, sizeof(w->own));
	w->nif->carrier = true;
	KTEST_CHECK(netif_register(w->nif, "wire%d") == 0);
	netif_config_lock();
	KTEST_CHECK(netif_set_flags(w->nif, w->nif->flags | IFF_UP) == 0);
	netif_config_unlock();
}

void ktest_wire_unmake(struct ktest_wire *w)
{
	struct packet *p;

	netif_unregister(w->nif);
	while ((p = take(w)))
		packet_free(p);
}
