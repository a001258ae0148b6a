/*
 * test/host/ext_host_names.c - calls by directory and name, which check and lock what vfs
 * checks and locks.
 */
#include "test/host/ext_host_int.h"

static struct name name_of(const char *text)
{
	return (struct name){ text, (u32)strlen(text), 0 };
}

int host_lookup(struct inode *dir, const char *text, struct inode **out)
{
	struct name name = name_of(text);
	int err;

	rwsem_read(&dir->lock);
	err = dir->ops->lookup(dir, &name, out);
	rwsem_read_end(&dir->lock);
	return err ? err : *out ? 0 : -ENOENT;
}

/* Locks the directory; an error if the name is there already. */
static int begin_new(struct inode *dir, const char *text)
{
	struct inode *inode;
	int err = host_lookup(dir, text, &inode);

	if (err == 0) {
		inode_put(inode);
		return -EEXIST;
	}
	if (err != -ENOENT)
		return err;
	rwsem_write(&dir->lock);
	return 0;
}

static int end_new(struct inode *dir, int err, struct inode *made, struct inode **out)
{
	rwsem_write_end(&dir->lock);
	if (err)
		return err;
	if (made->state & I_NEW)
		abort();
	if (out)
		*out = made;
	else
		inode_put(made);
	return 0;
}

int host_create(struct inode *dir, const char *text, u32 mode, struct inode **out)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->create(dir, &name, S_IFREG | mode, &host_cred, &inode);
	return end_new(dir, err, inode, out);
}

int host_mknod(struct inode *dir, const char *text, u32 mode, u32 rdev)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->mknod(dir, &name, mode, rdev, &host_cred, &inode);
	return end_new(dir, err, inode, NULL);
}

int host_mkdir(struct inode *dir, const char *text, u32 mode, struct inode **out)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->mkdir(dir, &name, S_IFDIR | mode, &host_cred, &inode);
	return end_new(dir, err, inode, out);
}

int host_symlink(struct inode *dir, const char *text, const char *target)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = begin_new(dir, text);

	if (err)
		return err;
	err = dir->ops->symlink(dir, &name, target, &host_cred, &inode);
	return end_new(dir, err, inode, NULL);
}

int host_link(struct inode *dir, const char *text, struct inode *inode)
{
	struct name name = name_of(text);
	int err = begin_new(dir, text);

	if (err)
		return err;
	rwsem_write(&inode->lock);
	err = dir->ops->link(dir, &name, inode);
	rwsem_write_end(&inode->lock);
	rwsem_write_end(&dir->lock);
	return err;
}

static int remove_name(struct inode *dir, const char *text, bool rmdir)
{
	struct name name = name_of(text);
	struct inode *inode;
	int err = host_lookup(dir, text, &inode);

	if (err)
		return err;
	if (rmdir && !S_ISDIR(inode->mode))
		err = -ENOTDIR;
	if (!rmdir && S_ISDIR(inode->mode))
		err = -EISDIR;
	if (!err) {
		rwsem_write(&dir->lock);
		rwsem_write(&inode->lock);
		err = rmdir ? dir->ops->rmdir(dir, &name, inode) :
			      dir->ops->unlink(dir, &name, inode);
		rwsem_write_end(&inode->lock);
		rwsem_write_end(&dir->lock);
	}
	inode_put(inode);
	return err;
}

int host_unlink(struct inode *dir, const char *text)
{
	return remove_name(dir, text, false);
}

int host_rmdir(struct inode *dir, const char *text)
{
	return remove_name(dir, text, true);
}

int host_rename(struct inode *from, const char *old_text, struct inode *to, const char *new_text,
		u32 flags)
{
	struct name old = name_of(old_text), new_name = name_of(new_text);
	struct inode *inode, *replaced = NULL;
	int err = host_lookup(from, old_text, &inode);

	if (err)
		return err;
	err = host_lookup(to, new_text, &replaced);
	if (err == -ENOENT)
		err = 0;
	if (!err && replaced && !flags && S_ISDIR(inode->mode) != S_ISDIR(replaced->mode))
		err = S_ISDIR(inode->mode) ? -ENOTDIR : -EISDIR;
	if (!err && !replaced && flags & RENAME_EXCHANGE)
		err = -ENOENT;
	if (!err && inode != replaced) {
		rwsem_write(&from->lock);
		if (to != from)
			rwsem_write(&to->lock);
		err = from->ops->rename(from, &old, inode, to, &new_name, replaced, flags,
					&host_cred);
		if (to != from)
			rwsem_write_end(&to->lock);
		rwsem_write_end(&from->lock);
	}
	if (replaced)
		inode_put(replaced);
	inode_put(inode);
	return err;
}
