/*
 * PCI devices: a directory each, by pci_number(), in that of the bridge that leads to it or in
 * pci0000:00; /sys/bus/pci has links, by device and by driver. What lspci reads is here, in the
 * forms that Linux tells it (its Documentation/ABI/testing/sysfs-bus-pci).
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "dev/pci.h"
#include "dev/pci_file.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

/* What the lines of `resource` say besides addresses. */
enum {
	RES_IO = 0x100,
	RES_MEMORY = 0x200,
	RES_PREFETCH = 0x2000,
	RES_READ_ONLY = 0x4000,
	RES_SIZE_ALIGNED = 0x40000,
	RES_WINDOW = 0x80000,     /* aligned by its start */
	RES_WIDE = 0x100000,
	ROM_SHADOW = 0x12,        /* a copy in memory, which stays there */
	LINES_OTHER = 6,          /* between the ROM and a bridge's windows */
};

/* Registers of a bridge's windows (PCI-to-PCI Bridge 1.2, 3.2.5). */
enum {
	WINDOW_IO = 0x1c,
	WINDOW_IO_HIGH = 0x30,
	WINDOW_MEMORY = 0x20,
	WINDOW_PREFETCH = 0x24,
	WINDOW_PREFETCH_HIGH = 0x28,
};

static unsigned next_device(unsigned after, char *name, size_t size)
{
	struct pci_device *d = pci_next(after);

	if (!d)
		return 0;
	pci_name(d, name);
	return pci_number(d);
}

/* The same of those behind a bridge; 0: behind none. */
static unsigned next_behind(unsigned bridge, unsigned after, char *name, size_t size)
{
	struct pci_device *d;

	while ((d = pci_next(after)) && (d->bridge ? pci_number(d->bridge) : 0) != bridge)
		after = pci_number(d);
	if (!d)
		return 0;
	pci_name(d, name);
	return pci_number(d);
}

static bool fill_pci(unsigned index, struct devtree_entry *out)
{
	devtree_pci(pci_find(index), out);
	return true;
}

SYSFS_DEVICE(pci, fill_pci)

#define SHOW(name, fmt, value) \
	static int show_##name(struct text *t, unsigned index) \
	{ \
		struct pci_device *d = pci_find(index); \
\
		(void)d; \
		text_printf(t, fmt "\n", value); \
		return 0; \
	}

SHOW(vendor, "0x%04x", d->vendor)
SHOW(device, "0x%04x", d->device)
SHOW(subsystem_vendor, "0x%04x", d->subsystem_vendor)
SHOW(subsystem_device, "0x%04x", d->subsystem)
SHOW(class, "0x%06x", d->class)
SHOW(revision, "0x%02x", d->revision)
SHOW(irq, "%u", pci_irq_number(d))
SHOW(enable, "%u", READ_ONCE(d->n_enabled))
SHOW(numa_node, "%d", -1)
SHOW(boot_vga, "%d", 1)

static int show_modalias(struct text *t, unsigned index)
{
	char alias[PCI_MODALIAS];

	devtree_pci_alias(pci_find(index), alias);
	text_printf(t, "%s\n", alias);
	return 0;
}

/* Turned on and off only where no driver does so. */
static int store_enable(char *text, unsigned index)
{
	struct pci_device *d = pci_find(index);
	u64 value;

	if (parse_u64(text, 0, &value, NULL))
		return -EINVAL;
	if (pci_driver_name(d))
		return -EBUSY;
	if (value)
		pci_enable(d);
	else if (READ_ONCE(d->n_enabled))
		pci_disable(d);
	else
		return -EIO;
	return 0;
}

static void resource_line(struct text *t, u64 start, u64 end, u64 flags)
{
	text_printf(t, "0x%016llx 0x%016llx 0x%016llx\n", (unsigned long long)start,
		    (unsigned long long)end, (unsigned long long)flags);
}

static void bar_line(struct text *t, const struct pci_bar *bar)
{
	u64 flags = bar->io ? RES_IO | 1 : RES_MEMORY;

	if (bar->prefetch)
		flags |= RES_PREFETCH | 8;
	if (bar->wide)
		flags |= RES_WIDE | 4;
	if (!bar->size || !bar->base)
		resource_line(t, 0, 0, 0);
	else
		resource_line(t, bar->base, bar->base + bar->size - 1, flags | RES_SIZE_ALIGNED);
}

static void rom_line(struct text *t, const struct pci_device *d)
{
	if (pci_rom_is_shadow(d))
		resource_line(t, PCI_SHADOW, PCI_SHADOW + PCI_SHADOW_SIZE - 1,
			      RES_MEMORY | ROM_SHADOW);
	else if (d->rom.base)
		resource_line(t, d->rom.base, d->rom.base + d->rom.size - 1,
			      RES_MEMORY | RES_PREFETCH | RES_READ_ONLY | RES_SIZE_ALIGNED);
	else
		resource_line(t, 0, 0, 0);
}

static void window_line(struct text *t, u64 start, u64 end, u64 flags)
{
	if (end < start || !end)
		resource_line(t, 0, 0, 0);
	else
		resource_line(t, start, end, flags | RES_WINDOW);
}

static void windows_print(struct text *t, struct pci_device *d)
{
	u16 io = pci_read16(d, WINDOW_IO);
	u32 io_high = pci_read32(d, WINDOW_IO_HIGH), memory = pci_read32(d, WINDOW_MEMORY),
	    prefetch = pci_read32(d, WINDOW_PREFETCH);
	u64 low = prefetch << 16 & 0xfff00000u, high = prefetch | 0xfffff;
	bool wide = (prefetch & 15) == 1;

	if (wide) {
		low |= (u64)pci_read32(d, WINDOW_PREFETCH_HIGH) << 32;
		high |= (u64)pci_read32(d, WINDOW_PREFETCH_HIGH + 4) << 32;
	}
	window_line(t, (io & 0xf0u) << 8 | (u64)(io_high & 0xffff) << 16,
		    (io & 0xf000u) | 0xfff | (u64)(io_high >> 16) << 16, RES_IO | (io & 15));
	window_line(t, memory << 16 & 0xfff00000u, memory | 0xfffffu, RES_MEMORY);
	window_line(t, low, high, RES_MEMORY | RES_PREFETCH | (wide ? RES_WIDE | 1 : 0));
	resource_line(t, 0, 0, 0);
}

static int show_resource(struct text *t, unsigned index)
{
	struct pci_device *d = pci_find(index);

	for (unsigned i = 0; i < ARRAY_SIZE(d->bar); i++)
		bar_line(t, &d->bar[i]);
	rom_line(t, d);
	for (unsigned i = 0; i < LINES_OTHER; i++)
		resource_line(t, 0, 0, 0);
	if (d->header == 1)
		windows_print(t, d);
	return 0;
}

static struct pci_device *device_of(struct file *file)
{
	return pci_find(sysfs_inode(file->inode)->index);
}

static ssize_t config_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return pci_file_read(device_of(file), to, pos, cred_capable(file->cred, CAP_SYS_ADMIN));
}

static ssize_t config_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return pci_file_write(device_of(file), from, pos);
}

static const struct file_ops config_fops = {
	.read = config_read,
	.write = config_write,
	.seek = cached_seek,
};

static u64 config_size(unsigned index)
{
	return pci_find(index)->config_bytes;
}

static bool has_driver(unsigned index)
{
	return pci_driver_name(pci_find(index));
}

static bool is_display(unsigned index)
{
	return pci_rom_is_shadow(pci_find(index));
}

static int link_driver(char *buf, size_t size, unsigned index)
{
	const char *driver = pci_driver_name(pci_find(index));
	size_t n;
	int err = driver ? sysfs_link_subsystem(buf, size, fill_pci, index) : -ENOENT;

	if (err)
		return err;
	n = strlen(buf);
	snprintf(buf + n, size - n, "/drivers/%s", driver);
	return 0;
}

#define READ(name_) { .name = #name_, .mode = S_IFREG | 0444, .show = show_##name_ }

static const struct sysfs_node device_children[] = {
	READ(class), READ(device), READ(irq), READ(modalias), READ(numa_node), READ(resource),
	READ(revision), READ(subsystem_device), READ(subsystem_vendor), READ(vendor),
	{ .name = "boot_vga", .mode = S_IFREG | 0444, .show = show_boot_vga,
	  .present = is_display },
	{ .name = "config", .mode = S_IFREG | 0644, .fops = &config_fops, .size = config_size },
	{ .name = "driver", .mode = S_IFLNK | 0777, .link = link_driver, .present = has_driver },
	{ .name = "enable", .mode = S_IFREG | 0644, .show = show_enable, .store = store_enable,
	  .for_admin = true },
	{ .name = "reset", .mode = S_IFREG | 0200, .store = sysfs_net_reset,
	  .present = sysfs_net_is_on },
	SYSFS_DEVICE_FILES(pci),
	{ .name = "", .mode = S_IFDIR | 0755, .children = sysfs_ata_children,
	  .next_in = sysfs_ata_next },
	{ .name = "net", .mode = S_IFDIR | 0755, .children = sysfs_net_pci_children,
	  .present = sysfs_net_is_on },
	{ .name = "", .mode = S_IFDIR | 0755, .children = device_children, .next_in = next_behind },
	{ NULL },
};

const struct sysfs_node sysfs_pci_root_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = device_children, .next_in = next_behind },
	{ NULL },
};

static int link_device(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../../", fill_pci, index);
}

static int link_from_driver(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../../../", fill_pci, index);
}

/* Drivers are told apart by their first device. */
static bool is_first_of_driver(const struct pci_device *d)
{
	struct pci_device *other;

	for (u32 n = 0; (other = pci_next(n)) != d; n = pci_number(other))
		if (pci_driver_name(other) == pci_driver_name(d))
			return false;
	return pci_driver_name(d);
}

static unsigned next_driver(unsigned after, char *name, size_t size)
{
	struct pci_device *d;

	while ((d = pci_next(after)) && !is_first_of_driver(d))
		after = pci_number(d);
	if (!d)
		return 0;
	strlcpy(name, pci_driver_name(d), size);
	return pci_number(d);
}

static unsigned next_of_driver(unsigned of, unsigned after, char *name, size_t size)
{
	const char *driver = pci_driver_name(pci_find(of));
	struct pci_device *d;

	while ((d = pci_next(after)) && (!driver || pci_driver_name(d) != driver))
		after = pci_number(d);
	if (!d)
		return 0;
	pci_name(d, name);
	return pci_number(d);
}

static const struct sysfs_node driver_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .link = link_from_driver, .next_in = next_of_driver },
	{ NULL },
};
static const struct sysfs_node drivers_children[] = {
	{ .name = "", .mode = S_IFDIR | 0755, .children = driver_children, .next = next_driver },
	{ NULL },
};
static const struct sysfs_node devices_children[] = {
	{ .name = "", .mode = S_IFLNK | 0777, .link = link_device, .next = next_device },
	{ NULL },
};
static const struct sysfs_node slots_children[] = { { NULL } };

const struct sysfs_node sysfs_pci_bus_children[] = {
	SYSFS_DIRECTORY("devices", devices_children),
	SYSFS_DIRECTORY("drivers", drivers_children),
	SYSFS_DIRECTORY("slots", slots_children),
	{ NULL },
};
