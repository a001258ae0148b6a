/* splice(2), tee(2), vmsplice(2): moving bytes in and out of pipes. */
#pragma once

#include "vfs/file.h"

/*
 * All of them: `flags` are SPLICE_F_*, `len` is above 0. Bytes moved, 0 at the end of the input,
 * or -EAGAIN (would wait, and SPLICE_F_NONBLOCK or the pipe's O_NONBLOCK), -EPIPE (the caller
 * raises SIGPIPE), -ERESTARTSYS, -ENOMEM, -EINVAL (the same pipe twice) or what the file says. The
 * caller has checked which of the files are pipes, and that they may be read and written.
 */

/* From a pipe to a file or from a file to a pipe; pos NULL: at the file's own position. */
ssize_t splice_to_file(struct file *pipe, struct file *out, loff_t *pos, size_t len, u32 flags,
		       u64 fsize_limit);
ssize_t splice_from_file(struct file *in, loff_t *pos, struct file *pipe, size_t len, u32 flags);
/* Between pipes; `keep`: the input stays as it is (tee). */
ssize_t splice_pipes(struct file *in, struct file *out, size_t len, u32 flags, bool keep);
/* Between a pipe and memory, as much as goes at once. */
ssize_t splice_to_memory(struct file *pipe, struct iov_iter *to, u32 flags);
ssize_t splice_from_memory(struct file *pipe, struct iov_iter *from, u32 flags);
