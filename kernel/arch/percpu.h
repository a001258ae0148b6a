/*
 * Per-CPU variables. A variable defined with DEFINE_PERCPU lives in the section .percpu of the
 * image; each CPU owns a copy of that section, and its %gs base is the distance from the image's
 * copy to its own. So one %gs-relative instruction reaches a CPU's own copy. A thread changes CPU
 * only where it sleeps or calls sched_point(), so a pointer from this_cpu_ptr() is good until then;
 * what interrupts touch as well needs interrupts off.
 */
#pragma once

#include "lib/types.h"

#define CPU_MAX 64

#define DEFINE_PERCPU(type, name)  __attribute__((section(".percpu"))) __typeof__(type) name
#define DECLARE_PERCPU(type, name) extern __attribute__((section(".percpu"))) __typeof__(type) name

/*
 * Offset from the image's .percpu to each CPU's copy, in bytes; valid for CPUs below cpu_count().
 */
extern u64 percpu_offset[CPU_MAX];

DECLARE_PERCPU(u64, percpu_self_offset); /* this CPU's own entry of percpu_offset */
DECLARE_PERCPU(u32, percpu_cpu_id);

/* Reads a scalar per-CPU variable of this CPU in one instruction. */
#define this_cpu_read(name) ({ \
	__typeof__(name) value_; \
	__asm__ volatile("mov %%gs:%1, %0" : "=r"(value_) : "m"(name)); \
	value_; })

/* Writes a scalar per-CPU variable of this CPU in one instruction. */
#define this_cpu_write(name, value) do { \
	__typeof__(name) value_ = (value); \
	__asm__ volatile("mov %1, %%gs:%0" : "=m"(name) : "r"(value_)); } while (0)

/* Adds to an integer per-CPU variable of this CPU in one instruction (safe against interrupts). */
#define this_cpu_add(name, value) do { \
	__typeof__(name) value_ = (value); \
	__asm__ volatile("add %1, %%gs:%0" : "+m"(name) : "r"(value_) : "cc"); } while (0)

#define this_cpu_ptr(name) \
	((__typeof__(&(name)))((u64)&(name) + this_cpu_read(percpu_self_offset)))
#define percpu_ptr(name, cpu) ((__typeof__(&(name)))((u64)&(name) + percpu_offset[cpu]))

/* Number of this CPU, 0 for the boot processor. */
static inline unsigned cpu_id(void)
{
	return this_cpu_read(percpu_cpu_id);
}

/* CPUs that were started, numbered 0 … cpu_count() - 1. */
unsigned cpu_count(void);
