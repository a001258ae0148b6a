/* Paths and properties of devices. Nothing is locked: all that is read is constant, but for the
 * name of a network interface, whose change is told as one. */
#include "dev/devtree.h"

#include "dev/blk.h"
#include "dev/chr.h"
#include "dev/netif.h"
#include "dev/pci.h"
#include "lib/format.h"
#include "lib/string.h"

#define BRIDGES_MAX 8 /* shown above a device */

static void path_add_pci(char *path, size_t size, const struct pci_device *d)
{
	const struct pci_device *above[BRIDGES_MAX];
	size_t n = scnprintf(path, size, "/devices/pci%04x:00", d->segment);
	unsigned depth = 0;
	char name[PCI_NAME];

	for (; d && depth < BRIDGES_MAX; d = d->bridge)
		above[depth++] = d;
	while (depth--) {
		pci_name(above[depth], name);
		n += scnprintf(path + n, size - n, "/%s", name);
	}
}

void devtree_pci_alias(const struct pci_device *d, char alias[PCI_MODALIAS])
{
	snprintf(alias, PCI_MODALIAS, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", d->vendor,
		 d->device, d->subsystem_vendor, d->subsystem, d->class >> 16, d->class >> 8 & 0xff,
		 d->class & 0xff);
}

void devtree_pci(const struct pci_device *d, struct devtree_entry *out)
{
	const char *driver = pci_driver_name(d);
	char name[PCI_NAME], alias[PCI_MODALIAS];

	pci_name(d, name);
	devtree_pci_alias(d, alias);
	path_add_pci(out->path, sizeof(out->path), d);
	out->subsystem = "pci";
	out->bus = true;
	snprintf(out->properties, sizeof(out->properties),
		 "%s%s%sPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
		 "PCI_SLOT_NAME=%s\nMODALIAS=%s\n",
		 driver ? "DRIVER=" : "", driver ? driver : "", driver ? "\n" : "", d->class,
		 d->vendor, d->device, d->subsystem_vendor, d->subsystem, name, alias);
}

void devtree_host(const struct disk_host *host, struct devtree_entry *out)
{
	size_t n;

	path_add_pci(out->path, sizeof(out->path), host->pci);
	n = strlen(out->path);
	snprintf(out->path + n, sizeof(out->path) - n, "/ata%u/host%u", host->number + 1,
		 host->number);
	out->subsystem = "scsi";
	out->bus = true;
	strlcpy(out->properties, "DEVTYPE=scsi_host\n", sizeof(out->properties));
}

void devtree_scsi(const struct disk_host *host, bool cdrom, struct devtree_entry *out)
{
	size_t n;

	devtree_host(host, out);
	n = strlen(out->path);
	snprintf(out->path + n, sizeof(out->path) - n, "/target%u:0:0/%u:0:0:0", host->number,
		 host->number);
	snprintf(out->properties, sizeof(out->properties),
		 "DEVTYPE=scsi_device\nDRIVER=%s\nMODALIAS=scsi:t-0x%02x\n", cdrom ? "sr" : "sd",
		 cdrom ? 5 : 0);
}

void devtree_blkdev(const struct blkdev *d, struct devtree_entry *out)
{
	const struct disk *disk = d->disk;
	size_t n;

	if (disk->host)
		devtree_scsi(disk->host, disk->cdrom, out);
	else
		strlcpy(out->path, "/devices/virtual", sizeof(out->path));
	n = strlen(out->path);
	snprintf(out->path + n, sizeof(out->path) - n, "/block/%s%s%s", disk->name,
		 d->partition ? "/" : "", d->partition ? d->name : "");
	out->subsystem = "block";
	out->bus = false;
	n = scnprintf(out->properties, sizeof(out->properties),
			      "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\nDISKSEQ=%llu\n",
			      d->major, d->minor, d->name, d->partition ? "partition" : "disk",
			      (unsigned long long)disk->sequence);
	if (d->partition)
		n += scnprintf(out->properties + n, sizeof(out->properties) - n,
				       "PARTN=%u\n", d->partition);
	if (d->label[0])
		scnprintf(out->properties + n, sizeof(out->properties) - n, "PARTNAME=%s\n",
			  d->label);
}

void devtree_chrdev(const struct chrdev *d, u32 minor, struct devtree_entry *out)
{
	char name[32];

	chrdev_name(d, minor - d->minor, name, sizeof(name));
	out->subsystem = chrdev_class(d);
	out->bus = false;
	snprintf(out->path, sizeof(out->path), "/devices/%s/%s/%s",
		 d->parent ? d->parent : "virtual", out->subsystem, name);
	snprintf(out->properties, sizeof(out->properties), "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\n",
		 d->major, minor, name);
	if (d->mode & 04) { /* who makes the node cannot know otherwise */
		size_t n = strlen(out->properties);

		snprintf(out->properties + n, sizeof(out->properties) - n, "DEVMODE=0%o\n",
			 d->mode);
	}
}

void devtree_netif(const struct netif *nif, struct devtree_entry *out)
{
	size_t n;

	if (nif->pci)
		path_add_pci(out->path, sizeof(out->path), nif->pci);
	else
		strlcpy(out->path, "/devices/virtual", sizeof(out->path));
	n = strlen(out->path);
	snprintf(out->path + n, sizeof(out->path) - n, "/net/%s", nif->name);
	out->subsystem = "net";
	out->bus = false;
	snprintf(out->properties, sizeof(out->properties), "INTERFACE=%s\nIFINDEX=%u\n", nif->name,
		 nif->index);
}
