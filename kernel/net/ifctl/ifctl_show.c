/* /proc/net/dev and /proc/net/dev_mcast (proc(5)). */
#include "net/ifctl/ifctl.h"

#include "dev/netif.h"

static void show_one(struct netif *nif, void *arg)
{
	struct format_sink *out = arg;
	struct netif_counts c;

	netif_count_sum(nif, &c);
	format_to(out,
		  "%6s: %7lu %7lu %4lu %4lu %4lu %5lu %10lu %9lu %8lu %7lu %4lu %4lu %4lu %5lu "
		  "%7lu %10lu\n",
		  nif->name, c.rx_bytes, c.rx_packets, c.rx_errors, c.rx_dropped + c.rx_missed, 0ul,
		  c.rx_length + c.rx_crc + c.rx_frame, 0ul, c.multicast, c.tx_bytes, c.tx_packets,
		  c.tx_errors, c.tx_dropped, 0ul, c.collisions, c.tx_carrier, 0ul);
}

void ifctl_show_dev(struct format_sink *out)
{
	format_to(out, "Inter-|   Receive                                                |  "
		       "Transmit\n"
		       " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
		       "packets errs drop fifo colls carrier compressed\n");
	netif_config_lock();
	netif_each(show_one, out);
	netif_config_unlock();
}

/* The list changes under a spinlock, and printing may sleep: one group at a time. */
static bool group_at(struct netif *nif, unsigned n, struct netif_group *out)
{
	struct netif_group *g;
	bool found = false;

	spin_lock(&nif->lock);
	list_for_each_entry(g, &nif->multicast, link)
		if (n-- == 0) {
			*out = *g;
			found = true;
			break;
		}
	spin_unlock(&nif->lock);
	return found;
}

static void show_groups(struct netif *nif, void *arg)
{
	struct format_sink *out = arg;
	struct netif_group g;

	for (unsigned n = 0; group_at(nif, n, &g); n++) {
		format_to(out, "%-4u %-15s %-5u 0     ", nif->index, nif->name, g.users);
		for (unsigned i = 0; i < nif->address_length; i++)
			format_to(out, "%02x", g.address[i]);
		format_to(out, "\n");
	}
}

void ifctl_show_mcast(struct format_sink *out)
{
	netif_config_lock();
	netif_each(show_groups, out);
	netif_config_unlock();
}
