/* Between the files of interface ioctls. */
#pragma once

#include "dev/netif.h"

/* SIOCETHTOOL on an interface: `data` is user memory that begins with the command. Config lock. */
int ifctl_ethtool(struct netif *nif, u64 data);
/* ETHTOOL_GSTRINGS, GSTATS, GSSET_INFO, GFEATURES, SFEATURES: -EOPNOTSUPP for others. */
int ifctl_ethtool_lists(struct netif *nif, u32 command, void __user *data);
