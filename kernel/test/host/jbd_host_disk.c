/*
 * test/host/jbd_host_disk.c - disks that keep a diary, and the block layer above them.
 *
 * A write is only queued when submitted; it is done when somebody waits for something, out of
 * order. Reads are done at once. A write is stable when a flush came after it was done, or if it
 * asked for that; what else it was at a power cut, chance decides.
 */
#include "test/host/jbd_host.h"

#include "dev/blk_int.h"
#include "sched/thread.h"

#define QUEUE_MAX 512u

u64 host_mark;
unsigned host_writes;
static struct { struct blk_request *req; u32 submitted; } queue[QUEUE_MAX];
static unsigned n_queued;
static unsigned fail_write;
static bool fail_write_for_good;

static struct host_disk *disk_of(const struct blkdev *dev)
{
	return container_of(dev, struct host_disk, dev);
}

void host_fail_write(unsigned nth, bool for_good)
{
	fail_write = nth;
	fail_write_for_good = for_good;
}

/* Diary */
static struct host_event *event_add(struct host_disk *d)
{
	if (d->n_events == d->room) {
		d->room = d->room ? 2 * d->room : 1024;
		d->events = realloc(d->events, d->room * sizeof(*d->events));
	}
	d->events[d->n_events] = (struct host_event){ .mark = host_mark };
	return &d->events[d->n_events++];
}

static void event_write(struct host_disk *d, u64 at, const void *data, u32 n, bool fua,
			u32 submitted)
{
	struct host_event *e;

	memcpy(d->bytes + at, data, n);
	if (d->plain)
		return;
	e = event_add(d);
	e->data = malloc(n);
	memcpy(e->data, data, n);
	e->at = at;
	e->n = n;
	e->fua = fua;
	e->submitted = submitted;
}

void host_disk_begin(struct host_disk *d)
{
	host_io_finish();
	for (u32 i = 0; i < d->n_events; i++)
		free(d->events[i].data);
	d->n_events = 0;
	memcpy(d->base, d->bytes, d->size);
}

/* Some sectors of a write, or all, or none. */
static void write_perhaps(const struct host_event *e, u8 *out)
{
	switch (unit_below(4)) {
	case 0:
		break;
	case 1:
		for (u32 i = 0; i < e->n; i += 512)
			if (unit_below(2))
				memcpy(out + e->at + i, e->data + i, 512);
		break;
	default:
		memcpy(out + e->at, e->data, e->n);
	}
}

void host_disk_cut(const struct host_disk *d, u32 n, u8 *out)
{
	u32 flushed = 0;

	for (u32 i = 0; i < n; i++)
		if (!d->events[i].data)
			flushed = i;
	memcpy(out, d->base, d->size);
	for (u32 i = 0; i < d->n_events; i++) {
		const struct host_event *e = &d->events[i];

		if (!e->data || (i >= n && e->submitted > n))
			continue;
		if (i < flushed || (i < n && e->fua))
			memcpy(out + e->at, e->data, e->n);
		else
			write_perhaps(e, out);
	}
}

/* Requests */
struct blk_request *blk_request_alloc(unsigned n_pieces)
{
	struct blk_request *req = calloc(1, sizeof(*req) + n_pieces * sizeof(struct dma_piece));

	if (n_pieces > BLK_RESERVE_PIECES)
		abort();
	req->pieces = (void *)(req + 1);
	return req;
}

void blk_request_free(struct blk_request *req)
{
	free(req);
}

static void pieces_gather(const struct blk_request *req, u8 *data)
{
	for (unsigned i = 0; i < req->n_pieces; i++) {
		const struct dma_piece *p = &req->pieces[i];

		if (p->offset + p->length > PAGE_SIZE || p->length & 511)
			abort();
		memcpy(data, (u8 *)page_to_virt(p->page) + p->offset, p->length);
		data += p->length;
	}
}

static void request_write(struct host_disk *d, struct blk_request *req, u32 submitted)
{
	u32 n = req->n_sectors << 9;
	u8 *data;

	host_writes++;
	if (host_fail(&fail_write, fail_write_for_good)) {
		req->error = -EIO;
		return;
	}
	if (req->preflush) {
		(void)event_add(d);
		submitted = d->n_events; /* not before that */
	}
	data = malloc(n);
	pieces_gather(req, data);
	event_write(d, req->lba << 9, data, n, req->fua, submitted);
	free(data);
}

static void request_read(struct host_disk *d, struct blk_request *req)
{
	u64 at = req->lba << 9;

	for (unsigned i = 0; i < req->n_pieces; i++) {
		const struct dma_piece *p = &req->pieces[i];

		memcpy((u8 *)page_to_virt(p->page) + p->offset, d->bytes + at, p->length);
		at += p->length;
	}
}

static void request_run(struct blk_request *req, u32 submitted)
{
	struct host_disk *d = disk_of(req->dev);

	req->error = 0;
	if (req->lba + req->n_sectors > req->dev->n_sectors)
		abort();
	if (req->op == BLK_FLUSH)
		(void)event_add(d);
	else if (req->op == BLK_READ)
		request_read(d, req);
	else
		request_write(d, req, submitted);
	req->done(req);
}

bool host_io_run(void)
{
	bool any = false;

	os_lock();
	if (n_queued) {
		unsigned i = (unsigned)unit_below(n_queued);
		struct blk_request *req = queue[i].req;
		u32 submitted = queue[i].submitted;

		queue[i] = queue[--n_queued];
		request_run(req, submitted);
		any = true;
	}
	os_unlock();
	return any;
}

void host_io_finish(void)
{
	while (host_io_run())
		;
}

void blk_submit(struct blk_request *req)
{
	os_lock();
	if (req->op == BLK_READ) {
		request_run(req, 0);
	} else {
		if (n_queued == QUEUE_MAX)
			host_io_finish();
		queue[n_queued].req = req;
		queue[n_queued++].submitted = disk_of(req->dev)->n_events;
	}
	os_unlock();
}

static void wait_done(struct blk_request *req)
{
	__atomic_store_n((bool *)req->data, true, __ATOMIC_RELEASE);
}

int blk_submit_wait(struct blk_request *req)
{
	bool done = false;

	req->done = wait_done;
	req->data = &done;
	blk_submit(req);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		if (!host_io_run())
			os_yield();
	return req->error;
}

int blk_flush(struct blkdev *dev)
{
	struct blk_request req = { .dev = dev, .op = BLK_FLUSH };

	return blk_submit_wait(&req);
}

void blk_plug(void) { }
void blk_unplug(void) { }
void blkdev_put(struct blkdev *d) { }

int host_write(struct host_disk *d, u64 at, const void *data, u32 n)
{
	struct page *page = page_alloc_order(0, MM_KERNEL);
	struct dma_piece piece = { page, 0, n };
	struct blk_request req = { .dev = &d->dev, .op = BLK_WRITE, .lba = at >> 9,
				   .n_sectors = n >> 9, .pieces = &piece, .n_pieces = 1 };
	int err;

	if (!page)
		return -ENOMEM;
	memcpy(page_to_virt(page), data, n);
	err = blk_submit_wait(&req);
	page_put(page);
	return err;
}

struct host_disk *host_disk_create(u64 size)
{
	struct host_disk *d = calloc(1, sizeof(*d));

	host_init();
	d->size = size;
	d->bytes = calloc(1, size);
	d->base = calloc(1, size);
	strlcpy(d->dev.name, "host1", sizeof(d->dev.name));
	d->dev.n_sectors = size >> 9;
	d->dev.disk = &d->disk;
	d->disk.sector_size = 512;
	blkdev_cache_init(&d->dev);
	return d;
}

void host_disk_destroy(struct host_disk *d)
{
	host_io_finish();
	pagecache_fini(&d->dev.cache);
	host_disk_begin(d);
	free(d->events);
	free(d->bytes);
	free(d->base);
	free(d);
}
