/*
 * Locks of files: POSIX records, which belong to a process (its descriptor table) and go with its
 * first close of the file; open-file-description locks and flock(2), which belong to the open file
 * (fcntl_locking(2), flock(2)).
 *
 * All live under one spinlock, locks_lock (k), as do the waiters: taking a lock is rare beside what
 * it protects, and a chain of waiting owners over several files can be followed in one look
 * (EDEADLK). A waiter is woken by every release of a lock of its inode and tries again.
 * lock_range.c has the arithmetic of ranges.
 */
#include "abi/capability.h"
#include "abi/fcntl.h"
#include "lib/format.h"
#include "lib/hash.h"
#include "mm/slab.h"
#include "vfs/lock_int.h"

#define N_QUEUES 32

struct spinlock locks_lock = SPINLOCK_INIT(RANK_INODE_SPIN, "file_locks");
static struct list all_locks = LIST_INIT(all_locks); /* k: for /proc/locks */
static struct list waiters = LIST_INIT(waiters);     /* k */
static struct wait_queue queues[N_QUEUES] = {
#define Q1(n) [n] = WAIT_QUEUE_INIT(queues[n])
#define Q4(n) Q1(n), Q1(n + 1), Q1(n + 2), Q1(n + 3)
	Q4(0), Q4(4), Q4(8), Q4(12), Q4(16), Q4(20), Q4(24), Q4(28),
};

/* k: somebody who waits for a POSIX lock. */
struct lock_waiter {
	struct list link;
	struct inode *inode;
	struct file_lock *want;
};

static struct wait_queue *queue_of(const struct inode *inode)
{
	return &queues[hash_ptr(inode, 5)];
}

struct file_lock *file_lock_alloc(void)
{
	return kmalloc(sizeof(struct file_lock), MM_KERNEL);
}

void file_lock_link_locked(struct file_lock *lock, struct inode *inode, struct list *before)
{
	lock->inode = inode;
	list_add_tail(&lock->link, before);
	list_add_tail(&lock->all_link, &all_locks);
}

void file_lock_unlink_locked(struct file_lock *lock)
{
	list_del(&lock->link);
	list_del(&lock->all_link);
}

/* The first lock of the inode in the way of `want`, or NULL. */
static struct file_lock *find_conflict(struct inode *inode, const struct file_lock *want)
{
	struct file_lock *l;

	list_for_each_entry(l, &inode->locks, link) {
		if ((l->kind == LOCK_FLOCK) != (want->kind == LOCK_FLOCK) ||
		    l->owner == want->owner)
			continue;
		if (l->type == F_RDLCK && want->type == F_RDLCK)
			continue;
		if (l->start <= want->end && want->start <= l->end)
			return l;
	}
	return NULL;
}

/* The process that holds the POSIX lock for which `owner` waits, or NULL. One that was woken and
 * has not looked again waits for nobody: what was in its way may be gone. */
static void *blocker_of(void *owner)
{
	struct file_lock *conflict;
	struct lock_waiter *w;

	list_for_each_entry(w, &waiters, link) {
		if (w->want->owner != owner)
			continue;
		conflict = find_conflict(w->inode, w->want);
		return conflict && conflict->kind == LOCK_POSIX ? conflict->owner : NULL;
	}
	return NULL;
}

/* Whether `owner` waiting for `blocker` would close a circle of waiting processes. */
static bool would_deadlock(void *owner, void *blocker)
{
	for (unsigned steps = 0; blocker && steps < 1000; steps++) {
		if (blocker == owner)
			return true;
		blocker = blocker_of(blocker);
	}
	return false;
}

/* One attempt: 0, -EAGAIN (blocked; *blocker says by whom), or -ENOMEM. */
static int try_lock(struct inode *inode, struct file_lock *want, void **blocker)
{
	struct file_lock *conflict = want->type == F_UNLCK ? NULL : find_conflict(inode, want);

	if (conflict) {
		*blocker = conflict->kind == LOCK_POSIX ? conflict->owner : NULL;
		return -EAGAIN;
	}
	return file_lock_apply_locked(inode, want);
}

static int lock_wait(struct inode *inode, struct file_lock *want)
{
	struct lock_waiter self = { .inode = inode, .want = want };
	struct wait_entry entry;
	int err;

	list_init(&self.link);

	for (;;) {
		void *blocker = NULL;

		wait_begin(queue_of(inode), &entry, THREAD_INTERRUPTIBLE, false);
		spin_lock(&locks_lock);
		err = try_lock(inode, want, &blocker);
		if (err == -ABI_EAGAIN && want->kind == LOCK_POSIX && blocker) {
			if (would_deadlock(want->owner, blocker))
				err = -EDEADLK;
			else
				list_add(&self.link, &waiters);
		}
		spin_unlock(&locks_lock);
		if (err == -ABI_EAGAIN && thread_signal_pending())
			err = -ERESTARTSYS;
		else if (err == -ABI_EAGAIN)
			thread_block();
		if (!list_empty(&self.link)) {
			spin_lock(&locks_lock);
			list_del_init(&self.link);
			spin_unlock(&locks_lock);
		}
		wait_end(queue_of(inode), &entry);
		if (err != -ABI_EAGAIN)
			return err;
	}
}

/* Takes, changes or gives up a lock. */
static int lock_apply(struct inode *inode, struct file_lock *want, bool wait)
{
	void *blocker;
	int err;

	err = file_lock_reserve(want);
	if (err < 0)
		return err;
	spin_lock(&locks_lock);
	err = try_lock(inode, want, &blocker);
	spin_unlock(&locks_lock);
	if (err == -ABI_EAGAIN && wait)
		err = lock_wait(inode, want);
	file_lock_unreserve(want);
	/* Whatever was taken may have replaced a stronger lock. */
	if (err == 0)
		wait_wake(queue_of(inode), 0);
	return err;
}

int file_lock_posix(struct file *f, void *owner, s32 pid, int cmd, struct abi_flock *lock)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	bool get = cmd == F_GETLK || cmd == F_OFD_GETLK,
	     wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct file_lock want = { .kind = ofd ? LOCK_OFD : LOCK_POSIX,
				  .owner = ofd ? f : owner,
				  .pid = ofd ? -1 : pid };
	struct file_lock *conflict;
	int err;

	if (ofd && lock->l_pid)
		return -EINVAL;
	err = file_lock_range(f, lock, &want);
	if (err < 0)
		return err;
	if (!get) {
		if ((lock->l_type == F_RDLCK && !f->can_read) ||
		    (lock->l_type == F_WRLCK && !f->can_write))
			return -EBADF;
		return lock_apply(f->inode, &want, wait);
	}
	if (lock->l_type == F_UNLCK)
		return -EINVAL;
	spin_lock(&locks_lock);
	conflict = find_conflict(f->inode, &want);
	if (conflict) {
		lock->l_type = (s16)conflict->type;
		lock->l_whence = SEEK_SET;
		lock->l_start = conflict->start;
		lock->l_len = conflict->end == LOCK_END ? 0 : conflict->end - conflict->start + 1;
		lock->l_pid = conflict->pid;
	} else {
		lock->l_type = F_UNLCK;
	}
	spin_unlock(&locks_lock);
	return 0;
}

int file_lock_flock(struct file *f, int operation)
{
	static const u8 types[] = { [LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK };
	int op = operation & ~LOCK_NB;
	struct file_lock want = {
		.kind = LOCK_FLOCK, .owner = f, .end = LOCK_END, .pid = thread_current()->tid
	};

	if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
		return -EINVAL;
	want.type = types[op];
	return lock_apply(f->inode, &want, !(operation & LOCK_NB));
}

void file_locks_release(struct file *f, void *owner)
{
	struct inode *inode = f->inode;
	struct file_lock *l, *next;
	LIST_HEAD(gone);

	spin_lock(&locks_lock);
	list_for_each_entry_safe(l, next, &inode->locks, link) {
		if (l->owner != owner)
			continue;
		file_lock_unlink_locked(l);
		list_add(&l->link, &gone);
	}
	spin_unlock(&locks_lock);
	if (list_empty(&gone))
		return;
	list_for_each_entry_safe(l, next, &gone, link)
		kfree(l);
	wait_wake(queue_of(inode), 0);
}

int file_locks_show(char *buf, size_t size, u64 *pos)
{
	static const char *const kinds[] = {
		[LOCK_POSIX] = "POSIX ", [LOCK_OFD] = "OFDLCK", [LOCK_FLOCK] = "FLOCK "
	};
	struct file_lock *l;
	size_t n = 0;
	u64 number = 0;

	spin_lock(&locks_lock);
	list_for_each_entry(l, &all_locks, all_link) {
		u64 dev = l->inode->sb->dev_id;
		char end[24] = "EOF", line[128];
		size_t length;

		if (number++ < *pos)
			continue;
		if (l->end != LOCK_END)
			snprintf(end, sizeof(end), "%lld", (long long)l->end);
		length = scnprintf(line, sizeof(line),
				   "%llu: %s ADVISORY  %s %d %02x:%02x:%llu %lld %s\n",
				   (unsigned long long)number, kinds[l->kind],
				   l->type == F_RDLCK ? "READ " : "WRITE", l->pid,
				   (unsigned)(dev >> 8 & 0xfff), (unsigned)(dev & 0xff),
				   (unsigned long long)l->inode->ino, (long long)l->start, end);
		if (n + length >= size)
			break;
		memcpy(buf + n, line, length + 1);
		n += length;
		*pos = number;
	}
	spin_unlock(&locks_lock);
	return (int)n;
}
