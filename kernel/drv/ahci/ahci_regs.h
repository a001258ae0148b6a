/* Registers and memory structures of AHCI (Serial ATA AHCI 1.3.1; section numbers below), and the
 * ATA commands used (ACS-3). */
#pragma once

#include "lib/types.h"

/* Generic host control (3.1), byte offsets */
enum {
	AHCI_CAP = 0x00,
	AHCI_GHC = 0x04,
	AHCI_IS = 0x08,
	AHCI_PI = 0x0c,
	AHCI_VS = 0x10,
	AHCI_CAP2 = 0x24,
	AHCI_BOHC = 0x28,
	AHCI_PORT0 = 0x100,
	AHCI_PORT_BYTES = 0x80,
};

#define AHCI_CAP_PORTS(cap) (((cap) & 0x1f) + 1)
#define AHCI_CAP_SLOTS(cap) (((cap) >> 8 & 0x1f) + 1)
#define AHCI_CAP_SSS  BIT(27)
#define AHCI_CAP_SNCQ BIT(30)
#define AHCI_CAP_S64A BIT(31)
#define AHCI_GHC_HR BIT(0)
#define AHCI_GHC_IE BIT(1)
#define AHCI_GHC_AE BIT(31)
#define AHCI_CAP2_BOH BIT(0)
#define AHCI_BOHC_BOS BIT(0)
#define AHCI_BOHC_OOS BIT(1)
#define AHCI_BOHC_BB BIT(4)

/* A port (3.3), byte offsets within its 128 */
enum {
	PORT_CLB = 0x00,
	PORT_CLBU = 0x04,
	PORT_FB = 0x08,
	PORT_FBU = 0x0c,
	PORT_IS = 0x10,
	PORT_IE = 0x14,
	PORT_CMD = 0x18,
	PORT_TFD = 0x20,
	PORT_SIG = 0x24,
	PORT_SSTS = 0x28,
	PORT_SCTL = 0x2c,
	PORT_SERR = 0x30,
	PORT_SACT = 0x34,
	PORT_CI = 0x38,
};

#define PORT_CMD_ST  BIT(0)
#define PORT_CMD_SUD BIT(1)
#define PORT_CMD_POD BIT(2)
#define PORT_CMD_FRE BIT(4)
#define PORT_CMD_FR  BIT(14)
#define PORT_CMD_CR  BIT(15)
#define PORT_CMD_ALPE BIT(26) /* the link sleeps by itself, */
#define PORT_CMD_ASP  BIT(27) /* deeply */
#define PORT_CMD_ICC_ACTIVE BIT(28)
#define PORT_CMD_ICC_MASK   (0xfull << 28)

#define PORT_IS_DHRS BIT(0)  /* register FIS: a command ended */
#define PORT_IS_SDBS BIT(3)  /* set device bits FIS: queued commands ended */
#define PORT_IS_PCS  BIT(6)  /* something was plugged or unplugged */
#define PORT_IS_PRCS BIT(22) /* the link went up or down */
#define PORT_IS_OFS  BIT(24) /* device sent more than asked for */
#define PORT_IS_IFS  BIT(27) /* link errors that stopped the port */
#define PORT_IS_HBDS BIT(28) /* memory errors */
#define PORT_IS_HBFS BIT(29)
#define PORT_IS_TFES BIT(30) /* the device reports an error */
#define PORT_IS_LINK   (PORT_IS_PCS | PORT_IS_PRCS)
#define PORT_IS_BROKEN (PORT_IS_OFS | PORT_IS_IFS | PORT_IS_HBDS | PORT_IS_HBFS)
#define PORT_IS_ERRORS (PORT_IS_LINK | PORT_IS_BROKEN | PORT_IS_TFES)
#define PORT_IE_ALL    (PORT_IS_DHRS | PORT_IS_SDBS | PORT_IS_ERRORS)

#define PORT_DET(ssts) ((ssts) & 0xf)
#define PORT_DET_NONE 0
#define PORT_DET_UP   3
#define PORT_SCTL_DET_RESET 1u
#define PORT_SCTL_NO_SLEEP  (3u << 8) /* no partial, no slumber */
#define PORT_SERR_X         BIT(26) /* a device has announced itself */
#define PORT_SIG_ATA        0x00000101u
#define PORT_SIG_ATAPI      0xeb140101u
#define PORT_SIG_MULTIPLIER 0x96690101u
#define PORT_SIG_ENCLOSURE  0xc33c0101u

#define ATA_STATUS_ERR BIT(0)
#define ATA_STATUS_DRQ BIT(3)
#define ATA_STATUS_BSY BIT(7)
#define ATA_ERROR_IDNF BIT(4)
#define ATA_ERROR_UNC  BIT(6)

enum ata_command {
	ATA_DSM = 0x06,
	ATA_READ_DMA_EXT = 0x25,
	ATA_READ_LOG_EXT = 0x2f,
	ATA_WRITE_DMA_EXT = 0x35,
	ATA_WRITE_DMA_FUA_EXT = 0x3d,
	ATA_READ_FPDMA = 0x60,
	ATA_WRITE_FPDMA = 0x61,
	ATA_PACKET = 0xa0,
	ATA_IDENTIFY_PACKET = 0xa1,
	ATA_READ_DMA = 0xc8,
	ATA_WRITE_DMA = 0xca,
	ATA_FLUSH = 0xe7,
	ATA_FLUSH_EXT = 0xea,
	ATA_IDENTIFY = 0xec,
};
#define ATA_DSM_TRIM 1
#define ATA_PACKET_DMA     1 /* features of PACKET: data by DMA, */
#define ATA_PACKET_TO_HOST 4 /* from the device, where it wants to be told */
#define ATA_LOG_QUEUED_ERROR 0x10
#define ATA_DEVICE_LBA 0x40
#define ATA_DEVICE_FUA 0x80

/* Command header (4.2.2): 32 of them are the command list, 1 KiB aligned. */
struct ahci_header {
	u32 flags;       /* AHCI_HEADER_*, FIS length in words, PRDT entries << 16 */
	u32 transferred;
	u64 table;       /* bus address, 128-byte aligned */
	u32 reserved[4];
};
#define AHCI_HEADER_FIS_WORDS 5
#define AHCI_HEADER_ATAPI BIT(5)
#define AHCI_HEADER_WRITE BIT(6)

/* Physical region descriptor (4.2.3.3): at most 4 MiB, even */
struct ahci_prd {
	u64 bus;
	u32 reserved;
	u32 bytes_less_one;
};
#define AHCI_PRD_MAX_BYTES (4u << 20)
#define AHCI_PRDS 248 /* so that a table is 4 KiB */

/* Command table (4.2.3) */
struct ahci_table {
	u32 fis[16];
	u8 atapi[16];
	u8 reserved[48];
	struct ahci_prd prd[AHCI_PRDS];
};

/* A port's small areas, in one page. */
struct ahci_area {
	struct ahci_header headers[32]; /* 1 KiB aligned */
	u8 received[256];               /* FISes from the device, 256-byte aligned */
	u8 unused[768];
	u16 answer[256];                /* to IDENTIFY DEVICE, READ LOG EXT, REQUEST SENSE */
	u64 trim[64];                   /* ranges: address | sectors << 48 */
};

static_assert(sizeof(struct ahci_header) == 32, "AHCI 4.2.2");
static_assert(sizeof(struct ahci_prd) == 16, "AHCI 4.2.3.3");
static_assert(offsetof(struct ahci_table, prd) == 0x80, "AHCI 4.2.3");
static_assert(sizeof(struct ahci_table) == 4096, "a page");
static_assert(offsetof(struct ahci_area, received) % 256 == 0, "AHCI 4.2.1");
static_assert(sizeof(struct ahci_area) <= 4096, "one page");

#define FIS_H2D 0x27
#define FIS_H2D_COMMAND 0x80 /* second byte: it is a command */
