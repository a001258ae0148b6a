/*
 * SIOCETHTOOL (ethtool(8)): what the device is, its link, rings, interrupts, features. Questions
 * are for everybody, orders for CAP_NET_ADMIN.
 */
#include "abi/capability.h"
#include "dev/pci.h"
#include "abi/errno.h"
#include "abi/ethtool.h"
#include "abi/if.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "net/ifctl/ifctl_int.h"
#include "net/sock.h"

#define VERSION "1.0"
#define MASK_WORDS 3 /* of link modes, as many as Linux has bits for */
#define LINK_MODES \
	(SUPPORTED_10baseT_Half | SUPPORTED_10baseT_Full | SUPPORTED_100baseT_Half | \
	 SUPPORTED_100baseT_Full | SUPPORTED_1000baseT_Full | SUPPORTED_Autoneg | SUPPORTED_TP)

static bool is_question(u32 command)
{
	switch (command) {
	case ETHTOOL_GSET: case ETHTOOL_GDRVINFO: case ETHTOOL_GLINK: case ETHTOOL_GCOALESCE:
	case ETHTOOL_GRINGPARAM: case ETHTOOL_GRXCSUM: case ETHTOOL_GTXCSUM: case ETHTOOL_GSG:
	case ETHTOOL_GSTRINGS: case ETHTOOL_GSTATS: case ETHTOOL_GTSO: case ETHTOOL_GPERMADDR:
	case ETHTOOL_GSSET_INFO: case ETHTOOL_GFEATURES: case ETHTOOL_GCHANNELS:
	case ETHTOOL_GLINKSETTINGS:
		return true;
	default:
		return false;
	}
}

static int get_driver(struct netif *nif, void __user *data)
{
	struct ethtool_drvinfo d = { .cmd = ETHTOOL_GDRVINFO };
	char name[PCI_NAME];
	u64 value;

	if (!nif->ops->driver)
		return -EOPNOTSUPP;
	strlcpy(d.driver, nif->ops->driver, sizeof(d.driver));
	strlcpy(d.version, VERSION, sizeof(d.version));
	if (nif->pci) {
		pci_name(nif->pci, name);
		strlcpy(d.bus_info, name, sizeof(d.bus_info));
	}
	while (nif->ops->counter && nif->ops->counter(nif, d.n_stats, &value))
		d.n_stats++;
	return copy_out_obj((struct ethtool_drvinfo __user *)data, &d);
}

/* Speed and duplex; unknown without a link. */
static void link_read(struct netif *nif, u32 *speed, u8 *duplex)
{
	bool full;

	*speed = (u32)SPEED_UNKNOWN;
	*duplex = DUPLEX_UNKNOWN;
	if (!(netif_flags(nif) & IFF_RUNNING))
		return;
	nif->ops->link(nif, speed, &full);
	*duplex = full ? DUPLEX_FULL : DUPLEX_HALF;
}

static int get_settings(struct netif *nif, void __user *data)
{
	struct ethtool_cmd c = { .cmd = ETHTOOL_GSET, .supported = LINK_MODES,
				 .advertising = LINK_MODES, .port = PORT_TP,
				 .autoneg = AUTONEG_ENABLE };
	u32 speed;

	if (!nif->ops->link)
		return -EOPNOTSUPP;
	link_read(nif, &speed, &c.duplex);
	c.speed = (u16)speed;
	c.speed_hi = (u16)(speed >> 16);
	return copy_out_obj((struct ethtool_cmd __user *)data, &c);
}

/* First the caller asks how long the masks are (0 words), then for all. */
static int get_link_settings(struct netif *nif, void __user *data)
{
	struct { struct ethtool_link_settings s; u32 masks[3][MASK_WORDS]; } l;

	if (!nif->ops->link)
		return -EOPNOTSUPP;
	if (copy_in(&l.s, data, sizeof(l.s)))
		return -EFAULT;
	if (l.s.link_mode_masks_nwords != MASK_WORDS) {
		memset(&l.s, 0, sizeof(l.s));
		l.s.cmd = ETHTOOL_GLINKSETTINGS;
		l.s.link_mode_masks_nwords = -MASK_WORDS;
		return copy_out(data, &l.s, sizeof(l.s));
	}
	memset(&l, 0, sizeof(l));
	l.s.cmd = ETHTOOL_GLINKSETTINGS;
	l.s.link_mode_masks_nwords = MASK_WORDS;
	l.s.port = PORT_TP;
	l.s.autoneg = AUTONEG_ENABLE;
	link_read(nif, &l.s.speed, &l.s.duplex);
	l.masks[0][0] = l.masks[1][0] = LINK_MODES;
	return copy_out(data, &l, sizeof(l));
}

static int get_value(void __user *data, u32 command, u32 value)
{
	struct ethtool_value v = { command, value };

	return copy_out_obj((struct ethtool_value __user *)data, &v);
}

static int set_feature(struct netif *nif, void __user *data, u32 features)
{
	struct ethtool_value v;

	if (copy_in_obj(&v, (const struct ethtool_value __user *)data))
		return -EFAULT;
	features &= nif->offered_features;
	if (v.data && !features)
		return -EOPNOTSUPP;
	return netif_set_features(nif, v.data ? nif->features | features :
						nif->features & ~features);
}

static int get_rings(struct netif *nif, void __user *data)
{
	struct ethtool_ringparam p = { .cmd = ETHTOOL_GRINGPARAM };
	struct netif_rings rings;

	if (!nif->ops->get_rings)
		return -EOPNOTSUPP;
	nif->ops->get_rings(nif, &rings);
	p.rx_max_pending = rings.rx_max;
	p.tx_max_pending = rings.tx_max;
	p.rx_pending = rings.rx;
	p.tx_pending = rings.tx;
	return copy_out_obj((struct ethtool_ringparam __user *)data, &p);
}

static int set_rings(struct netif *nif, void __user *data)
{
	struct ethtool_ringparam p;
	struct netif_rings rings;

	if (!nif->ops->set_rings)
		return -EOPNOTSUPP;
	if (copy_in_obj(&p, (const struct ethtool_ringparam __user *)data))
		return -EFAULT;
	nif->ops->get_rings(nif, &rings);
	if (p.rx_mini_pending || p.rx_jumbo_pending || p.rx_pending > rings.rx_max ||
	    p.tx_pending > rings.tx_max || !p.rx_pending || !p.tx_pending)
		return -EINVAL;
	rings.rx = p.rx_pending;
	rings.tx = p.tx_pending;
	return nif->ops->set_rings(nif, &rings);
}

static int get_coalesce(struct netif *nif, void __user *data)
{
	struct ethtool_coalesce e = { .cmd = ETHTOOL_GCOALESCE };
	struct netif_coalesce c;

	if (!nif->ops->get_coalesce)
		return -EOPNOTSUPP;
	nif->ops->get_coalesce(nif, &c);
	e.rx_coalesce_usecs = c.rx_us;
	e.tx_coalesce_usecs = c.tx_us;
	e.use_adaptive_rx_coalesce = e.use_adaptive_tx_coalesce = c.adaptive;
	return copy_out_obj((struct ethtool_coalesce __user *)data, &e);
}

static int set_coalesce(struct netif *nif, void __user *data)
{
	struct ethtool_coalesce e;
	struct netif_coalesce c;

	if (!nif->ops->set_coalesce)
		return -EOPNOTSUPP;
	if (copy_in_obj(&e, (const struct ethtool_coalesce __user *)data))
		return -EFAULT;
	if (e.rx_max_coalesced_frames || e.tx_max_coalesced_frames ||
	    e.use_adaptive_rx_coalesce > 1)
		return -EINVAL;
	c.rx_us = e.rx_coalesce_usecs;
	c.tx_us = e.tx_coalesce_usecs;
	c.adaptive = e.use_adaptive_rx_coalesce;
	return nif->ops->set_coalesce(nif, &c);
}

static int get_permanent(struct netif *nif, void __user *data)
{
	struct ethtool_perm_addr p;

	if (copy_in_obj(&p, (const struct ethtool_perm_addr __user *)data))
		return -EFAULT;
	if (p.size < nif->address_length)
		return -EINVAL;
	p.size = nif->address_length;
	if (copy_out_obj((struct ethtool_perm_addr __user *)data, &p))
		return -EFAULT;
	return copy_out((u8 __user *)data + sizeof(p), nif->permanent, nif->address_length);
}

static int get_channels(struct netif *nif, void __user *data)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS, .max_combined = nif->n_tx,
				      .combined_count = nif->n_tx };

	return copy_out_obj((struct ethtool_channels __user *)data, &c);
}

static int question(struct netif *nif, u32 command, void __user *data)
{
	switch (command) {
	case ETHTOOL_GDRVINFO:
		return get_driver(nif, data);
	case ETHTOOL_GSET:
		return get_settings(nif, data);
	case ETHTOOL_GLINKSETTINGS:
		return get_link_settings(nif, data);
	case ETHTOOL_GLINK:
		return get_value(data, command, !!(netif_flags(nif) & IFF_RUNNING));
	case ETHTOOL_GRXCSUM:
		return get_value(data, command, !!(nif->features & NETIF_RX_SUM));
	case ETHTOOL_GTXCSUM:
		return get_value(data, command, !!(nif->features & (NETIF_SUM4 | NETIF_SUM6)));
	case ETHTOOL_GSG:
		return get_value(data, command, !!(nif->features & NETIF_SG));
	case ETHTOOL_GTSO:
		return get_value(data, command, !!(nif->features & (NETIF_TSO4 | NETIF_TSO6)));
	case ETHTOOL_GRINGPARAM:
		return get_rings(nif, data);
	case ETHTOOL_GCOALESCE:
		return get_coalesce(nif, data);
	case ETHTOOL_GPERMADDR:
		return get_permanent(nif, data);
	case ETHTOOL_GCHANNELS:
		return get_channels(nif, data);
	default:
		return ifctl_ethtool_lists(nif, command, data);
	}
}

static int order(struct netif *nif, u32 command, void __user *data)
{
	switch (command) {
	case ETHTOOL_NWAY_RST:
		return nif->ops->renegotiate ? nif->ops->renegotiate(nif) : -EOPNOTSUPP;
	case ETHTOOL_SRINGPARAM:
		return set_rings(nif, data);
	case ETHTOOL_SCOALESCE:
		return set_coalesce(nif, data);
	case ETHTOOL_SRXCSUM:
		return set_feature(nif, data, NETIF_RX_SUM);
	case ETHTOOL_STXCSUM:
		return set_feature(nif, data, NETIF_SUM4 | NETIF_SUM6);
	case ETHTOOL_SSG:
		return set_feature(nif, data, NETIF_SG);
	case ETHTOOL_STSO:
		return set_feature(nif, data, NETIF_TSO4 | NETIF_TSO6);
	case ETHTOOL_RESET:
		return nif->ops->reset ? netif_reset(nif) : -EOPNOTSUPP;
	default:
		return ifctl_ethtool_lists(nif, command, data);
	}
}

int ifctl_ethtool(struct netif *nif, u64 address)
{
	void __user *data = (void __user *)address;
	u32 command;

	if (copy_in_obj(&command, (const u32 __user *)data))
		return -EFAULT;
	if (is_question(command))
		return question(nif, command, data);
	return sock_capable(CAP_NET_ADMIN) ? order(nif, command, data) : -EPERM;
}
