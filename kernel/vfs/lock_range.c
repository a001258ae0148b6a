/*
 * The arithmetic of lock ranges: a new lock cuts and replaces what its owner held there, and joins
 * with neighbours of its type (fcntl_locking(2)).
 */
#include "abi/fcntl.h"
#include "mm/slab.h"
#include "vfs/lock_int.h"

int file_lock_range(struct file *f, const struct abi_flock *lock, struct file_lock *out)
{
	s64 base, start, end;

	if (lock->l_type != F_RDLCK && lock->l_type != F_WRLCK && lock->l_type != F_UNLCK)
		return -EINVAL;
	switch (lock->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = READ_ONCE(f->inode->size);
		break;
	default:
		return -EINVAL;
	}
	if (add_overflow(base, lock->l_start, &start))
		return -EOVERFLOW;
	if (lock->l_len > 0) {
		if (add_overflow(start, lock->l_len - 1, &end))
			return -EOVERFLOW;
	} else if (lock->l_len < 0) {
		/* The bytes before start. */
		end = start - 1;
		if (add_overflow(start, lock->l_len, &start))
			return -EINVAL;
	} else {
		end = LOCK_END;
	}
	if (start < 0 || end < start)
		return -EINVAL;
	out->type = (u32)lock->l_type;
	out->start = start;
	out->end = end;
	return 0;
}

int file_lock_reserve(struct file_lock *want)
{
	for (unsigned i = 0; i < ARRAY_SIZE(want->spare); i++) {
		want->spare[i] = file_lock_alloc();
		if (!want->spare[i]) {
			file_lock_unreserve(want);
			return -ENOMEM;
		}
	}
	return 0;
}

void file_lock_unreserve(struct file_lock *want)
{
	for (unsigned i = 0; i < ARRAY_SIZE(want->spare); i++) {
		kfree(want->spare[i]);
		want->spare[i] = NULL;
	}
}

static struct file_lock *take_spare(struct file_lock *want)
{
	struct file_lock *l;

	for (unsigned i = 0; i < ARRAY_SIZE(want->spare); i++) {
		l = want->spare[i];
		if (l) {
			want->spare[i] = NULL;
			return l;
		}
	}
	return NULL;
}

static void give_back(struct file_lock *want, struct file_lock *l)
{
	for (unsigned i = 0; i < ARRAY_SIZE(want->spare); i++) {
		if (!want->spare[i]) {
			want->spare[i] = l;
			return;
		}
	}
	kfree(l);
}

/*
 * Removes [start, end] from a lock that overlaps it. A middle part leaves two: the second in new
 * storage.
 */
static void cut(struct inode *inode, struct file_lock *want, struct file_lock *l)
{
	struct file_lock *rest;

	if (l->start < want->start && l->end > want->end) {
		rest = take_spare(want);
		*rest = *l;
		rest->start = want->end + 1;
		l->end = want->start - 1;
		file_lock_link_locked(rest, inode, l->link.next);
	} else if (l->start < want->start) {
		l->end = want->start - 1;
	} else if (l->end > want->end) {
		l->start = want->end + 1;
	} else {
		file_lock_unlink_locked(l);
		give_back(want, l);
	}
}

int file_lock_apply_locked(struct inode *inode, struct file_lock *want)
{
	struct list *before = &inode->locks;
	s64 start = want->start, end = want->end;
	struct file_lock *l, *next;

	list_for_each_entry_safe(l, next, &inode->locks, link) {
		if (l->owner != want->owner || l->kind != want->kind)
			continue;
		if (l->type == want->type && l->start <= (end == LOCK_END ? end : end + 1) &&
		    (l->end == LOCK_END || l->end + 1 >= start)) {
			/* Same type, touching: one lock. */
			start = min(start, l->start);
			end = max(end, l->end);
			file_lock_unlink_locked(l);
			give_back(want, l);
		} else if (l->start <= want->end && want->start <= l->end) {
			cut(inode, want, l);
		}
	}
	if (want->type == F_UNLCK)
		return 0;
	list_for_each_entry(l, &inode->locks, link) {
		if (l->owner == want->owner && l->start > start) {
			before = &l->link;
			break;
		}
	}
	l = take_spare(want);
	*l = *want;
	l->spare[0] = l->spare[1] = NULL;
	l->start = start;
	l->end = end;
	file_lock_link_locked(l, inode, before);
	return 0;
}
