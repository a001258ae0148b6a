/*
 * Classic BPF: programs that judge a packet (socket filters) or a system call (seccomp). One
 * accumulator, one index register, 16 words of memory, jumps only forwards (McCanne, Jacobson: The
 * BSD Packet Filter, 1993); so a checked program ends.
 */
#pragma once

#include "abi/filter.h"
#include "lib/types.h"

/* What a program sees. */
struct bpf_view {
	const u8 *bytes;     /* the first `head` bytes of what it judges, words big-endian */
	u32 head, length;    /* length: in all */
	/* Copies n (1, 2, 4) bytes from an offset that is not within `head`, SKF_NET_OFF and
	 * SKF_LL_OFF included: false if they are not all there. */
	bool (*load)(const struct bpf_view *view, s32 offset, u8 *to, u32 n);
	/* Answers SKF_AD_*: false ends the program with 0. */
	bool (*ask)(const struct bpf_view *view, u32 what, u32 a, u32 x, u32 *answer);
	const void *about;   /* the view's own */
};

/* Whether a program is one: 0 or -EINVAL. Reads of memory follow writes on every way there. `ways`:
 * n words to work with. */
int bpf_check(const struct sock_filter *insns, u32 n, u16 *ways);
/* Runs a checked program: what it returns; 0 if a load or a division ended it. */
u32 bpf_run(const struct sock_filter *insns, const struct bpf_view *view);
