/*
 * Hosts: what disks are plugged into, one disk each. Most tell by themselves when something comes;
 * who does not want to wait asks for a scan (/sys/class/scsi_host). Locks: the registry's and
 * `disk_lists` to change the list, either to read it.
 */
#include "dev/disk_int.h"
#include "lib/string.h"

static struct list hosts = LIST_INIT(hosts); /* r, disk_lists: by number */
static unsigned n_hosts;                     /* r */

void disk_host_register(struct disk_host *host)
{
	mutex_lock(&disk_registry);
	host->number = n_hosts++;
	spin_lock(&disk_lists);
	list_add_tail(&host->link, &hosts);
	spin_unlock(&disk_lists);
	mutex_unlock(&disk_registry);
}

unsigned disk_host_next(const struct pci_device *pci, unsigned after)
{
	struct disk_host *host;
	unsigned found = 0;

	spin_lock(&disk_lists);
	list_for_each_entry(host, &hosts, link)
		if (!found && host->number >= after && (!pci || host->pci == pci))
			found = host->number + 1;
	spin_unlock(&disk_lists);
	return found;
}

struct disk_host *disk_host_find(unsigned number)
{
	struct disk_host *host, *found = NULL;

	mutex_lock(&disk_registry);
	list_for_each_entry(host, &hosts, link)
		if (host->number == number)
			found = host;
	mutex_unlock(&disk_registry);
	return found;
}

u32 disk_host_disk(unsigned number, char *name, size_t size)
{
	struct disk *disk;
	u32 found = 0;

	spin_lock(&disk_lists);
	list_for_each_entry(disk, &disks, link) {
		if (!disk->host || disk->host->number != number || list_empty(&disk->blkdevs))
			continue;
		found = BLKDEV_NUMBER(disk->major, disk->minor);
		strlcpy(name, disk->name, size);
	}
	spin_unlock(&disk_lists);
	return found;
}
