/*
 * /sys/class/net: a directory per network interface, by its index; what netdevice(7) asks by ioctl
 * is here in words. `device` is there for those that a device is behind.
 */
#include "abi/errno.h"
#include "abi/if.h"
#include "abi/stat.h"
#include "dev/netif.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/parse.h"
#include "lib/string.h"

static unsigned next_interface(unsigned after, char *name, size_t size)
{
	struct netif *nif = netif_next(after);
	unsigned index;

	if (!nif)
		return 0;
	strlcpy(name, nif->name, size);
	index = nif->index;
	netif_put(nif);
	return index;
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

static void print_device(struct text *t, struct netif *nif, bool vendor_wanted)
{
	u16 vendor = 0, device = 0;

	nif->ops->bus(nif, &vendor, &device);
	text_printf(t, "0x%04x\n", vendor_wanted ? vendor : device);
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
SHOW(vendor, print_device(t, nif, true))
SHOW(device, print_device(t, nif, false))

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
static int store_reset(char *text, unsigned index) { return change(text, index, reset); }
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

static const struct sysfs_node device_children[] = {
	READ(device),
	READ(vendor),
	{ .name = "reset", .mode = S_IFREG | 0200, .store = store_reset },
	{ NULL },
};

static bool has_device(unsigned index)
{
	struct netif *nif = netif_by_index(index);
	bool has = nif && nif->ops->bus;

	if (nif)
		netif_put(nif);
	return has;
}

static const struct sysfs_node interface_children[] = {
	READ(addr_len), READ(address), READ(broadcast), READ(carrier), READ(duplex), BOTH(flags),
	READ(ifindex), BOTH(mtu), READ(operstate), READ(speed), BOTH(tx_queue_len), READ(type),
	{ .name = "device", .mode = S_IFDIR | 0755, .children = device_children,
	  .present = has_device },
	{ .name = "statistics", .mode = S_IFDIR | 0755, .children = statistics_children },
	{ NULL },
};

const struct sysfs_node sysfs_net_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = interface_children,
	  .next = next_interface },
	{ NULL },
};
