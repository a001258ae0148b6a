/*
 * The weight of a nice value: each step is worth a factor of 1.25, so of two threads one step apart
 * the more important one gets five ninths; nice 0 weighs 1024. SCHED_IDLE weighs next to nothing
 * (sched(7)).
 */
#include "abi/sched.h"
#include "sched/run_int.h"

#define WEIGHT_IDLE 3

/* 1024 × 1.25^-nice, rounded, for nice -20 … 19. */
static const u32 weights[40] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
	9537, 7629, 6104, 4883, 3906, 3125, 2500, 2000, 1600, 1280,
	1024, 819, 655, 524, 419, 336, 268, 215, 172, 137,
	110, 88, 70, 56, 45, 36, 29, 23, 18, 15,
};

u32 weight_of(int policy, int nice)
{
	return policy == SCHED_IDLE ? WEIGHT_IDLE : weights[nice + 20];
}
