/*
 * abi/poll.h - poll(2), ppoll(2), select(2).
 */
#ifndef ABI_POLL_H
#define ABI_POLL_H

#include "abi/types.h"

#define POLLIN		0x0001
#define POLLPRI		0x0002
#define POLLOUT		0x0004
#define POLLERR		0x0008
#define POLLHUP		0x0010
#define POLLNVAL	0x0020
#define POLLRDNORM	0x0040
#define POLLRDBAND	0x0080
#define POLLWRNORM	0x0100
#define POLLWRBAND	0x0200
#define POLLMSG		0x0400
#define POLLREMOVE	0x1000
#define POLLRDHUP	0x2000

struct pollfd {
	s32 fd;
	s16 events;
	s16 revents;
};

/* select(2): an array of 64-bit words, bit n for descriptor n. */
#define FD_SETSIZE	1024

/* pselect6's last argument points at this. */
struct abi_sigset_arg {
	u64 sigmask;		/* user address of the set, or 0 */
	u64 sigsetsize;
};

#endif
