/*
 * /proc/bus/pci: the table `devices`, and configuration space of each device as BB/DD.F: what
 * programs used before there was /sys (proc(5)). The number of a folder's inode is the bus, of a
 * file's the device's pci_number().
 */
#include "abi/capability.h"
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "dev/pci.h"
#include "dev/pci_file.h"
#include "lib/format.h"
#include "lib/string.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

#define ULL(x) ((unsigned long long)(x))
#define TABLE_LENGTH 3 /* positions below are the dots and the table's (procfs.c) */
#define NAME_ROOM 8

enum { BAR_IO = 1, BAR_WIDE = 4, BAR_PREFETCH = 8 };

static u64 bar_value(const struct pci_bar *bar)
{
	u64 bits = bar->io ? BAR_IO : (bar->wide ? BAR_WIDE : 0u) |
				      (bar->prefetch ? BAR_PREFETCH : 0u);

	return bar->base && bar->size ? bar->base | bits : 0;
}

/* The ROM; a display's lies in memory as a copy. */
static u64 rom_value(const struct pci_device *d, u64 *size)
{
	if (pci_rom_is_shadow(d)) {
		*size = PCI_SHADOW_SIZE;
		return PCI_SHADOW | 2;
	}
	*size = d->rom.base ? d->rom.size : 0;
	return d->rom.base;
}

static int show_pci_devices(struct text *t, struct task *task)
{
	struct pci_device *d;
	u64 rom_size;

	for (u32 n = 0; (d = pci_next(n)); n = pci_number(d)) {
		const char *driver = pci_driver_name(d);

		text_printf(t, "%02x%02x\t%04x%04x\t%x", d->bus, d->slot << 3 | d->function,
			    d->vendor, d->device, pci_irq_number(d));
		for (unsigned i = 0; i < ARRAY_SIZE(d->bar); i++)
			text_printf(t, "\t%16llx", ULL(bar_value(&d->bar[i])));
		text_printf(t, "\t%16llx", ULL(rom_value(d, &rom_size)));
		for (unsigned i = 0; i < ARRAY_SIZE(d->bar); i++)
			text_printf(t, "\t%16llx", ULL(d->bar[i].base ? d->bar[i].size : 0));
		text_printf(t, "\t%16llx\t%s\n", ULL(rom_size),
			    driver ? driver : "");
	}
	return 0;
}

static ssize_t config_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return pci_file_read(pci_find((u32)proc_inode(file->inode)->fd), to, pos,
			     cred_capable(cred_current(), CAP_SYS_ADMIN));
}

static ssize_t config_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return pci_file_write(pci_find((u32)proc_inode(file->inode)->fd), from, pos);
}

static loff_t config_seek(struct file *file, loff_t offset, int whence)
{
	return file_seek_to(file, offset, whence,
			    pci_find((u32)proc_inode(file->inode)->fd)->config_bytes);
}

static const struct file_ops config_fops = {
	.read = config_read, .write = config_write, .seek = config_seek,
};

static const struct proc_node config_file = {
	.name = "config", .mode = S_IFREG | 0644, .fops = &config_fops,
};

static void device_name(const struct pci_device *d, char name[NAME_ROOM])
{
	snprintf(name, NAME_ROOM, "%02x.%u", d->slot, d->function);
}

static bool is_name(const struct name *name, const char *text)
{
	return strlen(text) == name->length && !memcmp(text, name->text, name->length);
}

static int bus_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	struct pci_device *d;
	char text[NAME_ROOM];
	int err;

	for (u32 n = 0; (d = pci_next(n)); n = pci_number(d)) {
		device_name(d, text);
		if (d->bus != dir->fd || !is_name(name, text))
			continue;
		err = procfs_inode(dir->inode.sb, &config_file, NULL, false, (int)pci_number(d),
				   out);
		if (!err)
			(*out)->size = d->config_bytes;
		return err;
	}
	return 0;
}

static int bus_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	u32 n = pos > TABLE_LENGTH ? (u32)(pos - TABLE_LENGTH) : 0;
	struct pci_device *d;
	char text[NAME_ROOM];

	for (; (d = pci_next(n)); n = pci_number(d)) {
		device_name(d, text);
		if (d->bus == dir->fd &&
		    !sink->emit(sink, text, (u32)strlen(text), (u64)pci_number(d) << 8 | 5, DT_REG,
				(u64)pci_number(d) + TABLE_LENGTH))
			break;
	}
	return 0;
}

static const struct proc_node bus_dir = {
	.name = "bus", .mode = S_IFDIR | 0555, .lookup = bus_lookup, .readdir = bus_readdir,
};

/* The first device of the first bus at or above this one, or NULL. */
static struct pci_device *bus_next(unsigned bus)
{
	return pci_next((u32)bus << 8);
}

static int pci_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	struct pci_device *d;
	char text[NAME_ROOM];

	for (unsigned bus = 0; (d = bus_next(bus)); bus = d->bus + 1u) {
		snprintf(text, sizeof(text), "%02x", d->bus);
		if (is_name(name, text))
			return procfs_inode(dir->inode.sb, &bus_dir, NULL, false, d->bus, out);
	}
	return 0;
}

static int pci_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	unsigned bus = pos > TABLE_LENGTH ? (unsigned)min(pos - TABLE_LENGTH, (u64)256) : 0;
	struct pci_device *d;
	char text[NAME_ROOM];

	for (; (d = bus_next(bus)); bus = d->bus + 1u) {
		snprintf(text, sizeof(text), "%02x", d->bus);
		if (!sink->emit(sink, text, (u32)strlen(text), (u64)d->bus << 8 | 4, DT_DIR,
				d->bus + 1u + TABLE_LENGTH))
			break;
	}
	return 0;
}

static const struct proc_node pci_children[] = {
	{ .name = "devices", .mode = S_IFREG | 0444, .show = show_pci_devices },
	{ 0 },
};

const struct proc_node procfs_bus_children[] = {
	{ .name = "pci", .mode = S_IFDIR | 0555, .children = pci_children, .lookup = pci_lookup,
	  .readdir = pci_readdir },
	{ 0 },
};
