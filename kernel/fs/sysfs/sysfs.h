/* The file system of /sys: what the kernel tells of the machine and of itself, as Linux does. */
#pragma once

/* Registers the file system type "sysfs". Thread context, after vfs_init(). */
void sysfs_init(void);
