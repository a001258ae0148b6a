/*
 * A device on a port: the question what it is, its becoming a disk, its end. A device that is
 * unplugged leaves its port at once, which may have another one soon; its disk fails everything
 * until its last user has closed it.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "core/cmdline.h"
#include "core/log.h"
#include "lib/string.h"
#include "mm/slab.h"

#define IDENTIFY_MS 5000
#define MAX_SECTORS 8192
#define MAX_PACKET_SECTORS 1024

static const struct disk_ops ahci_disk_ops;

int ahci_identify(struct ahci_port *p, bool packet, struct ata_identity *id)
{
	int err = ahci_port_tables(p);

	if (err)
		return err;
	if (ahci_command_ask(p, packet ? ATA_IDENTIFY_PACKET : ATA_IDENTIFY, 0, IDENTIFY_MS))
		return -EIO;
	return packet ? ata_identify_packet_parse(p->area->answer, id) :
			ata_identify_parse(p->area->answer, id);
}

/* The disk's limits and properties from what it told. `ahci.noncq` on the command line: no queued
 * commands. */
static void disk_describe(struct ahci_device *dev)
{
	const struct ahci_hba *hba = dev->port->hba;
	struct ata_identity *id = &dev->id;
	struct disk *d = &dev->disk;
	u32 scale = id->packet ? 0 : id->sector_size >> 9;

	id->ncq = id->ncq && hba->cap & AHCI_CAP_SNCQ && !cmdline_has("ahci.noncq");
	d->ops = &ahci_disk_ops;
	d->host = &dev->port->host;
	d->data = dev;
	if (!id->packet) {
		d->n_sectors = id->n_sectors * scale;
		d->sector_size = id->sector_size;
		d->physical_sector_size = id->physical_sector_size;
	}
	d->max_sectors = id->packet ? MAX_PACKET_SECTORS : id->lba48 ? MAX_SECTORS : 128 * scale;
	d->max_discard_sectors = ARRAY_SIZE(dev->port->area->trim) * 0xffffu * scale;
	d->max_segments = AHCI_PRDS;
	d->max_segment_bytes = AHCI_PRD_MAX_BYTES;
	d->depth = id->packet ? 1 : id->ncq ? min(id->depth, hba->n_slots) : hba->n_slots;
	d->address_bits = ahci_address_bits(hba);
	d->write_cache = id->write_cache && (id->flush || id->flush_ext);
	d->fua = id->fua;
	d->discard = id->trim;
	d->rotational = id->rotational;
	strlcpy(d->model, id->model, sizeof(d->model));
	strlcpy(d->serial, id->serial, sizeof(d->serial));
	strlcpy(d->firmware, id->firmware, sizeof(d->firmware));
}

static void device_remove(struct work *work)
{
	disk_unregister(&container_of(work, struct ahci_device, removal)->disk);
}

/* From here on the port works, and may lose the device at any time: so the disk is complete before
 * it is registered, and held. */
static void device_publish(struct ahci_port *p, struct ahci_device *dev)
{
	u64 flags;
	int err;

	disk_init(&dev->disk);
	disk_get(&dev->disk);
	flags = spin_lock_irq(&p->lock);
	p->device = dev;
	p->state = AHCI_UP;
	p->careful = 0;
	ahci_port_write(p, PORT_IS, ~0u);
	ahci_port_write(p, PORT_IE, PORT_IE_ALL);
	spin_unlock_irq(&p->lock, flags);
	err = disk_add(&dev->disk);
	if (!err && dev->id.packet)
		cdrom_settle(&dev->cdrom);
	while (err == -ABI_ENOMEM && ahci_detach(&dev->disk) == -ABI_EBUSY)
		ahci_sleep_us(1000);
	disk_put(&dev->disk);
}

int ahci_device_attach(struct ahci_port *p, const struct ata_identity *id)
{
	struct ahci_device *dev = kzalloc(sizeof(*dev), MM_KERNEL);
	int err;

	if (!dev)
		return -ENOMEM;
	err = id->packet ? cdrom_init(&dev->cdrom, &dev->disk) :
			   disk_name_next(dev->disk.name, sizeof(dev->disk.name));
	if (err) {
		kfree(dev);
		return err;
	}
	dev->port = p;
	dev->id = *id;
	work_init(&dev->removal, device_remove);
	disk_describe(dev);
	log_info("%s: ahci%u port %u: %s, sectors of %u bytes%s%s%s", dev->disk.name, p->hba->index,
		 p->number, dev->id.model, dev->disk.sector_size, dev->id.ncq ? ", NCQ" : "",
		 dev->disk.fua ? ", FUA" : "", dev->disk.discard ? ", TRIM" : "");
	device_publish(p, dev);
	return 0;
}

int ahci_detach(struct disk *disk)
{
	struct ahci_device *dev = disk->data;
	struct ahci_port *p = dev->port;
	u64 flags = spin_lock_irq(&p->lock);
	bool mine = p->device == dev && ahci_port_fail_locked(p, AHCI_GIVEN_UP);
	bool busy = p->device == dev && !mine;

	spin_unlock_irq(&p->lock, flags);
	if (busy)
		return -EBUSY;
	if (mine) {
		ahci_port_lose(p);
		ahci_port_listen(p);
	}
	work_flush(&dev->removal);
	return 0;
}

/* The last user of the disk is gone. */
static void ahci_release(struct disk *disk)
{
	struct ahci_device *dev = disk->data;

	if (dev->id.packet)
		cdrom_fini(&dev->cdrom);
	kfree(dev);
}

static const struct disk_ops ahci_disk_ops = {
	.start = ahci_start,
	.timeout = ahci_timeout,
	.detach = ahci_detach,
	.release = ahci_release,
};
