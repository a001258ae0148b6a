/* Descriptors that refer to a process (pidfd_open(2)): readable when it has ended. */
#pragma once

#include "proc/pid.h"

struct file;

/* A file for the process that `pid` names; flags O_NONBLOCK: 0 or -ENOMEM, -ENFILE. */
int pidfd_create(struct pid *pid, u32 flags, struct file **out);
/* Makes one as a close-on-exec descriptor of the current task and stores its number at *where: 0, -EFAULT, -EMFILE, -ENOMEM. */
int pidfd_install(struct pid *pid, s32 __user *where);
/* The pid a file refers to, referenced, or NULL if it is no pidfd. */
struct pid *pidfd_pid(struct file *file);
