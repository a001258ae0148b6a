/*
 * Events of devices: what came, went or changed, told to user space by netlink (NETLINK_KOBJECT_
 * UEVENT, netlink(7)) and, if one is set, by a program that the kernel runs for each (the "hotplug
 * helper"). A message is
 *
 *	add@/devices/virtual/block/loop0 ACTION=add DEVPATH=/devices/… SUBSYSTEM=block … SEQNUM=n
 *
 * with a NUL after each part, as Linux sends it.
 */
#pragma once

#include "dev/devtree.h"

struct blkdev;

enum uevent_action {
	UEVENT_ADD, UEVENT_REMOVE, UEVENT_CHANGE, UEVENT_MOVE, UEVENT_ONLINE, UEVENT_OFFLINE,
	UEVENT_BIND, UEVENT_UNBIND,
};

#define UEVENT_MAX 2048 /* bytes of a message */

/* Tells of a device. `more`: further lines "KEY=value\n", or NULL. Thread context; locks up to
 * RANK_UEVENT may be held. */
void uevent_send(enum uevent_action action, const struct devtree_entry *entry, const char *more);
/* The same of a disk or partition. */
void uevent_send_blkdev(enum uevent_action action, const struct blkdev *d, const char *more);

/*
 * What a program wrote to a device's `uevent`: an action, and maybe a UUID and arguments KEY=value
 * after it, which the event repeats as SYNTH_UUID and SYNTH_ARG_KEY. 0 (it was sent) or -EINVAL.
 */
int uevent_synthesize(const char *text, const struct devtree_entry *entry);

/* A program's own message, sent on to all with a number of its own: 0 or -EINVAL (too long). */
int uevent_forward(const void *text, u32 n);

/* The number of the last event. Any context. */
u64 uevent_sequence(void);

/* The helper's path, "" if there is none: at most UEVENT_HELPER - 1 bytes. */
#define UEVENT_HELPER 256
void uevent_helper_get(char path[UEVENT_HELPER]);
int uevent_helper_set(const char *path); /* 0 or -ENOENT: too long */

/* Where messages go; both set at boot. Called one at a time, in order of their numbers, RANK_UEVENT
 * held; must not wait for user space. */
void uevent_set_net(void (*fn)(const char *message, u32 n));
/* Shall run path with the subsystem as its argument and the parts of the message from `environment`
 * on, n bytes, as its environment. */
void uevent_set_runner(void (*fn)(const char *path, const char *subsystem,
				  const char *environment, u32 n));
