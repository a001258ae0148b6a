/*
 * How long what the kernel does for itself takes: rows as userland/bench prints them, which
 * ci/bench reads. Nothing here fails for being slow.
 */
#include "core/clock.h"
#include "lib/sort.h"
#include "mm/dma.h"
#include "sched/thread.h"
#include "test/ktest.h"

enum { BLOCKS = 32, TURNS = 250, ROUNDS = 5 };

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* Takes BLOCKS blocks, as for a full queue of commands, and gives them back, TURNS times: ns. */
static u64 turns(struct dma_pool *pool)
{
	u64 start = clock_monotonic();
	void *block[BLOCKS];
	dma_addr_t bus;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		for (unsigned i = 0; i < BLOCKS; i++) {
			block[i] = dma_pool_alloc(pool, &bus);
			KTEST_CHECK(block[i]);
		}
		for (unsigned i = 0; i < BLOCKS; i++)
			dma_pool_free(pool, block[i]);
	}
	return clock_monotonic() - start;
}

/* The row of blocks of `size` bytes: one taken, zeroed as the pool does it, and given back. */
static void time_pool(size_t size)
{
	struct dma_pool *pool = dma_pool_create("ktest", size, 128, 64);
	u64 took[ROUNDS], tenths;

	KTEST_CHECK(pool);
	if (!pool)
		return;
	turns(pool); /* it has its frames then */
	for (unsigned i = 0; i < ROUNDS; i++) {
		sched_point();
		took[i] = turns(pool);
	}
	dma_pool_destroy(pool);
	sort(took, ROUNDS, sizeof(*took), compare);
	tenths = took[ROUNDS / 2] * 10 / (TURNS * BLOCKS);
	ktest_note("dma_pool_%zu ns %llu.%llu", size, (unsigned long long)(tenths / 10),
		   (unsigned long long)(tenths % 10));
}

/* 256 bytes are an AHCI command table of 8 segments; 4096 are the most that a pool gives. */
KTEST(time_dma_pool)
{
	time_pool(256);
	time_pool(4096);
}
