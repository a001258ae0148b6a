/* Between the files of splice. */
#pragma once

#include "ipc/pipe_int.h"
#include "ipc/splice.h"

#define SPLICE_PIECES 16 /* pages that are moved at once */

/*
 * Takes the pipe's lock and waits until there are bytes nobody has his hands on, or room: 0 with
 * the lock held, or -EAGAIN, -ERESTARTSYS without. Also 0 if there will be no bytes any more
 * (pipe_used() is 0 then); -EPIPE without the lock if nobody reads.
 */
int splice_wait_data(struct file *pipe, u32 flags);
int splice_wait_room(struct file *pipe, u32 flags);
