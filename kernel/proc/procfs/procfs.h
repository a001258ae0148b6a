/* The proc file system (proc(5)). */
#pragma once

struct file;
struct pid;

/* Registers the type "proc". Boot. */
void procfs_init(void);
/* The pid whose directory /proc/[pid] a file is, held (pid_drop()), or NULL if it is none. */
struct pid *procfs_dir_pid(struct file *file);
