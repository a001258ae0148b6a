/* TCP's data over IPv6: what test_tcp_data.c says of sockets of AF_INET. */
#define FAMILY AF_INET6
#include "test_tcp_data.c"
