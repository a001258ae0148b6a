/* Paths as text: copied in from user space, and written out for getcwd(2) and /proc. */
#include "abi/limits.h"
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "vfs/mount_int.h"

int path_name_copy(struct path_name *n, const char __user *user, bool allow_empty)
{
	ssize_t length = copy_in_string(n->fast, user, sizeof(n->fast));

	n->text = n->fast;
	if (unlikely(length == -ABI_ENAMETOOLONG)) {
		n->text = kmalloc(PATH_MAX, MM_KERNEL);
		if (!n->text)
			return -ENOMEM;
		length = copy_in_string(n->text, user, PATH_MAX);
	}
	if (length > 0 || (length == 0 && allow_empty))
		return 0;
	path_name_free(n);
	return length < 0 ? (int)length : -ENOENT;
}

void path_name_free(struct path_name *n)
{
	if (n->text != n->fast)
		kfree(n->text);
	n->text = n->fast;
}

/* A text that grows towards the beginning of its buffer. */
struct backwards {
	char *start, *at;
};

static int prepend(struct backwards *b, const char *text, size_t n)
{
	if ((size_t)(b->at - b->start) < n)
		return -ENAMETOOLONG;
	b->at -= n;
	memcpy(b->at, text, n);
	return 0;
}

/*
 * The names from the path up to `root`; *met says whether it was, *reached whether that or the root
 * of all mounts was. Caller is an RCU reader that checks the sequence counts.
 */
static int prepend_names(struct backwards *b, const struct path *path, const struct path *root,
			 bool *reached, bool *met)
{
	const struct dentry *d = path->dentry;
	const struct mount *m = path->mount;
	int err = 0;

	*reached = *met = false;
	while (err == 0) {
		const struct dentry *parent = READ_ONCE(d->parent);

		if (root && d == root->dentry && m == root->mount) {
			*reached = *met = true;
			return 0;
		}
		if (d == m->root || parent == d) {
			const struct dentry *point = READ_ONCE(m->point);
			const struct mount *up = READ_ONCE(m->parent);

			if (!up || !point || d != m->root) {
				*reached = d == m->root && m == READ_ONCE(mount_root);
				return 0;
			}
			d = point;
			m = up;
			continue;
		}
		err = prepend(b, READ_ONCE(d->name), READ_ONCE(d->name_length));
		if (err == 0)
			err = prepend(b, "/", 1);
		d = parent;
	}
	return err;
}

/* One attempt; -EAGAIN if names or mounts changed meanwhile. */
static int path_write(const struct path *path, const struct path *root, bool strict,
		      struct backwards *b)
{
	static const char deleted[] = " (deleted)", unreachable[] = "(unreachable)";
	u32 renames = seq_read_begin(&dcache_rename_seq), mounts = seq_read_begin(&mount_seq);
	bool gone = READ_ONCE(path->dentry->flags) & DENTRY_UNHASHED, reached, met;
	char *names;
	int err = 0;

	if (gone)
		err = prepend(b, deleted, sizeof(deleted) - 1);
	names = b->at;
	if (err == 0) {
		rcu_read_lock();
		err = prepend_names(b, path, root, &reached, &met);
		rcu_read_unlock();
	}
	if (seq_read_retry(&dcache_rename_seq, renames) || seq_read_retry(&mount_seq, mounts))
		return -EAGAIN;
	if (err < 0)
		return err;
	if (b->at == names)
		err = prepend(b, "/", 1);
	if (err == 0 && !(strict ? met : reached))
		err = prepend(b, unreachable, sizeof(unreachable) - 1);
	return err;
}

static int path_to_text(const struct path *path, const struct path *root, bool strict, char *buf,
			size_t size, char **out)
{
	struct backwards b = { buf, buf + size };
	int err;

	if (!size)
		return -ENAMETOOLONG;
	*--b.at = 0;
	if (!path->mount) {
		/*
		 * Files without a place: the dentry's name is all there is ("pipe:[7]",
		 * "anon_inode:[eventfd]").
		 */
		err = prepend(&b, path->dentry->name, path->dentry->name_length);
		*out = b.at;
		return err;
	}
	do {
		b.at = buf + size - 1;
		err = path_write(path, root, strict, &b);
	} while (err == -ABI_EAGAIN);
	*out = b.at;
	return err;
}

int path_to_string(const struct path *path, const struct path *root, char *buf, size_t size,
		   char **out)
{
	return path_to_text(path, root, false, buf, size, out);
}

int path_below_to_string(const struct path *path, const struct path *root, char *buf, size_t size,
			 char **out)
{
	return path_to_text(path, root, true, buf, size, out);
}

int mount_root_to_string(struct mount *m, char *buf, size_t size, char **out)
{
	struct backwards b = { buf, buf + size };
	u32 renames;
	int err;

	do {
		const struct dentry *d = m->root, *parent;

		renames = seq_read_begin(&dcache_rename_seq);
		b.at = buf + size - 1;
		*b.at = 0;
		err = READ_ONCE(d->flags) & DENTRY_UNHASHED ? prepend(&b, "//deleted", 9) : 0;
		rcu_read_lock();
		for (; err == 0 && (parent = READ_ONCE(d->parent)) != d; d = parent) {
			err = prepend(&b, READ_ONCE(d->name), READ_ONCE(d->name_length));
			if (err == 0)
				err = prepend(&b, "/", 1);
		}
		rcu_read_unlock();
	} while (seq_read_retry(&dcache_rename_seq, renames));
	if (err == 0 && !*b.at)
		err = prepend(&b, "/", 1);
	*out = b.at;
	return err;
}
