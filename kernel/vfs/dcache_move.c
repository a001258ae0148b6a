/*
 * Dentries that change their name or place: rename(2). dcache_rename_seq is odd while that happens,
 * so lockless walks that saw part of the old and part of the new tree start again.
 */
#include "mm/slab.h"
#include "vfs/name_int.h"

/*
 * Guards dcache_rename_seq, and every dentry's name and parent against another mover; before any
 * dentry's lock.
 */
static struct spinlock rename_lock = SPINLOCK_INIT(RANK_DENTRY, "dcache_rename");

int dentry_name_prepare(const struct name *name, struct dentry_name **out)
{
	*out = NULL;
	if (name->length < sizeof_field(struct dentry, short_name))
		return 0;
	*out = kmalloc(sizeof(struct dentry_name) + name->length + 1, MM_KERNEL);
	return *out ? 0 : -ENOMEM;
}

void dentry_name_set(struct dentry *d, const struct name *name, struct dentry_name *storage)
{
	char *text = storage ? storage->text : d->short_name;

	memcpy(text, name->text, name->length);
	text[name->length] = 0;
	d->name = text;
	d->name_length = name->length;
	d->name_hash = name->hash;
}

static void name_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct dentry_name, rcu));
}

/* Renames a locked dentry whose seq is odd: its former storage, if it had one. */
static struct dentry_name *rename_to(struct dentry *d, const struct name *name,
				     struct dentry_name *storage)
{
	struct dentry_name *old = d->name == d->short_name ? NULL : dentry_name_of(d->name);

	dentry_name_set(d, name, storage);
	return old;
}

static void child_move(struct dentry *d, struct dentry *from, struct dentry *to)
{
	spin_lock(&from->lock);
	list_del(&d->child_link);
	spin_unlock(&from->lock);
	spin_lock(&to->lock);
	list_add(&d->child_link, &to->children);
	spin_unlock(&to->lock);
}

void dentry_move(struct dentry *d, struct dentry *target, struct dentry_name *storage)
{
	struct name name = { target->name, target->name_length, target->name_hash };
	struct dentry *from = d->parent, *to = target->parent;
	struct dentry_name *old;

	dentry_unhash(target);
	dentry_get(to);
	spin_lock(&rename_lock);
	seq_write_begin(&dcache_rename_seq);
	spin_lock(&d->lock);
	seq_write_begin(&d->seq);
	if (!(d->flags & DENTRY_UNHASHED))
		dentry_bucket_del(d);
	old = rename_to(d, &name, storage);
	rcu_store(d->parent, to);
	if (!(d->flags & DENTRY_UNHASHED))
		dentry_bucket_add(d);
	seq_write_end(&d->seq);
	spin_unlock(&d->lock);
	child_move(d, from, to);
	seq_write_end(&dcache_rename_seq);
	spin_unlock(&rename_lock);
	dentry_put(from);
	if (old)
		rcu_call(&old->rcu, name_free_rcu);
}

void dentry_exchange(struct dentry *d, struct dentry *t, struct dentry_name *sd,
		     struct dentry_name *st)
{
	struct name name_d = { d->name, d->name_length, d->name_hash };
	struct name name_t = { t->name, t->name_length, t->name_hash };
	struct dentry *parent_d = d->parent, *parent_t = t->parent;
	struct dentry_name *old_d, *old_t;
	char short_d[sizeof_field(struct dentry, short_name)];

	if (name_d.text == d->short_name) {
		memcpy(short_d, d->short_name, sizeof(short_d));
		name_d.text = short_d;
	}
	spin_lock(&rename_lock);
	seq_write_begin(&dcache_rename_seq);
	if (!(d->flags & DENTRY_UNHASHED))
		dentry_bucket_del(d);
	if (!(t->flags & DENTRY_UNHASHED))
		dentry_bucket_del(t);
	seq_write_begin(&d->seq);
	seq_write_begin(&t->seq);
	old_d = rename_to(d, &name_t, sd);
	old_t = rename_to(t, &name_d, st);
	rcu_store(d->parent, parent_t);
	rcu_store(t->parent, parent_d);
	if (!(d->flags & DENTRY_UNHASHED))
		dentry_bucket_add(d);
	if (!(t->flags & DENTRY_UNHASHED))
		dentry_bucket_add(t);
	seq_write_end(&t->seq);
	seq_write_end(&d->seq);
	child_move(d, parent_d, parent_t);
	child_move(t, parent_t, parent_d);
	seq_write_end(&dcache_rename_seq);
	spin_unlock(&rename_lock);
	if (old_d)
		rcu_call(&old_d->rcu, name_free_rcu);
	if (old_t)
		rcu_call(&old_t->rcu, name_free_rcu);
}

bool dentry_is_below(struct dentry *d, struct dentry *ancestor)
{
	bool below;

	spin_lock(&rename_lock);
	while (d != ancestor && d->parent != d)
		d = d->parent;
	below = d == ancestor;
	spin_unlock(&rename_lock);
	return below;
}
