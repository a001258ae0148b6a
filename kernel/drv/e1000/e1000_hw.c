/*
 * The device: reset, its address, start and stop, and the filter of what it receives.
 *
 * Every register that matters is written at each start, as some devices, emulated ones among them,
 * keep parts of their state over a reset (8254x chapter 14; 82574 chapter 4.6).
 */
#include "drv/e1000/e1000_int.h"

#include "abi/errno.h"
#include "abi/if.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "drv/e1000/e1000_nvm.h"
#include "lib/string.h"
#include "sched/wait.h"

#define MTA_WORDS 128
#define ADDRESSES 16
#define RETA_WORDS 32
#define RSS_KEY_WORDS 10

/* Sleeps. */
static void pause_us(u64 us)
{
	struct wait_queue none;

	wait_init(&none);
	wait_until_timeout(&none, false, clock_monotonic() + us * NSEC_PER_USEC);
}

/* QEMU's 8254x is deaf for a second after each write. */
static void rctl_write(struct e1000_nic *nic, u32 rctl)
{
	if (e1000_read(nic, E1000_RCTL) != rctl)
		e1000_write(nic, E1000_RCTL, rctl);
}

int e1000_hw_reset(struct e1000_nic *nic)
{
	e1000_write(nic, E1000_IMC, ~0u);
	e1000_read(nic, E1000_STATUS);
	if (nic->family->extended) {
		/* PCI Express: no request may be under way (82574, 4.6.1). */
		e1000_write(nic, E1000_CTRL, e1000_read(nic, E1000_CTRL) | CTRL_GIO_MASTER_OFF);
		for (unsigned i = 0; i < 100 && e1000_read(nic, E1000_STATUS) & STATUS_MASTER; i++)
			pause_us(100);
	}
	e1000_write(nic, E1000_CTRL, e1000_read(nic, E1000_CTRL) | CTRL_RST);
	pause_us(1000);
	for (unsigned i = 0; e1000_read(nic, E1000_CTRL) & CTRL_RST; i++) {
		if (i == 100)
			return -EIO;
		pause_us(1000);
	}
	e1000_write(nic, E1000_IMC, ~0u);
	e1000_read(nic, E1000_ICR);
	e1000_write(nic, E1000_CTRL, (e1000_read(nic, E1000_CTRL) & ~(u32)CTRL_GIO_MASTER_OFF));
	return 0;
}

/* One word of the card's memory: 0 or -EIO. */
static int nvm_read(struct e1000_nic *nic, unsigned word, u16 *out)
{
	const struct e1000_family *family = nic->family;

	e1000_write(nic, E1000_EERD, word << family->eerd_shift | EERD_START);
	for (unsigned i = 0; i < 100; i++) {
		u32 v = e1000_read(nic, E1000_EERD);

		if (v & 1u << family->eerd_done) {
			*out = (u16)(v >> EERD_DATA_SHIFT);
			return 0;
		}
		pause_us(50);
	}
	return -EIO;
}

static bool nvm_read_address(struct e1000_nic *nic, u8 address[6])
{
	u16 words[E1000_NVM_WORDS];

	for (unsigned i = 0; i < E1000_NVM_WORDS; i++)
		if (nvm_read(nic, i, &words[i]))
			return false;
	return e1000_nvm_valid(words) && e1000_nvm_address(words, address);
}

void e1000_read_address(struct e1000_nic *nic, u8 address[6])
{
	u32 low = e1000_read(nic, E1000_RAL), high = e1000_read(nic, E1000_RAH);

	if (nvm_read_address(nic, address))
		return;
	memcpy(address, &low, 4);
	memcpy(address + 4, &high, 2);
	if (high & RAH_VALID && !(address[0] & 1) && !mem_is_all(address, 0, 6)) {
		log_warn("%s: the card's memory is damaged", nic->bus);
		return;
	}
	log_warn("%s: the card has no address, one is made up", nic->bus);
	random_bytes(address, 6);
	address[0] = (u8)((address[0] & ~1u) | 2);
}

void e1000_write_address(struct e1000_nic *nic, const u8 address[6])
{
	u32 low, high = 0;

	memcpy(&low, address, 4);
	memcpy(&high, address + 4, 2);
	e1000_write(nic, E1000_RAL, low);
	e1000_write(nic, E1000_RAH, high | RAH_VALID);
	for (u32 i = 1; i < ADDRESSES; i++) {
		e1000_write(nic, E1000_RAL + i * 8, 0);
		e1000_write(nic, E1000_RAH + i * 8, 0);
	}
}

/* Groups go through the hash table: 12 bits from the last two bytes (8254x, 13.4.5.1). */
void e1000_set_filter(struct netif *nif)
{
	struct e1000_nic *nic = nif->private;
	u32 table[MTA_WORDS] = { 0 }, rctl = RCTL_EN | RCTL_BAM | RCTL_BSIZE_2048 | RCTL_SECRC;
	struct netif_group *g;

	if (!READ_ONCE(nic->running))
		return;
	list_for_each_entry(g, &nif->multicast, link) {
		u32 hash = (g->address[4] >> 4 | g->address[5] << 4) & 0xfff;

		table[hash >> 5] |= 1u << (hash & 31);
	}
	for (u32 i = 0; i < MTA_WORDS; i++)
		e1000_write(nic, E1000_MTA + i * 4, table[i]);
	if (netif_is_promiscuous(nif))
		rctl |= RCTL_UPE | RCTL_MPE;
	if (netif_is_all_multicast(nif))
		rctl |= RCTL_MPE;
	if (nic->mtu > 1500)
		rctl |= RCTL_LPE;
	rctl_write(nic, rctl);
}

/* Receive-side scaling over two queues (82574, 7.1.11), with a key of chance. */
static void rss_start(struct e1000_nic *nic)
{
	static const u32 both = 0x01000100u << RETA_QUEUE_SHIFT;
	u32 key[RSS_KEY_WORDS];

	random_bytes(key, sizeof(key));
	for (u32 i = 0; i < RSS_KEY_WORDS; i++)
		e1000_write(nic, E1000_RSSRK + i * 4, key[i]);
	for (u32 i = 0; i < RETA_WORDS; i++)
		e1000_write(nic, E1000_RETA + i * 4, both);
	e1000_write(nic, E1000_MRQC, MRQC_RSS | MRQC_TCP4 | MRQC_IP4 | MRQC_TCP6 | MRQC_IP6);
}

static void receive_start(struct e1000_nic *nic)
{
	u32 sum = nic->nif->features & NETIF_RX_SUM ? RXCSUM_IPOFL | RXCSUM_TUOFL : 0;

	if (nic->family->extended) {
		e1000_write(nic, E1000_RFCTL,
			    RFCTL_NFSW_OFF | RFCTL_NFSR_OFF | RFCTL_ACK_OFF | RFCTL_EXTENDED);
		if (nic->n_queues > 1)
			rss_start(nic);
		else
			e1000_write(nic, E1000_MRQC, 0);
		sum |= RXCSUM_PCSD;
	}
	e1000_write(nic, E1000_RXCSUM, sum);
	e1000_write(nic, E1000_RDTR, 0);
	e1000_write(nic, E1000_RADV, 0);
	for (unsigned q = 0; q < nic->n_queues; q++) {
		struct e1000_rx *rx = &nic->rx[q];

		e1000_write(nic, e1000_queue_reg(E1000_RDBAL, q), (u32)rx->ring_bus);
		e1000_write(nic, e1000_queue_reg(E1000_RDBAH, q), (u32)(rx->ring_bus >> 32));
		e1000_write(nic, e1000_queue_reg(E1000_RDLEN, q), nic->n_rx * 16);
		e1000_write(nic, e1000_queue_reg(E1000_RDH, q), 0);
		e1000_write(nic, e1000_queue_reg(E1000_RDT, q), rx->told);
	}
}

static void transmit_start(struct e1000_nic *nic)
{
	for (unsigned q = 0; q < nic->n_queues; q++) {
		struct e1000_tx *tx = &nic->tx[q];

		e1000_write(nic, e1000_queue_reg(E1000_TDBAL, q), (u32)tx->ring_bus);
		e1000_write(nic, e1000_queue_reg(E1000_TDBAH, q), (u32)(tx->ring_bus >> 32));
		e1000_write(nic, e1000_queue_reg(E1000_TDLEN, q), nic->n_tx * 16);
		e1000_write(nic, e1000_queue_reg(E1000_TDH, q), 0);
		e1000_write(nic, e1000_queue_reg(E1000_TDT, q), 0);
		e1000_write(nic, e1000_queue_reg(E1000_TXDCTL, q),
			    1u << TXDCTL_WTHRESH_SHIFT | TXDCTL_COUNT_DESC | TXDCTL_GRAN);
		if (nic->family->extended)
			e1000_write(nic, e1000_queue_reg(E1000_TARC, q),
				    e1000_read(nic, e1000_queue_reg(E1000_TARC, q)) | TARC_ENABLE);
	}
	e1000_write(nic, E1000_TIDV, 0);
	e1000_write(nic, E1000_TADV, 0);
	/* Gaps for full duplex over copper (8254x, 14.5). */
	e1000_write(nic, E1000_TIPG, 8 | 8 << 10 | 6 << 20);
	e1000_write(nic, E1000_TCTL,
		    TCTL_EN | TCTL_PSP | TCTL_RTLC | 15u << TCTL_CT_SHIFT |
			    0x3fu << TCTL_COLD_SHIFT | (nic->family->extended ? TCTL_MULR : 0));
}

void e1000_hw_start(struct e1000_nic *nic)
{
	const struct e1000_family *family = nic->family;
	u32 ctrl = e1000_read(nic, E1000_CTRL);
	u32 pba = nic->mtu > 1500 ? family->pba_jumbo : family->pba;
	u32 spare = max(align_up(nic->mtu + 24, 8u), 4096u);

	ctrl &= ~(CTRL_FRCSPD | CTRL_FRCDPX | CTRL_ILOS | CTRL_LRST | CTRL_PHY_RST | CTRL_VME);
	ctrl |= CTRL_SLU | CTRL_ASDE;
	if (nic->nif->features & (NETIF_VLAN_RX | NETIF_VLAN_TX))
		ctrl |= CTRL_VME;
	e1000_write(nic, E1000_CTRL, ctrl);
	e1000_write(nic, E1000_WUC, 0);
	e1000_write(nic, E1000_VET, 0x8100);
	e1000_write(nic, E1000_PBA, pba);
	/* Pause frames as long as there is no room for two frames more. */
	e1000_write(nic, E1000_FCRTH, (pba << 10) - spare);
	e1000_write(nic, E1000_FCRTL, (pba << 10) - spare - 8);
	e1000_write(nic, E1000_FCTTV, 0x680);
	e1000_write_address(nic, nic->nif->address);
	for (u32 i = 0; i < MTA_WORDS; i++)
		e1000_write(nic, E1000_VFTA + i * 4, 0);
	e1000_phy_start(nic);
	receive_start(nic);
	transmit_start(nic);
	spin_lock(&nic->nif->lock);
	WRITE_ONCE(nic->running, true);
	e1000_set_filter(nic->nif);
	spin_unlock(&nic->nif->lock);
}

void e1000_hw_stop(struct e1000_nic *nic, bool deaf)
{
	spin_lock(&nic->nif->lock);
	WRITE_ONCE(nic->running, false);
	if (deaf)
		rctl_write(nic, 0);
	spin_unlock(&nic->nif->lock);
	for (unsigned q = 0; q < nic->n_queues; q++)
		e1000_write(nic, e1000_queue_reg(E1000_RDT, q),
			    e1000_read(nic, e1000_queue_reg(E1000_RDH, q)));
	e1000_write(nic, E1000_TCTL, 0);
	e1000_read(nic, E1000_STATUS);
	pause_us(1000); /* what is under way ends */
}
