/*
 * Rules over NETLINK_ROUTE: RTM_GETRULE (all). They are fixed: a packet's route is looked up in the
 * table "local", then in "main", then (IPv4) in "default", which is always empty.
 */
#include "abi/errno.h"
#include "net/inet/inet.h"
#include "net/netlink/netlink_int.h"

struct rule { u32 priority; u8 table; };

static const struct rule rules[] = {
	{ 0, RT_TABLE_LOCAL }, { 32766, RT_TABLE_MAIN }, { 32767, RT_TABLE_DEFAULT },
};

static bool rule_message(struct nl_out *out, const struct rule *rule, u8 family,
			 const struct nl_dump *d)
{
	struct fib_rule_hdr *m = nl_begin(out, RTM_NEWRULE, NLM_F_MULTI, d->seq, d->port,
					  sizeof(*m));

	if (!m)
		return nl_end(out);
	m->family = family;
	m->table = rule->table;
	m->action = FR_ACT_TO_TBL;
	nl_put32(out, FRA_TABLE, rule->table);
	nl_put32(out, FRA_SUPPRESS_PREFIXLEN, ~0u);
	if (rule->priority)
		nl_put32(out, FRA_PRIORITY, rule->priority);
	nl_put8(out, FRA_PROTOCOL, RTPROT_KERNEL);
	return nl_end(out);
}

static int dump(struct nl_dump *d, struct nl_out *out, u8 family, u64 n)
{
	for (; d->at[0] < n; d->at[0]++)
		if (!rule_message(out, &rules[d->at[0]], family, d))
			return 1;
	return 0;
}

static int dump_4(struct nl_dump *d, struct nl_out *out)
{
	return dump(d, out, AF_INET, ARRAY_SIZE(rules));
}

static int dump_6(struct nl_dump *d, struct nl_out *out)
{
	return ip_versions[1] ? dump(d, out, AF_INET6, ARRAY_SIZE(rules) - 1) : 0;
}

static const struct rtnl_handler handlers[] = {
	{ RTM_GETRULE, AF_INET, sizeof(struct fib_rule_hdr), NULL, dump_4 },
	{ RTM_GETRULE, AF_INET6, sizeof(struct fib_rule_hdr), NULL, dump_6 },
};

void rtnl_rule_init(void)
{
	rtnl_register(handlers, ARRAY_SIZE(handlers));
}
