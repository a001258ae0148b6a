/*
 * The texts of /proc/net that IPv6 has, printed into a sink. Thread context.
 */
#pragma once

#include "lib/format.h"

void ip6_show_addrs(struct format_sink *out);   /* if_inet6 */
void ip6_show_anycast(struct format_sink *out); /* anycast6 */
void ip6_show_routes(struct format_sink *out);  /* ipv6_route */
void mld_show(struct format_sink *out);         /* igmp6 */
void mld_show_sources(struct format_sink *out); /* mcfilter6 */
