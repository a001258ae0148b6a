/*
 * Socket filters: programs of classic BPF that say of a packet how many of its bytes a socket
 * wants, 0 for none. The language: one accumulator, one index register, 16 words of memory, jumps
 * only forwards (McCanne, Jacobson: The BSD Packet Filter, 1993); so a checked program ends.
 *
 * filter_check() and filter_run() are pure and also built on the host.
 */
#pragma once

#include "abi/filter.h"
#include "lib/types.h"

/* What a program sees. */
struct filter_view {
	const u8 *bytes;     /* the first `head` bytes of the packet */
	u32 head, length;    /* length: in all */
	/* Copies n (1, 2, 4) bytes from an offset that is not within `head`, SKF_NET_OFF and
	 * SKF_LL_OFF included: false if they are not all there. */
	bool (*load)(const struct filter_view *view, s32 offset, u8 *to, u32 n);
	/* Answers SKF_AD_*: false ends the program with 0. */
	bool (*ask)(const struct filter_view *view, u32 what, u32 a, u32 x, u32 *answer);
	const void *packet;
};

/* Whether a program is one: 0 or -EINVAL. Reads of memory follow writes on every way there. `ways`:
 * n words to work with. */
int filter_check(const struct sock_filter *insns, u32 n, u16 *ways);
/* Runs a checked program: bytes to keep. */
u32 filter_run(const struct sock_filter *insns, const struct filter_view *view);

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
