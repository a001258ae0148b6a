/* What stands around the driver in ahci_host: a queue like dev/blk.c's without merging, works,
 * time, memory. */
#include "test/host/ahci_host.h"

#include "core/cmdline.h"
#include "core/log.h"
#include "mm/slab.h"

struct ahci_hba hba;
struct disk *the_disk;
void (*ahci_host_at_requeue)(void);
bool fua_next;
struct blk_packet *packet_next;

static u64 now;
static struct list waiting = LIST_INIT(waiting), running = LIST_INIT(running);
static struct blk_request *refused;
static struct list works = LIST_INIT(works);

static struct io *io_of(struct blk_request *req)
{
	return container_of(req, struct io, req);
}

/* Reads go before others most of the time, like in dev/blk.c, but for what was refused. */
static struct blk_request *next(void)
{
	static unsigned n_reads;
	struct blk_request *req;

	if (refused)
		return refused;
	if (n_reads++ % 16)
		list_for_each_entry(req, &waiting, link)
			if (req->op == BLK_READ)
				return req;
	return list_first_entry(&waiting, struct blk_request, link);
}

static void dispatch(void)
{
	while (!list_empty(&waiting)) {
		struct blk_request *req = next();
		struct disk *disk = req->data;
		int err = disk == the_disk ? disk->ops->start(disk, req) : -ENXIO;

		refused = err == -EBUSY ? req : NULL;
		if (err == -EBUSY)
			return;
		list_del(&req->link);
		if (err)
			io_of(req)->result = err;
		else
			list_add_tail(&req->link, &running);
	}
}

void ahci_host_submit(struct io *io, enum blk_op op, u64 lba, u8 fill)
{
	memset(io, 0, sizeof(*io));
	memset(io->buf, fill, sizeof(io->buf));
	io->result = 1;
	io->req.op = io->req.xfer.op = op;
	io->req.data = the_disk;
	io->req.xfer.lba = lba;
	io->req.xfer.n_sectors = op == BLK_FLUSH || op == BLK_PACKET ? 0 : MODEL_IO;
	io->req.xfer.n_pieces = op != BLK_FLUSH;
	io->req.xfer.fua = fua_next;
	io->req.packet = packet_next;
	list_add_tail(&io->req.link, &waiting);
	dispatch();
}

void blk_done(struct blk_request *req, int error)
{
	CHECK_EQ(io_of(req)->result, 1);
	list_del(&req->link);
	io_of(req)->result = error;
	dispatch();
}

void blk_requeue(struct disk *disk, struct blk_request **reqs, unsigned n, bool blame)
{
	void (*hook)(void) = ahci_host_at_requeue;

	ahci_host_at_requeue = NULL;
	if (hook)
		hook();
	while (n-- > 0) {
		list_del(&reqs[n]->link);
		if (blame && ++reqs[n]->retries > BLK_MAX_RETRIES)
			io_of(reqs[n])->result = -EIO;
		else
			list_add(&reqs[n]->link, &waiting);
	}
	dispatch();
}

void blk_kick(struct disk *disk) { dispatch(); }

int blk_map(struct disk *disk, struct blk_request *req, struct dma_segment *s, unsigned max)
{
	const struct io *io = container_of(req, struct io, req);

	s[0] = (struct dma_segment){ (u64)io->buf, 1024 };
	s[1] = (struct dma_segment){ (u64)io->buf + 1024, sizeof(io->buf) - 1024 };
	return 2;
}

int disk_name_next(char *name, size_t size) { return (int)strlcpy(name, "sda", size) * 0; }

void disk_init(struct disk *disk) { ref_set(&disk->refs, 1); }

int disk_add(struct disk *disk)
{
	CHECK(!the_disk);
	the_disk = disk;
	return 0;
}

void disk_host_register(struct disk_host *host) { host->number = 0; }
void disk_get(struct disk *disk) { ref_get(&disk->refs); }

void disk_put(struct disk *disk)
{
	if (ref_put(&disk->refs))
		disk->ops->release(disk);
}

void disk_unregister(struct disk *disk)
{
	CHECK(the_disk == disk);
	the_disk = NULL;
	dispatch();
	disk_put(disk);
}

/* A mutex that nobody else ever has. */
DEFINE_PERCPU(struct thread *, cpu_thread);
void mutex_lock_slow(struct mutex *m) { CHECK(!"a mutex taken twice"); }
void mutex_unlock_slow(struct mutex *m) { m->owner = NULL; }
void mutex_wake_slow(struct mutex *m) { }

int cdrom_init(struct cdrom *cd, struct disk *disk)
{
	cd->disk = disk;
	disk->cdrom = cd;
	return 0;
}

void cdrom_settle(struct cdrom *cd) { }
void cdrom_fini(struct cdrom *cd) { cd->disk = NULL; }
void cdrom_note(struct cdrom *cd, const u8 sense[18]) { model.n_notes++; }

void work_init(struct work *w, void (*fn)(struct work *work))
{
	*w = (struct work){ .fn = fn };
}

bool work_queue(struct work *w)
{
	if (w->pending)
		return false;
	w->pending = true;
	list_add_tail(&w->link, &works);
	return true;
}

static void work_run(struct work *w)
{
	list_del(&w->link);
	w->pending = false;
	w->fn(w);
}

void work_flush(struct work *w)
{
	if (w->pending)
		work_run(w);
}

bool ahci_host_step(void)
{
	if (!list_empty(&works)) {
		work_run(list_first_entry(&works, struct work, link));
		return true;
	}
	if (model_step())
		return true;
	if (list_empty(&running) || !the_disk)
		return false;
	the_disk->ops->timeout(the_disk, list_first_entry(&running, struct blk_request, link));
	return true;
}

void ahci_host_run(void)
{
	unsigned n = 0;

	while (ahci_host_step() && n < 100000)
		n++;
	CHECK(n < 100000);
	CHECK(list_empty(&running) && list_empty(&waiting));
}

u64 clock_monotonic(void);
u64 clock_monotonic(void) { return now += 100; }
void ahci_sleep_us(u64 us) { now += us * 1000; }
void spin_wait(struct spinlock *lock) { CHECK(!"a lock taken twice"); abort(); }
bool cmdline_has(const char *name) { return false; }
void log_emit(enum log_level level, const char *fmt, ...) { }
void *kmalloc(size_t size, unsigned flags) { return calloc(1, size); }
void kfree(void *p) { free(p); }

void *dma_alloc(size_t size, unsigned address_bits, dma_addr_t *bus)
{
	void *p = aligned_alloc(4096, (size + 4095) / 4096 * 4096);

	memset(p, 0, size);
	*bus = (u64)p;
	return p;
}
void dma_free(void *p, size_t size) { free(p); }
