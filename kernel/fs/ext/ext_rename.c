/*
 * fs/ext/ext_rename.c - rename(2) in all its forms.
 *
 * The new name is made before the old one is removed, so that a crash leaves the file with a name
 * too many and never without one. Whatever can fail for a bad disk is tried before the first
 * change: the old entry, ".." of a directory that moves, the emptiness of one that is replaced.
 * Adding a name may move others within their directory (an index splits leaves), so the old entry
 * is looked for again afterwards. With RENAME_WHITEOUT it is given another inode instead of being
 * removed. All of it is one handle of the journal.
 */
#include "fs/ext/ext_alloc.h"
#include "fs/ext/ext_delayed.h"
#include "fs/ext/ext_dir.h"
#include "fs/ext/ext_handle.h"
#include "fs/ext/ext_namei.h"

#include "abi/fcntl.h"
#include "abi/stat.h"

struct renaming {
	struct inode *from, *to, *inode, *replaced;
	const struct name *old, *new_name;
	const struct cred *cred;
	struct inode *whiteout;		/* what the old name will be, or NULL */
	struct ext_dir_slot dotdot;	/* of inode; b.page NULL if it stays in its directory */
};

static int dotdot_open(struct inode *inode, struct inode *from, struct inode *to,
		       struct ext_dir_slot *slot)
{
	slot->b.page = NULL;
	if (!S_ISDIR(inode->mode) || from == to)
		return 0;
	return ext_dir_dotdot(inode, slot);
}

static void dotdot_set(struct inode *inode, struct ext_dir_slot *slot, struct inode *parent)
{
	if (slot->b.page)
		ext_dir_set(inode, slot, (u32)parent->ino, S_IFDIR);
}

static void dotdot_close(struct ext_dir_slot *slot)
{
	if (slot->b.page)
		bcache_put(&slot->b);
}

/* Makes the new name: in the place of the replaced one, or as an addition. */
static int rename_enter(struct renaming *r)
{
	struct ext_dir_slot slot;
	int err;

	if (!r->replaced)
		return ext_dir_add(r->to, r->new_name->text, r->new_name->length,
				   (u32)r->inode->ino, r->inode->mode, true);
	err = ext_dir_find_inode(r->to, r->new_name, r->replaced, &slot);
	if (err)
		return err;
	ext_dir_set(r->to, &slot, (u32)r->inode->ino, r->inode->mode);
	bcache_put(&slot.b);
	return 0;
}

static int rename_check(struct renaming *r)
{
	struct ext_dir_slot slot;
	int err;

	if (r->to->nlink == 0)
		return -ENOENT;
	if (S_ISDIR(r->inode->mode) && r->from != r->to && !r->replaced && ext_dir_full(r->to))
		return -EMLINK;
	if (r->replaced && S_ISDIR(r->replaced->mode)) {
		err = ext_dir_check_empty(r->replaced);
		if (err)
			return err;
	}
	err = ext_dir_find_inode(r->from, r->old, r->inode, &slot);
	if (err)
		return err;
	bcache_put(&slot.b);
	return dotdot_open(r->inode, r->from, r->to, &r->dotdot);
}

static int rename_simple(struct renaming *r)
{
	struct ext_dir_slot slot;
	int err = rename_check(r);

	if (err)
		return err;
	err = rename_enter(r);
	if (err)
		goto out;
	err = ext_dir_find_inode(r->from, r->old, r->inode, &slot);
	if (err)
		goto out;
	if (r->whiteout)
		ext_dir_set(r->from, &slot, (u32)r->whiteout->ino, r->whiteout->mode);
	else
		ext_dir_remove(r->from, &slot);
	bcache_put(&slot.b);
	dotdot_set(r->inode, &r->dotdot, r->to);
	if (S_ISDIR(r->inode->mode) && r->from != r->to) {
		ext_dir_links_dec(r->from);
		ext_dir_links_inc(r->to);
	}
	if (r->replaced) {
		if (S_ISDIR(r->replaced->mode))
			ext_dir_links_dec(r->to);
		ext_inode_unlinked(r->replaced, S_ISDIR(r->replaced->mode));
	}
out:
	dotdot_close(&r->dotdot);
	return err;
}

/* Two names change places (RENAME_EXCHANGE). */
static int rename_exchange(struct renaming *r)
{
	struct inode *a = r->inode, *b = r->replaced;
	struct ext_dir_slot slot_a, slot_b, dotdot_b;
	bool a_dir = S_ISDIR(a->mode), b_dir = S_ISDIR(b->mode);
	int err;

	if (r->from != r->to && ((a_dir && !b_dir && ext_dir_full(r->to)) ||
				 (b_dir && !a_dir && ext_dir_full(r->from))))
		return -EMLINK;
	err = ext_dir_find_inode(r->from, r->old, a, &slot_a);
	if (err)
		return err;
	err = ext_dir_find_inode(r->to, r->new_name, b, &slot_b);
	if (err)
		goto put_a;
	err = dotdot_open(a, r->from, r->to, &r->dotdot);
	if (err)
		goto put_b;
	err = dotdot_open(b, r->to, r->from, &dotdot_b);
	if (err)
		goto put_dotdot;
	ext_dir_set(r->from, &slot_a, (u32)b->ino, b->mode);
	ext_dir_set(r->to, &slot_b, (u32)a->ino, a->mode);
	dotdot_set(a, &r->dotdot, r->to);
	dotdot_set(b, &dotdot_b, r->from);
	if (r->from != r->to && a_dir != b_dir) {
		ext_dir_links_dec(a_dir ? r->from : r->to);
		ext_dir_links_inc(a_dir ? r->to : r->from);
	}
	inode_touch(b, ATTR_CTIME);
	dotdot_close(&dotdot_b);
put_dotdot:
	dotdot_close(&r->dotdot);
put_b:
	bcache_put(&slot_b.b);
put_a:
	bcache_put(&slot_a.b);
	return err;
}

/*
 * The same as rename_simple(), with a whiteout, complete before it has the name. If there is one
 * then, also after an error, it is to be put after the handle.
 */
static int rename_whiteout(struct renaming *r)
{
	int err = ext_inode_new(r->from, S_IFCHR, r->cred, &r->whiteout);

	if (err)
		return err;
	err = ext_inode_save(r->whiteout);
	if (!err)
		err = rename_simple(r);
	if (err)
		ext_inode_abandon(r->whiteout);
	else
		inode_unlock_new(r->whiteout);
	return err;
}

static int rename_do(struct renaming *r, u32 flags)
{
	int err;

	if (flags & RENAME_EXCHANGE)
		err = r->replaced ? rename_exchange(r) : -ENOENT;
	else if (flags & RENAME_WHITEOUT)
		err = rename_whiteout(r);
	else
		err = rename_simple(r);
	if (err)
		return err;
	inode_touch(r->inode, ATTR_CTIME);
	inode_touch(r->from, ATTR_MTIME | ATTR_CTIME);
	if (r->to != r->from)
		inode_touch(r->to, ATTR_MTIME | ATTR_CTIME);
	return 0;
}

int ext_rename(struct inode *from, const struct name *old, struct inode *inode, struct inode *to,
	       const struct name *new_name, struct inode *replaced, u32 flags,
	       const struct cred *cred)
{
	struct renaming r = { .from = from, .to = to, .inode = inode, .replaced = replaced,
			      .old = old, .new_name = new_name, .cred = cred };
	struct ext_fs *fs = ext_fs_of(from);
	u32 credits;
	unsigned tries = 0;
	int err;

	if (!READ_ONCE(fs->writable))
		return -EROFS;
	if (flags & ~(u32)(RENAME_EXCHANGE | RENAME_NOREPLACE | RENAME_WHITEOUT))
		return -EINVAL;
	if (new_name->length > EXT_NAME_MAX)
		return -ENAMETOOLONG;
	/* Whoever replaces a file means to have the old contents or the new, whatever happens. */
	if (replaced && !(flags & RENAME_EXCHANGE) && S_ISREG(inode->mode))
		ext_delayed_flush(inode);
	do {
		credits = ext_credits_rename(from, to);
		if (flags & RENAME_WHITEOUT)
			credits += ext_credits_new(from);
		err = ext_begin(fs, credits);
		if (err)
			return err;
		err = rename_do(&r, flags);
		if (replaced && !err)
			err = ext_inode_save(replaced);
		if (to != from && !err)
			err = ext_inode_save(to);
		err = ext_end_saving(fs, err, inode, from);
		if (r.whiteout)
			inode_put(r.whiteout);
		r.whiteout = NULL;
	} while (ext_retry(fs, err, &tries));
	if (err)
		return err;
	err = ext_dirsync(to, inode);
	return to != from && !err ? ext_dirsync(from, NULL) : err;
}
