/*
 * Registers and descriptors of Intel's 8254x (Software Developer's Manual, revision 4.0: "8254x")
 * and 82574L (datasheet, revision 3.4: "82574"). Offsets in BAR 0. What one family lacks says so.
 */
#pragma once

#include "lib/types.h"

enum {
	E1000_CTRL      = 0x0000,
	E1000_STATUS    = 0x0008,
	E1000_EERD      = 0x0014,
	E1000_CTRL_EXT  = 0x0018,
	E1000_MDIC      = 0x0020,
	E1000_FCAL      = 0x0028,
	E1000_FCAH      = 0x002c,
	E1000_FCT       = 0x0030,
	E1000_VET       = 0x0038,
	E1000_ICR       = 0x00c0,
	E1000_ITR       = 0x00c4, /* 256 ns */
	E1000_ICS       = 0x00c8,
	E1000_IMS       = 0x00d0,
	E1000_IMC       = 0x00d8,
	E1000_EIAC      = 0x00dc, /* 82574 */
	E1000_IAM       = 0x00e0, /* 82574 */
	E1000_IVAR      = 0x00e4, /* 82574 */
	E1000_EITR      = 0x00e8, /* 82574: of vector n at + 4 n */
	E1000_RCTL      = 0x0100,
	E1000_FCTTV     = 0x0170,
	E1000_TCTL      = 0x0400,
	E1000_TIPG      = 0x0410,
	E1000_PBA       = 0x1000,
	E1000_FCRTL     = 0x2160,
	E1000_FCRTH     = 0x2168,
	E1000_RDTR      = 0x2820,
	E1000_RADV      = 0x282c,
	E1000_RSRPD     = 0x2c00,
	E1000_TIDV      = 0x3820,
	E1000_TADV      = 0x382c,
	E1000_STATS     = 0x4000, /* cleared by reading, up to 0x4124 */
	E1000_RXCSUM    = 0x5000,
	E1000_RFCTL     = 0x5008, /* 82574 */
	E1000_MTA       = 0x5200, /* 128 words */
	E1000_RAL       = 0x5400, /* 16 pairs */
	E1000_RAH       = 0x5404,
	E1000_VFTA      = 0x5600, /* 128 words */
	E1000_WUC       = 0x5800,
	E1000_MRQC      = 0x5818, /* 82574 */
	E1000_MANC      = 0x5820,
	E1000_RETA      = 0x5c00, /* 82574: 32 words */
	E1000_RSSRK     = 0x5c80, /* 82574: 10 words */
	E1000_BAR_BYTES = 0x6000, /* that a BAR must have for all of these */

	/* Queue q at + 0x100 q; the 8254x have one. */
	E1000_RDBAL = 0x2800, E1000_RDBAH = 0x2804, E1000_RDLEN = 0x2808,
	E1000_RDH = 0x2810, E1000_RDT = 0x2818, E1000_RXDCTL = 0x2828,
	E1000_TDBAL = 0x3800, E1000_TDBAH = 0x3804, E1000_TDLEN = 0x3808,
	E1000_TDH = 0x3810, E1000_TDT = 0x3818, E1000_TXDCTL = 0x3828,
	E1000_TARC = 0x3840, /* 82574 */
	E1000_QUEUE_STEP = 0x100,
};

enum {
	CTRL_FD = 1 << 0, CTRL_GIO_MASTER_OFF = 1 << 2, CTRL_LRST = 1 << 3, CTRL_ASDE = 1 << 5,
	CTRL_SLU = 1 << 6, CTRL_ILOS = 1 << 7, CTRL_FRCSPD = 1 << 11, CTRL_FRCDPX = 1 << 12,
	CTRL_RST = 1 << 26, CTRL_RFCE = 1 << 27, CTRL_TFCE = 1 << 28, CTRL_VME = 1 << 30,
};
#define CTRL_PHY_RST (1u << 31)

enum {
	STATUS_FD = 1 << 0, STATUS_LU = 1 << 1, STATUS_SPEED_SHIFT = 6, STATUS_SPEED = 3,
	STATUS_MASTER = 1 << 19, /* 82574: bus mastering is on */
};

enum {
	CTRL_EXT_SPD_BYPS = 1 << 15, CTRL_EXT_EIAME = 1 << 24, CTRL_EXT_IAME = 1 << 27,
	CTRL_EXT_DRV_LOAD = 1 << 28,
};
#define CTRL_EXT_PBA_CLR (1u << 31)

/* Causes of interrupts; the numbered ones of the 82574 with MSI-X. */
enum {
	ICR_TXDW = 1 << 0, ICR_TXQE = 1 << 1, ICR_LSC = 1 << 2, ICR_RXDMT0 = 1 << 4,
	ICR_RXO = 1 << 6, ICR_RXT0 = 1 << 7, ICR_RXQ0 = 1 << 20, ICR_TXQ0 = 1 << 22,
	ICR_OTHER = 1 << 24,
};

/* A vector for each cause, 4 bits from the shift. */
enum {
	IVAR_VALID = 8, IVAR_RXQ0_SHIFT = 0, IVAR_TXQ0_SHIFT = 8, IVAR_OTHER_SHIFT = 16,
	IVAR_QUEUE_STEP = 4,
};

enum {
	RCTL_EN = 1 << 1, RCTL_SBP = 1 << 2, RCTL_UPE = 1 << 3, RCTL_MPE = 1 << 4,
	RCTL_LPE = 1 << 5, RCTL_BAM = 1 << 15, RCTL_BSIZE_2048 = 0, RCTL_SECRC = 1 << 26,
};

enum {
	TCTL_EN = 1 << 1, TCTL_PSP = 1 << 3, TCTL_CT_SHIFT = 4, TCTL_COLD_SHIFT = 12,
	TCTL_RTLC = 1 << 24, TCTL_MULR = 1 << 28,
};

enum {
	TXDCTL_WTHRESH_SHIFT = 16, TXDCTL_COUNT_DESC = 1 << 22, TXDCTL_GRAN = 1 << 24,
	TARC_ENABLE = 1 << 10,
};

enum { RXCSUM_IPOFL = 1 << 8, RXCSUM_TUOFL = 1 << 9, RXCSUM_PCSD = 1 << 13 };
enum {
	RFCTL_NFSW_OFF = 1 << 6, RFCTL_NFSR_OFF = 1 << 7, RFCTL_ACK_OFF = 1 << 12,
	RFCTL_EXTENDED = 1 << 15,
};
enum {
	MRQC_RSS = 1 << 0, MRQC_TCP4 = 1 << 16, MRQC_IP4 = 1 << 17, MRQC_TCP6 = 1 << 18,
	MRQC_IP6 = 1 << 20,
	RETA_QUEUE_SHIFT = 7, /* in each of the 128 bytes of the table */
};
#define RAH_VALID (1u << 31)

enum { EERD_START = 1 << 0, EERD_DATA_SHIFT = 16 };

enum {
	MDIC_REG_SHIFT = 16, MDIC_PHY_1 = 1 << 21, MDIC_WRITE = 1 << 26, MDIC_READ = 2 << 26,
	MDIC_READY = 1 << 28, MDIC_ERROR = 1 << 30,
};
/* The PHY's registers (IEEE 802.3, clause 22). */
enum {
	PHY_CONTROL = 0,
	PHY_CONTROL_RESTART = 1 << 9, PHY_CONTROL_ISOLATE = 1 << 10, PHY_CONTROL_DOWN = 1 << 11,
	PHY_CONTROL_NEGOTIATE = 1 << 12,
};

/* Receive descriptors, as the driver writes them and as they come back. */
struct e1000_rx_desc {           /* 8254x, 3.2.3 */
	u64 address;
	u16 length, sum;
	u8 status, errors;
	u16 vlan;
};
union e1000_rx_desc_ext {        /* 82574, 7.1.5 */
	struct { u64 address, zero; } read;
	struct {
		u32 rss_type, rss_hash;
		u32 status;      /* 20 bits, errors in the upper 8 */
		u16 length, vlan;
	} done;
};
/* Of both; errors are shifted by 24 in the extended one. */
enum {
	RXD_DD = 1 << 0, RXD_EOP = 1 << 1, RXD_IXSM = 1 << 2, RXD_VP = 1 << 3,
	RXD_UDPCS = 1 << 4, RXD_TCPCS = 1 << 5,
	RXE_CE = 1 << 0, RXE_SE = 1 << 1, RXE_SEQ = 1 << 2, RXE_CXE = 1 << 4, RXE_TCPE = 1 << 5,
	RXE_IPE = 1 << 6, RXE_RXE = 1 << 7,
	RXE_FRAME = RXE_CE | RXE_SE | RXE_SEQ | RXE_CXE | RXE_RXE, /* the frame is broken */
};

/* Transmit descriptors (8254x, 3.3): data, and the context for sums and segments of those behind
 * it. */
struct e1000_tx_data {
	u64 address;
	u32 command;             /* length in the lower 20 bits */
	u8 status, options;
	u16 vlan;
};
struct e1000_tx_context {
	u8 ip_start, ip_sum;
	u16 ip_end;
	u8 start, sum;
	u16 end;
	u32 command;             /* payload's length in the lower 20 bits */
	u8 status, header;
	u16 mss;
};
#define TXD_DATA     (1u << 20)  /* type */
#define TXD_EOP      (1u << 24)
#define TXD_IFCS     (1u << 25)
#define TXD_TSE      (1u << 26)
#define TXD_RS       (1u << 27)
#define TXD_DEXT     (1u << 29)
#define TXD_VLE      (1u << 30)
#define TXC_TCP      (1u << 24)
#define TXC_IP4      (1u << 25)
enum { TXD_DD = 1 << 0, TXD_IXSM = 1 << 0, TXD_TXSM = 1 << 1 };
