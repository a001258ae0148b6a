/*
 * A directory per network interface, by its index, below the device that is behind it or below
 * "virtual"; /sys/class/net has links to them. What netdevice(7) asks by ioctl is here in words.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/stat.h"
#include "dev/netif.h"
#include "dev/pci.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

/* The next interface after `after` for which a device of that number stands; 0: none does; ~0: any
 * may. */
static unsigned next_on(unsigned pci, unsigned after, char *name, size_t size)
{
	struct netif *nif;

	while ((nif = netif_next(after))) {
		unsigned stands = nif->pci ? pci_number(nif->pci) : 0;

		after = nif->index;
		strlcpy(name, nif->name, size);
		netif_put(nif);
		if (pci == ~0u || pci == stands)
			return after;
	}
	return 0;
}

static unsigned next_any(unsigned after, char *name, size_t size)
{
	return next_on(~0u, after, name, size);
}

static unsigned next_virtual(unsigned after, char *name, size_t size)
{
	return next_on(0, after, name, size);
}

bool sysfs_net_is_on(unsigned pci)
{
	char name[NETIF_NAME];

	return next_on(pci, 0, name, sizeof(name));
}

static bool fill_net(unsigned index, struct devtree_entry *out)
{
	struct netif *nif = netif_by_index(index);

	if (!nif)
		return false;
	devtree_netif(nif, out);
	netif_put(nif);
	return true;
}

SYSFS_DEVICE(net, fill_net)

static int link_class(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../", fill_net, index);
}

static int link_pci(char *buf, size_t size, unsigned index)
{
	struct netif *nif = netif_by_index(index);
	char name[PCI_NAME];

	if (!nif)
		return -ENOENT;
	pci_name(nif->pci, name);
	netif_put(nif);
	snprintf(buf, size, "../../../%s", name);
	return 0;
}

/* A text about an interface, which is there as long as it is made. */
#define SHOW(name, body) \
	static int show_##name(struct text *t, unsigned index) \
	{ \
		struct netif *nif = netif_by_index(index); \
		int err = 0; \
\
		if (!nif) \
			return -ENODEV; \
		body; \
		netif_put(nif); \
		return err; \
	}

static void print_address(struct text *t, const struct netif *nif, const u8 *address)
{
	for (unsigned i = 0; i < nif->address_length; i++)
		text_printf(t, i ? ":%02x" : "%02x", address[i]);
	text_printf(t, "\n");
}

static const char *operstate(const struct netif *nif)
{
	switch (netif_operstate(nif)) {
	case IF_OPER_UP:
		return "up";
	case IF_OPER_DOWN:
		return "down";
	default:
		return "unknown";
	}
}

/* -EINVAL if there is no link to speak of. */
static int print_link(struct text *t, struct netif *nif, bool duplex)
{
	u32 mbits;
	bool full;

	if (!nif->ops->link || !(nif->flags & IFF_UP))
		return -EINVAL;
	if (!nif->carrier) {
		text_printf(t, duplex ? "unknown\n" : "-1\n");
		return 0;
	}
	nif->ops->link(nif, &mbits, &full);
	if (duplex)
		text_printf(t, "%s\n", full ? "full" : "half");
	else
		text_printf(t, "%u\n", mbits);
	return 0;
}

static int print_carrier(struct text *t, const struct netif *nif)
{
	if (!(nif->flags & IFF_UP))
		return -EINVAL;
	text_printf(t, "%d\n", nif->carrier);
	return 0;
}

SHOW(address, print_address(t, nif, nif->address))
SHOW(broadcast, print_address(t, nif, nif->broadcast))
SHOW(mtu, text_printf(t, "%u\n", nif->mtu))
SHOW(flags, text_printf(t, "0x%x\n", nif->flags & 0xffff))
SHOW(ifindex, text_printf(t, "%u\n", nif->index))
SHOW(addr_len, text_printf(t, "%u\n", nif->address_length))
SHOW(operstate, text_printf(t, "%s\n", operstate(nif)))
SHOW(carrier, err = print_carrier(t, nif))
SHOW(speed, err = print_link(t, nif, false))
SHOW(duplex, err = print_link(t, nif, true))
SHOW(type, text_printf(t, "%u\n", nif->type))
SHOW(tx_queue_len, text_printf(t, "%u\n", nif->queue_length))

/* Changes by a number, in text. */
static int change(char *text, unsigned index, int (*fn)(struct netif *nif, u32 value))
{
	struct netif *nif;
	u64 value;
	int err = parse_u64(text, 0, &value, NULL);

	if (err || value > ~0u)
		return -EINVAL;
	nif = netif_by_index(index);
	if (!nif)
		return -ENODEV;
	netif_config_lock();
	err = fn(nif, (u32)value);
	netif_config_unlock();
	netif_put(nif);
	return err;
}

static int set_flags(struct netif *nif, u32 flags)
{
	return netif_set_flags(nif, (nif->flags & 0xffff0000u) | (flags & 0xffff));
}

static int reset(struct netif *nif, u32 value)
{
	return value == 1 ? netif_reset(nif) : -EINVAL;
}

static int store_mtu(char *text, unsigned index) { return change(text, index, netif_set_mtu); }
static int store_flags(char *text, unsigned index) { return change(text, index, set_flags); }
static int store_tx_queue_len(char *text, unsigned index)
{
	return change(text, index, netif_set_queue_length);
}

#define STATISTIC(name, expression) \
	static int show_stat_##name(struct text *t, unsigned index) \
	{ \
		struct netif *nif = netif_by_index(index); \
		struct netif_counts c; \
\
		if (!nif) \
			return -ENODEV; \
		netif_count_sum(nif, &c); \
		netif_put(nif); \
		text_printf(t, "%lu\n", (u64)(expression)); \
		return 0; \
	}

STATISTIC(rx_packets, c.rx_packets)
STATISTIC(rx_bytes, c.rx_bytes)
STATISTIC(rx_errors, c.rx_errors)
STATISTIC(rx_dropped, c.rx_dropped)
STATISTIC(rx_missed_errors, c.rx_missed)
STATISTIC(rx_length_errors, c.rx_length)
STATISTIC(rx_crc_errors, c.rx_crc)
STATISTIC(rx_frame_errors, c.rx_frame)
STATISTIC(multicast, c.multicast)
STATISTIC(collisions, c.collisions)
STATISTIC(tx_packets, c.tx_packets)
STATISTIC(tx_bytes, c.tx_bytes)
STATISTIC(tx_errors, c.tx_errors)
STATISTIC(tx_dropped, c.tx_dropped)
STATISTIC(tx_carrier_errors, c.tx_carrier)

#define STAT(name_) { .name = #name_, .mode = S_IFREG | 0444, .show = show_stat_##name_ }
#define READ(name_) { .name = #name_, .mode = S_IFREG | 0444, .show = show_##name_ }
#define BOTH(name_) \
	{ .name = #name_, .mode = S_IFREG | 0644, .show = show_##name_, .store = store_##name_ }

static const struct sysfs_node statistics_children[] = {
	STAT(collisions), STAT(multicast), STAT(rx_bytes), STAT(rx_crc_errors), STAT(rx_dropped),
	STAT(rx_errors), STAT(rx_frame_errors), STAT(rx_length_errors), STAT(rx_missed_errors),
	STAT(rx_packets), STAT(tx_bytes), STAT(tx_carrier_errors), STAT(tx_dropped),
	STAT(tx_errors), STAT(tx_packets),
	{ NULL },
};

int sysfs_net_reset(char *text, unsigned pci)
{
	char name[NETIF_NAME];
	unsigned index = next_on(pci, 0, name, sizeof(name));

	return index ? change(text, index, reset) : -ENODEV;
}

static bool has_device(unsigned index)
{
	struct netif *nif = netif_by_index(index);
	bool has = nif && nif->pci;

	if (nif)
		netif_put(nif);
	return has;
}

static const struct sysfs_node interface_children[] = {
	READ(addr_len), READ(address), READ(broadcast), READ(carrier), READ(duplex), BOTH(flags),
	READ(ifindex), BOTH(mtu), READ(operstate), READ(speed), BOTH(tx_queue_len), READ(type),
	SYSFS_DEVICE_FILES(net),
	{ .name = "device", .mode = S_IFLNK | 0777, .link = link_pci, .present = has_device },
	SYSFS_DIRECTORY("statistics", statistics_children),
	{ NULL },
};

const struct sysfs_node sysfs_net_class_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .link = link_class, .next = next_any },
	{ NULL },
};

const struct sysfs_node sysfs_net_virtual_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = interface_children,
	  .next = next_virtual },
	{ NULL },
};

const struct sysfs_node sysfs_net_pci_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = interface_children, .next_in = next_on },
	{ NULL },
};
