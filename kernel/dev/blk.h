/*
 * Block devices: requests down, completion up in interrupt context. Disks are registered by
 * drivers, partitions found on them; each has a page cache (bcache.h) through which raw reads,
 * file-system metadata and /dev/sda go. Unit of addresses: 512-byte sectors (lba_t).
 */
#pragma once

#include "core/refcount.h"
#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"
#include "mm/dma.h"
#include "sched/wait.h"
#include "sched/work.h"
#include "vm/pagecache.h"

struct disk;
struct blkdev;
struct disk_host;
struct pci_device;
struct file;

/* A buffer that a device reaches (blk_bounce.c). */
struct blk_bounce {
	void *memory;
	dma_addr_t bus;
};

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD, BLK_PACKET, BLK_OPS };

/* A command of SCSI's kind for a device that is told by such (BLK_PACKET); its data, if any, come
 * from the device. */
struct blk_packet {
	u8 cdb[16];
	u64 timeout_ns;         /* as a request's */
	u32 n_transferred;      /* bytes of data that came */
	u8 sense[18];           /* of a command that failed: fixed format, SPC-4 4.5.3; else zero */
};

/*
 * What the driver shall do now: a whole request, a part of one that is too large, several that were
 * merged, or a flush that belongs to a write.
 */
struct blk_transfer {
	enum blk_op op;
	bool fua;
	lba_t lba;              /* of the disk */
	u32 n_sectors;          /* of all requests in the chain */
	unsigned first_piece;   /* of the request's pieces, when it goes out in parts */
	unsigned n_pieces;
};

/*
 * A transfer between consecutive sectors and pieces of pages. Filled by the submitter (the rest
 * zero), who owns it again when done() is called; his fields are never changed by the layers below,
 * but for `error`. Of any size: what is too large for the device goes out in parts. Each piece's
 * length is a multiple of 512.
 */
struct blk_request {
	struct list link;           /* q: the block layer's, while in flight */
	struct blkdev *dev;         /* target */
	enum blk_op op;
	bool fua;                   /* on stable storage when done */
	bool preflush;              /* earlier completed writes are stable before this one is */
	lba_t lba;                  /* within dev */
	u32 n_sectors;
	struct dma_piece *pieces;   /* they sum to n_sectors * 512; none for flush and discard */
	unsigned n_pieces;
	u64 timeout_ns;             /* how long the device may take, at one attempt; 0: as long as
				     * the disk's, with others to follow */
	struct blk_packet *packet;  /* BLK_PACKET: pieces are of any length, lba and n_sectors 0 */
	/* Result: 0 or -EIO, -ENXIO (gone, beyond the end), -EOPNOTSUPP, -EROFS, -EINVAL (not in
	 * logical sectors), -ENOMEDIUM. */
	int error;
	/* Any context, once; may be called before blk_submit() returns; must not sleep. */
	void (*done)(struct blk_request *req);
	void *data;                 /* submitter's */

	/* From here on the block layer's; q. */
	struct blk_transfer xfer;   /* for the driver */
	struct blk_request *next;   /* merged: travels with the one before it */
	struct blk_request *last;   /* of the chain, in its head */
	unsigned chain_pieces;      /* of all in the chain, in its head */
	u32 n_done;                 /* sectors of the parts that are done */
	u8 todo;                    /* BLK_TODO_*: steps to come */
	u8 retries;
	bool alone;                 /* not to be merged (again) */
	bool suspect;               /* driver's; false at first */
	bool bounced;               /* the transfer goes through its tag's buffer */
	bool reserve;               /* I: storage is of the reserve (blk_request_alloc()) */
	u64 submit_ns;              /* for accounting */
	u64 start_ns;               /* when the driver took it, for time-outs */
	unsigned tag;               /* driver's: below the disk's depth, before blk_map() */
};

#define BLK_TODO_PREFLUSH  (1u << 0)
#define BLK_TODO_DATA      (1u << 1)
#define BLK_TODO_POSTFLUSH (1u << 2)

struct disk_ops {
	/*
	 * Starts req->xfer: 0; -EBUSY (no free tag: the layer keeps it and offers it again after
	 * the next blk_done() or blk_kick()); another error ends the request. Any context,
	 * interrupts off, queue lock held (RANK_BLK): must not call blk_done().
	 */
	int (*start)(struct disk *disk, struct blk_request *req);
	/* A request has run for too long: recover the hardware and make every request in flight be
	 * done or replayed (blk_requeue). Thread context. */
	void (*timeout)(struct disk *disk, struct blk_request *req);
	/* Somebody wants the disk gone as if it had been unplugged: 0 when it is unregistered, or
	 * -EBUSY (it is being repaired). Thread context, with a reference. NULL: not possible. */
	int (*detach)(struct disk *disk);
	/* ioctl(2) on `file`, which is open on d, one of the disk's: -ENOTTY if it is none of the
	 * driver's. Thread context. NULL: the driver has none. */
	long (*ioctl)(struct disk *disk, struct blkdev *d, struct file *file, u32 request, u64 arg);
	/* Nobody has the disk or a partition of it open any more, by blkdev_open(). Thread context,
	 * no lock held. NULL: does not matter. */
	void (*closed)(struct disk *disk);
	/* A text of the driver's about the disk, for a file of that name in /sys: 0, -ENODEV (there
	 * is none now), -errno. Thread context. */
	int (*describe)(struct disk *disk, const char *name, char *buf, size_t size);
	/* The last reference to an unregistered disk is gone: free it. Thread context. NULL:
	 * nothing to free. */
	void (*release)(struct disk *disk);
};

/* I: constant after registration.  q: lock.  r: registry's lock. */
struct disk {
	char name[16];          /* I: "sda" */
	const struct disk_ops *ops; /* I */
	void *data;             /* I: driver's */
	u64 n_sectors;          /* of 512 bytes; q to change, by disk_set_size(); with a cdrom: its
				 * lock */
	u32 sector_size;        /* I, but while it has no users: logical, bytes (512 … 4096) */
	u32 physical_sector_size; /* I */
	u32 max_sectors;        /* I: per request, of 512 bytes; whole logical sectors, >= a page */
	u32 max_discard_sectors; /* I: the same for BLK_DISCARD */
	u32 max_segments;       /* I */
	u32 max_segment_bytes;  /* I: at least a page */
	u32 depth;              /* I: requests the device takes at a time */
	unsigned address_bits;  /* I: how much memory the device reaches */
	struct blk_bounce *bounces; /* I: of each tag, if that is not all; else NULL */
	bool read_only;         /* a */
	bool removable, write_cache, fua, discard; /* I */
	bool rotational;        /* I */
	bool unpartitioned;     /* a: no table is looked for */
	struct cdrom *cdrom;    /* I: drive of media that are changed (dev/cdrom.h), or NULL */
	u32 ahead;              /* a: pages that are read ahead, of it and of files on it */
	bool described;         /* a: there is what ops->describe() tells */
	struct disk_host *host; /* I: what it is plugged into: it answers to ioctls of SCSI disks;
				 * NULL: nothing */
	char model[48], serial[24], firmware[12]; /* I */
	u32 major, minor;       /* I: of the whole disk; by disk_register() for "sda" */
	u32 n_minors;           /* I: 16 of such; else 0, and all partitions have the extended
				 * major */
	u64 sequence;           /* I: counts registrations, from 1; by disk_register() */
	u64 timeout_ns;         /* I: 0: the default, by disk_register() */
	struct spinlock lock;   /* RANK_BLK */
	struct list waiting[2]; /* q: requests not started: reads, others */
	struct blk_request *refused; /* q: of these, who is next because the driver was busy */
	unsigned n_overtaken;   /* q: reads in a row that went before others that wait */
	unsigned n_running_other; /* q: of n_running, what is not a read */
	struct list running;    /* q: oldest start first */
	unsigned n_running;     /* q */
	u64 n_timeouts, n_retries, n_errors; /* q */
	struct blkdev *whole;   /* I */
	struct list blkdevs;    /* r: whole disk and partitions */
	u32 n_openers;          /* r: blkdev_open() on any of them */
	struct list link;       /* r */
	bool gone;              /* q: removed: everything fails with -ENXIO */
	bool watching;          /* q: the watchdog is set */
	struct delayed_work watchdog;
	struct refcount refs;   /* registration's and each blkdev's */
};

/* What a block device has done, per operation, and what it has to do. A whole disk counts what its
 * partitions do, too. */
struct blk_stats {
	u64 ios[BLK_OPS], merges[BLK_OPS], sectors[BLK_OPS], ns[BLK_OPS];
	u64 in_flight;              /* requests submitted and not done */
	u64 busy_ns, weighted_ns;   /* time with such, and that times their number */
};

/* A disk or a partition of it. References by blkdev_get/put. */
struct blkdev {
	struct list link;
	struct disk *disk;      /* I */
	lba_t start;            /* I */
	u64 n_sectors;          /* as the disk's */
	unsigned partition;     /* I: 0 whole disk */
	char name[24];          /* I: "sda1" */
	u32 major, minor;       /* I */
	u8 uuid[16];            /* I: as in dev/partition.h */
	char label[37];         /* I: GPT name, ASCII */
	struct pagecache cache; /* its own lock */
	struct refcount refs;
	u32 holders;            /* registry's lock: mounts (exclusive users) */
	bool read_only;         /* a: as asked for (BLKROSET) */
	u32 block_size;         /* a: what BLKBSZSET said, or 0 */
	bool gone;              /* registry's lock: not to be found any more */
	struct blk_stats stats; /* disk's lock */
	u64 counted_ns;         /* disk's lock: up to when its times are counted */
};

/* Driver side. disk_register names nothing: the driver has filled name and limits; it scans
 * partitions in thread context and makes blkdevs. 0, or -ENOMEM after ops->release(). */
int disk_register(struct disk *disk);
/* The two halves of it, for a disk that may go as soon as its driver knows it: after disk_init()
 * disk_unregister() may come at any time, and must after disk_add() has failed with -ENOMEM;
 * -ENXIO: it has come. */
void disk_init(struct disk *disk);
int must_check disk_add(struct disk *disk);
/* The hardware is gone; the driver has no request any more and is called no more: fails what waits,
 * forgets the blkdevs (storage lives until the last reference, then ops->release()). Thread
 * context. */
void disk_unregister(struct disk *disk);
/* Where a disk is plugged in: a controller's port. Registered once and for ever, before its first
 * disk; numbered from 0. */
struct disk_host {
	struct list link;       /* r to change, `disk_lists` to read */
	unsigned number;        /* I: by disk_host_register() */
	const char *driver;     /* I */
	struct pci_device *pci; /* I: the controller */
	/* Looks for a disk that is not known yet, and registers it. Thread context. */
	void (*scan)(struct disk_host *host);
};
void disk_host_register(struct disk_host *host);
/* The number plus one of the next host after `after` (0: the first), or 0; of those of a controller
 * if `pci` is not NULL. Any context. */
unsigned disk_host_next(const struct pci_device *pci, unsigned after);
/* The host of this number, or NULL. Thread context. */
struct disk_host *disk_host_find(unsigned number);
/* The BLKDEV_NUMBER() of the disk that is plugged in there, or 0, and its name. Any context. */
u32 disk_host_disk(unsigned number, char *name, size_t size);
/* A request that start() took is finished. Any context. */
void blk_done(struct blk_request *req, int error);
/* The driver can take more. Any context. */
void blk_kick(struct disk *disk);
/*
 * Gives n requests that start() took back to the queue's head, in this order, to be started again.
 * `blame`: they count a retry, and after BLK_MAX_RETRIES end with -EIO; else they were only in the
 * way of somebody else's reset. Any context.
 */
void blk_requeue(struct disk *disk, struct blk_request **reqs, unsigned n, bool blame);
#define BLK_MAX_RETRIES 3
/*
 * The bus segments of req->xfer: how many, or -E2BIG. Any context.
 */
int blk_map(struct disk *disk, struct blk_request *req, struct dma_segment *segments,
	    unsigned max);
/* The next free disk letter: "sda", "sdb" … into name: 0 or -ENOSPC. The name is free again when
 * the disk is released. */
int must_check disk_name_next(char *name, size_t size);
void disk_get(struct disk *disk);
void disk_put(struct disk *disk);
void disk_each(void (*fn)(struct disk *disk, void *arg), void *arg);
/* Reads the partition table again (BLKRRPART): 0, -EBUSY, -EINVAL (it has none to be read).
 * Thread context, as the next five. */
int disk_rescan(struct disk *disk);
/* Forgets all partitions, of which nobody uses any: 0 or -EBUSY. */
int disk_forget_partitions(struct disk *disk);
/* The disk has another size, in sectors of 512 bytes. What is cached behind a new end is lost. */
void disk_set_size(struct disk *disk, u64 n_sectors);
/* Makes a partition known that no table need name (BLKPG), or forgets one: 0, -EINVAL (not on the
 * disk), -EBUSY (number or place taken; in use), -ENXIO, -ENOMEM, -ENOSPC. */
int disk_partition_add(struct disk *disk, unsigned number, lba_t start, u64 n_sectors);
int disk_partition_remove(struct disk *disk, unsigned number);
/* Another length for the partition that begins at `start`: 0, -EINVAL, -EBUSY (it would meet
 * another), -ENXIO. */
int disk_partition_resize(struct disk *disk, unsigned number, lba_t start, u64 n_sectors);
#define DISK_PARTITIONS 255 /* highest number */

/*
 * A request with room for n pieces, zeroed, for writers of pages: never NULL; may sleep until
 * another one is freed (there is always a reserve, so that memory can be written out when there is
 * none left), so free or submit one before asking for the next. n at most BLK_RESERVE_PIECES.
 */
struct blk_request *blk_request_alloc(unsigned n_pieces);
void blk_request_free(struct blk_request *req); /* any context */
#define BLK_RESERVE_PIECES 64

/* User side. Submits; never sleeps; done() will be called. Merging and order: see dev/blk.c. */
void blk_submit(struct blk_request *req);
/* Submits and sleeps (uninterruptibly) until done: its error. Sets req->done and req->data. */
int blk_submit_wait(struct blk_request *req);
/* Flushes the device's write cache: 0 or -EIO. */
int blk_flush(struct blkdev *dev);
int blk_discard(struct blkdev *dev, lba_t lba, u64 n_sectors);
/*
 * Plugging: between these the current thread's requests are held back so that neighbours merge.
 * They nest. Held requests go out at the last unplug, when there are many, or when the thread
 * blocks.
 */
void blk_plug(void);
void blk_unplug(void);

/* The device by name ("sda1", "/dev/sda1"), by number, or "PARTUUID=…"/"PARTLABEL=…", with a
 * reference, or NULL. */
struct blkdev *blkdev_find(const char *name);
struct blkdev *blkdev_find_number(u32 major, u32 minor);
static inline void blkdev_get(struct blkdev *d) { ref_get(&d->refs); }
void blkdev_put(struct blkdev *d);
/* Somebody begins to use what is in the device, or ends (see disk_ops.closed): its medium is looked
 * at and stays where it is. 0, -ENXIO (gone), -ENOMEDIUM, -EIO. Thread context, blkdev_close()
 * without locks. */
int must_check blkdev_open(struct blkdev *d);
void blkdev_close(struct blkdev *d);
/* Users of a disk and its partitions. */
u32 disk_openers(struct disk *disk);
static inline bool blkdev_is_read_only(const struct blkdev *d)
{
	return READ_ONCE(d->disk->read_only) || READ_ONCE(d->read_only) ||
	       READ_ONCE(d->disk->whole->read_only);
}
/* Exclusive use for a mount: 0 or -EBUSY. */
int blkdev_claim(struct blkdev *d);
void blkdev_release(struct blkdev *d);
/*
 * The registered block device with the smallest BLKDEV_NUMBER() above `after` (0: the first), and
 * its name: its number, or 0. `of`: of the partitions of the disk with that number, of the whole
 * disks (BLKDEV_DISKS, BLKDEV_VIRTUAL), or of all (0). Any context.
 */
u32 blkdev_next(u32 of, u32 after, char *name, size_t size);
#define BLKDEV_NUMBER(major, minor) ((major) << 20 | (minor))
#define BLKDEV_DISKS 1u
#define BLKDEV_VIRTUAL 2u /* whole disks that are plugged into nothing */
/* Whether there is a disk with that number of which it is true now. Any context. */
enum blkdev_property { BLKDEV_DESCRIBED, BLKDEV_HARDWARE };
bool blkdev_property(u32 number, enum blkdev_property property);
void blkdev_each(void (*fn)(struct blkdev *d, void *arg), void *arg);
/* Told of each blkdev that comes or goes (devfs fills /dev), no lock held: set once; it is first
 * told of all there are. */
void blkdev_set_notify(void (*fn)(struct blkdev *d, bool added));
/* Numbers for /proc/diskstats and /sys as of now. Any context. */
void blkdev_stats(struct blkdev *d, struct blk_stats *out);
/* After work_init_threads(). */
void blk_init(void);
