/* The vDSO: a small ELF object mapped into each process (vdso(7)), and the data page it reads. */
#pragma once

#include "abi/time.h"
#include "lib/types.h"

/* The steps of the coarse clocks (clock_getres(2)): Linux' tick. */
#define CLOCK_COARSE_NS (4 * NSEC_PER_MSEC)

/* Read by user code: a sequence lock, then what turns the TSC into the clocks. */
struct vdso_data {
	u32 seq;           /* odd while being changed */
	u32 tsc_usable;    /* 0: the functions fall back to the system call */
	u64 tsc_base;      /* TSC at base_ns */
	u64 base_ns;       /* CLOCK_MONOTONIC at tsc_base */
	u64 mult;          /* ns = base_ns + ((tsc - tsc_base) * mult) >> shift, 128-bit product */
	u32 shift;
	u32 pad;
	u64 raw_base, raw_ns, raw_mult; /* the same for CLOCK_MONOTONIC_RAW */
	s64 realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	s64 tai_offset_ns;      /* CLOCK_TAI - CLOCK_MONOTONIC */
	u64 coarse_least_ns;    /* CLOCK_MONOTONIC_COARSE is not less (core/clock.h) */
	struct timezone zone;   /* a: what settimeofday(2) said last; seq is not for it */
};

/*
 * Page-aligned image in kernel memory, `vdso_size` bytes (a page multiple). The data page is mapped
 * right below it.
 */
extern const char vdso_image[];
extern const size_t vdso_size;
extern struct vdso_data *vdso_data; /* one page-aligned page of its own */

