/*
 * The work of a loop device: its requests, in order of their arrival, become reads, writes, fsync
 * and fallocate of the file.
 *
 * Memory may be short because what is to be written out waits here. So the thread is one that
 * frees memory (thread->frees_memory): it is not held up because too much is dirty, may use the
 * emergency reserve of frames, and has requests of the block layer set aside. What it writes is
 * dirty again, in the file's cache; when too much is, it starts writing that itself.
 */
#include "core/log.h"
#include "core/panic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "loop/loop_int.h"
#include "mm/slab.h"

#define SEGMENTS_MAX 256

int loop_start(struct disk *disk, struct blk_request *req)
{
	struct loop *l = loop_of(disk);

	if (!l->file || l->stop)
		return -ENXIO;
	if (l->head - l->tail == LOOP_DEPTH)
		return -EBUSY;
	l->ring[l->head++ % LOOP_DEPTH] = req;
	wait_wake(&l->work, 0);
	return 0;
}

/* The next request and the file, which is in use from now on; NULL: the end. */
static struct blk_request *request_next(struct loop *l, struct file **file)
{
	struct blk_request *req = NULL;
	u64 flags;

	wait_until(&l->work, READ_ONCE(l->head) != READ_ONCE(l->tail) || READ_ONCE(l->stop));
	flags = spin_lock_irq(&l->disk.lock);
	if (l->head != l->tail) {
		req = l->ring[l->tail++ % LOOP_DEPTH];
		*file = l->using = l->file;
	}
	spin_unlock_irq(&l->disk.lock, flags);
	return req;
}

/* Behind the file's end there are zeros. */
static int read_segment(struct file *file, char *buf, size_t n, loff_t pos)
{
	while (n) {
		struct iov_iter to;
		ssize_t done;

		iov_init_kernel(&to, buf, n);
		done = file_read(file, &to, &pos);
		if (done < 0)
			return (int)done;
		if (!done) {
			memset(buf, 0, n);
			return 0;
		}
		buf += done;
		n -= (size_t)done;
	}
	return 0;
}

static int write_segment(struct file *file, char *buf, size_t n, loff_t pos)
{
	while (n) {
		struct iov_iter from;
		ssize_t done;

		iov_init_kernel(&from, buf, n);
		done = file_write(file, &from, &pos, ~0ull);
		if (done <= 0)
			return done ? (int)done : -EIO;
		buf += done;
		n -= (size_t)done;
	}
	return 0;
}

/* With LO_FLAGS_DIRECT_IO what was written does not stay dirty in the file's cache. */
static int write_through(struct file *file, loff_t from, loff_t to)
{
	struct pagecache *cache = &file->inode->cache;

	if (!cache->ops || !cache->ops->write)
		return 0;
	return pagecache_write_range(cache, (pgoff_t)from >> PAGE_SHIFT,
				     (pgoff_t)(to - 1) >> PAGE_SHIFT, true);
}

static int transfer(struct loop *l, struct blk_request *req, struct file *file,
		    struct dma_segment *segments)
{
	loff_t start = (loff_t)(l->offset + (req->xfer.lba << 9)), pos = start;
	int n = blk_map(&l->disk, req, segments, SEGMENTS_MAX), err = n < 0 ? n : 0;

	for (int i = 0; i < n && err == 0; i++) {
		char *at = phys_to_virt(segments[i].bus);

		if (req->xfer.op == BLK_READ)
			err = read_segment(file, at, segments[i].length, pos);
		else
			err = write_segment(file, at, segments[i].length, pos);
		pos += segments[i].length;
	}
	if (err == 0 && req->xfer.op == BLK_WRITE && l->flags & LO_FLAGS_DIRECT_IO)
		err = write_through(file, start, pos);
	if (err < 0)
		log_err("%s: %s error %d at byte %lld of its file", l->disk.name,
			req->xfer.op == BLK_READ ? "read" : "write", -err, (long long)pos);
	return err < 0 ? -EIO : 0;
}

static int discard(struct loop *l, struct blk_request *req, struct file *file)
{
	int err = file_allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				(loff_t)(l->offset + (req->xfer.lba << 9)),
				(loff_t)req->xfer.n_sectors << 9, ~0ull);

	if (err == -ABI_EOPNOTSUPP || err == -ABI_EINVAL || err == -ABI_ENODEV)
		return -EOPNOTSUPP;
	return err < 0 ? -EIO : 0;
}

static int carry_out(struct loop *l, struct blk_request *req, struct file *file,
		     struct dma_segment *segments)
{
	int err;

	switch (req->xfer.op) {
	case BLK_READ:
	case BLK_WRITE:
		return transfer(l, req, file, segments);
	case BLK_DISCARD:
		return discard(l, req, file);
	default:
		err = file_sync(file, false);
		return err < 0 && err != -ABI_EINVAL ? -EIO : 0;
	}
}

struct thread_start { struct loop *l; struct dma_segment *segments; };

static void loop_main(void *arg)
{
	struct thread_start start = *(struct thread_start *)arg;
	struct loop *l = start.l;
	struct blk_request *req;
	struct file *file;

	kfree(arg);
	thread_current()->frees_memory = true;
	while ((req = request_next(l, &file))) {
		int err = carry_out(l, req, file, start.segments);

		WRITE_ONCE(l->using, NULL);
		wait_wake(&l->ended, 0);
		blk_done(req, err);
	}
	kfree(start.segments);
	WRITE_ONCE(l->running, false);
	wait_wake(&l->ended, 0);
	disk_put(&l->disk);
}

int loop_thread_start(struct loop *l)
{
	struct thread_start *start = kmalloc(sizeof(*start), MM_KERNEL);
	int err = -ENOMEM;

	if (!start)
		return -ENOMEM;
	start->l = l;
	start->segments = kmalloc_array(SEGMENTS_MAX, sizeof(*start->segments), MM_KERNEL);
	if (!start->segments)
		goto out;
	l->stop = false;
	l->running = true;
	disk_get(&l->disk); /* until the thread has said its last word */
	err = kthread_start(l->disk.name, loop_main, start);
	if (err == 0)
		return 0;
	l->running = false;
	disk_put(&l->disk);
out:
	kfree(start->segments);
	kfree(start);
	return err;
}

void loop_thread_stop(struct loop *l)
{
	u64 flags = spin_lock_irq(&l->disk.lock);

	WRITE_ONCE(l->stop, true);
	spin_unlock_irq(&l->disk.lock, flags);
	wait_wake(&l->work, 0);
	wait_until(&l->ended, !READ_ONCE(l->running));
}
