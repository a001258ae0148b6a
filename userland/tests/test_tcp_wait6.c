/* TIME-WAIT over IPv6: what test_tcp_wait.c says of sockets of AF_INET. */
#define FAMILY AF_INET6
#include "test_tcp_wait.c"
