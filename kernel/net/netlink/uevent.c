/*
 * NETLINK_KOBJECT_UEVENT: events of devices (dev/uevent.h) to all who joined group 1, and the same
 * of what a privileged program sends to the kernel: so who tests device managers makes events.
 */
#include "dev/uevent.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "lib/string.h"
#include "net/netlink/netlink_int.h"

#define GROUP_KERNEL 1

static void broadcast(const char *message, u32 n)
{
	struct packet *p = packet_alloc(0, n, MM_KERNEL);

	if (p)
		memcpy(packet_put(p, n), message, n);
	nl_multicast(NETLINK_KOBJECT_UEVENT, GROUP_KERNEL, p);
	if (p)
		packet_free(p);
}

int uevent_request(struct nl_request *r)
{
	if (!nl_capable(r, CAP_SYS_ADMIN))
		return -EPERM;
	return uevent_forward(r->payload, r->length);
}

void uevent_net_init(void)
{
	uevent_set_net(broadcast);
}
