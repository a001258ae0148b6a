/*
 * What the directories of all devices have: `uevent`, what events tell of the device (written: an
 * event), and `subsystem`, a link to its class or bus; and the links that lead to such directories.
 */
#include "abi/errno.h"
#include "dev/uevent.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "lib/string.h"

int sysfs_show_uevent(struct text *t, sysfs_fill *fill, unsigned index)
{
	struct devtree_entry entry;

	if (!fill(index, &entry))
		return -ENODEV;
	text_write(t, entry.properties, strlen(entry.properties));
	return 0;
}

int sysfs_store_uevent(const char *text, sysfs_fill *fill, unsigned index)
{
	struct devtree_entry entry;

	return fill(index, &entry) ? uevent_synthesize(text, &entry) : -ENODEV;
}

int sysfs_link_subsystem(char *buf, size_t size, sysfs_fill *fill, unsigned index)
{
	struct devtree_entry entry;
	size_t n = 0;

	if (!fill(index, &entry))
		return -ENOENT;
	for (const char *at = entry.path; (at = strchr(at, '/')); at++)
		n += scnprintf(buf + n, size - n, "../");
	scnprintf(buf + n, size - n, "%s/%s", entry.bus ? "bus" : "class", entry.subsystem);
	return 0;
}

int sysfs_link_device(char *buf, size_t size, const char *up, sysfs_fill *fill, unsigned index)
{
	struct devtree_entry entry;

	if (!fill(index, &entry))
		return -ENOENT;
	snprintf(buf, size, "%s%s", up, entry.path + 1);
	return 0;
}
