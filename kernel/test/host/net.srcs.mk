HOST_SRCS_net := kernel/net/ip4/ip4_header.c kernel/net/ip4/icmp_parse.c \
	kernel/net/ip4/igmp_parse.c kernel/net/link/arp_parse.c kernel/net/inet/frag_list.c \
	kernel/net/inet/mcast_due.c
HOST_SRCS_diag := kernel/net/netlink/diag_filter.c
HOST_SRCS_filter := kernel/proc/seccomp_check.c
