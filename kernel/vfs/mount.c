/*
 * The tree of mounts: finding, entering and leaving (mount_int.h has the rules; mount_ops.c the
 * system calls).
 */
#include "lib/hash.h"
#include "mm/slab.h"
#include "vfs/mount_int.h"
#include "vfs/super_int.h"

#define MOUNT_BITS 8

struct mutex mount_mutex;
struct seqcount mount_seq;
struct mount *mount_root;

static struct hlist_head mounts[1 << MOUNT_BITS]; /* mount_mutex; RCU readers */
static struct list all_mounts = LIST_INIT(all_mounts); /* mount_mutex: in mount order */
static u32 next_id;                                /* a */
static unsigned change_depth;                      /* mount_mutex */

void mount_init(void)
{
	mutex_init(&mount_mutex, RANK_MOUNT, "mount");
}

void mount_change_begin(void)
{
	if (change_depth++ == 0)
		seq_write_begin(&mount_seq);
}

void mount_change_end(void)
{
	if (--change_depth == 0)
		seq_write_end(&mount_seq);
}

static struct hlist_head *bucket_of(const struct mount *parent, const struct dentry *point)
{
	return &mounts[hash_u64((u64)parent >> 4 ^ (u64)point >> 3, MOUNT_BITS)];
}

struct mount *mount_find_rcu(const struct mount *parent, const struct dentry *point)
{
	struct mount *m;

	hlist_for_each_entry_rcu(m, bucket_of(parent, point), hash)
		if (m->parent == parent && m->point == point)
			return m;
	return NULL;
}

/* mount_find_rcu() with a reference. */
static struct mount *mount_find(const struct mount *parent, const struct dentry *point)
{
	for (;;) {
		u32 seq = seq_read_begin(&mount_seq);
		struct mount *m;
		bool got;

		rcu_read_lock();
		m = mount_find_rcu(parent, point);
		got = m && ref_try_get(&m->refs);
		rcu_read_unlock();
		if (!seq_read_retry(&mount_seq, seq) && (got || !m))
			return m;
		if (got)
			mount_put(m);
	}
}

void path_mount_down(struct path *path)
{
	while (dentry_is_mounted(path->dentry)) {
		struct mount *m = mount_find(path->mount, path->dentry);

		if (!m)
			return;
		path_put(path);
		path->mount = m;
		path->dentry = dentry_get(m->root);
	}
}

bool path_mount_up(struct path *path)
{
	struct mount *parent;
	struct dentry *point;
	bool got;
	u32 seq;

	do {
		seq = seq_read_begin(&mount_seq);
		rcu_read_lock();
		parent = READ_ONCE(path->mount->parent);
		point = READ_ONCE(path->mount->point);
		got = parent && point && ref_try_get(&parent->refs);
		if (got && !ref_try_get(&point->refs)) {
			rcu_read_unlock();
			mount_put(parent);
			continue;
		}
		rcu_read_unlock();
		if (!seq_read_retry(&mount_seq, seq))
			break;
		if (got) {
			dentry_put(point);
			mount_put(parent);
		}
	} while (true);
	if (!got)
		return false;
	path_put(path);
	path->mount = parent;
	path->dentry = point;
	return true;
}

struct mount *mount_alloc(struct superblock *sb, struct dentry *root, u32 flags, const char *source)
{
	struct mount *m = kzalloc(sizeof(*m), MM_KERNEL);

	if (m)
		m->source = kstrdup(source, MM_KERNEL);
	if (!m || !m->source) {
		kfree(m);
		super_put(sb);
		return NULL;
	}
	ref_set(&m->refs, 1);
	m->sb = sb;
	m->root = dentry_get(root);
	m->flags = flags;
	m->id = __atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED);
	hlist_node_init(&m->hash);
	list_init(&m->children);
	list_init(&m->child_link);
	list_init(&m->all_link);
	list_init(&m->peer_link);
	list_init(&m->slaves);
	list_init(&m->slave_link);
	list_init(&m->told_link);
	return m;
}

static void mount_free_rcu(struct rcu_head *head)
{
	struct mount *m = container_of(head, struct mount, rcu);

	kfree(m->source);
	kfree(m);
}

void mount_put(struct mount *m)
{
	if (!m || !ref_put(&m->refs))
		return;
	dentry_put(m->root);
	super_put(m->sb);
	rcu_call(&m->rcu, mount_free_rcu);
}

/* DENTRY_MOUNTED says whether some mount sits on the dentry, whichever mount shows it. */
static void point_mark(struct dentry *point)
{
	spin_lock(&point->lock);
	point->flags |= DENTRY_MOUNTED;
	spin_unlock(&point->lock);
}

static void point_unmark_locked(struct dentry *point)
{
	struct mount *m;

	list_for_each_entry(m, &all_mounts, all_link)
		if (m->point == point)
			return;
	spin_lock(&point->lock);
	point->flags &= ~DENTRY_MOUNTED;
	spin_unlock(&point->lock);
}

/* mount_hang_locked() in a write section of mount_seq, with references that are there. */
static void hang(struct mount *m, const struct path *point)
{
	m->parent = point->mount;
	m->point = point->dentry;
	hlist_add_head_rcu(&m->hash, bucket_of(m->parent, m->point));
	list_add_tail(&m->child_link, &m->parent->children);
	point_mark(m->point);
}

void mount_hang_locked(struct mount *m, const struct path *point)
{
	path_get(point);
	mount_change_begin();
	hang(m, point);
	mount_change_end();
}

void mount_list_locked(struct mount *top)
{
	for (struct mount *m = top; m; m = mount_subtree_next(m, top, false))
		if (!mount_in_tree(m))
			list_add_tail(&m->all_link, &all_mounts);
}

void mount_attach_locked(struct mount *m, const struct path *point)
{
	mount_get(m);
	if (point)
		mount_hang_locked(m, point);
	else
		mount_root = m;
	mount_list_locked(m);
}

void mount_shift_locked(struct mount *m, const struct path *point)
{
	struct path old = { m->parent, m->point };

	path_get(point);
	mount_change_begin();
	hlist_del_rcu(&m->hash);
	list_del_init(&m->child_link);
	hang(m, point);
	point_unmark_locked(old.dentry);
	mount_change_end();
	path_put(&old);
}

struct mount *mount_subtree_next(struct mount *m, struct mount *top, bool skip)
{
	if (!skip && !list_empty(&m->children))
		return list_first_entry(&m->children, struct mount, child_link);
	for (; m != top; m = m->parent)
		if (m->child_link.next != &m->parent->children)
			return list_next_entry(m, child_link);
	return NULL;
}

bool mount_is_below(const struct mount *m, const struct mount *top)
{
	while (m && m != top)
		m = m->parent;
	return m == top;
}

void mount_detach_locked(struct mount *m, struct path *point)
{
	*point = (struct path){ m->parent, m->point };
	mount_change_begin();
	hlist_del_rcu(&m->hash);
	list_del_init(&m->child_link);
	list_del_init(&m->all_link);
	m->parent = NULL;
	m->point = NULL;
	if (mount_root == m)
		mount_root = NULL;
	if (point->dentry)
		point_unmark_locked(point->dentry);
	mount_change_end();
}

int mount_hold_begin(struct mount *m)
{
	if (!m)
		return 0;
	/* Counted before the flag is read; who sets the flag reads the count afterwards. */
	__atomic_fetch_add(&m->n_writers, 1, __ATOMIC_SEQ_CST);
	if (likely(!mount_is_readonly(m)))
		return 0;
	mount_hold_end(m);
	return -EROFS;
}

int mount_write_begin(struct mount *m)
{
	int err = m ? gate_enter(m->sb->gate, GATE_CALL) : 0;

	if (unlikely(err < 0))
		return err;
	err = mount_hold_begin(m);
	if (err < 0)
		gate_leave(m->sb->gate, GATE_CALL);
	return err;
}

void mount_write_end(struct mount *m)
{
	if (!m)
		return;
	mount_hold_end(m);
	gate_leave(m->sb->gate, GATE_CALL);
}

bool mount_super_has_writers(const struct superblock *sb)
{
	struct mount *m;

	list_for_each_entry(m, &all_mounts, all_link)
		if (m->sb == sb && __atomic_load_n(&m->n_writers, __ATOMIC_SEQ_CST))
			return true;
	return false;
}

int mount_set_readonly(struct mount *m, bool readonly)
{
	if (!readonly) {
		__atomic_fetch_and(&m->flags, ~MNT_F_READONLY, __ATOMIC_SEQ_CST);
		return 0;
	}
	if (m->flags & MNT_F_READONLY)
		return 0;
	__atomic_fetch_or(&m->flags, MNT_F_READONLY, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&m->n_writers, __ATOMIC_SEQ_CST))
		return 0;
	__atomic_fetch_and(&m->flags, ~MNT_F_READONLY, __ATOMIC_SEQ_CST);
	return -EBUSY;
}

void mount_each(bool (*fn)(struct mount *m, void *arg), void *arg)
{
	struct mount *m;

	mutex_lock(&mount_mutex);
	list_for_each_entry(m, &all_mounts, all_link)
		if (!fn(m, arg))
			break;
	mutex_unlock(&mount_mutex);
}

void path_get(const struct path *path)
{
	if (path->mount)
		mount_get(path->mount);
	if (path->dentry)
		dentry_get(path->dentry);
}

void path_put(struct path *path)
{
	if (path->dentry)
		dentry_put(path->dentry);
	if (path->mount)
		mount_put(path->mount);
	*path = (struct path){ NULL, NULL };
}
