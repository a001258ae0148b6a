/* Pipes and FIFOs (pipe(7), fifo(7)). */
#pragma once

#include "vfs/file.h"

/*
 * pipe2(2): out[0] reads, out[1] writes. `flags`: O_NONBLOCK, O_DIRECT (what is written are
 * packets; O_CLOEXEC is the caller's). 0, -ENOMEM, -ENFILE, -EINVAL.
 */
int pipe_create(u32 flags, const struct cred *cred, struct file *out[2]);
/* Whether the file is an end of a pipe or FIFO. */
bool pipe_is_pipe(const struct file *f);
/*
 * fcntl(F_GETPIPE_SZ), fcntl(F_SETPIPE_SZ): bytes, or -EBADF (not a pipe), -EINVAL, -EBUSY (more
 * than that is in it), -EPERM, -ENOMEM.
 */
long pipe_get_size(struct file *f);
long pipe_set_size(struct file *f, u64 size, const struct cred *cred);
/* The largest size an unprivileged process may set: /proc/sys/fs/pipe-max-size. */
extern u32 pipe_max_size;
void pipe_init(void);
