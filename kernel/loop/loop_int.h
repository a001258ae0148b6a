/*
 * Between the files of the loop devices.
 *
 * A loop device is a disk that is always there, of no size until it is *bound* to a file. Its
 * requests wait in a ring for a thread of its own, which reads and writes the file as a process
 * would. Bound and unbound, and whatever else is configured, it is under one lock for all devices,
 * which the threads never take.
 *
 *   loop.c        the devices, /dev/loop-control
 *   loop_ioctl.c  ioctl(2) on a device: arguments in and out
 *   loop_bind.c   binding to a file, its end, changes in between
 *   loop_io.c     the ring and the thread
 */
#pragma once

#include "abi/loop.h"
#include "dev/blk.h"
#include "sched/mutex.h"
#include "vfs/file.h"

#define LOOP_DEPTH 64

enum loop_state { LOOP_UNBOUND, LOOP_BOUND };

/* m: loop_lock.  q: disk.lock.  I: constant. */
struct loop {
	struct disk disk;
	struct list link;       /* m: in order of their numbers */
	unsigned number;        /* I */
	enum loop_state state;  /* m */
	struct file *file;      /* m and q to change, either to read */
	u64 offset, size_limit; /* m to change, torn reads do not happen: bytes */
	u32 flags;              /* m to change: LO_FLAGS_* */
	u8 name[LO_NAME_SIZE];  /* m: as it was told */
	struct blk_request *ring[LOOP_DEPTH]; /* q */
	unsigned head, tail;    /* q: count up */
	bool stop;              /* q: the thread ends when the ring is empty; nothing enters it */
	bool running;           /* a: there is a thread */
	struct file *using;     /* q to set, a to clear: the file of the thread's request */
	struct wait_queue work;
	struct wait_queue ended; /* a request, or the thread */
};

extern struct mutex loop_lock; /* RANK_LOOP */

static inline struct loop *loop_of(struct disk *disk)
{
	return container_of(disk, struct loop, disk);
}

/* loop_io.c */
int loop_start(struct disk *disk, struct blk_request *req);
/* The thread: 0 or -ENOMEM; stopped, it first does what waits. loop_lock held. */
int loop_thread_start(struct loop *l);
void loop_thread_stop(struct loop *l);

/* loop.c: the device of that number, or NULL. loop_lock held. */
struct loop *loop_find(unsigned number);

/* loop_bind.c; without loop_lock. Errors as loop(4) and linux/loop.h have them. */
int loop_bind(struct loop *l, struct blkdev *d, const struct file *opened,
	      const struct loop_config *config);
int loop_clear(struct loop *l, bool if_unused);
int loop_change_file(struct loop *l, int fd);
int loop_set_status(struct loop *l, const struct loop_info64 *info);
int loop_get_status(struct loop *l, struct loop_info64 *info);
int loop_set_capacity(struct loop *l);
int loop_set_direct(struct loop *l, bool on);
int loop_set_block_size(struct loop *l, u64 size);

/* loop_ioctl.c */
long loop_ioctl(struct disk *disk, struct blkdev *d, struct file *f, u32 request, u64 arg);
