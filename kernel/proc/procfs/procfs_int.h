/*
 * Between the files of procfs (proc(5)). The tree below /proc is described by tables of nodes; a
 * node with show() is a text that is made whole when it is read from the start. Below /proc/[pid]
 * the same tables serve every process; the inode says which.
 */
#pragma once

#include "proc/process.h"
#include "vfs/super.h"
#include "vfs/text.h"

struct proc_inode;

struct proc_node {
	const char *name;
	u32 mode;                            /* type and permissions */
	/* Regular files: prints the text; `task` is NULL outside process directories. 0 or
	 * -errno. */
	int (*show)(struct text *t, struct task *task);
	bool look;                           /* only for those who may look into the task, when it
					      * is opened and when it is read */
	/* Writes: `buf` is NUL-terminated. 0 or -errno. NULL: not writable. */
	int (*store)(struct task *task, char *buf, size_t n);
	/* Symlinks: the text, or the place itself (magic links). */
	ssize_t (*readlink)(struct task *task, char *buf, size_t size);
	int (*follow)(struct task *task, struct path *out);
	const struct proc_node *children;    /* directories: a table, ended by name NULL */
	bool common;                         /* the same in every process, and root's */
	/* Directories with entries of their own beside the table: see procfs_fd.c and
	 * procfs_root.c. */
	int (*lookup)(struct proc_inode *dir, const struct name *name, struct inode **out);
	int (*readdir)(struct proc_inode *dir, struct dir_sink *sink, u64 pos);
	const struct file_ops *fops;         /* files that are not texts; NULL: texts */
};

/* I: all constant after creation */
struct proc_inode {
	struct inode inode;
	const struct proc_node *node;
	struct pid *pid;  /* of the thread or process the entry is about, held; NULL outside */
	bool whole;       /* it stands for the process, not for one thread of it */
	int fd;           /* entries of fd/ and fdinfo/: the descriptor; of irq/ and bus/: the
			   * number; else -1 */
};

static inline struct proc_inode *proc_inode(struct inode *inode)
{
	return container_of(inode, struct proc_inode, inode);
}

/* A number without leading zeros, or -1. */
s32 procfs_number(const struct name *name);
/* A fresh inode for a node below `dir`: 0 or -ENOMEM. `pid` and `fd` as above. */
int procfs_inode(struct superblock *sb, const struct proc_node *node, struct pid *pid, bool whole,
		 int fd, struct inode **out);
/* The task an inode is about, its thread referenced (thread_put()); NULL: it has ended or there is
 * none. */
struct task *procfs_task(struct proc_inode *pi);
/* The process, zombies included, referenced. */
struct process *procfs_process(struct proc_inode *pi);
/* The space of the process now, referenced (aspace_put()), NULL if it has none: 0, -ESRCH, or
 * -EACCES if the caller may not look into it. */
int procfs_space_get(struct proc_inode *pi, struct aspace **out);

extern const struct proc_node procfs_root, procfs_pid_dir, procfs_task_dir;
extern const struct proc_node procfs_sys_children[], procfs_fs_children[];
/* procfs_core.c: core dumps. */
int show_core_filter(struct text *t, struct task *task);
int store_core_filter(struct task *task, char *buf, size_t n);
int show_core_pattern(struct text *t, struct task *task);
int store_core_pattern(struct task *task, char *buf, size_t n);
int show_core_uses_pid(struct text *t, struct task *task);
int store_core_uses_pid(struct task *task, char *buf, size_t n);
int show_core_pipe_limit(struct text *t, struct task *task);
int store_core_pipe_limit(struct task *task, char *buf, size_t n);
int show_suid_dumpable(struct text *t, struct task *task);
int store_suid_dumpable(struct task *task, char *buf, size_t n);
extern const struct proc_node procfs_seccomp_children[]; /* /proc/sys/kernel/seccomp */
/* A number up to max that was written to a setting: 0 or -EINVAL. Overwrites the buffer. */
int procfs_store_number(char *buf, u64 max, u64 *out);
/* procfs_net.c, procfs_net_sys.c: /proc/[pid]/net, /proc/sys/net. */
extern const struct proc_node procfs_net_children[], procfs_net_sys_children[];
/* procfs_irq.c: /proc/irq. */
extern const struct proc_node procfs_irq_children[];
int procfs_irq_lookup(struct proc_inode *dir, const struct name *name, struct inode **out);
int procfs_irq_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos);
/* procfs_pci.c: /proc/bus. */
extern const struct proc_node procfs_bus_children[];
/* procfs_mem.c */
extern const struct file_ops procfs_mem_fops, procfs_pagemap_fops;
int store_clear_refs(struct task *task, char *buf, size_t n);

/* procfs_fd.c: the entries of fd/ and fdinfo/. */
int procfs_fd_lookup(struct proc_inode *dir, const struct name *name, struct inode **out);
int procfs_fd_readdir(struct proc_inode *dir, struct dir_sink *sink, u64 pos);
extern const struct file_ops procfs_text_fops;

/* Tables' show functions. */
int show_stat(struct text *t, struct task *task);
int show_thread_stat(struct text *t, struct task *task);
int show_status(struct text *t, struct task *task);
int show_statm(struct text *t, struct task *task);
int show_cmdline(struct text *t, struct task *task);
int show_environ(struct text *t, struct task *task);
int show_auxv(struct text *t, struct task *task);
int show_comm(struct text *t, struct task *task);
int store_comm(struct task *task, char *buf, size_t n);
int show_limits(struct text *t, struct task *task);
int show_io(struct text *t, struct task *task);
int show_thread_io(struct text *t, struct task *task);
int show_timers(struct text *t, struct task *task);
int show_timer_slack(struct text *t, struct task *task);
int store_timer_slack(struct task *task, char *buf, size_t n);
int show_wchan(struct text *t, struct task *task);
int show_oom_score(struct text *t, struct task *task);
int show_oom_score_adj(struct text *t, struct task *task);
int store_oom_score_adj(struct task *task, char *buf, size_t n);
int show_oom_adj(struct text *t, struct task *task);
int store_oom_adj(struct task *task, char *buf, size_t n);
int show_personality(struct text *t, struct task *task);
int show_schedstat(struct text *t, struct task *task);
int show_stack(struct text *t, struct task *task);
int show_syscall(struct text *t, struct task *task);
int show_errno(struct text *t, struct task *task);
int show_errno_trace(struct text *t, struct task *task);
int store_errno_trace(struct task *task, char *buf, size_t n);
int show_sched(struct text *t, struct task *task);
int show_maps(struct text *t, struct task *task);
int show_smaps(struct text *t, struct task *task);
int show_smaps_rollup(struct text *t, struct task *task);
int show_mounts(struct text *t, struct task *task);
int show_mountinfo(struct text *t, struct task *task);
int show_mountstats(struct text *t, struct task *task);
int show_zombie_stat(struct text *t, struct process *p);
int show_zombie_status(struct text *t, struct process *p);

int show_meminfo(struct text *t, struct task *task);
int show_vmstat(struct text *t, struct task *task);
int show_cpuinfo(struct text *t, struct task *task);
int show_system_stat(struct text *t, struct task *task);
int show_system_schedstat(struct text *t, struct task *task);
int show_uptime(struct text *t, struct task *task);
int show_loadavg(struct text *t, struct task *task);
int show_version(struct text *t, struct task *task);
int show_boot_cmdline(struct text *t, struct task *task);
int show_filesystems(struct text *t, struct task *task);
int show_partitions(struct text *t, struct task *task);
int show_diskstats(struct text *t, struct task *task);
int show_interrupts(struct text *t, struct task *task);
int show_devices(struct text *t, struct task *task);
int show_misc(struct text *t, struct task *task);
int show_buddyinfo(struct text *t, struct task *task);
int show_swaps(struct text *t, struct task *task);
int show_locks(struct text *t, struct task *task);
int show_kallsyms(struct text *t, struct task *task);
int show_slabinfo(struct text *t, struct task *task);
int show_iomem(struct text *t, struct task *task);
int show_ioports(struct text *t, struct task *task);
int show_consoles(struct text *t, struct task *task);
int show_timer_list(struct text *t, struct task *task);
/* procfs_gaps.c */
int show_abi_gaps(struct text *t, struct task *task);
int store_abi_gaps(struct task *task, char *buf, size_t n);
int show_gaps_enabled(struct text *t, struct task *task);
int store_gaps_enabled(struct task *task, char *buf, size_t n);
/* procfs_console.c: /proc/tty. */
extern const struct proc_node procfs_tty_children[];

/* procfs_tcp_sys.c: settings of TCP that are no single numbers. */
int show_tcp_mem(struct text *t, struct task *task);
int store_tcp_mem(struct task *task, char *buf, size_t n);
int show_tcp_rmem(struct text *t, struct task *task);
int store_tcp_rmem(struct task *task, char *buf, size_t n);
int show_tcp_wmem(struct text *t, struct task *task);
int store_tcp_wmem(struct task *task, char *buf, size_t n);
int show_tcp_cc(struct text *t, struct task *task);
int store_tcp_cc(struct task *task, char *buf, size_t n);
int show_tcp_cc_available(struct text *t, struct task *task);
int show_tcp_cc_allowed(struct text *t, struct task *task);
int store_tcp_cc_allowed(struct task *task, char *buf, size_t n);
int show_tcp_notsent(struct text *t, struct task *task);
int store_tcp_notsent(struct task *task, char *buf, size_t n);

/* procfs_ipc.c: System V identifiers and their limits. */
int show_sysv_shm(struct text *t, struct task *task);
int show_sysv_sem(struct text *t, struct task *task);
int show_sysv_msg(struct text *t, struct task *task);
int show_shmmax(struct text *t, struct task *task);
int store_shmmax(struct task *task, char *buf, size_t n);
int show_shmall(struct text *t, struct task *task);
int store_shmall(struct task *task, char *buf, size_t n);
int show_shmmni(struct text *t, struct task *task);
int store_shmmni(struct task *task, char *buf, size_t n);
int show_shm_forced(struct text *t, struct task *task);
int store_shm_forced(struct task *task, char *buf, size_t n);
int show_msgmax(struct text *t, struct task *task);
int store_msgmax(struct task *task, char *buf, size_t n);
int show_msgmnb(struct text *t, struct task *task);
int store_msgmnb(struct task *task, char *buf, size_t n);
int show_msgmni(struct text *t, struct task *task);
int store_msgmni(struct task *task, char *buf, size_t n);
int show_sem_limits(struct text *t, struct task *task);
int store_sem_limits(struct task *task, char *buf, size_t n);
