/*
 * abi/epoll.h - epoll(7).
 */
#ifndef ABI_EPOLL_H
#define ABI_EPOLL_H

#include "abi/types.h"

#define EPOLLIN		0x00000001
#define EPOLLPRI	0x00000002
#define EPOLLOUT	0x00000004
#define EPOLLERR	0x00000008
#define EPOLLHUP	0x00000010
#define EPOLLNVAL	0x00000020
#define EPOLLRDNORM	0x00000040
#define EPOLLRDBAND	0x00000080
#define EPOLLWRNORM	0x00000100
#define EPOLLWRBAND	0x00000200
#define EPOLLMSG	0x00000400
#define EPOLLRDHUP	0x00002000
#define EPOLLEXCLUSIVE	0x10000000
#define EPOLLWAKEUP	0x20000000
#define EPOLLONESHOT	0x40000000
#define EPOLLET		0x80000000
#define EPOLL_CTL_ADD	1
#define EPOLL_CTL_DEL	2
#define EPOLL_CTL_MOD	3
#define EPOLL_CLOEXEC	02000000

struct epoll_event {
	u32 events;
	u64 data;
} __packed;
static_assert(sizeof(struct epoll_event) == 12, "struct epoll_event");

#endif
