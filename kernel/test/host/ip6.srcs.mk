HOST_SRCS_ip6 := kernel/net/ip6/ip6_header.c kernel/net/ip6/ip6_select.c \
	kernel/net/ip6/icmp6_parse.c
