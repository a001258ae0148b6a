/* Ping sockets: see ping.c. */
#pragma once

#include "net/inet/inet_int.h"

extern struct port_table *ping_ports, *ping6_ports; /* identifiers instead of ports */
/* An ICMP error, of either version, about an echo request of ours: to the socket with its
 * identifier. Soft work. */
void ping_error(const struct ip_error *e);
