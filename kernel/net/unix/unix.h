/* AF_UNIX: sockets of this machine (unix(7)). */
#pragma once

#include "lib/format.h"

/* The text of /proc/net/unix (proc(5)). Thread context. */
void unix_show(struct format_sink *out);
/* How many there are. */
u32 unix_count(void);
/* Messages that wait in the queue of a datagram socket at most: /proc/sys/net/unix. */
extern u32 unix_max_dgram_qlen;

/* Boot, after sock_init(). */
void unix_init(void);
