/*
 * ICMP of IPv4 (RFC 792), for those who send and receive it.
 */
#pragma once

#include "net/ip4/icmp_wire.h"
#include "net/ip4/ip4.h"

/* Ping sockets (net/raw/ping.c): replies for them. Soft work, under RCU; does not take it. */
void ping_receive(struct packet *p);
