/*
 * Errors and their repair (AHCI 6.2). When something goes wrong the port leaves the state UP, its
 * interrupts are shut, and recovery runs in a worker: stop the engine; reset the link (COMRESET) if
 * the device hangs or the link had errors; start again; give back what was in flight.
 *
 * *Whose error it was.* A device that fails a queued command drops the others and keeps the failed
 * one's tag in a log, reading which also lets it go on (READ LOG EXT page 10h, SATA 3.4, 13.7.4).
 * Where there is no such log the link is reset instead. An error while one command was in flight is
 * that command's. Else nobody knows, nobody is blamed, and all are played again one at a time and
 * not queued (they are suspects, and p->careful counts them), so that the next error is known to be
 * whose. This holds for time-outs and link errors as well. Who is blamed has a retry counted, and
 * the block layer ends a request that has too many; a medium error is not tried again.
 *
 * A port that does not come back from three resets of its link asks for a reset of the HBA, which
 * disturbs the other ports but loses nothing of theirs. A port whose link stays down, that does not
 * come back even then, or where another device answers after a change of the link loses its device:
 * everything fails with -ENXIO.
 */
#include "drv/ahci/ahci_int.h"

#include "abi/errno.h"
#include "core/log.h"
#include "lib/bitops.h"
#include "lib/string.h"

#define LINK_MS  1000
#define READY_MS 10000
#define LOG_MS   2000
#define ATTEMPTS 3

bool ahci_port_fail_locked(struct ahci_port *p, unsigned trouble)
{
	if (p->state != AHCI_UP)
		return false;
	p->state = AHCI_RECOVERING;
	p->trouble = trouble;
	p->status = ahci_port_read(p, PORT_TFD);
	p->serr = ahci_port_read(p, PORT_SERR);
	ahci_port_write(p, PORT_IE, 0);
	return true;
}

unsigned ahci_port_take_all_locked(struct ahci_port *p, struct blk_request *out[32])
{
	unsigned n = 0;

	for (u32 left = p->issued; left; left &= left - 1) {
		unsigned slot = ctz64(left);

		out[n++] = p->running[slot];
		p->running[slot] = NULL;
	}
	p->issued = p->queued = 0;
	p->exclusive = false;
	return n;
}

/* COMRESET (10.4.2): 0, -ENODEV if nothing answers, -ETIMEDOUT if it is never ready. */
static int link_reset(struct ahci_port *p)
{
	p->n_resets++;
	ahci_port_write(p, PORT_SCTL, PORT_SCTL_NO_SLEEP | PORT_SCTL_DET_RESET);
	ahci_sleep_us(1500);
	ahci_port_write(p, PORT_SCTL, PORT_SCTL_NO_SLEEP);
	if (ahci_port_wait(p, PORT_SSTS, 0xf, PORT_DET_UP, LINK_MS))
		return -ENODEV;
	ahci_port_write(p, PORT_SERR, ~0u);
	return ahci_port_wait(p, PORT_TFD, ATA_STATUS_BSY | ATA_STATUS_DRQ, 0, READY_MS);
}

/* Gets the port to run again: 0, or the disk is lost. */
static int port_revive(struct ahci_port *p, bool reset)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		int err = ahci_port_stop(p);

		if (err || ahci_port_read(p, PORT_TFD) & (ATA_STATUS_BSY | ATA_STATUS_DRQ))
			reset = true;
		if (!reset && PORT_DET(ahci_port_read(p, PORT_SSTS)) != PORT_DET_UP)
			reset = true;
		err = reset ? link_reset(p) : 0;
		if (err)
			log_err("%s: reset %u of the link: %s", p->device->disk.name, i + 1,
				err == -ABI_ENODEV ? "nothing is there" :
						     "the device is never ready");
		if (err == -ABI_ENODEV)
			return err;
		if (!err) {
			ahci_port_start(p);
			return 0;
		}
	}
	return -ETIMEDOUT;
}

/* What recovery found out. */
struct verdict {
	int culprit;   /* slot of the command that failed; -1: not known */
	u8 error;      /* the device's error register for it */
	int end;       /* the error that it ends with, or 0: it is tried again */
};

/* Asks the device which queued command failed. If the answer makes no sense, the culprit stays
 * unknown; whether the device has answered, so that it needs no reset. */
static bool culprit_ask(struct ahci_port *p, struct verdict *v)
{
	struct ata_queued_error e;

	if (ahci_port_read(p, PORT_TFD) & (ATA_STATUS_BSY | ATA_STATUS_DRQ))
		return false;
	ahci_port_start(p);
	if (ahci_command_ask(p, ATA_READ_LOG_EXT, ATA_LOG_QUEUED_ERROR, LOG_MS) ||
	    ata_queued_error_parse((const u8 *)p->area->answer, &e) || !(p->queued & BIT(e.tag)))
		return false;
	v->culprit = (int)e.tag;
	v->error = e.error;
	return true;
}

/* The only command in flight, or -1. */
static int only_slot(const struct ahci_port *p)
{
	return p->issued && is_pow2(p->issued) ? (int)ctz64(p->issued) : -1;
}

/* Gives back what was in flight: the innocent before the culprit in the queue. */
static void give_back(struct disk *disk, struct blk_request **lost, unsigned n,
		      struct blk_request *culprit, int end)
{
	unsigned innocent = 0;

	for (unsigned i = 0; i < n; i++)
		if (lost[i] != culprit)
			lost[innocent++] = lost[i];
	if (culprit && end)
		blk_done(culprit, end);
	else if (culprit)
		blk_requeue(disk, &culprit, 1, true);
	if (innocent)
		blk_requeue(disk, lost, innocent, false);
	blk_kick(disk);
}

/* They are played again one at a time until each has ended. Port lock. */
static void suspect_locked(struct ahci_port *p, struct blk_request **lost, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		p->careful += !lost[i]->suspect;
		lost[i]->suspect = true;
	}
}

/* Whether the block layer ends the culprit when it gets it back. */
static bool will_end(const struct blk_request *culprit, const struct verdict *v)
{
	return v->end || (culprit->retries >= BLK_MAX_RETRIES && !culprit->next);
}

/* Waits for a reset of the HBA, if that has not been tried: whether it does. */
static bool park(struct ahci_port *p)
{
	u64 flags = spin_lock_irq(&p->lock);
	bool first = !p->restarted;

	p->restarted = true;
	p->parked = first;
	spin_unlock_irq(&p->lock, flags);
	if (first)
		work_queue(&p->hba->restart);
	return first;
}

/* Back to work: state, interrupts, and the requests. Once the port is UP somebody else may make it
 * lose its device, whose disk is held meanwhile. */
static void port_resume(struct ahci_port *p, const struct verdict *v)
{
	struct blk_request *lost[32], *culprit = NULL;
	struct disk *disk = &p->device->disk;
	u64 flags = spin_lock_irq(&p->lock);
	unsigned n;

	if (v->culprit >= 0 && p->trouble & AHCI_BLAME)
		culprit = p->running[v->culprit];
	n = ahci_port_take_all_locked(p, lost);
	if (v->culprit < 0 && p->trouble & AHCI_BLAME)
		suspect_locked(p, lost, n);
	else if (culprit && culprit->suspect && will_end(culprit, v)) {
		culprit->suspect = false;
		p->careful--;
	}
	p->trouble = 0;
	p->restarted = false;
	p->state = AHCI_UP;
	disk_get(disk);
	ahci_port_write(p, PORT_IE, PORT_IE_ALL);
	spin_unlock_irq(&p->lock, flags);
	give_back(disk, lost, n, culprit, v->end);
	disk_put(disk);
}

void ahci_port_lose(struct ahci_port *p)
{
	struct ahci_device *dev = p->device;
	struct blk_request *lost[32];
	unsigned n;
	u64 flags;

	/* The device must not write to memory that callers take for theirs again. */
	if (ahci_port_stop(p))
		log_warn("ahci%u: port %u does not stop", p->hba->index, p->number);
	flags = spin_lock_irq(&p->lock);
	n = ahci_port_take_all_locked(p, lost);
	p->restarted = false;
	p->device = NULL;
	p->state = AHCI_PROBING;
	spin_unlock_irq(&p->lock, flags);
	log_err("%s: gone", dev->disk.name);
	for (unsigned i = 0; i < n; i++)
		blk_done(lost[i], -ENXIO);
	blk_kick(&dev->disk);
	work_queue(&dev->removal);
}

static const char *trouble_text(unsigned trouble)
{
	if (trouble & AHCI_LINK_CHANGE)
		return "the link changed";
	if (trouble & AHCI_LINK_ERROR)
		return "link errors";
	if (trouble & AHCI_DEVICE_ERROR)
		return "device error";
	return trouble & AHCI_TIMED_OUT ? "no answer" : "controller reset";
}

/* Whether what answers after a change of the link is what was there before. */
static bool same_device(struct ahci_port *p)
{
	const struct ata_identity *was = &p->device->id;
	struct ata_identity is;

	return !ahci_identify(p, was->packet, &is) && is.n_sectors == was->n_sectors &&
	       !strcmp(is.serial, was->serial) && !strcmp(is.model, was->model);
}

/* What was in flight and what was found, for the log. */
static void recovery_log(struct ahci_port *p, const struct verdict *v)
{
	const struct blk_request *req = v->culprit < 0 ? NULL : p->running[v->culprit];

	if (!req || !(p->trouble & AHCI_BLAME))
		return;
	log_warn("%s: it was tag %d, %s at sector %llu, attempt %u, error %#x",
		 p->device->disk.name, v->culprit, req->xfer.op == BLK_READ ? "read" :
		 req->xfer.op == BLK_WRITE ? "write" : "other",
		 (unsigned long long)req->xfer.lba, req->retries + 1u, v->error);
}

/*
 * A packet failed: the device tells why, and the port runs again. Whether it told; else it needs a
 * reset.
 */
static bool packet_judge(struct ahci_port *p, struct verdict *v)
{
	struct blk_request *req = v->culprit < 0 ? NULL : p->running[v->culprit];
	u8 sense[18];

	if (ahci_port_stop(p) || ahci_port_read(p, PORT_TFD) & (ATA_STATUS_BSY | ATA_STATUS_DRQ))
		return false;
	ahci_port_start(p);
	if (ahci_packet_sense(p, sense))
		return false;
	cdrom_note(&p->device->cdrom, sense);
	if (req && req->xfer.op == BLK_PACKET) {
		memcpy(req->packet->sense, sense, sizeof(sense));
		v->end = -EIO;
	} else if (req) {
		v->end = cdrom_read_error(sense);
		log_warn("%s: read at sector %llu: key %u, code %#x %#x", p->device->disk.name,
			 (unsigned long long)req->xfer.lba, sense[2] & 0xf, sense[12], sense[13]);
	}
	return true;
}

static void recover(struct ahci_port *p)
{
	struct verdict v = { .culprit = only_slot(p), .error = (u8)(p->status >> 8) };
	bool reset = p->trouble & (AHCI_LINK_ERROR | AHCI_LINK_CHANGE | AHCI_TIMED_OUT);
	bool ask = p->queued && !reset && p->trouble & AHCI_DEVICE_ERROR && p->device->id.log;
	int err;

	if (p->device->id.packet && p->trouble == AHCI_DEVICE_ERROR && packet_judge(p, &v)) {
		port_resume(p, &v);
		return;
	}
	p->n_errors++;
	log_warn("%s: %s (status %#x, link %#x, %u in flight)%s", p->device->disk.name,
		 trouble_text(p->trouble), p->status, p->serr, popcount64(p->issued),
		 reset ? ": resetting the link" : "");
	if (ask && !ahci_port_stop(p) && culprit_ask(p, &v))
		reset = false;
	else
		reset |= p->queued != 0;
	if (p->trouble & AHCI_DEVICE_ERROR && v.error & (ATA_ERROR_UNC | ATA_ERROR_IDNF) &&
	    !p->device->id.packet)
		v.end = -EIO; /* the medium is bad there: no use to try again */
	recovery_log(p, &v);
	err = port_revive(p, reset);
	if (err == -ABI_ETIMEDOUT && park(p))
		return;
	if (err) {
		ahci_port_lose(p);
		ahci_port_listen(p);
	} else if (p->trouble & AHCI_LINK_CHANGE && !same_device(p)) {
		ahci_port_lose(p);
		work_queue(&p->arrival);
	} else {
		port_resume(p, &v);
	}
}

void ahci_port_recover(struct work *work)
{
	recover(container_of(work, struct ahci_port, recovery));
}

void ahci_timeout(struct disk *disk, struct blk_request *req)
{
	struct ahci_device *dev = disk->data;
	struct ahci_port *p = dev->port;
	struct blk_request *done[32];
	unsigned n = 0;
	int error = 0;
	bool mine = false;
	u64 flags = spin_lock_irq(&p->lock);

	if (p->state == AHCI_UP && p->device == dev) {
		/* Perhaps only the interrupt was lost. */
		n = ahci_port_reap_locked(p, done, &error);
		if (p->issued)
			mine = ahci_port_fail_locked(p, AHCI_TIMED_OUT);
	}
	spin_unlock_irq(&p->lock, flags);
	for (unsigned i = 0; i < n; i++)
		blk_done(done[i], error);
	if (mine)
		recover(p);
}
