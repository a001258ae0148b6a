/*
 * Random numbers: a ChaCha20 generator, seeded from the processor's generator, timing and the boot
 * loader; fast key erasure.
 */
#pragma once

#include "lib/types.h"

/* Fills `out`. Any context. */
void random_bytes(void *out, size_t n);
u64 random_u64(void);
/* A number below `limit` (> 0), unbiased. */
u64 random_below(u64 limit);
/* Mixes bytes in (interrupt timing, writes to /dev/random). Any context. */
void random_mix(const void *data, size_t n);
/* First seed; boot only, before the stack protector and address randomisation want numbers. */
void random_init(void);
