/*
 * Hosts: what disks are plugged into. Most tell by themselves when something comes; who does not
 * want to wait asks for a scan (/sys/class/scsi_host). Lock: the registry's, for the list only.
 */
#include "dev/disk_int.h"

static struct list hosts = LIST_INIT(hosts); /* r */
static unsigned n_hosts;                     /* r */

void disk_host_register(struct disk_host *host)
{
	mutex_lock(&disk_registry);
	host->number = n_hosts++;
	list_add_tail(&host->link, &hosts);
	mutex_unlock(&disk_registry);
}

unsigned disk_host_count(void)
{
	return READ_ONCE(n_hosts);
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
