/*
 * Block devices: requests down, completion up in interrupt context. Disks are registered by drivers, partitions found on them; each has a page cache (bcache.h) through
 * which raw reads, file-system metadata and /dev/sda go. Unit of addresses: 512-byte sectors (lba_t).
 */
#pragma once

#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"
#include "mm/dma.h"
#include "sched/wait.h"
#include "vm/pagecache.h"

struct disk;
struct blkdev;

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD };

/* A transfer between consecutive sectors and pieces of pages. Filled by the submitter, who owns it again when done() is called. */
struct blk_request {
	struct list link;           /* q: the block layer's or driver's, while in flight */
	struct blkdev *dev;         /* target; the block layer adds the partition's start */
	enum blk_op op;
	bool fua;                   /* on stable storage when done */
	bool preflush;              /* earlier completed writes are stable before this one is */
	lba_t lba;
	u32 n_sectors;
	struct dma_piece *pieces;   /* their lengths sum to n_sectors * 512 */
	unsigned n_pieces;
	int error;                  /* result: 0 or -EIO, -ENXIO (gone), -EOPNOTSUPP, -EROFS */
	void (*done)(struct blk_request *req); /* any context, once */
	void *data;                 /* submitter's */
	u64 start_ns;               /* block layer: for accounting and time-outs */
	u8 retries;                 /* block layer */
	unsigned tag;               /* driver */
};

struct disk_ops {
	/* Starts a request: 0, or -EBUSY (no free tag: the layer keeps it and offers it again after blk_kick()). Any context, interrupts off, queue lock held (RANK_BLK). */
	int (*start)(struct disk *disk, struct blk_request *req);
	/* A request has run for too long: recover the hardware and make every request in flight be done or replayed. Thread context. */
	void (*timeout)(struct disk *disk, struct blk_request *req);
};

/* I: constant after registration.  q: lock. */
struct disk {
	char name[16];          /* I: "sda" */
	const struct disk_ops *ops; /* I */
	void *data;             /* I: driver's */
	u64 n_sectors;          /* I */
	u32 sector_size;        /* I: logical, bytes (512 or 4096) */
	u32 physical_sector_size; /* I */
	u32 max_sectors;        /* I: per request */
	u32 max_segments;       /* I */
	u32 max_segment_bytes;  /* I */
	u32 depth;              /* I: requests the device takes at a time */
	unsigned address_bits;  /* I */
	bool read_only, removable, write_cache, fua, discard; /* I */
	char model[48], serial[24], firmware[12]; /* I */
	u32 major, minor;       /* I: of the whole disk */
	struct spinlock lock;   /* RANK_BLK */
	struct list waiting;    /* q: requests not started */
	struct list running;    /* q */
	unsigned n_running;     /* q */
	u64 stats[2][4];        /* q: per direction: ios, merges, sectors, ns */
	u64 busy_ns, weighted_ns, busy_since; /* q */
	struct blkdev *whole;   /* I */
	struct list blkdevs;    /* registry's lock: whole disk and partitions */
	struct list link;
	bool gone;              /* q: removed: everything fails with -ENXIO */
	struct delayed_work *watchdog;
};

/* A disk or a partition of it. References by blkdev_get/put. */
struct blkdev {
	struct list link;
	struct disk *disk;      /* I */
	lba_t start;            /* I */
	u64 n_sectors;          /* I */
	unsigned partition;     /* I: 0 whole disk */
	char name[24];          /* I: "sda1" */
	u32 major, minor;       /* I */
	u8 uuid[16];            /* I: GPT partition's, zero if none */
	char label[37];         /* I: GPT name, ASCII */
	struct pagecache cache; /* its own lock */
	struct refcount refs;
	u32 holders;            /* registry's lock: mounts (exclusive users) */
	u64 stats[2][4];        /* disk's lock */
};

/* Driver side. disk_register names nothing: the driver has filled name and limits; it scans partitions in thread context and makes blkdevs. */
int disk_register(struct disk *disk);
/* The hardware is gone: fails everything, forgets the blkdevs (storage lives until the last reference). */
void disk_unregister(struct disk *disk);
/* A request that start() took is finished. Any context. */
void blk_done(struct blk_request *req, int error);
/* The driver can take more. Any context. */
void blk_kick(struct disk *disk);
/* Requests that were in flight before a reset: gives them back to the queue's head to be started again (retries counted, then -EIO). */
void blk_requeue(struct disk *disk, struct list *requests);
/* The next free disk letter: "sda", "sdb" … into name. */
void disk_name_next(char *name, size_t size);
/* Reads the partition table again (BLKRRPART): 0, -EBUSY. */
int disk_rescan(struct disk *disk);

/* User side. Submits; never sleeps; done() will be called. Merging and order: see dev/blk.c. */
void blk_submit(struct blk_request *req);
/* Submits and sleeps (uninterruptibly) until done: its error. */
int blk_submit_wait(struct blk_request *req);
/* Flushes the device's write cache: 0 or -EIO. */
int blk_flush(struct blkdev *dev);
int blk_discard(struct blkdev *dev, lba_t lba, u64 n_sectors);
/* Plugging: between these the current thread's requests are held back so that neighbours merge. */
void blk_plug(void);
void blk_unplug(void);

/* The device by name ("sda1", "/dev/sda1"), by number, or "PARTUUID=…"/"PARTLABEL=…", with a reference, or NULL. */
struct blkdev *blkdev_find(const char *name);
struct blkdev *blkdev_find_number(u32 major, u32 minor);
static inline void blkdev_get(struct blkdev *d) { ref_get(&d->refs); }
void blkdev_put(struct blkdev *d);
/* Exclusive use for a mount: 0 or -EBUSY. */
int blkdev_claim(struct blkdev *d);
void blkdev_release(struct blkdev *d);
void blkdev_each(void (*fn)(struct blkdev *d, void *arg), void *arg);
/* Told of each blkdev that comes or goes (devfs fills /dev): set once. */
void blkdev_set_notify(void (*fn)(struct blkdev *d, bool added));
void blk_init(void);
