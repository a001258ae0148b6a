/*
 * The lists of SIOCETHTOOL: names and values of a device's counters, its features by name. The
 * caller's buffer has room for what he was told before; nothing is written beyond it.
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/ethtool.h"
#include "arch/usercopy.h"
#include "lib/bitops.h"
#include "lib/string.h"
#include "net/ifctl/ifctl_int.h"
#include "net/sock.h"

/* In order of the bits of enum netif_features. */
static const char *const feature_names[] = {
	"tx-scatter-gather", "tx-checksum-ipv4", "tx-checksum-ipv6", "tx-tcp-segmentation",
	"tx-tcp6-segmentation", "rx-checksum", "tx-vlan-hw-insert", "rx-vlan-hw-parse",
};
#define N_FEATURES ARRAY_SIZE(feature_names)

/* The n-th name of a set, or NULL. */
static const char *name_at(struct netif *nif, u32 set, unsigned n)
{
	u64 value;

	if (set == ETH_SS_FEATURES)
		return n < N_FEATURES ? feature_names[n] : NULL;
	if (set == ETH_SS_STATS && nif->ops->counter)
		return nif->ops->counter(nif, n, &value);
	return NULL;
}

static u32 set_size(struct netif *nif, u32 set)
{
	u32 n = 0;

	while (name_at(nif, set, n))
		n++;
	return n;
}

static int get_strings(struct netif *nif, u8 __user *data)
{
	struct ethtool_gstrings g;
	char name[ETH_GSTRING_LEN];
	u32 n;

	if (copy_in_obj(&g, (const struct ethtool_gstrings __user *)data))
		return -EFAULT;
	n = set_size(nif, g.string_set);
	if (!n)
		return -EOPNOTSUPP;
	n = g.len = g.len && g.len < n ? g.len : n;
	if (copy_out_obj((struct ethtool_gstrings __user *)data, &g))
		return -EFAULT;
	for (u32 i = 0; i < n; i++) {
		memset(name, 0, sizeof(name));
		strlcpy(name, name_at(nif, g.string_set, i), sizeof(name));
		if (copy_out(data + sizeof(g) + i * sizeof(name), name, sizeof(name)))
			return -EFAULT;
	}
	return 0;
}

static int get_stats(struct netif *nif, u8 __user *data)
{
	struct ethtool_stats s;
	u32 n = set_size(nif, ETH_SS_STATS);
	u64 value;

	if (!n)
		return -EOPNOTSUPP;
	if (copy_in_obj(&s, (const struct ethtool_stats __user *)data))
		return -EFAULT;
	n = s.n_stats = s.n_stats && s.n_stats < n ? s.n_stats : n;
	if (copy_out_obj((struct ethtool_stats __user *)data, &s))
		return -EFAULT;
	for (u32 i = 0; i < n; i++) {
		nif->ops->counter(nif, i, &value);
		if (copy_out(data + sizeof(s) + i * sizeof(value), &value, sizeof(value)))
			return -EFAULT;
	}
	return 0;
}

static int get_set_info(struct netif *nif, u8 __user *data)
{
	struct ethtool_sset_info info;
	u64 asked;
	u32 n = 0;

	if (copy_in_obj(&info, (const struct ethtool_sset_info __user *)data))
		return -EFAULT;
	asked = info.sset_mask;
	info.sset_mask = 0;
	for (; asked; asked &= asked - 1) {
		u32 set = ctz64(asked), size = set_size(nif, set);

		if (!size)
			continue;
		info.sset_mask |= BIT(set);
		if (copy_out(data + sizeof(info) + n++ * 4, &size, 4))
			return -EFAULT;
	}
	return copy_out_obj((struct ethtool_sset_info __user *)data, &info);
}

static int get_features(struct netif *nif, u8 __user *data)
{
	struct ethtool_get_features_block b = { nif->offered_features, nif->features,
						nif->features, 0 };
	struct ethtool_gfeatures g;
	u32 room;

	if (copy_in_obj(&g, (const struct ethtool_gfeatures __user *)data))
		return -EFAULT;
	room = g.size;
	g.size = 1;
	if (!nif->ops->set_features)
		b.available = 0;
	if (copy_out_obj((struct ethtool_gfeatures __user *)data, &g))
		return -EFAULT;
	return room ? copy_out(data + sizeof(g), &b, sizeof(b)) : 0;
}

/* Answers bits if not all was done as asked for (ETHTOOL_F_*). */
static int set_features(struct netif *nif, u8 __user *data)
{
	struct ethtool_set_features_block b;
	struct ethtool_sfeatures s;
	u32 want;
	int err, answer = 0;

	if (copy_in_obj(&s, (const struct ethtool_sfeatures __user *)data))
		return -EFAULT;
	if (s.size != 1)
		return -EINVAL;
	if (copy_in(&b, data + sizeof(s), sizeof(b)))
		return -EFAULT;
	if (b.valid & ~(u32)(BIT(N_FEATURES) - 1))
		return -EINVAL;
	if (b.valid & ~nif->offered_features) {
		b.valid &= nif->offered_features;
		answer |= ETHTOOL_F_UNSUPPORTED;
	}
	want = (nif->features & ~b.valid) | (b.requested & b.valid);
	err = netif_set_features(nif, want);
	if (err)
		return err;
	return nif->features == want ? answer : answer | ETHTOOL_F_WISH;
}

int ifctl_ethtool_lists(struct netif *nif, u32 command, void __user *data)
{
	switch (command) {
	case ETHTOOL_GSTRINGS:
		return get_strings(nif, data);
	case ETHTOOL_GSTATS:
		return get_stats(nif, data);
	case ETHTOOL_GSSET_INFO:
		return get_set_info(nif, data);
	case ETHTOOL_GFEATURES:
		return get_features(nif, data);
	case ETHTOOL_SFEATURES:
		return set_features(nif, data);
	default:
		return -EOPNOTSUPP;
	}
}
