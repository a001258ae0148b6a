/*
 * fs/ext/ext_ialloc.c - which inode number a new file gets.
 *
 * A file goes to its directory's group, so that they are read together. A new directory goes
 * elsewhere, so that groups fill evenly and each keeps room for its files: below the root to a
 * group of at least average room with the fewest directories, starting from a random one; deeper,
 * near its parent unless the group there is poor or crowded (after G. Orlov's allocator). "Near" is
 * a few groups of which the one with the fewest directories is taken: those who work in sister
 * directories at the same time then do not wait for each other's group.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_bitmap.h"
#include "fs/ext/ext_csum.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_inode.h"
#include "fs/ext/ext_map.h"

#include "abi/ioctl.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "core/random.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "vfs/acl.h"

struct averages { u32 inodes, blocks, dirs; };

static struct averages group_averages(const struct ext_fs *fs)
{
	u32 n = fs->geo.n_groups;

	return (struct averages){
		.inodes = (u32)(max(fs->free_inodes, (s64)0) / n),
		.blocks = (u32)(max(fs->free_blocks, (s64)0) / n),
		.dirs = fs->n_dirs / n,
	};
}

static u32 group_for_top_dir(const struct ext_fs *fs)
{
	struct averages avg = group_averages(fs);
	u32 n = fs->geo.n_groups, start = (u32)random_below(n), best = start, best_dirs = ~0u;

	for (u32 i = 0; i < n; i++) {
		u32 at = (start + i) % n;
		const struct ext_group *g = ext_group_nth(fs, at);

		if (g->bad || !g->free_inodes || g->dirs >= best_dirs ||
		    g->free_inodes < avg.inodes || g->free_blocks < avg.blocks)
			continue;
		best = at;
		best_dirs = g->dirs;
	}
	return best;
}

enum { NEAR_GROUPS = 4 };

static u32 group_for_dir(const struct ext_fs *fs, u32 parent)
{
	struct averages avg = group_averages(fs);
	u32 n = fs->geo.n_groups, max_dirs = avg.dirs + fs->geo.inodes_per_group / 16;
	u32 min_inodes = avg.inodes - min(avg.inodes, fs->geo.inodes_per_group / 4);
	u32 min_blocks = avg.blocks - min(avg.blocks, fs->geo.blocks_per_group / 4);
	u32 best = parent, best_dirs = ~0u;

	for (u32 i = 0; i < n && (i < NEAR_GROUPS || best_dirs == ~0u); i++) {
		u32 at = (parent + i) % n;
		const struct ext_group *g = ext_group_nth(fs, at);

		if (!g->bad && g->free_inodes && g->dirs < min(max_dirs, best_dirs) &&
		    g->free_inodes > min_inodes && g->free_blocks >= min_blocks) {
			best = at;
			best_dirs = g->dirs;
		}
	}
	return best;
}

static u32 group_for_new(struct inode *dir, u32 mode)
{
	struct ext_fs *fs = ext_fs_of(dir);
	u32 parent = ext_i(dir)->group;

	if (!S_ISDIR(mode))
		return parent;
	if (dir->ino == EXT_ROOT_INO || dir->flags & FS_TOPDIR_FL)
		return group_for_top_dir(fs);
	return group_for_dir(fs, parent);
}

/*
 * With checksums of groups the end of an inode table may never have been written. Numbers are taken
 * from below, so that it begins at the lowest free one or behind it.
 */
static void itable_use(struct ext_fs *fs, struct ext_group *g, u32 bit)
{
	u32 left = fs->geo.inodes_per_group - bit - 1;

	if ((!fs->geo.metadata_csum && !fs->geo.gdt_csum) ||
	    ext_desc_itable_unused(&fs->geo, g->desc) <= left)
		return;
	g->desc->itable_unused_lo = (u16)left;
	if (fs->geo.desc_size >= sizeof(*g->desc))
		g->desc->itable_unused_hi = (u16)(left >> 16);
}

/*
 * With a journal the handle that takes a number also has the inode. One that cannot be read could
 * neither be saved nor, without that, be freed again: 0, -EIO, -ENOMEM.
 */
static int can_be_saved(struct ext_fs *fs, u32 ino)
{
	struct ext_raw_inode *raw;
	struct bblock b;
	int err = fs->journal ? ext_raw_get(fs, ino, &b, &raw) : 0;

	if (fs->journal && !err)
		bcache_put(&b);
	return err;
}

/* Takes a number from a group: 0 and *ino, -ENOSPC, -EIO … */
static int ialloc_group(struct ext_fs *fs, u32 group, bool dir, u32 *ino)
{
	struct ext_group *g = ext_group_nth(fs, group);
	u32 n = fs->geo.inodes_per_group, bit;
	struct bblock b;
	int err;

	if (READ_ONCE(g->bad) || !READ_ONCE(g->free_inodes))
		return -ENOSPC;
	mutex_lock(&g->lock);
	err = ext_inode_bitmap_get(fs, group, &b);
	if (err)
		goto unlock;
	bit = (u32)bitmap_find_first_zero(b.data, n);
	err = bit >= n || !g->free_inodes ? -ENOSPC : can_be_saved(fs, group * n + bit + 1);
	if (!err) {
		bitmap_set(b.data, bit);
		g->free_inodes--;
		g->dirs += dir;
		itable_use(fs, g, bit);
		ext_inode_bitmap_dirty(fs, group, &b);
		*ino = group * n + bit + 1;
	}
	bcache_put(&b);
unlock:
	mutex_unlock(&g->lock);
	if (!err) {
		__atomic_sub_fetch(&fs->free_inodes, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&fs->n_dirs, dir, __ATOMIC_RELAXED);
	}
	return err;
}

static int ialloc_number(struct inode *parent, u32 mode, u32 *ino)
{
	struct ext_fs *fs = ext_fs_of(parent);
	u32 group = group_for_new(parent, mode), n = fs->geo.n_groups;
	int err = -ENOSPC;

	for (u32 i = 0; i < n; i++) {
		err = ialloc_group(fs, group, S_ISDIR(mode), ino);
		if (err != -ABI_ENOSPC && err != -ABI_EIO)
			break;
		if (++group == n)
			group = 0;
	}
	return err;
}

static int ifree_number(struct ext_fs *fs, u32 ino, bool dir)
{
	u32 group = (ino - 1) / fs->geo.inodes_per_group,
	    bit = (ino - 1) % fs->geo.inodes_per_group;
	struct ext_group *g = ext_group_nth(fs, group);
	struct bblock b;
	int err;

	mutex_lock(&g->lock);
	err = ext_inode_bitmap_get(fs, group, &b);
	if (!err) {
		if (!bitmap_test_clear(b.data, bit)) {
			err = ext_error(fs, "inode %u is freed twice", ino);
		} else {
			g->free_inodes++;
			g->dirs -= dir && g->dirs;
			ext_inode_bitmap_dirty(fs, group, &b);
			__atomic_add_fetch(&fs->free_inodes, 1, __ATOMIC_RELAXED);
			__atomic_sub_fetch(&fs->n_dirs, dir, __ATOMIC_RELAXED);
		}
		bcache_put(&b);
	}
	mutex_unlock(&g->lock);
	return err;
}

int ext_inode_number_free(struct inode *inode)
{
	struct ext_fs *fs = ext_fs_of(inode);

	if (!READ_ONCE(fs->writable))
		return -EROFS;
	if (inode->ino < fs->geo.first_ino)
		return ext_error(fs, "reserved inode %llu is to be freed",
				 (unsigned long long)inode->ino);
	return ifree_number(fs, (u32)inode->ino, S_ISDIR(inode->mode));
}

/* chattr flags that a new inode takes from its directory. */
static u32 inherited_flags(const struct inode *dir, u32 mode)
{
	u32 flags = dir->flags & EXT_FL_INHERITED;

	if (S_ISDIR(mode))
		return flags;
	if (S_ISREG(mode))
		return flags & ~(u32)FS_DIRSYNC_FL;
	return flags & (FS_NODUMP_FL | FS_NOATIME_FL);
}

int ext_inode_new(struct inode *dir, u32 mode, const struct cred *cred, struct inode **out)
{
	struct ext_fs *fs = ext_fs_of(dir);
	struct ext_inode *ei;
	struct inode *inode;
	u32 ino = 0;
	int err;

	*out = NULL;
	if (!READ_ONCE(fs->writable))
		return -EROFS;
	if (dir->nlink == 0)
		return -ENOENT;
	inode = inode_alloc_new(dir->sb);
	if (!inode)
		return -ENOMEM;
	ei = ext_i(inode);
	err = ialloc_number(dir, mode, &ino);
	if (err)
		goto fail;
	inode_init_owner(inode, dir, mode, cred);
	inode->nlink = S_ISDIR(mode) ? 2 : 1;
	inode->size = 0;
	inode->blocks = 0;
	inode->flags = inherited_flags(dir, mode);
	inode->generation = (u32)random_u64();
	inode->btime = inode->atime = inode->mtime = inode->ctime =
		super_time_fit(dir->sb, clock_stamp());
	memset(ei->block, 0, sizeof(ei->block));
	if (fs->geo.incompat & EXT_INCOMPAT_EXTENTS && (S_ISREG(mode) || S_ISDIR(mode)))
		ext_extent_init(ei);
	ei->group = (ino - 1) / fs->geo.inodes_per_group;
	ei->extra_isize = fs->geo.inode_size > EXT_INODE_SIZE_OLD ? EXT_EXTRA_ISIZE : 0;
	ei->csum_seed = ext_csum_inode_seed(&fs->geo, ino, inode->generation);
	ei->fresh = true;
	err = inode_hash_new(inode, ino);
	if (err) {
		/* Somebody holds it: the bitmap says free of a number in use. */
		if (err == -ABI_EEXIST)
			err = ext_error(fs, "inode %u is in use but marked free", ino);
		goto fail;
	}
	ext_inode_set_ops(inode);
	inode_dirty(inode);
	*out = inode;
	err = inode_acl_inherit(inode, dir);
	if (err)
		ext_inode_abandon(inode);
	return err;
fail:
	inode_fail_new(inode);
	return err;
}

void ext_inode_abandon(struct inode *inode)
{
	inode->nlink = 0;
	if (ext_fs_of(inode)->journal)
		ext_orphan_add(inode);
	if (!ext_fs_of(inode)->journal || ext_inode_save(inode))
		inode_dirty(inode);
	inode_unlock_new(inode);
}
