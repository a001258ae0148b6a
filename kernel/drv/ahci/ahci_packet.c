/*
 * Devices that take commands by packets (ATAPI): one at a time, and all data by DMA. A packet
 * command that fails halts the port like any error; the reason is fetched (REQUEST SENSE) before
 * the port goes on. Such errors are everyday: a drive says so when it has no medium or a new one.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "core/log.h"
#include "dev/cdrom_commands.h"
#include "lib/string.h"

#define SENSE_MS    5000
#define SENSE_BYTES 18

static void packet_write(struct ahci_port *p, unsigned slot, const struct ata_identity *id,
			 const u8 *cdb, unsigned cdb_bytes, unsigned n_prds)
{
	struct ahci_table *t = &p->tables[slot];
	struct ata_taskfile f = { .command = ATA_PACKET };

	memset(t->atapi, 0, sizeof(t->atapi));
	memcpy(t->atapi, cdb, min(cdb_bytes, id->packet_bytes));
	if (n_prds)
		f.features = ATA_PACKET_DMA | (id->packet_direction ? ATA_PACKET_TO_HOST : 0);
	ahci_fis_write(t, &f);
	ahci_header_write(&p->area->headers[slot], AHCI_HEADER_ATAPI, n_prds);
}

/* The command for reading sectors (MMC-5, 6.15, 6.16). */
static void read_packet(const struct blk_transfer *x, u8 cdb[16])
{
	u32 lba = (u32)(x->lba >> 2), n = x->n_sectors >> 2;
	bool large = n > 0xffff;

	memset(cdb, 0, 16);
	cdb[0] = large ? MMC_READ_12 : MMC_READ_10;
	for (unsigned i = 0; i < 4; i++) {
		cdb[2 + i] = (u8)(lba >> (24 - 8 * i));
		if (large)
			cdb[6 + i] = (u8)(n >> (24 - 8 * i));
	}
	if (!large) {
		cdb[7] = (u8)(n >> 8);
		cdb[8] = (u8)n;
	}
}

int ahci_packet_fill(struct ahci_port *p, unsigned slot, struct blk_request *req)
{
	const struct blk_transfer *x = &req->xfer;
	struct ahci_table *t = &p->tables[slot];
	const u8 *cdb = req->packet ? req->packet->cdb : NULL;
	u8 read[16];
	int n = 0;

	if (x->op == BLK_READ) {
		read_packet(x, read);
		cdb = read;
	} else if (x->op != BLK_PACKET) {
		return -EROFS;
	}
	if (x->n_pieces)
		n = blk_map(&p->device->disk, req, p->segments, AHCI_PRDS);
	if (unlikely(n < 0))
		return -EIO;
	for (int i = 0; i < n; i++)
		ahci_prd_write(&t->prd[i], p->segments[i].bus, p->segments[i].length);
	packet_write(p, slot, &p->device->id, cdb, 16, (unsigned)n);
	return 0;
}

int ahci_packet_done(struct ahci_port *p, unsigned slot, struct blk_request *req)
{
	u32 n = p->area->headers[slot].transferred;

	if (req->xfer.op == BLK_PACKET) {
		req->packet->n_transferred = n;
		return 0;
	}
	return n < (u64)req->xfer.n_sectors << 9 ? -EIO : 0;
}

int ahci_packet_sense(struct ahci_port *p, u8 sense[18])
{
	static const u8 cdb[6] = { MMC_REQUEST_SENSE, [4] = SENSE_BYTES };
	int err;

	memset(p->area->answer, 0, sizeof(p->area->answer));
	ahci_prd_write(&p->tables[0].prd[0], p->area_bus + offsetof(struct ahci_area, answer),
		       SENSE_BYTES);
	packet_write(p, 0, &p->device->id, cdb, sizeof(cdb), 1);
	err = ahci_command_poll(p, SENSE_MS);
	memcpy(sense, p->area->answer, SENSE_BYTES);
	return err;
}
