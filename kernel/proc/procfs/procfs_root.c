/*
 * /proc itself: the table of system files, the processes by number, and the links to oneself.
 */
#include "abi/dirent.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "lib/format.h"
#include "lib/string.h"
#include "proc/procfs/procfs_int.h"
#include "vfs/file.h"

#define PID_POS 256 /* directory position of pid n: PID_POS + n */

static ssize_t self_readlink(struct task *task, char *buf, size_t size)
{
	return snprintf(buf, size, "%d", task->process->pid->nr);
}

static ssize_t thread_self_readlink(struct task *task, char *buf, size_t size)
{
	return snprintf(buf, size, "%d/task/%d", task->process->pid->nr, task->thread->tid);
}

static ssize_t mounts_readlink(struct task *task, char *buf, size_t size)
{
	return (ssize_t)strlcpy(buf, "self/mounts", size);
}

static ssize_t net_readlink(struct task *task, char *buf, size_t size)
{
	return (ssize_t)strlcpy(buf, "self/net", size);
}

s32 procfs_number(const struct name *name)
{
	s32 nr = 0;

	if (name->length == 0 || name->length > 9 || (name->text[0] == '0' && name->length > 1))
		return -1;
	for (u32 i = 0; i < name->length; i++) {
		if (name->text[i] < '0' || name->text[i] > '9')
			return -1;
		nr = nr * 10 + (name->text[i] - '0');
	}
	return nr;
}

static int root_lookup(struct proc_inode *dir, const struct name *name, struct inode **out)
{
	s32 nr = procfs_number(name);
	struct process *p = nr > 0 ? process_find(nr) : NULL;
	struct pid *pid;
	int error;

	if (!p)
		return 0;
	pid = pid_find_get(nr);
	process_put(p);
	if (!pid)
		return 0;
	error = procfs_inode(dir->inode.sb, &procfs_pid_dir, pid, true, -1, out);
	pid_put(pid);
	return error;
}

static int root_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos)
{
	s32 from = pos > PID_POS ? (s32)(pos - PID_POS) : 1;
	struct process *p;

	while ((p = process_next(from)) != NULL) {
		char name[12];
		s32 nr = p->pid->nr;
		int n = snprintf(name, sizeof(name), "%d", nr);

		process_put(p);
		from = nr + 1;
		if (!sink->emit(sink, name, (u32)n, (u64)nr << 16, DT_DIR, PID_POS + (u64)from))
			break;
	}
	return 0;
}

#define FILE_R  (S_IFREG | 0444)
#define FILE_RO (S_IFREG | 0400)

static const struct proc_node sysvipc_children[] = {
	{ .name = "msg", .mode = FILE_R, .show = show_sysv_msg },
	{ .name = "sem", .mode = FILE_R, .show = show_sysv_sem },
	{ .name = "shm", .mode = FILE_R, .show = show_sysv_shm },
	{ 0 },
};

static const struct proc_node root_children[] = {
	{ .name = "self", .mode = S_IFLNK | 0777, .readlink = self_readlink },
	{ .name = "thread-self", .mode = S_IFLNK | 0777, .readlink = thread_self_readlink },
	{ .name = "mounts", .mode = S_IFLNK | 0777, .readlink = mounts_readlink },
	{ .name = "meminfo", .mode = FILE_R, .show = show_meminfo },
	{ .name = "vmstat", .mode = FILE_R, .show = show_vmstat },
	{ .name = "cpuinfo", .mode = FILE_R, .show = show_cpuinfo },
	{ .name = "stat", .mode = FILE_R, .show = show_system_stat },
	{ .name = "schedstat", .mode = FILE_R, .show = show_system_schedstat },
	{ .name = "uptime", .mode = FILE_R, .show = show_uptime },
	{ .name = "loadavg", .mode = FILE_R, .show = show_loadavg },
	{ .name = "version", .mode = FILE_R, .show = show_version },
	{ .name = "cmdline", .mode = FILE_R, .show = show_boot_cmdline },
	{ .name = "filesystems", .mode = FILE_R, .show = show_filesystems },
	{ .name = "partitions", .mode = FILE_R, .show = show_partitions },
	{ .name = "diskstats", .mode = FILE_R, .show = show_diskstats },
	{ .name = "interrupts", .mode = FILE_R, .show = show_interrupts },
	{ .name = "irq", .mode = S_IFDIR | 0555, .children = procfs_irq_children,
	  .lookup = procfs_irq_lookup, .readdir = procfs_irq_readdir },
	{ .name = "bus", .mode = S_IFDIR | 0555, .children = procfs_bus_children },
	{ .name = "devices", .mode = FILE_R, .show = show_devices },
	{ .name = "misc", .mode = FILE_R, .show = show_misc },
	{ .name = "buddyinfo", .mode = FILE_R, .show = show_buddyinfo },
	{ .name = "swaps", .mode = FILE_R, .show = show_swaps },
	{ .name = "locks", .mode = FILE_R, .show = show_locks },
	{ .name = "kallsyms", .mode = FILE_RO, .show = show_kallsyms },
	{ .name = "slabinfo", .mode = FILE_RO, .show = show_slabinfo },
	{ .name = "iomem", .mode = FILE_R, .show = show_iomem },
	{ .name = "ioports", .mode = FILE_R, .show = show_ioports },
	{ .name = "consoles", .mode = FILE_R, .show = show_consoles },
	{ .name = "timer_list", .mode = FILE_RO, .show = show_timer_list },
	{ .name = "abi_gaps", .mode = S_IFREG | 0644, .show = show_abi_gaps,
	  .store = store_abi_gaps },
	{ .name = "tty", .mode = S_IFDIR | 0555, .children = procfs_tty_children },
	{ .name = "net", .mode = S_IFLNK | 0777, .readlink = net_readlink },
	{ .name = "sys", .mode = S_IFDIR | 0555, .children = procfs_sys_children },
	{ .name = "sysvipc", .mode = S_IFDIR | 0555, .children = sysvipc_children },
	{ 0 },
};

const struct proc_node procfs_root = {
	.name = "/", .mode = S_IFDIR | 0555, .children = root_children, .lookup = root_lookup,
	.readdir = root_readdir,
};
