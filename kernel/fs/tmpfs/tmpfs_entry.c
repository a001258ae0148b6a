/*
 * Entries of tmpfs directories: two trees, by name and by cookie. The cookie only grows, so a
 * readdir that goes on from one misses nothing and shows nothing twice.
 */
#include "abi/dirent.h"
#include "abi/stat.h"
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/string.h"
#include "mm/slab.h"

#define FIRST_COOKIE 2 /* 0 and 1 are "." and ".." */
#define ENTRY_SIZE 20  /* what st_size of a directory counts for each entry, as on Linux */

static int compare(const struct name *name, const struct tmpfs_entry *e)
{
	if (name->hash != e->hash)
		return name->hash < e->hash ? -1 : 1;
	if (name->length != e->length)
		return name->length < e->length ? -1 : 1;
	return memcmp(name->text, e->name, e->length);
}

struct tmpfs_entry *tmpfs_entry_find(struct inode *dir, const struct name *name)
{
	struct rb_node *n = tmpfs_i(dir)->names.node;

	while (n) {
		struct tmpfs_entry *e = rb_entry(n, struct tmpfs_entry, by_name);
		int order = compare(name, e);

		if (!order)
			return e;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

struct tmpfs_entry *tmpfs_entry_alloc(const struct name *name)
{
	struct tmpfs_entry *e = kmalloc(sizeof(*e) + name->length, MM_KERNEL);

	if (!e)
		return NULL;
	e->hash = name->hash;
	e->length = name->length;
	memcpy(e->name, name->text, name->length);
	return e;
}

static void size_update(struct tmpfs_inode *t)
{
	WRITE_ONCE(t->inode.size, (s64)(t->n_entries + 2) * ENTRY_SIZE);
}

void tmpfs_entry_insert(struct inode *dir, struct tmpfs_entry *e, struct inode *inode)
{
	struct tmpfs_inode *t = tmpfs_i(dir);
	struct rb_node **link = &t->names.node, *parent = NULL;
	struct name name = { e->name, e->length, e->hash };

	while (*link) {
		parent = *link;
		link = compare(&name, rb_entry(parent, struct tmpfs_entry, by_name)) < 0
			       ? &parent->left
			       : &parent->right;
	}
	rb_link(&e->by_name, parent, link);
	rb_insert(&t->names, &e->by_name);

	e->cookie = t->last_cookie++;
	link = &t->cookies.node;
	for (parent = NULL; *link; link = &parent->right)
		parent = *link; /* the newest is always the last */
	rb_link(&e->by_cookie, parent, link);
	rb_insert(&t->cookies, &e->by_cookie);

	e->inode = inode;
	t->n_entries++;
	size_update(t);
}

struct inode *tmpfs_entry_remove(struct inode *dir, struct tmpfs_entry *e)
{
	struct tmpfs_inode *t = tmpfs_i(dir);
	struct inode *inode = e->inode;

	rb_erase(&t->names, &e->by_name);
	rb_erase(&t->cookies, &e->by_cookie);
	t->n_entries--;
	size_update(t);
	kfree(e);
	return inode;
}

struct tmpfs_entry *tmpfs_entry_from(struct inode *dir, u64 cookie)
{
	struct rb_node *n = tmpfs_i(dir)->cookies.node;
	struct tmpfs_entry *best = NULL;

	while (n) {
		struct tmpfs_entry *e = rb_entry(n, struct tmpfs_entry, by_cookie);

		if (e->cookie >= cookie) {
			best = e;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

void tmpfs_dismantle(struct inode *dir)
{
	struct inode *at = dir;

	/*
	 * Downwards by the first entry, upwards by the parent: a tree may be deeper than the stack.
	 */
	for (;;) {
		struct tmpfs_entry *e = rb_entry_or_null(rb_first(&tmpfs_i(at)->cookies),
							 struct tmpfs_entry, by_cookie);
		struct inode *parent = tmpfs_i(at)->parent;

		if (e && S_ISDIR(e->inode->mode) && tmpfs_i(e->inode)->n_entries) {
			at = e->inode;
		} else if (e) {
			inode_put(tmpfs_entry_remove(at, e));
		} else if (at == dir) {
			return;
		} else {
			at = parent;
		}
	}
}

int tmpfs_readdir(struct file *file, struct dir_sink *sink)
{
	struct inode *dir = file->inode;
	struct tmpfs_entry *e;

	if (file->pos == 0) {
		if (!sink->emit(sink, ".", 1, dir->ino, DT_DIR, 1))
			return 0;
		file->pos = 1;
	}
	if (file->pos == 1) {
		struct inode *parent = tmpfs_i(dir)->parent;

		if (!sink->emit(sink, "..", 2, parent ? parent->ino : dir->ino, DT_DIR,
				FIRST_COOKIE))
			return 0;
		file->pos = FIRST_COOKIE;
	}
	for (e = tmpfs_entry_from(dir, (u64)file->pos); e;
	     e = rb_entry_or_null(rb_next(&e->by_cookie), struct tmpfs_entry, by_cookie)) {
		if (!sink->emit(sink, e->name, e->length, e->inode->ino,
				DT_FROM_MODE(e->inode->mode), e->cookie + 1))
			break;
		file->pos = (loff_t)e->cookie + 1;
	}
	return 0;
}
