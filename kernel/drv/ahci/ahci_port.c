/*
 * The life of a port: its memory, start and stop of its engines (AHCI 10.1.2, 10.3), the question
 * what the device is, and its becoming a disk.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "arch/io.h"
#include "core/clock.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sched/thread.h"

#define ENGINE_STOP_MS 500 /* 10.1.2 */
#define IDENTIFY_MS    5000
#define SPIN_US        50  /* polls spin so long before they sleep */
#define MAX_SECTORS    8192

u32 ahci_port_read(struct ahci_port *p, unsigned reg)
{
	return mmio_read32(p->regs + reg);
}

void ahci_port_write(struct ahci_port *p, unsigned reg, u32 v)
{
	mmio_write32(p->regs + reg, v);
}

void ahci_sleep_us(u64 us)
{
	u64 until = clock_monotonic() + us * NSEC_PER_USEC;

	while (clock_monotonic() < until) {
		thread_prepare(THREAD_UNINTERRUPTIBLE);
		thread_block_until(until);
		thread_running();
	}
}

int ahci_port_wait(struct ahci_port *p, unsigned reg, u32 mask, u32 value, u64 timeout_ms)
{
	u64 begin = clock_monotonic(), waited;

	while ((ahci_port_read(p, reg) & mask) != value) {
		waited = clock_monotonic() - begin;
		if (waited > timeout_ms * NSEC_PER_MSEC)
			return -ETIMEDOUT;
		if (waited > SPIN_US * NSEC_PER_USEC)
			ahci_sleep_us(200);
	}
	return 0;
}

static unsigned address_bits(const struct ahci_hba *hba)
{
	return hba->cap & AHCI_CAP_S64A ? 64 : 32;
}

static void ahci_release(struct disk *disk);
static const struct disk_ops ahci_disk_ops;

struct ahci_port *ahci_port_create(struct ahci_hba *hba, unsigned number)
{
	struct ahci_port *p = kzalloc(sizeof(*p), MM_KERNEL);

	if (!p)
		return NULL;
	p->hba = hba;
	p->number = number;
	p->regs = hba->regs + AHCI_PORT0 + number * AHCI_PORT_BYTES;
	p->state = AHCI_RECOVERING;
	p->disk.ops = &ahci_disk_ops;
	p->disk.data = p;
	spin_init(&p->lock, RANK_DRIVER, "ahci port");
	work_init(&p->recovery, ahci_port_recover);
	work_init(&p->removal, ahci_port_remove);
	p->area = dma_alloc(sizeof(*p->area), address_bits(hba), &p->area_bus);
	if (!p->area || ahci_port_stop(p)) {
		log_err("ahci%u: port %u does not come up", hba->index, number);
		ahci_port_destroy(p);
		return NULL;
	}
	ahci_port_setup(p);
	return p;
}

void ahci_port_destroy(struct ahci_port *p)
{
	if (p->area) {
		ahci_port_write(p, PORT_IE, 0);
		if (ahci_port_stop(p))
			return; /* the device may still write to our memory: it stays ours */
		ahci_port_write(p, PORT_CMD, ahci_port_read(p, PORT_CMD) & ~(u32)PORT_CMD_FRE);
		if (ahci_port_wait(p, PORT_CMD, PORT_CMD_FR, 0, ENGINE_STOP_MS))
			return;
		dma_free(p->area, sizeof(*p->area));
	}
	if (p->tables)
		dma_free(p->tables, p->hba->n_slots * sizeof(*p->tables));
	kfree(p);
}

void ahci_port_setup(struct ahci_port *p)
{
	u64 headers = p->area_bus + offsetof(struct ahci_area, headers);
	u64 received = p->area_bus + offsetof(struct ahci_area, received);
	u32 cmd = ahci_port_read(p, PORT_CMD) & ~(u32)PORT_CMD_ICC_MASK;

	ahci_port_write(p, PORT_IE, 0);
	ahci_port_write(p, PORT_CLB, (u32)headers);
	ahci_port_write(p, PORT_CLBU, (u32)(headers >> 32));
	ahci_port_write(p, PORT_FB, (u32)received);
	ahci_port_write(p, PORT_FBU, (u32)(received >> 32));
	ahci_port_write(p, PORT_SERR, ~0u);
	ahci_port_write(p, PORT_IS, ~0u);
	ahci_port_write(p, PORT_SCTL, PORT_SCTL_NO_SLEEP);
	ahci_port_write(p, PORT_CMD,
			cmd | PORT_CMD_FRE | PORT_CMD_SUD | PORT_CMD_POD | PORT_CMD_ICC_ACTIVE);
}

void ahci_port_start(struct ahci_port *p)
{
	ahci_port_write(p, PORT_SERR, ~0u);
	ahci_port_write(p, PORT_IS, ~0u);
	ahci_port_write(p, PORT_CMD, ahci_port_read(p, PORT_CMD) | PORT_CMD_ST);
}

int ahci_port_stop(struct ahci_port *p)
{
	u32 cmd = ahci_port_read(p, PORT_CMD);

	if (!(cmd & (PORT_CMD_ST | PORT_CMD_CR)))
		return 0;
	ahci_port_write(p, PORT_CMD, cmd & ~(u32)PORT_CMD_ST);
	return ahci_port_wait(p, PORT_CMD, PORT_CMD_CR, 0, ENGINE_STOP_MS);
}

/* Command tables are made only for ports with a device: 64 KiB for 32 slots. */
static int tables_create(struct ahci_port *p)
{
	p->tables = dma_alloc(p->hba->n_slots * sizeof(*p->tables), address_bits(p->hba),
			      &p->tables_bus);
	if (!p->tables)
		return -ENOMEM;
	for (unsigned i = 0; i < p->hba->n_slots; i++)
		p->area->headers[i].table = p->tables_bus + i * sizeof(*p->tables);
	return 0;
}

int ahci_port_identify(struct ahci_port *p)
{
	int err = p->tables ? 0 : tables_create(p);

	if (err)
		return err;
	if (ahci_command_ask(p, ATA_IDENTIFY, 0, IDENTIFY_MS))
		return -EIO;
	return ata_identify_parse(p->area->answer, &p->id);
}

/* The disk's limits and properties from what it told. `ahci.noncq` on the command line: no queued
 * commands. */
static void disk_describe(struct ahci_port *p)
{
	struct ata_identity *id = &p->id;
	struct disk *d = &p->disk;
	u32 scale = id->sector_size >> 9;

	id->ncq = id->ncq && p->hba->cap & AHCI_CAP_SNCQ && !cmdline_has("ahci.noncq");
	d->n_sectors = id->n_sectors * scale;
	d->sector_size = id->sector_size;
	d->physical_sector_size = id->physical_sector_size;
	d->max_sectors = id->lba48 ? MAX_SECTORS : 128 * scale;
	d->max_discard_sectors = ARRAY_SIZE(p->area->trim) * 0xffffu * scale;
	d->max_segments = AHCI_PRDS;
	d->max_segment_bytes = AHCI_PRD_MAX_BYTES;
	d->depth = id->ncq ? min(id->depth, p->hba->n_slots) : p->hba->n_slots;
	d->address_bits = address_bits(p->hba);
	d->write_cache = id->write_cache && (id->flush || id->flush_ext);
	d->fua = id->fua;
	d->discard = id->trim;
	d->rotational = id->rotational;
	strlcpy(d->model, id->model, sizeof(d->model));
	strlcpy(d->serial, id->serial, sizeof(d->serial));
	strlcpy(d->firmware, id->firmware, sizeof(d->firmware));
}

int ahci_port_attach(struct ahci_port *p)
{
	u64 flags;
	int err = disk_name_next(p->disk.name, sizeof(p->disk.name));

	if (err) {
		ahci_release(&p->disk);
		return err;
	}
	disk_describe(p);
	ahci_port_write(p, PORT_IS, ~0u);
	flags = spin_lock_irq(&p->lock);
	p->state = AHCI_UP;
	spin_unlock_irq(&p->lock, flags);
	ahci_port_write(p, PORT_IE, PORT_IE_ALL);
	log_info("%s: ahci%u port %u: %s, sectors of %u bytes%s%s%s", p->disk.name, p->hba->index,
		 p->number, p->id.model, p->id.sector_size, p->id.ncq ? ", NCQ" : "",
		 p->disk.fua ? ", FUA" : "", p->disk.discard ? ", TRIM" : "");
	return disk_register(&p->disk);
}

static void port_free(struct rcu_head *rcu)
{
	ahci_port_destroy(container_of(rcu, struct ahci_port, rcu));
}

/* The last user of the disk is gone. An interrupt may just be looking at the port. */
static void ahci_release(struct disk *disk)
{
	struct ahci_port *p = disk->data;

	__atomic_store_n(&p->hba->ports[p->number], NULL, __ATOMIC_RELEASE);
	rcu_call(&p->rcu, port_free);
}

static const struct disk_ops ahci_disk_ops = {
	.start = ahci_start,
	.timeout = ahci_timeout,
	.release = ahci_release,
};
