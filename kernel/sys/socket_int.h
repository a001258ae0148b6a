/* What the handlers of sockets share. */
#pragma once

#include "net/sock.h"

/* A descriptor that is a socket, for the length of a call; fd_end(r.fd) at its end. */
struct sock_ref { struct fd_ref fd; struct sock *sock; };
/* 0, -EBADF, -ENOTSOCK. */
int sock_arg(int fd, struct sock_ref *r);
/* An address from user space, of exactly that length: 0, -EINVAL, -EFAULT. */
int address_in(struct sockaddr_storage *a, const void __user *user, int length);
/* One to user space, cut to the room that *user_length tells, where its length is left: 0, -EFAULT,
 * -EINVAL. */
int address_out(const struct sockaddr_storage *a, u32 length, void __user *user,
		int __user *user_length);
