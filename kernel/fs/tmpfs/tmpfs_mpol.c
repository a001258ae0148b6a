/*
 * The mount option mpol= (tmpfs(5), numa(7)): from which nodes memory is to come. There is one node
 * here, number 0, so whatever is asked for in a right form holds already; what cannot hold or is no
 * such form is refused, as on Linux with one node. A policy is kept for /proc/mounts only.
 *
 *	mode[=static|=relative][:nodes]
 *
 * Nodes are numbers and ranges with commas between. "prefer" takes one node or none, "interleave"
 * may take some, "bind" and "prefer (many)" must, "local" and "default" have none.
 */
#include "fs/tmpfs/tmpfs_int.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

enum nodes { NODES_NONE, NODES_EMPTY, NODES_ZERO };

/* Which nodes a list names; -EINVAL: others, or it is no list. */
static int nodes_parse(const char *list)
{
	bool any = false;

	while (*list) {
		u64 first, last;

		if (*list == ',') {
			list++;
			continue;
		}
		if (parse_u64(list, 10, &first, &list))
			return -EINVAL;
		last = first;
		if (*list == '-' && parse_u64(list + 1, 10, &last, &list))
			return -EINVAL;
		if (first || last || (*list && *list != ','))
			return -EINVAL;
		any = true;
	}
	return any ? NODES_ZERO : NODES_EMPTY;
}

static bool is_digits(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return !*s;
}

/* What is kept of a mode with nodes that go with it; NULL: they do not. */
static const char *policy_find(const char *mode, const char *list, int nodes, bool flags)
{
	if (!strcmp(mode, "prefer") && nodes == NODES_NONE)
		return flags ? NULL : "local";
	if (!strcmp(mode, "prefer"))
		return nodes == NODES_ZERO && is_digits(list) ? mode : NULL;
	if (!strcmp(mode, "interleave"))
		return nodes != NODES_EMPTY ? mode : NULL;
	if (!strcmp(mode, "bind") || !strcmp(mode, "prefer (many)"))
		return nodes == NODES_ZERO ? mode : NULL;
	if (!strcmp(mode, "local"))
		return nodes == NODES_NONE && !flags ? mode : NULL;
	return NULL;
}

int tmpfs_mpol_parse(char *value, char out[TMPFS_MPOL])
{
	char *list = strchr(value, ':'), *flags = strchr(value, '=');
	const char *policy;
	int nodes = NODES_NONE;

	if (list) {
		*list++ = 0;
		nodes = nodes_parse(list);
		if (nodes < 0)
			return nodes;
	}
	if (flags && (!list || flags < list))
		*flags++ = 0;
	else if (flags)
		return -EINVAL;
	if (!strcmp(value, "default")) {
		*out = 0;
		return nodes == NODES_NONE ? 0 : -EINVAL;
	}
	if (flags && strcmp(flags, "static") && strcmp(flags, "relative"))
		return -EINVAL;
	policy = policy_find(value, list, nodes, flags);
	if (!policy)
		return -EINVAL;
	snprintf(out, TMPFS_MPOL, "%s%s%s%s", policy, flags ? "=" : "", flags ? flags : "",
		 strcmp(policy, "local") ? ":0" : "");
	return 0;
}
