/*
 * The table of character devices: ranges of device numbers and who serves them. It is short (a few
 * dozen entries), looked up only when a device node is opened. The listener is called without the
 * lock, because it makes directory entries, whose locks come first. Who changes the list takes
 * `quick`, too, so that it can be walked with either.
 */
#include "dev/chr.h"

#include "abi/errno.h"
#include "abi/kdev.h"
#include "core/spinlock.h"
#include "dev/uevent.h"
#include "lib/format.h"
#include "lib/string.h"
#include "sched/mutex.h"

static struct list chrdevs = LIST_INIT(chrdevs); /* in order of registration */
static struct mutex registry = MUTEX_INIT(registry, RANK_DEV, "chrdevs");
static struct spinlock quick = SPINLOCK_INIT(RANK_DRIVER, "chrdev list");
static void (*listener)(struct chrdev *dev, bool added);

static bool chrdev_overlaps(const struct chrdev *a, const struct chrdev *b)
{
	return a->major == b->major && a->minor < b->minor + b->n_minors &&
	       b->minor < a->minor + a->n_minors;
}

static void chrdev_tell(const struct chrdev *dev, enum uevent_action action)
{
	struct devtree_entry entry;

	for (u32 i = 0; dev->name && i < dev->n_minors; i++) {
		devtree_chrdev(dev, dev->minor + i, &entry);
		uevent_send(action, &entry, NULL);
	}
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
	spin_lock(&quick);
	list_add_tail(&dev->link, &chrdevs);
	spin_unlock(&quick);
	notify = listener;
	mutex_unlock(&registry);
	if (notify)
		notify(dev, true);
	chrdev_tell(dev, UEVENT_ADD);
	return 0;
}

void chrdev_unregister(struct chrdev *dev)
{
	void (*notify)(struct chrdev *dev, bool added);

	mutex_lock(&registry);
	spin_lock(&quick);
	list_del_init(&dev->link);
	spin_unlock(&quick);
	notify = listener;
	mutex_unlock(&registry);
	if (notify)
		notify(dev, false);
	chrdev_tell(dev, UEVENT_REMOVE);
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

const char *chrdev_class(const struct chrdev *dev)
{
	if (dev->class)
		return dev->class;
	return dev->major == MEM_MAJOR ? "mem" : dev->major == MISC_MAJOR ? "misc" : "tty";
}

void chrdev_name(const struct chrdev *dev, u32 index, char *buf, size_t size)
{
	const char *mark = strstr(dev->name, "%u");

	if (mark)
		snprintf(buf, size, "%.*s%u%s", (int)(mark - dev->name), dev->name, index,
			 mark + 2);
	else if (dev->n_minors > 1)
		snprintf(buf, size, "%s%u", dev->name, index);
	else
		strlcpy(buf, dev->name, size);
}

static bool chrdev_belongs(const struct chrdev *d, const char *class, const char *parent)
{
	return d->name && (!class || !strcmp(class, chrdev_class(d))) &&
	       (!parent || !strcmp(parent, d->parent ? d->parent : ""));
}

u32 chrdev_next(const char *class, const char *parent, u32 after, char *name, size_t size)
{
	struct chrdev *d;
	u32 best = 0;

	spin_lock(&quick);
	list_for_each_entry(d, &chrdevs, link) {
		u32 first = CHRDEV_NUMBER(d->major, d->minor), last = first + d->n_minors - 1;
		u32 number = max(first, after + 1);

		if (number > last || (best && number > best) || !chrdev_belongs(d, class, parent))
			continue;
		best = number;
		chrdev_name(d, number - first, name, size);
	}
	spin_unlock(&quick);
	return best;
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
