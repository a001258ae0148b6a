/*
 * test/host/jbd_host.h - the rooms below fs/jbd, small enough for a test program.
 *
 * fs/jbd and the buffers of dev/ are compiled unmodified. Here are disks in memory that remember
 * every write and flush, with requests that end late and out of order; a page cache; locks, wait
 * queues and threads, which are the host's; allocations and transfers that fail on demand. A disk's
 * diary tells what it holds after a power cut at any moment.
 */
#ifndef TEST_HOST_JBD_HOST_H
#define TEST_HOST_JBD_HOST_H

#include "test/host/host.h"

#include "dev/bcache.h"
#include "fs/jbd/jbd.h"
#include "fs/jbd/jbd_disk.h"

/* jbd_host_os.c */
void os_lock(void);		/* the one lock of the harness; recursive */
void os_unlock(void);
void os_sleep(u64 ns);		/* less than a second; gives the lock up meanwhile */
u64 os_now(void);
void os_yield(void);
void os_set_gs(u64 base);
void os_thread(void (*fn)(void *arg), void *arg);	/* runs to its end by itself */
bool os_load(const char *path, void *data, size_t n);
bool os_save(const char *path, const void *data, size_t n);

/* jbd_host_mem.c */
void host_init(void);
/* A thread of the kernel's for fn; host_join() waits for the end of all that were made so. */
void host_thread(void (*fn)(void *arg), void *arg);
void host_join(void);
u64 host_allocations(void);	/* in use: objects and pages */
/* The n-th allocation from now on fails, and every one after it while `for_good`; 0: none. */
void host_fail_alloc(unsigned nth, bool for_good);
/* Whether that has not happened yet. */
bool host_fail_pending(void);
extern bool host_quiet;		/* errors in the log are expected */

/* One write, or a flush, in the order in which they were done. */
struct host_event {
	u8 *data;		/* NULL: a flush */
	u64 at;			/* byte of the disk */
	u32 n;			/* bytes */
	u32 submitted;		/* events that were done when it was submitted */
	bool fua;
	u64 mark;		/* host_mark when it was done */
};

struct host_disk {
	struct blkdev dev;
	struct disk disk;
	u8 *bytes, *base;	/* now; when the diary began */
	u64 size;
	struct host_event *events;
	u32 n_events, room;
	bool plain;		/* it keeps no diary */
};

/* What had been promised to be stable; noted with each event. */
extern u64 host_mark;
/* The n-th write from now on fails, and every one after it while `for_good`. */
void host_fail_write(unsigned nth, bool for_good);
extern unsigned host_writes;	/* so far */

struct host_disk *host_disk_create(u64 size);
void host_disk_destroy(struct host_disk *d);
/* Forgets the diary, which begins anew. */
void host_disk_begin(struct host_disk *d);
/*
 * What the disk has if the power fails when `n` events are done: into `out`. What is not stable is
 * there or not, sector by sector, as chance wants it.
 */
void host_disk_cut(const struct host_disk *d, u32 n, u8 *out);
/* Does what is on its way; whether there was anything. */
bool host_io_run(void);
/* Writes n bytes and waits: 0 or an error. */
int host_write(struct host_disk *d, u64 at, const void *data, u32 n);

/* jbd_host_replay.c */
/* Replays the journal into the disk and makes it empty: 0 or an error. */
int host_replay(struct host_disk *d, const struct jbd_config *config);

#endif
