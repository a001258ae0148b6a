/*
 * Socket filters: programs of classic BPF (lib/bpf.h) that say of a packet how many of its bytes a
 * socket wants, 0 for none.
 */
#pragma once

#include "lib/bpf.h"

struct sock;
struct packet;
struct sock_filter_program;
/* A program of user space (struct sock_fprog, n bytes): 0, -EINVAL, -EFAULT, -ENOMEM; it is freed a
 * grace period after it was put. NULL may be put. Run on a packet whose bytes begin `skip` behind
 * its data, under RCU: what it answers. */
int filter_program_make(const void __user *fprog, u32 n, struct sock_filter_program **out);
void filter_program_put(struct sock_filter_program *program);
u32 filter_program_run(const struct sock_filter_program *program, struct packet *p, u32 skip);
/* How many bytes from `skip` on (of data) the socket's filter wants to keep; all without one. Under
 * RCU; soft work or thread. */
u32 filter_keep(struct sock *s, struct packet *p, u32 skip);
/* SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_GET_FILTER: 0 or -errno. Thread context. */
int filter_attach(struct sock *s, const void __user *fprog, u32 n);
int filter_detach(struct sock *s);
int filter_get(struct sock *s, void __user *insns, u32 *n);
/* Bytes that the socket's program takes. */
u32 filter_bytes(struct sock *s);
/* The socket goes: frees its program after a grace period. */
void filter_free(struct sock *s);
