/* Packet sockets (packet(7)): AF_PACKET. */
#pragma once

#include "lib/format.h"

/* /proc/net/packet. Thread context. */
void packet_sock_show(struct format_sink *out);
/* Registers the family. Boot, after sock_init() and netif_init(). */
void packet_sock_init(void);
