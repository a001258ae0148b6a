/*
 * fs/ext/ext_window.c - windows: free blocks kept for a file that grows.
 *
 * A window is a range of blocks that allocation for other files goes around, so that two files
 * written at the same time do not interleave. It exists in memory only: its blocks are still free
 * in the bitmap, and when nothing else is left anybody takes them; an owner therefore looks at the
 * bitmap all the same. Windows never overlap and stand in a tree by their first block.
 */
#include "fs/ext/ext_alloc.h"

/* The first window that ends above `block`. window_lock held. */
static struct ext_window *window_after(struct ext_fs *fs, u64 block)
{
	struct rb_node *n = fs->windows.node;
	struct ext_window *best = NULL;

	while (n) {
		struct ext_window *w = rb_entry(n, struct ext_window, node);

		if (w->end > block) {
			best = w;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

static struct ext_window *window_next(struct ext_window *w)
{
	struct rb_node *n = rb_next(&w->node);

	return n ? rb_entry(n, struct ext_window, node) : NULL;
}

static void window_remove(struct ext_fs *fs, struct ext_window *w)
{
	if (w->start != w->end)
		rb_erase(&fs->windows, &w->node);
	w->start = w->end = 0;
}

static bool window_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct ext_window, node)->start <
	       rb_entry(b, struct ext_window, node)->start;
}

/* Same as ext_window_trim(); window_lock held. */
static bool window_trim(struct ext_fs *fs, const struct ext_window *own, u64 *start, u64 *end)
{
	struct ext_window *w = window_after(fs, *start);

	while (w && w->start < *end) {
		if (w != own && w->start > *start) {
			*end = w->start;
			return true;
		}
		if (w != own)
			*start = w->end;
		if (*start >= *end)
			return false;
		w = window_next(w);
	}
	return true;
}

bool ext_window_trim(struct ext_fs *fs, const struct ext_window *own, u64 *start, u64 *end)
{
	bool left;

	if (rb_empty(&fs->windows))
		return true;
	spin_lock(&fs->window_lock);
	left = window_trim(fs, own, start, end);
	spin_unlock(&fs->window_lock);
	return left;
}

void ext_window_drop(struct ext_fs *fs, struct ext_window *w)
{
	u64 start = w->start, end = w->end;

	if (start == end)
		return;
	spin_lock(&fs->window_lock);
	window_remove(fs, w);
	spin_unlock(&fs->window_lock);
	ext_runs_appeared(fs, start, end);
}

void ext_window_set(struct ext_fs *fs, struct ext_window *w, u64 start, u64 end)
{
	u64 first = start;

	spin_lock(&fs->window_lock);
	window_remove(fs, w);
	if (start < end && window_trim(fs, w, &first, &end) && first == start) {
		w->start = start;
		w->end = end;
		rb_add(&fs->windows, &w->node, window_less);
	}
	spin_unlock(&fs->window_lock);
}

void ext_window_use(struct ext_fs *fs, struct ext_window *w, u64 start)
{
	spin_lock(&fs->window_lock);
	if (start >= w->end)
		window_remove(fs, w);
	else
		w->start = start; /* nobody stands between: the order in the tree is the same */
	spin_unlock(&fs->window_lock);
}
