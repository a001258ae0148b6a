/*
 * /proc/sys/kernel/seccomp (seccomp(2), "/proc interfaces").
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "proc/procfs/procfs_int.h"
#include "proc/seccomp.h"

#define NAMES_ROOM 128

static int show_avail(struct text *t, struct task *task)
{
	char names[NAMES_ROOM];

	seccomp_actions_show(names, sizeof(names), false);
	text_printf(t, "%s\n", names);
	return 0;
}

static int show_logged(struct text *t, struct task *task)
{
	char names[NAMES_ROOM];

	seccomp_actions_show(names, sizeof(names), true);
	text_printf(t, "%s\n", names);
	return 0;
}

static int store_logged(struct task *task, char *buf, size_t n)
{
	return cred_capable(cred_current(), CAP_SYS_ADMIN) ? seccomp_actions_log(buf) : -EPERM;
}

const struct proc_node procfs_seccomp_children[] = {
	{ .name = "actions_avail", .mode = S_IFREG | 0444, .show = show_avail },
	{ .name = "actions_logged", .mode = S_IFREG | 0644, .show = show_logged,
	  .store = store_logged },
	{ 0 },
};
