/*
 * The way of an event from the hooks to the marks. Marks are called under the inode's spin, one
 * inode after the other: the file's own, then its directory's, whose name of it is read under the
 * dentry's lock.
 */
#include "vfs/notify.h"

#include "abi/stat.h"
#include "vfs/dcache_int.h"
#include "vfs/super_int.h"

u32 notify_marks;
static u32 last_cookie; /* a */

u32 notify_cookie(void)
{
	return __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
}

void notify_mark_link_locked(struct inode *inode, struct notify_mark *mark)
{
	mark->inode = inode;
	list_add_tail(&mark->link, &inode->watches);
	__atomic_fetch_add(&notify_marks, 1, __ATOMIC_RELAXED);
}

bool notify_mark_unlink_locked(struct notify_mark *mark)
{
	if (list_empty(&mark->link))
		return false;
	list_del_init(&mark->link);
	__atomic_fetch_sub(&notify_marks, 1, __ATOMIC_RELAXED);
	return true;
}

bool notify_mark_unlink(struct notify_mark *mark)
{
	struct inode *inode = mark->inode;
	bool was;

	spin_lock(&inode->spin);
	was = notify_mark_unlink_locked(mark);
	spin_unlock(&inode->spin);
	return was;
}

/* Calls the marks of an inode; `unlinked`: the name is one that was removed. */
static void tell(struct inode *inode, u32 mask, u32 cookie, const char *name, u32 length,
		 bool unlinked)
{
	struct notify_mark *m, *tmp;

	if (list_empty(&inode->watches))
		return;
	spin_lock(&inode->spin);
	list_for_each_entry_safe(m, tmp, &inode->watches, link)
		if (m->mask & mask & IN_ALL_EVENTS && !(unlinked && m->mask & IN_EXCL_UNLINK))
			m->ops->event(m, mask, cookie, name, length);
	spin_unlock(&inode->spin);
}

static u32 dir_flag(const struct inode *inode)
{
	return S_ISDIR(inode->mode) ? IN_ISDIR : 0;
}

void notify_inode_slow(struct inode *inode, u32 mask)
{
	/* As on Linux, IN_MOVE_SELF does not say that it is a directory. */
	tell(inode, mask == IN_MOVE_SELF ? mask : mask | dir_flag(inode), 0, NULL, 0, false);
}

void notify_dentry_slow(struct dentry *d, u32 mask)
{
	struct inode *inode = d->inode, *dir;

	if (!inode)
		return;
	mask |= dir_flag(inode);
	spin_lock(&d->lock);
	dir = d->parent != d ? READ_ONCE(d->parent->inode) : NULL;
	if (dir)
		tell(dir, mask, 0, d->name, d->name_length, d->flags & DENTRY_UNHASHED);
	spin_unlock(&d->lock);
	tell(inode, mask, 0, NULL, 0, false);
}

void notify_name_slow(struct inode *dir, u32 mask, const struct inode *child, const char *name,
		      u32 length, u32 cookie)
{
	tell(dir, mask | dir_flag(child), cookie, name, length, false);
}

/* A mark of the inode (of those that the table made through the file, if given), or NULL. */
static struct notify_mark *find_locked(struct inode *inode, const struct file *f,
				       const struct fd_table *table)
{
	struct notify_mark *m;

	list_for_each_entry(m, &inode->watches, link)
		if (!f || (m->ops->of_file && m->ops->of_file(m, f, table)))
			return m;
	return NULL;
}

static void end_all(struct inode *inode, const struct file *f, const struct fd_table *table,
		    u32 why)
{
	for (;;) {
		struct notify_mark *m;

		spin_lock(&inode->spin);
		m = find_locked(inode, f, table);
		if (m)
			notify_mark_unlink_locked(m);
		spin_unlock(&inode->spin);
		if (!m)
			return;
		m->ops->gone(m, why);
	}
}

void notify_gone_slow(struct inode *inode, u32 why)
{
	end_all(inode, NULL, NULL, why);
}

void notify_closed_slow(struct file *f, const struct fd_table *table)
{
	end_all(f->inode, f, table, 0);
}

void notify_owner_slow(struct file *f)
{
	struct inode *inode = f->inode;
	struct notify_mark *m;

	spin_lock(&inode->spin);
	list_for_each_entry(m, &inode->watches, link)
		if (m->ops->owner)
			m->ops->owner(m, f);
	spin_unlock(&inode->spin);
}

/* An inode of a file system that has marks, with a reference. */
static struct inode *marked_get(struct superblock *sb)
{
	struct inode *inode, *found = NULL;

	spin_lock(&sb->inode_lock);
	list_for_each_entry(inode, &sb->inodes, sb_link)
		if (!list_empty(&inode->watches) && ref_try_get(&inode->refs)) {
			found = inode;
			break;
		}
	spin_unlock(&sb->inode_lock);
	return found;
}

void notify_super_gone(struct superblock *sb)
{
	struct inode *inode;

	while (notify_wanted() && (inode = marked_get(sb)) != NULL) {
		notify_gone_slow(inode, IN_UNMOUNT | dir_flag(inode));
		inode_put(inode);
	}
}
