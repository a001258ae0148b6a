/* What getrandom(2) and /dev/random have in common. */
#pragma once

#include "vfs/file.h"

/*
 * Fills the buffers with random numbers: how many bytes, fewer than asked for if the rest cannot be
 * written, or if a signal came behind the first page; -EFAULT if there was room for none. May
 * sleep.
 */
ssize_t random_give(struct iov_iter *to);
