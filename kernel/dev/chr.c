/*
 * The table of character devices: ranges of device numbers and who serves them. It is short (a few
 * dozen entries), looked up only when a device node is opened. The listener is called without the
 * lock, because it makes directory entries, whose locks come first.
 */
#include "dev/chr.h"

#include "abi/errno.h"
#include "sched/mutex.h"

static struct list chrdevs = LIST_INIT(chrdevs); /* in order of registration */
static struct mutex registry = MUTEX_INIT(registry, RANK_DEV, "chrdevs");
static void (*listener)(struct chrdev *dev, bool added);

static bool chrdev_overlaps(const struct chrdev *a, const struct chrdev *b)
{
	return a->major == b->major && a->minor < b->minor + b->n_minors &&
	       b->minor < a->minor + a->n_minors;
}

int chrdev_register(struct chrdev *dev)
{
	void (*notify)(struct chrdev *dev, bool added);
	struct chrdev *d;

	mutex_lock(&registry);
	list_for_each_entry(d, &chrdevs, link) {
		if (chrdev_overlaps(d, dev)) {
			mutex_unlock(&registry);
			return -EEXIST;
		}
	}
	list_add_tail(&dev->link, &chrdevs);
	notify = listener;
	mutex_unlock(&registry);
	if (notify)
		notify(dev, true);
	return 0;
}

void chrdev_unregister(struct chrdev *dev)
{
	void (*notify)(struct chrdev *dev, bool added);

	mutex_lock(&registry);
	list_del_init(&dev->link);
	notify = listener;
	mutex_unlock(&registry);
	if (notify)
		notify(dev, false);
}

struct chrdev *chrdev_find(u32 major, u32 minor)
{
	struct chrdev *d, *found = NULL;

	mutex_lock(&registry);
	list_for_each_entry(d, &chrdevs, link) {
		if (d->major == major && minor >= d->minor && minor - d->minor < d->n_minors) {
			found = d;
			break;
		}
	}
	mutex_unlock(&registry);
	return found;
}

void chrdev_each(void (*fn)(struct chrdev *dev, void *arg), void *arg)
{
	struct chrdev *d;

	mutex_lock(&registry);
	list_for_each_entry(d, &chrdevs, link)
		fn(d, arg);
	mutex_unlock(&registry);
}

/* The device after `d` (NULL: the first). Devices that exist when the listener comes are not
 * unregistered meanwhile: it comes at boot. */
static struct chrdev *chrdev_after(struct chrdev *d)
{
	struct list *next;

	mutex_lock(&registry);
	next = d ? d->link.next : chrdevs.next;
	mutex_unlock(&registry);
	return next == &chrdevs ? NULL : list_entry(next, struct chrdev, link);
}

void chrdev_set_notify(void (*fn)(struct chrdev *dev, bool added))
{
	struct chrdev *d, *last = NULL;

	mutex_lock(&registry);
	listener = fn;
	if (!list_empty(&chrdevs))
		last = list_last_entry(&chrdevs, struct chrdev, link);
	mutex_unlock(&registry);
	for (d = last ? chrdev_after(NULL) : NULL; d; d = d == last ? NULL : chrdev_after(d))
		fn(d, true);
}
