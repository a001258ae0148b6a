/* Descriptors that refer to a process (pidfd_open(2)): readable when it has ended. */
#pragma once

#include "proc/pid.h"

struct file;

/* A file for the process that `pid` names; flags O_NONBLOCK: 0 or -ENOMEM, -ENFILE. */
int pidfd_create(struct pid *pid, u32 flags, struct file **out);
/* A pidfd that the current task is to get when all else is done (CLONE_PIDFD). */
struct pidfd_slot { struct file *file; s32 fd; };
/* Makes the file and takes a close-on-exec descriptor, whose number goes to *where: 0, -EFAULT,
 * -EMFILE, -ENOMEM. pidfd_settle() in any case. */
int pidfd_reserve(struct pid *pid, s32 __user *where, struct pidfd_slot *slot);
/* Opens the descriptor, or on an error gives it up. Returns the error. */
int pidfd_settle(struct pidfd_slot *slot, int error);
/* The pid a file refers to, held (pid_drop()), or NULL if it is no pidfd. */
struct pid *pidfd_pid(struct file *file);
/* The same, and an open directory /proc/[pid] counts as well (pidfd_send_signal(2)). */
struct pid *pidfd_pid_or_dir(struct file *file);
