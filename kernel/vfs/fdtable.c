/*
 * Descriptor tables. Lookup runs without locks: it reads the array, takes a reference that can
 * fail, and looks again, since the storage of a file may have become another file meanwhile
 * (file.c). A thread whose table is not shared needs no reference for the length of a call: nobody
 * else can close the descriptor.
 *
 * Locks: table->lock (t) guards everything; the array is replaced when it grows and the old one
 * freed after a grace period.
 */
#include "core/panic.h"
#include "lib/bitmap.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "vfs/fdtable_int.h"
#include "vfs/notify.h"

#define FDS_FIRST 64
u32 fd_ceiling = FD_CEILING_MAX;

/* I but for the contents of the three arrays, which are t. */
struct fd_array {
	u32 size;             /* descriptors, a multiple of 64 */
	struct file **files;
	u64 *open;            /* reserved or installed */
	u64 *cloexec;
	struct rcu_head rcu;
};

struct fd_table {
	struct refcount refs; /* first: fd_table_get() */
	struct spinlock lock; /* RANK_FDTABLE */
	struct fd_array *array; /* t; RCU readers */
	u32 next;             /* t: no free descriptor below */
	struct fd_array first;
	struct file *first_files[FDS_FIRST];
	u64 first_open, first_cloexec;
};

static struct slab_cache *table_slab;

void fd_table_init(void)
{
	static_assert(offsetof(struct fd_table, refs) == 0, "fd_table_get() relies on it");
	table_slab = slab_cache_create("fd_table", sizeof(struct fd_table), 64);
	if (!table_slab)
		panic("vfs: no memory for descriptor tables");
}

static struct fd_array *array_alloc(u32 size)
{
	size_t words = size / 64;
	struct fd_array *a =
		kvmalloc(sizeof(*a) + size * sizeof(struct file *) + 2 * words * sizeof(u64),
			 MM_KERNEL | MM_ZERO);

	if (!a)
		return NULL;
	a->size = size;
	a->files = (struct file **)(a + 1);
	a->open = (u64 *)(a->files + size);
	a->cloexec = a->open + words;
	return a;
}

static void array_free_rcu(struct rcu_head *head)
{
	kvfree(container_of(head, struct fd_array, rcu));
}

struct fd_table *fd_table_create(void)
{
	struct fd_table *t = slab_alloc(table_slab, MM_KERNEL | MM_ZERO);

	if (!t)
		return NULL;
	ref_set(&t->refs, 1);
	spin_init(&t->lock, RANK_FDTABLE, "fd_table");
	t->first = (struct fd_array){
		FDS_FIRST, t->first_files, &t->first_open, &t->first_cloexec, { NULL, NULL }
	};
	t->array = &t->first;
	return t;
}

/*
 * Replaces the array by one of at least `size`; called and returns with the lock held, which it
 * drops meanwhile. 0 or -ENOMEM.
 */
static int grow_locked(struct fd_table *t, u32 size)
{
	struct fd_array *fresh, *old;

	size = (u32)roundup_pow2(size);
	spin_unlock(&t->lock);
	fresh = array_alloc(size);
	spin_lock(&t->lock);
	if (!fresh)
		return -ENOMEM;
	old = t->array;
	if (old->size >= size) {
		spin_unlock(&t->lock);
		kvfree(fresh);
		spin_lock(&t->lock);
		return 0;
	}
	memcpy(fresh->files, old->files, old->size * sizeof(struct file *));
	memcpy(fresh->open, old->open, old->size / 8);
	memcpy(fresh->cloexec, old->cloexec, old->size / 8);
	rcu_store(t->array, fresh);
	if (old != &t->first)
		rcu_call(&old->rcu, array_free_rcu);
	return 0;
}

struct fd_table *fd_table_clone(struct fd_table *from, int *error)
{
	struct fd_table *t = fd_table_create();
	struct fd_array *a, *b;

	*error = -ENOMEM;
	if (!t)
		return NULL;
	spin_lock(&from->lock);
	while (from->array->size > t->array->size) {
		u32 size = from->array->size;

		spin_unlock(&from->lock);
		b = array_alloc(size);
		if (!b) {
			fd_table_put(t);
			return NULL;
		}
		if (t->array != &t->first)
			kvfree(t->array);
		t->array = b;
		spin_lock(&from->lock);
	}
	a = from->array;
	b = t->array;
	bitmap_for_each_set(fd, a->open, a->size) {
		if (!a->files[fd])
			continue; /* reserved by a call that is under way */
		b->files[fd] = file_get(a->files[fd]);
		bitmap_set(b->open, fd);
		if (bitmap_test(a->cloexec, fd))
			bitmap_set(b->cloexec, fd);
	}
	spin_unlock(&from->lock);
	*error = 0;
	return t;
}

/* What each close(2) means for the file besides its reference. */
static int file_close(struct fd_table *t, struct file *f)
{
	int err = f->ops->flush ? f->ops->flush(f) : 0;

	if (unlikely(!list_empty(&f->inode->locks)))
		file_locks_release(f, t);
	notify_closed(f, t);
	file_put(f);
	return err;
}

void fd_table_put(struct fd_table *t)
{
	struct fd_array *a;

	if (!t || !ref_put(&t->refs))
		return;
	a = t->array;
	bitmap_for_each_set(fd, a->open, a->size)
		if (a->files[fd])
			file_close(t, a->files[fd]);
	if (a != &t->first)
		kvfree(a);
	slab_free(table_slab, t);
}

bool fd_table_shared(struct fd_table *t)
{
	return ref_read(&t->refs) > 1;
}

unsigned fd_table_size(struct fd_table *t)
{
	unsigned size;

	rcu_read_lock();
	size = rcu_load(t->array)->size;
	rcu_read_unlock();
	return size;
}

struct file *fd_get(struct fd_table *t, int fd)
{
	struct file *f = NULL;

	rcu_read_lock();
	for (;;) {
		struct fd_array *a = rcu_load(t->array);

		if ((u32)fd >= a->size)
			break;
		f = rcu_load(a->files[fd]);
		if (!f)
			break;
		if (!ref_try_get(&f->refs))
			continue;
		if (likely(READ_ONCE(a->files[fd]) == f && READ_ONCE(t->array) == a))
			break;
		rcu_read_unlock();
		file_put(f);
		f = NULL;
		rcu_read_lock();
	}
	rcu_read_unlock();
	return f;
}

struct fd_ref fd_begin(struct fd_table *t, int fd)
{
	struct fd_array *a;

	if (unlikely(fd_table_shared(t)))
		return (struct fd_ref){ fd_get(t, fd), true };
	a = t->array;
	return (struct fd_ref){ likely((u32)fd < a->size) ? a->files[fd] : NULL, false };
}

int fd_reserve(struct fd_table *t, int min_fd, u64 limit, bool cloexec)
{
	u32 top = (u32)min_t(u64, limit, FD_CEILING_MAX), fd;
	int err = 0;

	if (min_fd < 0 || (u32)min_fd >= limit)
		return -EINVAL;
	spin_lock(&t->lock);
	for (;;) {
		struct fd_array *a = t->array;

		fd = max((u32)min_fd, t->next);
		if (fd < a->size)
			fd = (u32)bitmap_find_next_zero(a->open, a->size, fd);
		if (fd >= top) {
			err = -EMFILE;
			break;
		}
		if (fd < a->size) {
			bitmap_set(a->open, fd);
			if (cloexec)
				bitmap_set(a->cloexec, fd);
			else
				bitmap_clear(a->cloexec, fd);
			if (fd == t->next || (u32)min_fd <= t->next)
				t->next = fd + 1;
			break;
		}
		err = grow_locked(t, fd + 1);
		if (err < 0)
			break;
	}
	spin_unlock(&t->lock);
	return err < 0 ? err : (int)fd;
}

void fd_install(struct fd_table *t, int fd, struct file *file)
{
	spin_lock(&t->lock);
	rcu_store(t->array->files[fd], file);
	spin_unlock(&t->lock);
}

static void release_locked(struct fd_table *t, u32 fd)
{
	bitmap_clear(t->array->open, fd);
	bitmap_clear(t->array->cloexec, fd);
	if (fd < t->next)
		t->next = fd;
}

void fd_cancel(struct fd_table *t, int fd)
{
	spin_lock(&t->lock);
	release_locked(t, (u32)fd);
	spin_unlock(&t->lock);
}

/* Takes an installed file out of the table, with the table's reference; NULL: none. */
static struct file *take_locked(struct fd_table *t, u32 fd)
{
	struct file *f = fd < t->array->size ? t->array->files[fd] : NULL;

	if (f) {
		rcu_store(t->array->files[fd], NULL);
		release_locked(t, fd);
	}
	return f;
}

int fd_close(struct fd_table *t, int fd)
{
	struct file *f;

	spin_lock(&t->lock);
	f = take_locked(t, (u32)fd);
	spin_unlock(&t->lock);
	return f ? file_close(t, f) : -EBADF;
}

int fd_close_range(struct fd_table *t, u32 first, u32 last, bool cloexec_only)
{
	spin_lock(&t->lock);
	for (u32 fd = first; fd <= last && fd < t->array->size; fd++) {
		struct file *f;

		if (cloexec_only) {
			if (t->array->files[fd])
				bitmap_set(t->array->cloexec, fd);
			continue;
		}
		f = take_locked(t, fd);
		if (!f)
			continue;
		spin_unlock(&t->lock);
		file_close(t, f);
		spin_lock(&t->lock);
	}
	spin_unlock(&t->lock);
	return 0;
}

int fd_dup_to(struct fd_table *t, struct file *file, int to, u64 limit, bool cloexec)
{
	struct file *old;
	int err;

	if (to < 0 || (u32)to >= limit || (u32)to >= FD_CEILING_MAX)
		return -EBADF;
	spin_lock(&t->lock);
	while ((u32)to >= t->array->size) {
		err = grow_locked(t, (u32)to + 1);
		if (err < 0) {
			spin_unlock(&t->lock);
			return err;
		}
	}
	old = t->array->files[to];
	if (!old && bitmap_test(t->array->open, (u32)to)) {
		spin_unlock(&t->lock);
		return -EBUSY; /* dup(2): an open(2) is about to install it */
	}
	rcu_store(t->array->files[to], file_get(file));
	bitmap_set(t->array->open, (u32)to);
	if (cloexec)
		bitmap_set(t->array->cloexec, (u32)to);
	else
		bitmap_clear(t->array->cloexec, (u32)to);
	spin_unlock(&t->lock);
	if (old)
		file_close(t, old);
	return to;
}

bool fd_refers(struct fd_table *t, int fd, const struct file *file)
{
	bool same;

	spin_lock(&t->lock);
	same = (u32)fd < t->array->size && t->array->files[fd] == file;
	spin_unlock(&t->lock);
	return same;
}

int fd_get_cloexec(struct fd_table *t, int fd)
{
	int on = -EBADF;

	spin_lock(&t->lock);
	if ((u32)fd < t->array->size && t->array->files[fd])
		on = bitmap_test(t->array->cloexec, (u32)fd);
	spin_unlock(&t->lock);
	return on;
}

int fd_set_cloexec(struct fd_table *t, int fd, bool on)
{
	int err = -EBADF;

	spin_lock(&t->lock);
	if ((u32)fd < t->array->size && t->array->files[fd]) {
		err = 0;
		if (on)
			bitmap_set(t->array->cloexec, (u32)fd);
		else
			bitmap_clear(t->array->cloexec, (u32)fd);
	}
	spin_unlock(&t->lock);
	return err;
}

void fd_close_on_exec(struct fd_table *t)
{
	u32 fd = 0;

	spin_lock(&t->lock);
	while ((fd = (u32)bitmap_find_next_set(t->array->cloexec, t->array->size, fd)) <
	       t->array->size) {
		struct file *f = take_locked(t, fd++);

		if (!f)
			continue;
		spin_unlock(&t->lock);
		file_close(t, f);
		spin_lock(&t->lock);
	}
	spin_unlock(&t->lock);
}

int fd_next(struct fd_table *t, int fd, struct file **out)
{
	u32 at = fd < 0 ? 0 : (u32)fd;
	int found = -1;

	spin_lock(&t->lock);
	while (at < t->array->size &&
	       (at = (u32)bitmap_find_next_set(t->array->open, t->array->size, at)) <
		       t->array->size) {
		struct file *f = t->array->files[at];

		if (f) {
			*out = file_get(f);
			found = (int)at;
			break;
		}
		at++;
	}
	spin_unlock(&t->lock);
	return found;
}
