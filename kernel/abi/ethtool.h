/*
 * abi/ethtool.h - SIOCETHTOOL: questions and orders to a network device (ethtool(8)). Each
 * structure begins with the command.
 */
#ifndef ABI_ETHTOOL_H
#define ABI_ETHTOOL_H

#include "abi/types.h"

#define ETHTOOL_GSET		0x01
#define ETHTOOL_GDRVINFO	0x03
#define ETHTOOL_NWAY_RST	0x09
#define ETHTOOL_GLINK		0x0a
#define ETHTOOL_GCOALESCE	0x0e
#define ETHTOOL_SCOALESCE	0x0f
#define ETHTOOL_GRINGPARAM	0x10
#define ETHTOOL_SRINGPARAM	0x11
#define ETHTOOL_GRXCSUM		0x14
#define ETHTOOL_SRXCSUM		0x15
#define ETHTOOL_GTXCSUM		0x16
#define ETHTOOL_STXCSUM		0x17
#define ETHTOOL_GSG		0x18
#define ETHTOOL_SSG		0x19
#define ETHTOOL_GSTRINGS	0x1b
#define ETHTOOL_GSTATS		0x1d
#define ETHTOOL_GTSO		0x1e
#define ETHTOOL_STSO		0x1f
#define ETHTOOL_GPERMADDR	0x20
#define ETHTOOL_RESET		0x34
#define ETHTOOL_GSSET_INFO	0x37
#define ETHTOOL_GFEATURES	0x3a
#define ETHTOOL_SFEATURES	0x3b
#define ETHTOOL_GCHANNELS	0x3c
#define ETHTOOL_GLINKSETTINGS	0x4c

#define ETH_GSTRING_LEN	32
#define ETH_SS_STATS	1
#define ETH_SS_FEATURES	4

#define SPEED_UNKNOWN	-1
#define DUPLEX_HALF	0
#define DUPLEX_FULL	1
#define DUPLEX_UNKNOWN	0xff
#define PORT_TP		0
#define PORT_NONE	0xef
#define AUTONEG_DISABLE	0
#define AUTONEG_ENABLE	1

/* Bits of what a link can do: 10, 100 half and full, 1000 full, negotiation, twisted pair. */
#define SUPPORTED_10baseT_Half		(1 << 0)
#define SUPPORTED_10baseT_Full		(1 << 1)
#define SUPPORTED_100baseT_Half		(1 << 2)
#define SUPPORTED_100baseT_Full		(1 << 3)
#define SUPPORTED_1000baseT_Full	(1 << 5)
#define SUPPORTED_Autoneg		(1 << 6)
#define SUPPORTED_TP			(1 << 7)

#define ETHTOOL_F_UNSUPPORTED	(1 << 0)
#define ETHTOOL_F_WISH		(1 << 1)

struct ethtool_cmd {
	u32 cmd, supported, advertising;
	u16 speed;
	u8 duplex, port, phy_address, transceiver, autoneg, mdio_support;
	u32 maxtxpkt, maxrxpkt;
	u16 speed_hi;
	u8 eth_tp_mdix, eth_tp_mdix_ctrl;
	u32 lp_advertising, reserved[2];
};

struct ethtool_drvinfo {
	u32 cmd;
	char driver[32], version[32], fw_version[32], bus_info[32], erom_version[32], reserved2[12];
	u32 n_priv_flags, n_stats, testinfo_len, eedump_len, regdump_len;
};

struct ethtool_value { u32 cmd, data; };

struct ethtool_coalesce {
	u32 cmd, rx_coalesce_usecs, rx_max_coalesced_frames, rx_coalesce_usecs_irq;
	u32 rx_max_coalesced_frames_irq, tx_coalesce_usecs, tx_max_coalesced_frames;
	u32 tx_coalesce_usecs_irq, tx_max_coalesced_frames_irq, stats_block_coalesce_usecs;
	u32 use_adaptive_rx_coalesce, use_adaptive_tx_coalesce;
	u32 rates[11];		/* for devices that change them with the rate of packets */
};

struct ethtool_ringparam {
	u32 cmd, rx_max_pending, rx_mini_max_pending, rx_jumbo_max_pending, tx_max_pending;
	u32 rx_pending, rx_mini_pending, rx_jumbo_pending, tx_pending;
};

struct ethtool_channels {
	u32 cmd, max_rx, max_tx, max_other, max_combined;
	u32 rx_count, tx_count, other_count, combined_count;
};

/* Data follow these: */
struct ethtool_gstrings { u32 cmd, string_set, len; };
struct ethtool_sset_info { u32 cmd, reserved; u64 sset_mask; };
struct ethtool_stats { u32 cmd, n_stats; };
struct ethtool_perm_addr { u32 cmd, size; };
struct ethtool_gfeatures { u32 cmd, size; };
struct ethtool_get_features_block { u32 available, requested, active, never_changed; };
struct ethtool_sfeatures { u32 cmd, size; };
struct ethtool_set_features_block { u32 valid, requested; };

struct ethtool_link_settings {
	u32 cmd, speed;
	u8 duplex, port, phy_address, autoneg, mdio_support, eth_tp_mdix, eth_tp_mdix_ctrl;
	s8 link_mode_masks_nwords;
	u8 transceiver, reserved1[3];
	u32 reserved[7];	/* behind it: supported, advertised, the partner's */
};

#endif
