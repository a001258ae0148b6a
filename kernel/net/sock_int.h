/* Between the files of sockets. */
#pragma once

#include "net/sock.h"

const struct sock_host *sock_host_get(void);
/* A new socket: 0, -EAFNOSUPPORT, -EINVAL, or what the family says. */
int sock_create(int family, int type, int protocol, struct sock **out);

/* sock_async.c: notes that the owner is to be told. Any context but handlers, with or without the
 * socket's lock. */
void sock_async_tell(struct sock *s, u32 events);
void sock_async_init(void);

/* sock_device.c: as setsockopt(2), getsockopt(2). */
int sock_bind_device(struct sock *s, int name, const void __user *value, u32 n);
int sock_bound_device(struct sock *s, void __user *value, u32 *n);

/* sock_stamp.c: SO_TIMESTAMP*, SO_TIMESTAMPING of setsockopt(2), getsockopt(2); the socket goes. */
int sock_set_stamp(struct sock *s, int name, int value);
int sock_get_stamp(const struct sock *s, int name);
int sock_set_stamping(struct sock *s, int name, const void __user *value, u32 n);
int sock_get_stamping(const struct sock *s, int name, void __user *value, u32 *n);
void sock_stamp_fini(struct sock *s);

/* sock_get_option.c */
/* The bit (enum sock_flag) that is an option, 0: it is none. */
u32 sock_option_flag(int name);
