/*
 * The upper part of the tree: /sys/devices, and what leads into it: /sys/bus, /sys/class, /sys/dev.
 * Devices of the board that no bus finds are "platform".
 */
#include "abi/stat.h"
#include "fs/sysfs/sysfs_chr_int.h"
#include "fs/sysfs/sysfs_int.h"
#include "lib/string.h"

static bool fill_serial(unsigned index, struct devtree_entry *out)
{
	*out = (struct devtree_entry){ "/devices/platform/serial8250", "platform", true,
				       "DRIVER=serial8250\nMODALIAS=platform:serial8250\n" };
	return true;
}

static bool fill_rtc(unsigned index, struct devtree_entry *out)
{
	*out = (struct devtree_entry){ "/devices/platform/rtc_cmos", "platform", true,
				       "DRIVER=rtc_cmos\nMODALIAS=platform:rtc_cmos\n" };
	return true;
}

SYSFS_DEVICE(serial, fill_serial)
SYSFS_DEVICE(rtc, fill_rtc)

static const struct sysfs_node serial_children[] = {
	SYSFS_DEVICE_FILES(serial),
	SYSFS_DIRECTORY("tty", sysfs_tty_serial_children),
	{ NULL },
};
static const struct sysfs_node rtc_children[] = {
	SYSFS_DIRECTORY("rtc", sysfs_rtc_cmos_children),
	SYSFS_DEVICE_FILES(rtc),
	{ NULL },
};
static const struct sysfs_node platform_children[] = {
	SYSFS_DIRECTORY("rtc_cmos", rtc_children),
	SYSFS_DIRECTORY("serial8250", serial_children),
	{ NULL },
};
static const struct sysfs_node virtual_children[] = {
	SYSFS_DIRECTORY("block", sysfs_block_virtual_children),
	SYSFS_DIRECTORY("mem", sysfs_mem_virtual_children),
	SYSFS_DIRECTORY("misc", sysfs_misc_virtual_children),
	SYSFS_DIRECTORY("net", sysfs_net_virtual_children),
	SYSFS_DIRECTORY("tty", sysfs_tty_virtual_children),
	{ NULL },
};
static const struct sysfs_node system_children[] = {
	SYSFS_DIRECTORY("cpu", sysfs_cpu_children),
	{ NULL },
};
const struct sysfs_node sysfs_devices_children[] = {
	SYSFS_DIRECTORY("pci0000:00", sysfs_pci_root_children),
	SYSFS_DIRECTORY("platform", platform_children),
	SYSFS_DIRECTORY("system", system_children),
	SYSFS_DIRECTORY("virtual", virtual_children),
	{ NULL },
};

static int link_serial(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../../", fill_serial, index);
}

static int link_rtc(char *buf, size_t size, unsigned index)
{
	return sysfs_link_device(buf, size, "../../../", fill_rtc, index);
}

static const struct sysfs_node platform_devices_children[] = {
	{ .name = "rtc_cmos", .mode = S_IFLNK | 0777, .link = link_rtc },
	{ .name = "serial8250", .mode = S_IFLNK | 0777, .link = link_serial },
	{ NULL },
};
static const struct sysfs_node platform_bus_children[] = {
	SYSFS_DIRECTORY("devices", platform_devices_children),
	{ NULL },
};
const struct sysfs_node sysfs_bus_children[] = {
	SYSFS_DIRECTORY("pci", sysfs_pci_bus_children),
	SYSFS_DIRECTORY("platform", platform_bus_children),
	SYSFS_DIRECTORY("scsi", sysfs_scsi_bus_children),
	{ NULL },
};

const struct sysfs_node sysfs_class_children[] = {
	SYSFS_DIRECTORY("block", sysfs_block_class_children),
	SYSFS_DIRECTORY("mem", sysfs_mem_class_children),
	SYSFS_DIRECTORY("misc", sysfs_misc_class_children),
	SYSFS_DIRECTORY("net", sysfs_net_class_children),
	SYSFS_DIRECTORY("rtc", sysfs_rtc_class_children),
	SYSFS_DIRECTORY("scsi_host", sysfs_host_class_children),
	SYSFS_DIRECTORY("tty", sysfs_tty_class_children),
	{ NULL },
};

const struct sysfs_node sysfs_dev_children[] = {
	SYSFS_DIRECTORY("block", sysfs_block_dev_children),
	SYSFS_DIRECTORY("char", sysfs_chr_dev_children),
	{ NULL },
};
