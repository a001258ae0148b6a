/*
 * Leases of flow labels (IPV6_FLOWLABEL_MGR): sockets lease labels, alone or with others, for some
 * time, so that nobody else on this machine sends with them.
 */
#pragma once

#include "lib/format.h"
#include "net/inet/inet.h"

/* The socket option, both ways: 0, -EINVAL, -EFAULT, -ESRCH or -ENOENT (no such lease), -EPERM
 * (others have it, or too long), -EEXIST, -ENOBUFS, -ENOMEM. Thread context. */
int ip6_label_set(struct inet_sock *i, const void __user *value, u32 n);
int ip6_label_get(struct inet_sock *i, void __user *value, u32 *n);
/* Whether a socket may send with the label of a sin6_flowinfo: where anybody has leased one that
 * not all may use, only those that it leased itself. */
bool ip6_label_may_send(struct inet_sock *i, be32 flow);
/* A socket goes, with its leases. */
void ip6_label_put_all(struct inet_sock *i);
void ip6_show_labels(struct format_sink *out); /* /proc/net/ip6_flowlabel */
