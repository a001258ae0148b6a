/*
 * Commands: the register FIS (SATA 10.5.5), the physical region descriptors, the slot, the
 * doorbell.
 *
 * Reads and writes are queued (NCQ) if device and HBA can, up to 32 at a time; else they take slots
 * too, and the HBA works them off one by one. Commands that are not queued must not mix with queued
 * ones, and FLUSH and TRIM run alone; the block layer keeps the order when it is told -EBUSY, so
 * those get their turn.
 *
 * Lock: the port's, taken with interrupts off under the queue's lock.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "lib/bitops.h"

void ahci_fis_write(struct ahci_table *t, const struct ata_taskfile *f)
{
	t->fis[0] = FIS_H2D | FIS_H2D_COMMAND << 8 | (u32)f->command << 16 |
		    (u32)(f->features & 0xff) << 24;
	t->fis[1] = (u32)(f->lba & 0xffffff) | (u32)f->device << 24;
	t->fis[2] = (u32)(f->lba >> 24 & 0xffffff) | (u32)(f->features >> 8) << 24;
	t->fis[3] = f->count;
	t->fis[4] = 0;
}

void ahci_header_write(struct ahci_header *h, u32 flags, unsigned n_prds)
{
	h->flags = AHCI_HEADER_FIS_WORDS | flags | n_prds << 16;
	h->transferred = 0;
}

void ahci_prd_write(struct ahci_prd *prd, dma_addr_t bus, u32 bytes)
{
	prd->bus = bus;
	prd->reserved = 0;
	prd->bytes_less_one = bytes - 1;
}

/* The read or write command that suits device and request. Queued ones carry the count where others
 * have features, and their tag where those have the count. */
static void rw_taskfile(const struct ahci_port *p, const struct blk_transfer *x, unsigned slot,
			bool queued, struct ata_taskfile *f)
{
	unsigned shift = ctz64(p->device->id.sector_size >> 9);
	bool write = x->op == BLK_WRITE;
	u16 count = (u16)(x->n_sectors >> shift);

	f->lba = x->lba >> shift;
	f->device = ATA_DEVICE_LBA;
	if (queued) {
		f->command = write ? ATA_WRITE_FPDMA : ATA_READ_FPDMA;
		f->features = count;
		f->count = (u16)(slot << 3);
		f->device |= x->fua ? ATA_DEVICE_FUA : 0;
	} else if (p->device->id.lba48) {
		f->command = ATA_READ_DMA_EXT;
		if (write)
			f->command = x->fua ? ATA_WRITE_DMA_FUA_EXT : ATA_WRITE_DMA_EXT;
		f->count = count;
	} else {
		f->command = write ? ATA_WRITE_DMA : ATA_READ_DMA;
		f->count = count;
		f->device |= f->lba >> 24 & 0xf;
		f->lba &= 0xffffff;
	}
}

/* The ranges of a TRIM (ACS-3, 7.5): address in 48 bits, number of sectors in 16. */
static unsigned trim_write(struct ahci_port *p, const struct blk_transfer *x)
{
	unsigned shift = ctz64(p->device->id.sector_size >> 9), n = 0;
	u64 lba = x->lba >> shift, left = x->n_sectors >> shift;

	for (; n < ARRAY_SIZE(p->area->trim); n++) {
		u64 part = min(left, (u64)0xffff);

		p->area->trim[n] = part ? lba | part << 48 : 0;
		lba += part;
		left -= part;
	}
	return sizeof(p->area->trim);
}

/* Fills the slot for the request: 0 or -EIO. */
static int slot_fill(struct ahci_port *p, unsigned slot, struct blk_request *req, bool queued)
{
	const struct blk_transfer *x = &req->xfer;
	struct ahci_table *t = &p->tables[slot];
	struct ata_taskfile f = { .device = ATA_DEVICE_LBA };
	int n = 0;

	if (x->op == BLK_FLUSH) {
		f.command = p->device->id.flush_ext ? ATA_FLUSH_EXT : ATA_FLUSH;
	} else if (x->op == BLK_DISCARD) {
		f.command = ATA_DSM;
		f.features = ATA_DSM_TRIM;
		f.count = 1;
		ahci_prd_write(&t->prd[0], p->area_bus + offsetof(struct ahci_area, trim),
			       trim_write(p, x));
		n = 1;
	} else {
		rw_taskfile(p, x, slot, queued, &f);
		n = blk_map(&p->device->disk, req, p->segments, AHCI_PRDS);
		if (unlikely(n <= 0))
			return -EIO;
		for (int i = 0; i < n; i++)
			ahci_prd_write(&t->prd[i], p->segments[i].bus, p->segments[i].length);
	}
	ahci_fis_write(t, &f);
	ahci_header_write(&p->area->headers[slot],
			  x->op == BLK_WRITE || x->op == BLK_DISCARD ? AHCI_HEADER_WRITE : 0,
			  (unsigned)n);
	return 0;
}

/* Whether a command of this kind may go now. Port lock. */
static bool may_start(const struct ahci_port *p, bool queued, bool alone)
{
	if (p->exclusive)
		return false;
	if (queued)
		return p->issued == p->queued;
	return alone ? !p->issued : !p->queued;
}

int ahci_start(struct disk *disk, struct blk_request *req)
{
	struct ahci_device *dev = disk->data;
	struct ahci_port *p = dev->port;
	bool data = req->xfer.op == BLK_READ || req->xfer.op == BLK_WRITE;
	unsigned slot;
	int err = -EBUSY;

	spin_lock(&p->lock);
	bool queued = data && dev->id.ncq && !p->careful;
	bool alone = !data || p->careful;
	u32 free = ~p->issued & (u32)(BIT(disk->depth) - 1);

	if (unlikely(p->state != AHCI_UP || p->device != dev)) {
		err = p->device == dev ? -EBUSY : -ENXIO;
		goto out;
	}
	if (!free || !may_start(p, queued, alone))
		goto out;
	slot = ctz64(free);
	req->tag = slot;
	err = unlikely(dev->id.packet) ? ahci_packet_fill(p, slot, req) :
					 slot_fill(p, slot, req, queued);
	if (unlikely(err))
		goto out;
	p->running[slot] = req;
	p->issued |= 1u << slot;
	p->exclusive = alone;
	/* Memory before doorbell: the processor keeps stores in order, the compiler must, too. */
	barrier();
	if (queued) {
		p->queued |= 1u << slot;
		ahci_port_write(p, PORT_SACT, 1u << slot);
	}
	ahci_port_write(p, PORT_CI, 1u << slot);
out:
	spin_unlock(&p->lock);
	return err;
}

int ahci_command_poll(struct ahci_port *p, u64 timeout_ms)
{
	u64 end = clock_monotonic() + timeout_ms * NSEC_PER_MSEC;

	barrier();
	ahci_port_write(p, PORT_IS, ~0u);
	ahci_port_write(p, PORT_CI, 1);
	while (ahci_port_read(p, PORT_CI) & 1) {
		if (ahci_port_read(p, PORT_IS) & (PORT_IS_TFES | PORT_IS_BROKEN))
			return -EIO; /* the slot stays */
		if (clock_monotonic() > end)
			return -ETIMEDOUT;
		ahci_sleep_us(100);
	}
	return ahci_port_read(p, PORT_TFD) & ATA_STATUS_ERR ? -EIO : 0;
}

int ahci_command_ask(struct ahci_port *p, u8 command, u64 lba, u64 timeout_ms)
{
	struct ata_taskfile f = {
		.command = command,
		.device = ATA_DEVICE_LBA,
		.count = command == ATA_READ_LOG_EXT,
		.lba = lba,
	};

	ahci_prd_write(&p->tables[0].prd[0], p->area_bus + offsetof(struct ahci_area, answer),
		       sizeof(p->area->answer));
	ahci_fis_write(&p->tables[0], &f);
	ahci_header_write(&p->area->headers[0], 0, 1);
	return ahci_command_poll(p, timeout_ms);
}
