/*
 * TCP (RFC 9293), for both versions of IP: what the rest of the kernel may know of it. The folder's
 * own contract is tcp_int.h, the story in docs/tcp.md.
 */
#pragma once

#include "lib/types.h"

/* Boot, after the IP layer: tables, caches, protocol. Panics without memory. */
void tcp_init(void);

/* Settings are in tcp_setting.h. Names of the congestion controls, all or those that everybody may
 * choose (which can be set, a list of names: 0 or -ENOENT); and the one that new sockets get, which
 * can be set, and is allowed then: 0 or -ENOENT. */
void tcp_cc_names(char *out, size_t size, bool allowed);
int tcp_cc_set_allowed(const char *names);
const char *tcp_cc_default_name(void);
int tcp_cc_set_default(const char *name);

/* Who has which port: for walks. */
struct port_table *tcp_port_table(void);

/* /proc/net/tcp, tcp6. Thread context. */
struct format_sink;
void tcp_show(struct format_sink *out, bool six);
