/*
 * Where processes stand. All contexts are on one list, since pivot_root(2) moves everybody who
 * stands at the old root.
 */
#include "mm/slab.h"
#include "vfs/mount_int.h"
#include "vfs/fs_context_int.h"

static struct spinlock contexts_lock = SPINLOCK_INIT(RANK_FDTABLE, "fs_contexts");
static struct list contexts = LIST_INIT(contexts); /* contexts_lock */

static struct fs_context *context_create(const struct path *root, const struct path *cwd, u32 umask)
{
	struct fs_context *fs = kmalloc(sizeof(*fs), MM_KERNEL);

	if (!fs)
		return NULL;
	ref_set(&fs->refs, 1);
	spin_init(&fs->lock, RANK_FILE, "fs_context");
	fs->root = *root;
	fs->cwd = *cwd;
	fs->umask = umask;
	spin_lock(&contexts_lock);
	list_add(&fs->all_link, &contexts);
	spin_unlock(&contexts_lock);
	return fs;
}

struct fs_context *fs_context_boot(void)
{
	struct path root = { mount_root, mount_root->root };
	struct fs_context *fs = context_create(&root, &root, 022);

	if (fs) {
		path_get(&root);
		path_get(&root);
	}
	return fs;
}

struct fs_context *fs_context_clone(struct fs_context *from)
{
	struct path root, cwd;
	struct fs_context *fs;

	fs_context_get_paths(from, &root, &cwd);
	fs = context_create(&root, &cwd, READ_ONCE(from->umask));
	if (!fs) {
		path_put(&root);
		path_put(&cwd);
	}
	return fs;
}

void fs_context_put(struct fs_context *fs)
{
	if (!fs || !ref_put(&fs->refs))
		return;
	spin_lock(&contexts_lock);
	list_del(&fs->all_link);
	spin_unlock(&contexts_lock);
	path_put(&fs->root);
	path_put(&fs->cwd);
	kfree(fs);
}

void fs_context_get_paths(struct fs_context *fs, struct path *root, struct path *cwd)
{
	spin_lock(&fs->lock);
	if (root) {
		*root = fs->root;
		path_get(root);
	}
	if (cwd) {
		*cwd = fs->cwd;
		path_get(cwd);
	}
	spin_unlock(&fs->lock);
}

static void place_set(struct fs_context *fs, struct path *place, const struct path *path)
{
	struct path old;

	path_get(path);
	spin_lock(&fs->lock);
	old = *place;
	*place = *path;
	spin_unlock(&fs->lock);
	path_put(&old);
}

void fs_context_set_cwd(struct fs_context *fs, const struct path *path)
{
	place_set(fs, &fs->cwd, path);
}

void fs_context_set_root(struct fs_context *fs, const struct path *path)
{
	place_set(fs, &fs->root, path);
}

static bool path_equal(const struct path *a, const struct path *b)
{
	return a->mount == b->mount && a->dentry == b->dentry;
}

void fs_context_move_all(const struct path *from, const struct path *to)
{
	struct fs_context *fs;
	unsigned n = 0;

	spin_lock(&contexts_lock);
	list_for_each_entry(fs, &contexts, all_link) {
		spin_lock(&fs->lock);
		if (path_equal(&fs->root, from)) {
			path_get(to);
			fs->root = *to;
			n++;
		}
		if (path_equal(&fs->cwd, from)) {
			path_get(to);
			fs->cwd = *to;
			n++;
		}
		spin_unlock(&fs->lock);
	}
	spin_unlock(&contexts_lock);
	/* The caller holds `from`, so these are not the last. */
	while (n--) {
		struct path old = *from;

		path_put(&old);
	}
}
