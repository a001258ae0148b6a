/* UDP-Lite over IPv6: what test_udplite.c says of sockets of AF_INET. */
#define FAMILY AF_INET6
#include "test_udplite.c"
