HOST_SRCS_nd := kernel/net/ip6/nd_parse.c kernel/net/ip6/mld_parse.c kernel/net/ip6/ip6_header.c
