/*
 * Drives of media that are changed: CD-ROM and DVD drives, told what to do by packets (MMC-5),
 * which a driver passes on (BLK_PACKET). A drive is a disk whose size is that of the medium found
 * when it was last opened. Who has it open keeps the door locked.
 */
#pragma once

#include "dev/blk.h"
#include "sched/mutex.h"

#define CDROM_SECTOR 2048

/* c: lock.  a: atomic.  I: constant. */
struct cdrom {
	struct disk *disk;      /* I */
	unsigned number;        /* I: of sr0, sr1 … */
	struct mutex lock;      /* RANK_PARTITIONS */
	unsigned n_users;       /* c: who has it open for what is in it */
	bool keep_locked;       /* c: the door, also when nobody does */
	bool changed;           /* a: the medium is not the one that was looked at; nothing is read
				 * until it is looked at again */
	u32 n_changes;          /* a: how often it became so; as told to whoever asks: */
	u32 n_told;             /* c */
	struct work tell;       /* an event of that */
};

/* Driver's side. Gives the disk a name and numbers, and what all drives have in common: 0 or
 * -ENOSPC. Thread context; so for all below where nothing else is said. */
int must_check cdrom_init(struct cdrom *cd, struct disk *disk);
/* Finds what is in the new drive, whose disk is registered. */
void cdrom_settle(struct cdrom *cd);
/* The disk has been released, or never registered. */
void cdrom_fini(struct cdrom *cd);
/* What the sense data of a READ that failed mean for it: the error that it ends with, or 0: it may
 * be tried again. Any context. */
int cdrom_read_error(const u8 sense[18]);
/* The driver has seen these sense data. Any context. */
void cdrom_note(struct cdrom *cd, const u8 sense[18]);

/* blk_submit()'s check of packets, and of all requests to such a drive. Any context. */
int cdrom_check(const struct blk_request *req);

/*
 * Runs a command: `bytes` of data from the device to `buf`, which is kmalloc()ed or NULL. 0; -EIO
 * with the device's reason in packet->sense, or none; -ENXIO, -ENOMEM.
 */
int must_check cdrom_command(struct cdrom *cd, struct blk_packet *packet, void *buf, u32 bytes);

/* blkdev_open(), blkdev_close(): a tray that is out is drawn in. */
int must_check cdrom_open(struct cdrom *cd);
void cdrom_close(struct cdrom *cd);

enum cdrom_state { CDROM_NO_DISC = 1, CDROM_TRAY_OPEN, CDROM_NOT_READY, CDROM_DISC_OK };
enum cdrom_state cdrom_state(struct cdrom *cd);
/* Whether the medium has changed since the last one who asked this. */
bool cdrom_take_change(struct cdrom *cd);
/* Opens the tray: 0, -EBUSY (others than the caller, who is one of the users if `mine`), -EIO. */
int must_check cdrom_eject(struct cdrom *cd, bool mine);
int must_check cdrom_load(struct cdrom *cd);
/* Locks the door, or no longer; in spite of its users if `forced`: 0, -EBUSY, -EIO. */
int must_check cdrom_lock(struct cdrom *cd, bool locked, bool mine, bool forced);
