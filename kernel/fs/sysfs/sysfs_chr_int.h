/* Private to fs/sysfs: the tables of character devices, by class and by place. */
#pragma once

#include "fs/sysfs/sysfs_int.h"

extern const struct sysfs_node sysfs_chr_dev_children[]; /* dev/char */
extern const struct sysfs_node sysfs_mem_class_children[]; /* class/mem … */
extern const struct sysfs_node sysfs_misc_class_children[];
extern const struct sysfs_node sysfs_rtc_class_children[];
extern const struct sysfs_node sysfs_tty_class_children[];
extern const struct sysfs_node sysfs_mem_virtual_children[]; /* devices/virtual/mem … */
extern const struct sysfs_node sysfs_misc_virtual_children[];
extern const struct sysfs_node sysfs_tty_virtual_children[];
extern const struct sysfs_node sysfs_tty_serial_children[]; /* devices/platform/serial8250/tty */
extern const struct sysfs_node sysfs_rtc_cmos_children[]; /* devices/platform/rtc_cmos/rtc */
