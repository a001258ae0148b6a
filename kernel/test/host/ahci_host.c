/* The model HBA: see ahci_host.h. Registers as AHCI 1.3.1 has them; of bus addresses it takes
 * pointers. */
#include "test/host/ahci_host.h"

#include "arch/io.h"
#include "dev/cdrom_commands.h"
#include "lib/bitops.h"

#define REG(r) model.port[(r) / 4]

struct model model;
void (*ahci_host_at_signature)(void);

static u8 registers[AHCI_PORT0 + AHCI_PORT_BYTES];

static void interrupt_raise(u32 bits)
{
	REG(PORT_IS) |= bits;
	if (!(REG(PORT_IS) & REG(PORT_IE)) || !(model.ghc & AHCI_GHC_IE))
		return;
	model.is |= 1;
	(void)ahci_interrupt(&hba);
}

static struct ahci_header *header(unsigned slot)
{
	u64 list = (u64)REG(PORT_CLBU) << 32 | REG(PORT_CLB);

	return (struct ahci_header *)list + slot;
}

static struct ahci_table *table(unsigned slot)
{
	return (struct ahci_table *)header(slot)->table;
}

static u8 command_of(unsigned slot)
{
	return (u8)(table(slot)->fis[0] >> 16);
}

static bool is_queued(unsigned slot)
{
	u8 c = command_of(slot);

	return c == ATA_READ_FPDMA || c == ATA_WRITE_FPDMA;
}

static u64 lba_of(unsigned slot)
{
	const u32 *fis = table(slot)->fis;
	const u8 *cdb = table(slot)->atapi;

	if (command_of(slot) == ATA_PACKET) /* of sectors four times as large */
		return 4 * ((u64)cdb[2] << 24 | (u64)cdb[3] << 16 | (u64)cdb[4] << 8 | cdb[5]);
	return (fis[1] & 0xffffff) | (u64)(fis[2] & 0xffffff) << 24;
}

static void answer(unsigned slot, const void *data)
{
	memcpy((void *)table(slot)->prd[0].bus, data, 512);
}

static void identify(unsigned slot)
{
	u16 w[256] = { [10] = (u16)(model.serial << 8 | ' '), [49] = 0x300, [75] = 31,
		       [76] = 1 << 8, [82] = 1 << 5, [85] = 1 << 5,
		       [83] = 0x4000 | 1 << 10 | 1 << 12 | 1 << 13, [84] = 0x4000 | 1 << 6,
		       [87] = 0x4000, [100] = MODEL_SECTORS, [169] = 1, [217] = 1 };

	w[87] |= model.has_log ? 1 << 5 : 0;
	answer(slot, w);
}

static void identify_packet(unsigned slot)
{
	u16 w[256] = { [0] = 2 << 14 | 5 << 8, [10] = (u16)(model.serial << 8 | ' '),
		       [49] = 0x300, [62] = 1 << 15 };

	answer(slot, w);
}

static void sense_tell(unsigned slot)
{
	u8 sense[18] = { 0x70, [2] = model.bad_error, [7] = 10, [12] = model.bad_code };

	model.n_senses++;
	CHECK_EQ(table(slot)->fis[0] >> 24, ATA_PACKET_DMA | ATA_PACKET_TO_HOST);
	memcpy((void *)table(slot)->prd[0].bus, sense, sizeof(sense));
}

/* Commands that the driver polls for. */
static bool ask_execute(unsigned slot)
{
	switch (command_of(slot)) {
	case ATA_IDENTIFY:
		identify(slot);
		break;
	case ATA_READ_LOG_EXT:
		model.n_logs++;
		answer(slot, model.log);
		break;
	case ATA_IDENTIFY_PACKET:
		identify_packet(slot);
		break;
	case ATA_PACKET:
		if (table(slot)->atapi[0] != MMC_REQUEST_SENSE)
			return false;
		sense_tell(slot);
		break;
	default:
		return false;
	}
	model.halted = model.sulking = false;
	REG(PORT_TFD) = 0x50;
	REG(PORT_CI) &= ~(1u << slot);
	return true;
}

static void command_take(unsigned slot)
{
	unsigned n;

	if (ask_execute(slot))
		return;
	CHECK(!(model.taken & 1u << slot));
	model.taken |= 1u << slot;
	n = popcount64(model.taken);
	model.most = max(model.most, n);
	if (is_queued(slot)) {
		CHECK(REG(PORT_SACT) & 1u << slot);
		REG(PORT_CI) &= ~(1u << slot);
	}
}

static void transfer(unsigned slot)
{
	bool write = header(slot)->flags & AHCI_HEADER_WRITE;
	u8 *at = model.medium[lba_of(slot)];
	u8 command = command_of(slot), device = (u8)(table(slot)->fis[1] >> 24);

	model.n_fua += command == ATA_WRITE_DMA_FUA_EXT ||
		       (command == ATA_WRITE_FPDMA && device & ATA_DEVICE_FUA);

	for (unsigned i = 0; i < header(slot)->flags >> 16; i++) {
		const struct ahci_prd *prd = &table(slot)->prd[i];

		if (write)
			memcpy(at, (void *)prd->bus, prd->bytes_less_one + 1);
		else
			memcpy((void *)prd->bus, at, prd->bytes_less_one + 1);
		at += prd->bytes_less_one + 1;
	}
	header(slot)->transferred = (u32)(at - model.medium[lba_of(slot)]);
	if (model.n_short) {
		model.n_short--;
		header(slot)->transferred -= 512;
	}
}

/* DATA SET MANAGEMENT with TRIM: what the ranges name reads as zeros. */
static void trim(unsigned slot)
{
	const u64 *ranges = (const u64 *)table(slot)->prd[0].bus;
	unsigned n = (table(slot)->prd[0].bytes_less_one + 1) / 8;

	CHECK(table(slot)->fis[0] >> 24 == ATA_DSM_TRIM && table(slot)->fis[3] == 1);
	CHECK(n == 64 && !model.taken); /* it is alone */
	for (unsigned i = 0; i < n; i++) {
		u64 lba = ranges[i] & (BIT(48) - 1), count = ranges[i] >> 48;

		CHECK(lba + count <= MODEL_SECTORS);
		memset(model.medium[lba], 0, count * 512);
		model.n_trimmed += count;
	}
}

static bool touches(unsigned slot, u64 lba)
{
	return header(slot)->flags >> 16 && lba >= lba_of(slot) && lba < lba_of(slot) + MODEL_IO;
}

static void command_fail(unsigned slot)
{
	u8 sum = 0;

	model.halted = true;
	model.sulking = is_queued(slot);
	REG(PORT_TFD) = 0x41 | (u32)model.bad_error << 8;
	memset(model.log, 0, 512);
	model.log[0] = (u8)slot;
	model.log[2] = 0x41;
	model.log[3] = model.bad_error;
	for (unsigned i = 0; i < 511; i++)
		sum = (u8)(sum + model.log[i]);
	model.log[511] = (u8)-sum;
	interrupt_raise(PORT_IS_TFES);
}

bool model_step(void)
{
	u32 ready = model.taken;
	unsigned slot;

	if (model.halted)
		return false;
	for (u32 left = ready; left && model.n_hang; left &= left - 1)
		if (touches(ctz64(left), model.hang_lba) &&
		    (!model.write_hangs || header(ctz64(left))->flags & AHCI_HEADER_WRITE)) {
			ready &= ~(1u << ctz64(left));
			if (!(REG(PORT_TFD) & ATA_STATUS_DRQ))
				model.n_hang--;
			REG(PORT_TFD) |= ATA_STATUS_DRQ; /* until it is reset */
		}
	if (REG(PORT_TFD) & ATA_STATUS_DRQ || !ready)
		return false;
	do
		slot = (unsigned)unit_below(32);
	while (!(ready & 1u << slot));
	model.taken &= ~(1u << slot);
	if (model.link_errors) {
		model.link_errors = false;
		model.halted = true;
		interrupt_raise(PORT_IS_IFS);
		return true;
	}
	if (model.n_bad && touches(slot, model.bad_lba)) {
		model.n_bad--;
		command_fail(slot);
		return true;
	}
	if (command_of(slot) == ATA_DSM)
		trim(slot);
	else
		transfer(slot);
	if (is_queued(slot)) {
		model.n_queued++;
		REG(PORT_SACT) &= ~(1u << slot);
		interrupt_raise(PORT_IS_SDBS);
	} else {
		model.n_plain++;
		REG(PORT_CI) &= ~(1u << slot);
		interrupt_raise(PORT_IS_DHRS);
	}
	return true;
}

/* The link as it is when nobody resets it. */
static void link_set(void)
{
	REG(PORT_SSTS) = model.plugged && REG(PORT_CMD) & PORT_CMD_SUD ? 0x123 : 0;
	REG(PORT_SIG) = model.kind == MODEL_DISK ? PORT_SIG_ATA :
			model.kind == MODEL_CDROM ? PORT_SIG_ATAPI : PORT_SIG_MULTIPLIER;
	REG(PORT_TFD) = !model.plugged ? 0x7f : model.dead ? 0x80 : 0x50;
}

void model_reset(void)
{
	model.taken = 0;
	model.halted = model.sulking = false;
	link_set();
}

void ahci_host_plug(bool plugged)
{
	model.plugged = plugged;
	model_reset();
	REG(PORT_SERR) |= plugged ? (u32)PORT_SERR_X : 0;
	interrupt_raise(PORT_IS_PRCS | (plugged ? PORT_IS_PCS : 0));
}

static void sctl_write(u32 v)
{
	bool was = (REG(PORT_SCTL) & 0xf) == 1, is = (v & 0xf) == 1;

	REG(PORT_SCTL) = v;
	if (is) {
		REG(PORT_SSTS) = 0;
	} else if (was) {
		model.n_resets++;
		model_reset();
		REG(PORT_IS) |= model.plugged ? PORT_IS_PCS : 0;
	}
}

static void cmd_write(u32 v)
{
	bool was = REG(PORT_CMD) & PORT_CMD_ST, is = v & PORT_CMD_ST;

	v &= ~(u32)(PORT_CMD_CR | PORT_CMD_FR);
	v |= (is ? (u32)PORT_CMD_CR : 0) | (v & PORT_CMD_FRE ? (u32)PORT_CMD_FR : 0);
	REG(PORT_CMD) = v;
	if (was && !is)
		REG(PORT_CI) = REG(PORT_SACT) = model.taken = 0;
	if (was && !is && !model.sulking)
		model.halted = false;
	if (v & PORT_CMD_SUD && !REG(PORT_SSTS))
		link_set(); /* it spins up when it is told */
}

static void ghc_write(u32 v)
{
	model.ghc = v & ~(u32)AHCI_GHC_HR;
	if (!(v & AHCI_GHC_HR))
		return;
	model.n_hba_resets++;
	memset(model.port, 0, sizeof(model.port));
	model.dead = model.dead && !model.wedged;
	model_reset();
}

static void port_write(unsigned reg, u32 v)
{
	switch (reg) {
	case PORT_IS:
	case PORT_SERR:
		REG(reg) &= ~v;
		break;
	case PORT_CMD:
		cmd_write(v);
		break;
	case PORT_SCTL:
		sctl_write(v);
		break;
	case PORT_SACT:
		REG(PORT_SACT) |= v;
		break;
	case PORT_CI:
		CHECK(REG(PORT_CMD) & PORT_CMD_ST);
		REG(PORT_CI) |= v;
		if (model.plugged)
			for (; v; v &= v - 1)
				command_take(ctz64(v));
		break;
	default:
		REG(reg) = v;
	}
}

u32 mmio_read32(const volatile void *p)
{
	unsigned at = (unsigned)((const volatile u8 *)p - hba.regs);

	if (at == AHCI_PORT0 + PORT_SIG && ahci_host_at_signature) {
		void (*hook)(void) = ahci_host_at_signature;
		u32 signature = REG(PORT_SIG);

		ahci_host_at_signature = NULL;
		hook();
		return signature;
	}
	if (at >= AHCI_PORT0)
		return REG(at - AHCI_PORT0);
	return at == AHCI_GHC ? model.ghc : at == AHCI_IS ? model.is : 0;
}

void mmio_write32(volatile void *p, u32 v)
{
	unsigned at = (unsigned)((volatile u8 *)p - hba.regs);

	if (at >= AHCI_PORT0)
		port_write(at - AHCI_PORT0, v);
	else if (at == AHCI_IS)
		model.is &= ~v;
	else if (at == AHCI_GHC)
		ghc_write(v);
}

static void begin(bool plugged, bool has_log, enum model_kind kind)
{
	model = (struct model){ .plugged = plugged, .has_log = has_log, .serial = 'A',
				.kind = kind, .bad_lba = ~0ull, .hang_lba = ~0ull };
	hba = (struct ahci_hba){ .regs = registers, .cap = AHCI_CAP_SNCQ | AHCI_CAP_S64A,
				 .ports_implemented = 1, .n_slots = 32 };
	hba.cap |= staggered_next ? (u32)AHCI_CAP_SSS : 0;
	work_init(&hba.restart, ahci_restart_wanted);
	CHECK_EQ(ahci_hba_reset(&hba), 0);
	ahci_hba_probe_ports(&hba);
	CHECK(!the_disk == !plugged);
}

bool staggered_next;
void ahci_host_begin(bool plugged, bool has_log) { begin(plugged, has_log, MODEL_DISK); }
void ahci_host_begin_kind(enum model_kind kind) { begin(true, false, kind); }

void ahci_host_end(void)
{
	if (the_disk)
		CHECK_EQ(the_disk->ops->detach(the_disk), 0);
	CHECK(!the_disk);
	ahci_port_destroy(hba.ports[0]);
}
