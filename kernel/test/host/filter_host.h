/* A packet for filters on the host: bytes, of which the first `head` are in one piece. */
#pragma once

#include "lib/bpf.h"

static bool host_load(const struct bpf_view *v, s32 offset, u8 *to, u32 n)
{
	s64 at = offset;

	if (offset < 0 && offset >= SKF_NET_OFF)
		at = (s64)offset - SKF_NET_OFF + 14;
	else if (offset < 0 && offset >= SKF_LL_OFF)
		at = (s64)offset - SKF_LL_OFF;
	if (at < 0 || at + n > v->length)
		return false;
	memcpy(to, (const u8 *)v->about + at, n);
	return true;
}

static bool host_ask(const struct bpf_view *v, u32 what, u32 a, u32 x, u32 *answer)
{
	if (what == SKF_AD_ALU_XOR_X)
		*answer = a ^ x;
	else
		*answer = 1000 + what;
	return what < SKF_AD_MAX;
}

static struct bpf_view host_view(const void *bytes, u32 head, u32 length)
{
	return (struct bpf_view){ .bytes = bytes, .head = head, .length = length,
				     .load = host_load, .ask = host_ask, .about = bytes };
}
