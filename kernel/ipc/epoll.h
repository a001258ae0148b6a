/* epoll(7): a set of watched files, and waiting for any of them. */
#pragma once

#include "abi/epoll.h"
#include "vfs/file.h"

/* A file of no watches, which will count for user `uid`. 0, -ENOMEM, -ENFILE. */
int epoll_create(u32 uid, struct file **out);
/*
 * epoll_ctl(2): `fd` is the number by which `file` was named; `event` is not looked at for
 * EPOLL_CTL_DEL. 0, -EINVAL (no epoll, itself, unknown op, bad EPOLLEXCLUSIVE), -EPERM (cannot be
 * polled), -EEXIST, -ENOENT, -ELOOP, -ENOMEM, -ENOSPC (epoll_max_watches).
 */
int epoll_control(struct file *epoll, int op, struct file *file, int fd,
		  const struct epoll_event *event);
/*
 * epoll_wait(2) until a deadline (clock_monotonic(); 0: do not wait, ~0: none). How many events
 * were written, 0 when the time is over, -EINTR, -EINVAL, -EFAULT.
 */
int epoll_wait_events(struct file *epoll, struct epoll_event __user *events, int max,
		      u64 deadline_ns);
/*
 * Which file number `at` (from 0, in no particular order) of those is that are watched as
 * descriptor `fd`, as a number that stands for it (kcmp(2)): 0, -EINVAL (no epoll), -ENOENT.
 */
int epoll_watched(struct file *epoll, int fd, u32 at, u64 *out);
/* How many watches a user may have: /proc/sys/fs/epoll/max_user_watches. */
extern u64 epoll_max_watches;
void epoll_init(void);
