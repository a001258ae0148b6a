/*
 * The sum of what connections hold in their queues, and whether that is too much (tcp_mem.h).
 */
#include "net/tcp/tcp_mem.h"

#include "net/tcp/tcp_setting.h"

u64 tcp_mem_bytes;
bool tcp_mem_pressure;

static u64 limit(unsigned which)
{
	return (u64)READ_ONCE(tcp_mem[which]) * PAGE_SIZE;
}

void tcp_mem_adjust(struct tcp_sock *t, u32 used)
{
	u64 before = t->mem_reserved, sum;

	t->mem_reserved = align_up(used, TCP_MEM_STEP);
	sum = __atomic_add_fetch(&tcp_mem_bytes, t->mem_reserved - before, __ATOMIC_RELAXED);
	if (sum > limit(1)) {
		if (!READ_ONCE(tcp_mem_pressure)) {
			WRITE_ONCE(tcp_mem_pressure, true);
			tcp_count(TCPMemoryPressures);
		}
	} else if (sum <= limit(0) && READ_ONCE(tcp_mem_pressure)) {
		WRITE_ONCE(tcp_mem_pressure, false);
	}
}

bool tcp_mem_exhausted(void)
{
	return __atomic_load_n(&tcp_mem_bytes, __ATOMIC_RELAXED) > limit(2);
}

u32 tcp_mem_pages(void)
{
	return (u32)DIV_ROUND_UP(__atomic_load_n(&tcp_mem_bytes, __ATOMIC_RELAXED), PAGE_SIZE);
}
