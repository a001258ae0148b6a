/* Loop devices: files as disks (loop(4)). */
#pragma once

/* Makes /dev/loop-control and the first devices. After devfs_init(). */
void loop_init(void);
