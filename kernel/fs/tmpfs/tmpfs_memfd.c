/*
 * memfd_create(2): files of an instance of tmpfs that is mounted nowhere and has no limit; and
 * their seals (fcntl(2), "File Sealing").
 */
#include "abi/mman.h"
#include "abi/stat.h"
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/format.h"
#include "vfs/path.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

static struct mount *memfd_mount; /* a: made by the first call */

static struct mount *memfd_mount_get(void)
{
	struct mount *m = load_acquire(&memfd_mount), *none = NULL;

	if (m)
		return m;
	if (mount_kernel(fs_find("tmpfs"), "size=0,nr_inodes=0", &m) < 0)
		return NULL;
	if (__atomic_compare_exchange_n(&memfd_mount, &none, m, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return m;
	mount_put(m);
	return none;
}

int tmpfs_memfd(const char *name, u32 flags, struct file **out)
{
	struct mount *m = memfd_mount_get();
	const struct cred *cred = cred_root;
	struct inode *inode;
	char text[256];
	int err;

	if (!m)
		return -ENOMEM;
	err = tmpfs_inode_create(m->sb, NULL, S_IFREG | 0777, 0, cred, &inode);
	if (err < 0)
		return err;
	inode->nlink = 0;
	inode->fops = &tmpfs_memfd_ops;
	tmpfs_i(inode)->seals = flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
	snprintf(text, sizeof(text), "/memfd:%s (deleted)", name);
	err = file_create_inode(inode, NULL, text, &tmpfs_memfd_ops, NULL, O_RDWR | O_LARGEFILE,
				out);
	inode_put(inode);
	return err;
}

static bool is_sealable(const struct file *f)
{
	return f->inode->fops == &tmpfs_memfd_ops || f->inode->fops == &tmpfs_file_ops;
}

int tmpfs_add_seals(struct file *f, u32 seals)
{
	struct inode *inode = f->inode;
	struct tmpfs_inode *t;
	int err = 0;

	if (!is_sealable(f))
		return -EINVAL;
	if (!f->can_write)
		return -EPERM;
	if (seals & ~(u32)ALL_SEALS)
		return -EINVAL;
	t = tmpfs_i(inode);
	rwsem_write(&inode->lock);
	if (t->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if (seals & F_SEAL_WRITE && !(t->seals & F_SEAL_WRITE) &&
		 READ_ONCE(inode->cache.n_writable))
		err = -EBUSY;
	else
		WRITE_ONCE(t->seals, t->seals | seals);
	if (t->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		__atomic_fetch_or(&inode->cache.flags, PAGECACHE_SEALED, __ATOMIC_RELAXED);
	rwsem_write_end(&inode->lock);
	return err;
}

int tmpfs_get_seals(const struct file *f)
{
	return is_sealable(f) ? (int)READ_ONCE(tmpfs_i(f->inode)->seals) : -EINVAL;
}
