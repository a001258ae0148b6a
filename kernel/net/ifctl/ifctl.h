/* Interfaces as user space sees and sets them: ioctls on any socket (netdevice(7)), /proc/net. */
#pragma once

#include "lib/format.h"

/* /proc/net/dev, /proc/net/dev_mcast. Thread context. */
void ifctl_show_dev(struct format_sink *out);
void ifctl_show_mcast(struct format_sink *out);
/* Registers the ioctls. Boot, after sock_init(). */
void ifctl_init(void);
