/* devtmpfs: /dev, filled by the kernel with a node for each device it knows. */
#pragma once

/*
 * Registers the type and the memory devices, and listens to the device registries. After vfs_init()
 * and tmpfs_init(), in thread context.
 */
void devfs_init(void);
