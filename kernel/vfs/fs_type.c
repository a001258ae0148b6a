/* The kinds of file systems this kernel knows, in order of registration. */
#include "core/spinlock.h"
#include "lib/string.h"
#include "vfs/super.h"

static struct spinlock types_lock = SPINLOCK_INIT(RANK_DCACHE, "fs_types");
static struct list types = LIST_INIT(types); /* types_lock; members stay for good */

static struct fs_type *find_locked(const char *name)
{
	struct fs_type *type;

	list_for_each_entry(type, &types, link)
		if (!strcmp(type->name, name))
			return type;
	return NULL;
}

int fs_register(struct fs_type *type)
{
	int err = 0;

	spin_lock(&types_lock);
	if (find_locked(type->name))
		err = -EEXIST;
	else
		list_add_tail(&type->link, &types);
	spin_unlock(&types_lock);
	return err;
}

struct fs_type *fs_find(const char *name)
{
	struct fs_type *type;

	spin_lock(&types_lock);
	type = find_locked(name);
	spin_unlock(&types_lock);
	return type;
}

void fs_each(void (*fn)(struct fs_type *type, void *arg), void *arg)
{
	struct fs_type *type;

	list_for_each_entry(type, &types, link)
		fn(type, arg);
}
